"""compose.yaml fits the program and itself; no Docker engine is needed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from streams.cli.app import cli
from streams.config.api_keys import LiveKeys
from streams.config.settings import load_settings
from streams.stages import STAGE_NAMES
from streams.thumbnails.store import open_store
from tests.deploy.compose import DEPLOY, TOP, load_compose, own_services
from tests.support.commands import until
from tests.support.processes import free_port
from tests.support.redis_server import PROGRAM, needs_redis

SERVICES = own_services()
WRITTEN_BY_USERS = ("./secrets", "./moderation.yaml")
WORKERS = {name: service for name, service in SERVICES.items() if service.command[0] == "worker"}


def test_every_stage_has_a_service_of_its_own() -> None:
    assert sorted(",".join(service.command[-1] for service in WORKERS.values()).split(",")) == sorted(STAGE_NAMES)


@pytest.mark.parametrize("name", WORKERS)
def test_the_program_knows_the_command_and_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*SERVICES[name].command, "--help"])

    assert ended.value.code in (0, None)
    assert "Run stages" in capsys.readouterr().out


@pytest.mark.parametrize("name", SERVICES)
def test_every_variable_and_secret_is_a_setting(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    service = SERVICES[name]
    for variable, value in {**service.environment, **dict.fromkeys(service.secrets, 48 * "x")}.items():
        monkeypatch.setenv(variable, value)

    given = {f"MEDIASIEVE_{setting.upper()}" for setting in load_settings().given}

    assert {*service.environment, *service.secrets} <= given


def test_containers_get_no_more_rights_than_they_need() -> None:
    for name, entry in load_compose()["services"].items():
        if name in SERVICES:
            assert entry["read_only"] and entry["cap_drop"] == ["ALL"], name
        assert not entry.get("privileged"), name
        assert all(port.startswith("127.0.0.1:") for port in entry.get("ports", [])), f"{name} listens to the world"


def test_make_secrets_makes_every_secret_once(tmp_path: Path) -> None:
    document = load_compose()
    command = ["sh", str(DEPLOY / "make-secrets.sh"), str(tmp_path)]

    subprocess.run(command, check=True)
    files = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    subprocess.run(command, check=True)

    assert {entry["file"] for entry in document["secrets"].values()} <= {
        f"./secrets/{path.relative_to(tmp_path)}" for path in files
    }
    assert all(len(password) == 48 for path, password in files.items() if path.parent.name not in ("api", "cache"))
    assert len(set(files.values())) == len(files)
    assert {path: path.read_text() for path in files} == files, "a second run must not change passwords"


def test_the_operators_key_opens_the_api(tmp_path: Path) -> None:
    subprocess.run(["sh", str(DEPLOY / "make-secrets.sh"), str(tmp_path)], check=True)

    keys = LiveKeys(tmp_path / "api" / "keys.yaml")

    found = keys.find((tmp_path / "api" / "key").read_text())
    keys.close()
    assert found is not None and found.may("admin") and found.reaches("anything")


def test_every_mounted_file_exists() -> None:
    for name, entry in load_compose()["services"].items():
        for volume in entry.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and not source.startswith(WRITTEN_BY_USERS):
                assert (DEPLOY / source).exists(), f"{name} mounts {source}"


def test_the_builder_gets_what_the_dockerfile_copies() -> None:
    let_through = {line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copies = [line.split()[1:] for line in lines if line.startswith("COPY") and "--from" not in line]
    sources = {word for words in copies for word in words[:-1] if not word.startswith("--")}

    assert sources == let_through
    assert all((TOP / source).exists() for source in sources)


def test_the_services_that_keep_thumbnails_share_a_folder() -> None:
    services = load_compose()["services"]
    users = {name for name, service in SERVICES.items() if "MEDIASIEVE_THUMBNAILS" in service.environment}

    assert users == {"fingerprint", "record", "api"}
    for name in users:
        folder = SERVICES[name].environment["MEDIASIEVE_THUMBNAILS"].removeprefix("file://")
        assert f"thumbnails:{folder}" in services[name]["volumes"]
        assert f"--owner=10001 --group=10001 {folder}\n" in (DEPLOY / "Dockerfile").read_text(), "its user must own it"


def test_the_store_of_thumbnails_gets_its_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "AWS_SECRET_ACCESS_KEY").write_text("hush")
    program = tmp_path / "mediasieve"
    program.write_text('#!/bin/sh\necho "$1 ${AWS_SECRET_ACCESS_KEY:-none} ${AWS_ACCESS_KEY_ID:-none}"\n')
    program.chmod(0o755)
    kernels = {"NUMBA_CACHE_DIR": str(tmp_path), "COMPILED_KERNELS": str(tmp_path)}

    said = subprocess.run(
        ["sh", str(DEPLOY / "entrypoint.sh"), "worker"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "MEDIASIEVE_SECRETS_DIR": str(tmp_path), **kernels},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "worker hush none\n"


def test_a_store_that_speaks_s3_takes_the_place_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    override = yaml.safe_load((DEPLOY / "compose.s3.yaml").read_text())
    subprocess.run(["sh", str(DEPLOY / "make-secrets.sh"), str(tmp_path)], check=True)

    assert override["services"].keys() - {"store"} == {
        name for name, service in SERVICES.items() if "MEDIASIEVE_THUMBNAILS" in service.environment
    }
    for name in override["services"].keys() - {"store"}:
        entry = override["services"][name]
        assert urlsplit(entry["environment"]["AWS_ENDPOINT_URL"]).hostname in override["services"]
        for secret in entry["secrets"]:
            file = override["secrets"][secret["source"]]["file"]
            monkeypatch.setenv(secret["target"], (tmp_path / Path(file).name).read_text())
            assert secret["target"] in (DEPLOY / "entrypoint.sh").read_text()
        for variable, value in entry["environment"].items():
            monkeypatch.setenv(variable, value)
        store = open_store(load_settings())
        assert store is not None
        store.close()
    assert set(override["services"]["store"]["secrets"]) == override["secrets"].keys()


CACHE = yaml.safe_load((DEPLOY / "compose.cache.yaml").read_text())


def test_a_shared_cache_is_named_by_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["sh", str(DEPLOY / "make-secrets.sh"), str(tmp_path)], check=True)
    (given,) = CACHE["services"]["api"]["secrets"]
    file = CACHE["secrets"][given["source"]]["file"].removeprefix("./secrets/")
    monkeypatch.setenv(given["target"], (tmp_path / file).read_text())

    address = urlsplit(load_settings().cache.address.get_secret_value())

    assert CACHE["services"].keys() == {"api", address.hostname}
    assert address.password == (tmp_path / "cache" / "password").read_text()
    assert CACHE["secrets"].keys() == {given["source"], *CACHE["services"]["cache"]["secrets"]}


@needs_redis
def test_the_shared_cache_starts_and_wants_its_password(tmp_path: Path) -> None:
    from redis import AuthenticationError, Redis
    from redis.exceptions import ConnectionError as NoConnection

    (command,), port = CACHE["services"]["cache"]["command"], free_port()
    (tmp_path / "cache_password").write_text("secret")
    changes = {
        "exec valkey-server /tmp/valkey.conf": f"exec {PROGRAM} /tmp/valkey.conf --port {port} --bind 127.0.0.1",
        "$$": "$",
        "/run/secrets": str(tmp_path),
        "/tmp/valkey": f"{tmp_path}/valkey",
    }
    for text, here in changes.items():
        assert text in command
        command = command.replace(text, here)

    def answers(client: Redis) -> bool:
        try:
            return bool(client.ping())
        except NoConnection as error:
            if isinstance(error, AuthenticationError):
                raise
            return False

    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(["/bin/sh", "-c", command], cwd=tmp_path, stdout=log, stderr=log)
    try:
        client = Redis(port=port, password="secret", decode_responses=True)
        until(lambda: answers(client))
        assert client.config_get("maxmemory", "maxmemory-policy", "save") == {
            "maxmemory": str(256 << 20),
            "maxmemory-policy": "allkeys-lfu",
            "save": "",
        }
        with pytest.raises(AuthenticationError):
            Redis(port=port).ping()
    finally:
        process.kill()
        process.wait()


def test_moderators_call_back_to_an_api_with_the_same_secret() -> None:
    secrets = {name: service.secrets.get("MEDIASIEVE_CALLBACK_SECRET") for name, service in SERVICES.items()}

    assert {name for name, file in secrets.items() if file} == {"api", "moderate"}
    assert secrets["api"] == secrets["moderate"]
    assert "MEDIASIEVE_CALLBACK_URL" in SERVICES["moderate"].environment


def test_tls_reaches_every_service_that_runs_mediasieve() -> None:
    override = yaml.safe_load((DEPLOY / "compose.tls.yaml").read_text())["services"]

    assert override.keys() == {*SERVICES, "kafka"}
    for name in SERVICES:
        assert override[name]["environment"]["MEDIASIEVE_BROKER_SECURITY"] == "sasl_ssl"
        authority = override[name]["environment"]["MEDIASIEVE_BROKER_CA_FILE"]
        assert f"./secrets/tls/ca.pem:{authority}:ro" in override[name]["volumes"]
    mounted = {volume.split(":")[1] for volume in override["kafka"]["volumes"]}
    assert override["kafka"]["environment"]["PROPERTIES"] in mounted
    lines = (DEPLOY / "kafka" / "tls.properties").read_text().splitlines()
    stores = {line.partition("=")[2] for line in lines if line.startswith("ssl.") and "location" in line}
    assert stores <= mounted

"""The containers' command lines as they stand, on this machine: Kafka that asks who comes, a worker a stage, each with
its own user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from confluent_kafka import Producer

from streams.config.settings import Settings, load_settings
from streams.kafka.clients import producer_config
from streams.local.clickhouse.server import EmbeddedClickHouse
from tests.deploy.compose import DEPLOY, TOP, Service, own_services
from tests.deploy.container import as_container, bake_kernels, entrypoint, give_to_container
from tests.support.brokers import ApacheKafka, java_command
from tests.support.commands import TIMEOUT_S, until
from tests.support.media import jpeg
from tests.support.processes import end, free_port, launch, tail

SERVICES = own_services()
FILES = ("BROKER_CA_FILE", "BROKER_CERT_FILE", "BROKER_KEY_FILE")
SECURITY = ("MEDIASIEVE_BROKER_SECURITY", "MEDIASIEVE_BROKER_SASL_MECHANISM", "MEDIASIEVE_BROKER_USER")


@dataclass(frozen=True, slots=True)
class SecuredSystem:
    """A broker that asks who comes, and ClickHouse; `home` has the secrets, logs and data directories.

    Attributes:
        broker: where clients sign in with SCRAM; with TLS if `tls`.
        certificate_broker: where clients show a certificate; empty without TLS.
    """

    home: Path
    broker: str
    clickhouse: str
    tls: bool = False
    certificate_broker: str = ""

    @property
    def certificates(self) -> Path:
        return self.home / "secrets" / "tls"

    def environment(self, service: Service, *, certificate: bool = False) -> dict[str, str]:
        """The service's variables with addresses of this machine, and its secrets in a folder as Docker mounts them.

        Args:
            certificate: the service shows a certificate instead of a password.
        """
        folder = self.home / f"secrets-of-{service.name}"
        folder.mkdir(exist_ok=True)
        for name, file in service.secrets.items():
            shutil.copy(self.home / file, folder / name)
        here = {
            "MEDIASIEVE_BROKER": self.broker,
            "MEDIASIEVE_CLICKHOUSE": self.clickhouse,
            "MEDIASIEVE_CLICKHOUSE_USER": "default",
            "MEDIASIEVE_POLICY_FILE": str(DEPLOY / "policies.example.yaml"),
            "MEDIASIEVE_DATA_DIR": str(self.home / f"data-of-{service.name}"),
            "MEDIASIEVE_SECRETS_DIR": str(folder),
            "MEDIASIEVE_HTTP": f"127.0.0.1:{free_port()}",
            "PATH": f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(TOP),
        }
        if "MEDIASIEVE_MODERATION_FILE" in service.environment:
            here["MEDIASIEVE_MODERATION_FILE"] = str(DEPLOY / "kubernetes" / "moderation" / "moderation.yaml")
        if "MEDIASIEVE_THUMBNAILS" in service.environment:
            here["MEDIASIEVE_THUMBNAILS"] = (self.home / "thumbnails").as_uri()
        if self.tls:
            here |= {
                "MEDIASIEVE_BROKER_SECURITY": "sasl_ssl",
                "MEDIASIEVE_BROKER_CA_FILE": str(self.certificates / "ca.pem"),
            }
        found = {**service.environment, **here}
        return self.with_certificate(found, folder) if certificate else found

    def with_certificate(self, environment: dict[str, str], folder: Path) -> dict[str, str]:
        """The variables of a client that shows the certificate of its user and knows no password."""
        own = self.certificates / environment["MEDIASIEVE_BROKER_USER"]
        (folder / "MEDIASIEVE_BROKER_PASSWORD").unlink(missing_ok=True)
        kept = {name: value for name, value in environment.items() if name not in SECURITY}
        return kept | {
            "MEDIASIEVE_BROKER": self.certificate_broker,
            "MEDIASIEVE_BROKER_SECURITY": "ssl",
            "MEDIASIEVE_BROKER_CERT_FILE": f"{own}.pem",
            "MEDIASIEVE_BROKER_KEY_FILE": f"{own}.key",
        }

    def client_environment(self, role: str, *, certificate: bool = False) -> dict[str, str]:
        """For a person or program outside that signs in as a role."""
        service = Service(
            role,
            (),
            (),
            {**SERVICES["record"].environment, "MEDIASIEVE_BROKER_USER": f"mediasieve-{role}"},
            {"MEDIASIEVE_BROKER_PASSWORD": f"secrets/kafka/{role}"},
        )
        return self.environment(service, certificate=certificate)

    def run(self, environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MEDIASIEVE_")}
        return subprocess.run(
            command,
            env={**kept, **environment},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def settings(self, role: str, *, certificate: bool = False) -> Settings:
        """Of a client of this test's process."""
        found = self.client_environment(role, certificate=certificate)
        password = Path(found["MEDIASIEVE_SECRETS_DIR"]) / "MEDIASIEVE_BROKER_PASSWORD"
        names = ("BROKER", "BROKER_SECURITY", "BROKER_SASL_MECHANISM", "BROKER_USER", *FILES)
        values = {name.lower(): found[f"MEDIASIEVE_{name}"] for name in names if f"MEDIASIEVE_{name}" in found}
        return load_settings(**values, broker_password=password.read_text() if password.exists() else "")

    def write(self, topic: str, settings: Settings) -> int:
        """Kafka's error code for a record that a client writes; 0 if it may."""
        answers: list[int] = []
        producer = Producer(producer_config(settings))
        producer.produce(topic, b"x", on_delivery=lambda error, _: answers.append(error.code() if error else 0))
        producer.flush(30)
        (code,) = answers
        return code


@contextmanager
def secured_system(home: Path, *, tls: bool = False) -> Iterator[SecuredSystem]:
    """A system whose setup has run, with passwords and certificates made for it.

    Raises:
        BrokerUnavailable: this machine cannot run Apache Kafka.
    """
    java = java_command()
    jars = ApacheKafka()._jars()
    subprocess.run(["sh", str(DEPLOY / "make-secrets.sh"), str(home / "secrets")], check=True)
    if tls:
        subprocess.run(["sh", str(DEPLOY / "make-certificates.sh"), str(home / "secrets" / "tls")], check=True)
    ports = {9092: free_port(), 9093: free_port(), 9094: free_port(), 9095: free_port()}
    _write_properties(home, "tls.properties" if tls else "server.properties", ports)
    _write_program(home / "bin" / "mediasieve")
    variables = {
        "KAFKA_LIBS": str(jars),
        "SECRETS": str(home / "secrets" / "kafka"),
        "PROPERTIES": str(home / "kafka.properties"),
        "PATH": f"{Path(java).parent}{os.pathsep}{os.environ['PATH']}",
    }
    with ExitStack() as stack:
        log = home / "kafka.log"
        kafka = launch(["sh", DEPLOY / "kafka" / "start.sh"], log=log, env=variables)
        stack.callback(end, kafka)
        clickhouse = stack.enter_context(EmbeddedClickHouse(home / "clickhouse"))
        found = SecuredSystem(home, f"127.0.0.1:{ports[9092]}", clickhouse.url)
        if tls:
            found = replace(found, tls=True, certificate_broker=f"127.0.0.1:{ports[9095]}")
        until(lambda: (home / "kafka" / "meta.properties").exists() or kafka.poll() is not None)
        assert kafka.poll() is None, tail(log)
        setup = SERVICES["setup"]
        environment = found.environment(setup)
        until(lambda: found.run(environment, "mediasieve", "topics", "plan").returncode == 0)
        done = found.run(environment, *setup.entrypoint, *setup.command)
        assert done.returncode == 0, done.stderr + tail(log)
        yield found


def _write_properties(home: Path, name: str, ports: dict[int, int]) -> None:
    """The broker's settings with ports and places of this machine."""
    text = (DEPLOY / "kafka" / name).read_text()
    for port in (9092, 9095):
        text = text.replace(f"://kafka:{port}", f"://127.0.0.1:{ports[port]}").replace(
            f"://:{port}", f"://:{ports[port]}"
        )
    for port in (9093, 9094):
        text = text.replace(f"localhost:{port}", f"localhost:{ports[port]}")
    text = text.replace("/run/secrets/tls", str(home / "secrets" / "tls"))
    (home / "kafka.properties").write_text(text.replace("/var/lib/kafka/data", str(home / "kafka")))


def _write_program(path: Path) -> None:
    """`mediasieve` as a command."""
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -m streams.cli "$@"\n')
    path.chmod(0o755)


def decide_one_picture(system: SecuredSystem, *, certificates: Collection[str] = ()) -> None:
    """Start a worker a stage, publish a picture, and see its decision and its row.

    Args:
        certificates: services that show a certificate instead of a password.
    """
    container = as_container(system.home)
    bake_kernels(system.home / "baked")
    workers = {name: service for name, service in SERVICES.items() if service.command[0] == "worker"}
    environments = {
        name: system.environment(service, certificate=name in certificates) for name, service in workers.items()
    }
    give_to_container(system.home)
    with ExitStack() as stack:
        for name, service in workers.items():
            log = system.home / f"{name}.log"
            command, image_variables = entrypoint(system.home, name, service.command)
            variables = {**environments[name], **image_variables}
            worker = launch([*container, *command], log=log, env=variables, cwd=system.home)
            stack.callback(end, worker)
        picture = system.home / "cat.jpg"
        picture.write_bytes(jpeg())
        published = system.run(system.client_environment("publish"), "mediasieve", "publish", str(picture))
        assert published.returncode == 0, published.stderr

        reader = ("mediasieve", "decisions", "--follow", "--since", "1h", "--limit", "1", "--json")
        seen = system.run(system.client_environment("users"), *reader)

        assert '"outcome":"unique"' in seen.stdout, seen.stderr + "".join(
            tail(path) for path in system.home.glob("*.log")
        )
        logs = "".join(path.read_text() for path in system.home.glob("*.log"))
        assert "compiling the kernels" not in logs, "the image's kernels were not used"
        figures = system.run(system.client_environment("users"), "mediasieve", "stats", "--json")
        lag = {stage["stage"]: stage["records"] for stage in json.loads(figures.stdout)["lag"]}
        assert lag.keys() >= {"fingerprint", "match", "record"}
        assert lag["fingerprint"] is not None and lag["match"] is not None, "programs outside may not see the lag"
        environment = system.environment(SERVICES["record"], certificate="record" in certificates)
        search = ("mediasieve", "similar", str(picture), "--json")
        until(lambda: "cat.jpg" in system.run(environment, *search).stdout)
        until(lambda: list((system.home / "thumbnails").rglob("preview.jpg")))

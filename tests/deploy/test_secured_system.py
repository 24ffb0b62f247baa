"""The containers' command lines as they stand, on this machine: Kafka with SCRAM and ACLs, a worker a stage, each with
its own user, and nothing allowed that a stage does not need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Producer

from streams.config.settings import load_settings
from streams.kafka.clients import producer_config
from streams.local.clickhouse.server import EmbeddedClickHouse
from tests.deploy.compose import DEPLOY, TOP, Service, own_services
from tests.deploy.container import as_container, bake_kernels, entrypoint, give_to_container
from tests.support.brokers import ApacheKafka, BrokerUnavailable, java_command
from tests.support.commands import until
from tests.support.media import jpeg
from tests.support.processes import end, free_port, launch, tail

SERVICES = own_services()


@dataclass(frozen=True, slots=True)
class SecuredSystem:
    """A broker that asks for passwords, and ClickHouse; `home` has the secrets, logs and data directories."""

    home: Path
    broker: str
    clickhouse: str

    def environment(self, service: Service) -> dict[str, str]:
        """The service's variables with addresses of this machine, and its secrets in a folder as Docker mounts them."""
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
        return {**service.environment, **here}

    def client_environment(self, role: str) -> dict[str, str]:
        """For a person or program outside that signs in as a role."""
        service = Service(
            role,
            (),
            (),
            {**SERVICES["record"].environment, "MEDIASIEVE_BROKER_USER": f"mediasieve-{role}"},
            {"MEDIASIEVE_BROKER_PASSWORD": f"secrets/kafka/{role}"},
        )
        return self.environment(service)

    def run(self, environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MEDIASIEVE_")}
        return subprocess.run(
            command,
            env={**kept, **environment},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredSystem]:
    home = tmp_path_factory.mktemp("secured")
    try:
        java = java_command()
        jars = ApacheKafka()._jars()
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    subprocess.run(["sh", str(DEPLOY / "make-secrets.sh"), str(home / "secrets")], check=True)
    port, controller, internal = free_port(), free_port(), free_port()
    text = (DEPLOY / "kafka" / "server.properties").read_text()
    text = text.replace("CLIENT://kafka:9092", f"CLIENT://127.0.0.1:{port}").replace(
        "CLIENT://:9092", f"CLIENT://:{port}"
    )
    text = text.replace("localhost:9093", f"localhost:{controller}").replace("localhost:9094", f"localhost:{internal}")
    (home / "kafka.properties").write_text(text.replace("/var/lib/kafka/data", str(home / "kafka")))
    (home / "bin").mkdir()
    program = home / "bin" / "mediasieve"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m streams.cli "$@"\n')
    program.chmod(0o755)
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
        found = SecuredSystem(home, f"127.0.0.1:{port}", clickhouse.url)
        until(lambda: (home / "kafka" / "meta.properties").exists() or kafka.poll() is not None)
        assert kafka.poll() is None, tail(log)
        setup = SERVICES["setup"]
        until(lambda: found.run(found.environment(setup), "mediasieve", "topics", "plan").returncode == 0)
        done = found.run(found.environment(setup), *setup.entrypoint, *setup.command)
        assert done.returncode == 0, done.stderr + tail(log)
        yield found


def test_workers_decide_with_the_rights_of_their_stage(system: SecuredSystem) -> None:
    container = as_container(system.home)
    bake_kernels(system.home / "baked")
    workers = {name: service for name, service in SERVICES.items() if service.command[0] == "worker"}
    environments = {name: system.environment(service) for name, service in workers.items()}
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
        environment = system.environment(SERVICES["record"])
        search = ("mediasieve", "similar", str(picture), "--json")
        until(lambda: "cat.jpg" in system.run(environment, *search).stdout)


@pytest.mark.parametrize(
    ("role", "topic"),
    [("fingerprint", "media.decisions"), ("match", "media.submissions"), ("publish", "media.verdicts")],
)
def test_a_role_cannot_write_what_it_does_not_write(system: SecuredSystem, role: str, topic: str) -> None:
    answers: list[int] = []
    producer = Producer(_producer(system, role))

    producer.produce(topic, b"x", on_delivery=lambda error, _: answers.append(error.code() if error else 0))
    producer.flush(30)

    assert answers == [KafkaError.TOPIC_AUTHORIZATION_FAILED]


def test_a_wrong_password_is_refused(system: SecuredSystem) -> None:
    environment = system.client_environment("publish")
    (Path(environment["MEDIASIEVE_SECRETS_DIR"]) / "MEDIASIEVE_BROKER_PASSWORD").write_text("guess")

    refused = system.run(environment, "mediasieve", "topics", "plan")

    assert refused.returncode == 1
    assert "uthentication" in refused.stderr
    assert "guess" not in refused.stderr


def _producer(system: SecuredSystem, role: str) -> dict[str, object]:
    environment = system.client_environment(role)
    password = (Path(environment["MEDIASIEVE_SECRETS_DIR"]) / "MEDIASIEVE_BROKER_PASSWORD").read_text()
    return producer_config(
        load_settings(
            broker=system.broker,
            broker_security="sasl_plaintext",
            broker_sasl_mechanism="SCRAM-SHA-512",
            broker_user=f"mediasieve-{role}",
            broker_password=password,
        )
    )

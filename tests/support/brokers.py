"""Kafka brokers for tests and benchmarks, without pytest; the fixtures are in conftest.py.

`ApacheKafka` is the real one, fetched with Maven and run as a process of its own; `ContainerKafka` is the same in
Docker. Workers are not in here.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from streams.config.settings import Settings, load_settings
from tests.support.patience import PATIENCE_S
from tests.support.processes import end, free_port, kill, launch, tail

KAFKA_VERSION = "4.1.1"
LOG4J_VERSION = "2.24.3"
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
MAX_RECORD_BYTES = 32 << 20


class BrokerUnavailable(Exception):
    """This machine cannot run the broker; the message is the reason for skipping a test."""


class Broker(Protocol):
    """A running broker; `kind` is its name in test ids and reports."""

    @property
    def kind(self) -> str: ...
    @property
    def bootstrap(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Namespace:
    """One test's share of a broker: the topics and groups whose names begin with `prefix`."""

    broker: Broker
    prefix: str

    @property
    def kind(self) -> str:
        return self.broker.kind

    @property
    def bootstrap(self) -> str:
        return self.broker.bootstrap

    def name(self, topic_or_group: str) -> str:
        return self.prefix + topic_or_group

    def create(self, topic: str, partitions: int = 4, **config: str) -> str:
        """Create a topic under the prefix and return its full name. Names in `config` have `_` for `.`."""
        options = {option.replace("_", "."): value for option, value in config.items()}
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        new = NewTopic(self.name(topic), partitions, 1, config=options)
        for created in admin.create_topics([new]).values():
            created.result(30.0)
        return self.name(topic)

    def settings(self, data_dir: Path, **overrides: Any) -> Settings:
        """Settings of a worker in this namespace: broker, topic prefix and group prefix."""
        own = {"broker": self.bootstrap, "topic_prefix": self.prefix, "group_prefix": f"{self.prefix}mediasieve"}
        return load_settings(**{"data_dir": data_dir, **own, **overrides})


def await_broker(bootstrap: str, timeout_s: float) -> None:
    """Return once the broker at `bootstrap` (`host:port`) answers a metadata request.

    Raises:
        TimeoutError: it did not answer within `timeout_s`.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "reconnect.backoff.max.ms": 200})
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with contextlib.suppress(KafkaException):
            if admin.list_topics(timeout=1.0).brokers:
                return
        time.sleep(0.05)
    raise TimeoutError(f"no broker answered at {bootstrap} within {timeout_s:.0f} s")


def cache_dir() -> Path:
    """Where fetched jars are kept between runs: MEDIASIEVE_TEST_CACHE, or mediasieve/ in the user's cache."""
    chosen = os.environ.get("MEDIASIEVE_TEST_CACHE")
    return Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mediasieve"


def java_command() -> str:
    """The `java` of JAVA_HOME or of the path.

    Raises:
        BrokerUnavailable: java is not installed, or older than 17.
    """
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not java or not Path(java).exists():
        raise BrokerUnavailable("Apache Kafka needs Java 17 or later, but java is not installed here")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if not found or int(found[1]) < 17:
        raise BrokerUnavailable(f"Apache Kafka needs Java 17 or later; this one says: {said.splitlines()[:1]}")
    return java


def fetch_jars(target: Path, *artifacts: str, timeout_s: float = 600.0) -> Path:
    """Have Maven copy `group:name:version` artifacts and their dependencies into `target`, once; returns `target`.

    The directory appears complete or not at all, so concurrent runs do not disturb each other.

    Raises:
        BrokerUnavailable: Maven is absent or could not fetch.
    """
    if target.is_dir():
        return target
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailable("Apache Kafka is fetched with Maven, but mvn is not installed here")
    target.parent.mkdir(parents=True, exist_ok=True)
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version></dependency>"
        for group, name, version in (artifact.split(":") for artifact in artifacts)
    )
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as work:
        pom = Path(work) / "pom.xml"
        pom.write_text(
            '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
            "<groupId>mediasieve.tests</groupId><artifactId>jars</artifactId><version>1</version>"
            f"<dependencies>{dependencies}</dependencies></project>"
        )
        jars = Path(work) / "jars"
        command = [maven, "-q", "-B", "-f", str(pom), COPY_DEPENDENCIES, f"-DoutputDirectory={jars}"]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
        except subprocess.TimeoutExpired as error:
            raise BrokerUnavailable(f"Maven did not fetch Apache Kafka within {timeout_s:.0f} s") from error
        if run.returncode or not any(jars.glob("*.jar")):
            reason = next((line for line in run.stdout.splitlines() if "ERROR" in line), "no jars came")
            raise BrokerUnavailable(f"Maven could not fetch Apache Kafka: {reason}")
        try:
            jars.rename(target)
        except OSError:
            if not target.is_dir():  # else another run was faster, with the same jars
                raise
    return target


class ApacheKafka:
    """One Apache Kafka broker, controller included, as a child process on 127.0.0.1.

    Use it as a context manager, or `start` and `close`. `stop` and `kill` leave ports and data as they are, so that
    `start` brings the same broker back; `close` removes the data. Nothing outlives this process.

    Raises (from `start`):
        BrokerUnavailable: Java or Maven is missing, or the jars cannot be fetched.
        TimeoutError: it did not come up; the message has the end of its log.
    """

    kind = "apache"

    def __init__(self, *, heap_mb: int = 512, version: str = KAFKA_VERSION) -> None:
        self.version = version
        self.port = free_port()
        self._controller_port = free_port()
        self._heap_mb = heap_mb
        self._home: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, *, timeout_s: float = PATIENCE_S) -> Self:
        java, classpath = java_command(), f"{self._jars()}/*"
        if self._home is None:
            self._home = Path(tempfile.mkdtemp(prefix="mediasieve-kafka-"))
            self._write_settings(self._home)
            self._format(java, classpath, self._home)
        log = self._home / "broker.log"
        heap = [f"-Xmx{self._heap_mb}m", f"-Xms{self._heap_mb // 2}m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"]
        logging = f"-Dlog4j2.configurationFile={self._home / 'log4j2.properties'}"
        command = [java, *heap, logging, "-cp", classpath, "kafka.Kafka", str(self._home / "server.properties")]
        self._process = launch(command, log=log)
        try:
            await_broker(self.bootstrap, timeout_s)
        except TimeoutError as error:
            self.kill()
            raise TimeoutError(f"{error}; its log ends:\n{tail(log)}") from error
        return self

    def stop(self) -> None:
        """An orderly shutdown, as before a planned restart."""
        if self._process:
            end(self._process, timeout_s=PATIENCE_S)
            self._process = None

    def kill(self) -> None:
        """SIGKILL, like a power cut to the broker alone: the page cache survives."""
        if self._process:
            kill(self._process)
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        self.kill()
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home = None

    def _jars(self) -> Path:
        return fetch_jars(
            cache_dir() / f"kafka-{self.version}",
            f"org.apache.kafka:kafka_2.13:{self.version}",
            f"org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J_VERSION}",
        )

    def _write_settings(self, home: Path) -> None:
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self._controller_port}",
            "log.dirs": home / "data",
            "auto.create.topics.enable": "false",
            "message.max.bytes": MAX_RECORD_BYTES,
            "replica.fetch.max.bytes": MAX_RECORD_BYTES,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "broker.heartbeat.interval.ms": 400,
            "broker.session.timeout.ms": 2000,  # a killed broker comes back only once its old session is over
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "log.cleaner.dedupe.buffer.size": 16 << 20,  # the default is a quarter of this heap
            "log.segment.delete.delay.ms": 1000,
        }
        (home / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        (home / "log4j2.properties").write_text(
            "status=off\nappender.out.type=Console\nappender.out.name=out\nappender.out.layout.type=PatternLayout\n"
            "appender.out.layout.pattern=%d %p %c{1}: %m%n\nrootLogger.level=warn\nrootLogger.appenderRef.out.ref=out\n"
        )

    @staticmethod
    def _format(java: str, classpath: str, home: Path) -> None:
        quiet = [f"-Dlog4j2.configurationFile={home / 'log4j2.properties'}", "-XX:TieredStopAtLevel=1"]
        cluster = ["--cluster-id", str(uuid.uuid4()), "--config", str(home / "server.properties")]
        command = [java, *quiet, "-cp", classpath, "kafka.tools.StorageTool", "format", *cluster]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            raise BrokerUnavailable(f"Apache Kafka could not format its storage: {run.stdout}{run.stderr}".strip())


class ContainerKafka:
    """Apache Kafka's own image in a container, by testcontainers; removed at the end of the `with` block.

    Raises (from `__enter__`):
        BrokerUnavailable: no Docker engine answers.
    """

    kind = "container"

    def __init__(self, *, image: str = f"apache/kafka:{KAFKA_VERSION}") -> None:
        self._image = image
        self._port = free_port()  # fixed beforehand: a broker must advertise the port that clients see
        self._stack = contextlib.ExitStack()

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        from testcontainers.core.container import DockerContainer

        docker = shutil.which("docker")
        if docker is None or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
            raise BrokerUnavailable("a Kafka container needs a Docker engine, and none answers")
        settings = {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://localhost:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{self.bootstrap}",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_MESSAGE_MAX_BYTES": str(MAX_RECORD_BYTES),
        }
        container = DockerContainer(self._image).with_bind_ports(9092, self._port)
        for name, value in settings.items():
            container = container.with_env(name, value)
        self._stack.enter_context(container)
        try:
            await_broker(self.bootstrap, 90.0)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

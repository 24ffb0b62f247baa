"""A real Redis or Valkey on this machine, where one is installed."""

from __future__ import annotations

import importlib.util
import shutil
import socket
from typing import ClassVar, Final

import pytest

from streams.local.process import EmbeddedProcess

HAS_CLIENT: Final = importlib.util.find_spec("redis") is not None
PROGRAM: Final = (shutil.which("valkey-server") or shutil.which("redis-server")) if HAS_CLIENT else None
needs_redis = pytest.mark.skipif(PROGRAM is None, reason="valkey-server, redis-server or the client is not installed")


class RedisServer(EmbeddedProcess):
    """Keeps its data in memory: it is empty after a restart."""

    kind: ClassVar[str] = "redis"
    display_name = "the Redis of the tests"
    log_name = "redis.log"

    @property
    def url(self) -> str:
        """The value for MEDIASIEVE_CACHE."""
        return f"redis://{self.address}/0"

    def command(self) -> list[str]:
        assert PROGRAM is not None
        return [PROGRAM, "--port", str(self.port), "--bind", self.host, "--dir", str(self.data_dir), "--save", "",
                "--appendonly", "no"]  # fmt: skip

    def is_ready(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), 1.0) as connection:
                connection.settimeout(1.0)
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

"""Starts an engine, says its process id, and waits to be killed: `python -m tests.support.orphans broker DIR`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from streams.local.broker import EmbeddedBroker
from streams.local.clickhouse.server import EmbeddedClickHouse
from streams.local.process import EmbeddedProcess

ENGINES: dict[str, type[EmbeddedProcess]] = {"broker": EmbeddedBroker, "clickhouse": EmbeddedClickHouse}

if __name__ == "__main__":
    engine = ENGINES[sys.argv[1]](Path(sys.argv[2])).start()
    print(engine.pid, engine.address, flush=True)
    time.sleep(600)

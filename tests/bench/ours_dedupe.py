"""The dedupe job of the throughput benchmark on streams.runtime: raw bytes in and out, as the peers do it.

A stage as agents/ would declare it, and a `main` that runs it alone.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from streams.config.settings import load_settings
from streams.runtime.runners.keyed import KeyedBatch, KeyedStage
from streams.runtime.worker import Worker, run_stages

ANSWERS = os.environ.get("BENCH_OUTPUT", "answers")


def dedupe(batch: KeyedBatch) -> None:
    batch.load([record.key or b"" for record in batch.records])
    for record in batch.records:
        key = record.key or b""
        if batch.get(key) is None:
            batch.put(key, record.value)
            batch.emit(ANSWERS, key, b"new", None)
        else:
            batch.emit(ANSWERS, key, b"dup", None)


@asynccontextmanager
async def alone(_: Worker) -> AsyncIterator[None]:
    yield


def main() -> int:
    settings = load_settings(
        broker=os.environ["BENCH_BROKER"],
        group_prefix=os.environ["BENCH_GROUP"],
        data_dir=Path(os.environ["BENCH_STATE"]),
    )
    stage = KeyedStage(
        name="dedupe", reads=(os.environ["BENCH_INPUT"],), writes=(ANSWERS,), table="seen", process=dedupe
    )
    return run_stages(settings, lambda: [stage], alone)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    sys.exit(main())

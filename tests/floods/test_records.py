"""A flood of records, large or tiny, takes no more memory than the budget, and stops no other partition."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.floods.conftest import ALLOWED_MB, JPEG, PARTITIONS, Flood, Record, media_ids
from tests.support.media import jpeg
from tests.support.processes import PeakMemory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_large_records(flood: Flood) -> None:
    """Every other one is no picture, and becomes a dead letter of its size."""
    picture = jpeg(size=(64, 48))
    large = {b"large-%d" % n for n in range(30)}
    others = {b"other-%d" % n for n in range(60)}

    def records() -> Iterator[Record]:
        for n in range(len(large)):
            yield b"large-%d" % n, (picture if n % 2 else b"none") + bytes([n]) * 20_000_000, n % 2, JPEG
        for n in range(len(others)):
            yield b"other-%d" % n, picture + b"%d" % n, 2 + n % 6, JPEG

    with flood.worker() as worker, PeakMemory(worker.pid) as peak:
        flood.publish(records())
        sent = media_ids(flood.answers(large | others))
    assert peak.rss_mb - worker.ready_mb < ALLOWED_MB
    last_other = max(sent.index(media_id) for media_id in others)
    assert any(media_id in large for media_id in sent[last_other:])  # the others did not wait for the flood


def test_tiny_records(flood: Flood) -> None:
    """A hundred thousand that carry no bytes: each becomes a record of failure and a dead letter."""
    tiny = {b"%d" % n for n in range(100_000)}

    with flood.worker() as worker, PeakMemory(worker.pid) as peak:
        flood.publish((b"%d" % n, b"", n % PARTITIONS, JPEG) for n in range(len(tiny)))
        flood.answers(tiny)
    assert peak.rss_mb - worker.ready_mb < ALLOWED_MB

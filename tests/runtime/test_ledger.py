"""The ledger never lets an offset be committed before all records below it are finished, in whatever order."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.records import Headers, RawRecord
from streams.runtime.in_flight import InFlight
from streams.runtime.ledger import Batch, Ledger


@dataclass(frozen=True)
class Record:
    offset: int
    topic: str = "t"
    partition: int = 0
    timestamp: int = 0
    key: bytes | None = b"k"
    value: bytes | None = b"12345"
    headers: Headers = ()


def records(*offsets: int) -> list[RawRecord]:
    return [Record(offset) for offset in offsets]


def test_nothing_is_committable_before_a_record_is_finished() -> None:
    ledger = Ledger(InFlight(10, 1000))
    ledger.open("t", 0, records(5, 6))
    assert ledger.committable() is None


def test_the_committed_offset_follows_the_oldest_unfinished_record() -> None:
    ledger = Ledger(InFlight(10, 1000))
    first, second = ledger.open("t", 0, records(5, 6, 9)), ledger.open("t", 0, records(10, 11))
    second.finish()
    first.finish_one(2)
    assert ledger.committable() is None
    first.finish_one(0)
    assert ledger.committable() == 6
    first.finish_one(1)
    assert ledger.committable() == 12


def test_offsets_that_compaction_removed_do_not_delay_a_commit() -> None:
    ledger = Ledger(InFlight(10, 1000))
    batch = ledger.open("t", 0, records(5, 90))
    batch.finish_one(0)
    assert ledger.committable() == 90
    batch.finish_one(1)
    assert ledger.committable() == 91


def test_a_record_that_is_finished_twice_counts_once() -> None:
    in_flight = InFlight(10, 1000)
    ledger = Ledger(in_flight)
    batch = ledger.open("t", 0, records(1, 2))
    batch.finish_one(0)
    batch.finish_one(0)
    assert (batch.left, in_flight.records, ledger.committable()) == (1, 1, 2)
    batch.finish()
    batch.finish()
    assert (batch.left, in_flight.records, in_flight.size_bytes) == (0, 0, 0)


def test_a_partition_that_is_taken_away_becomes_stale_and_makes_room() -> None:
    room: list[bool] = []
    in_flight = InFlight(max_records=2, max_bytes=1000)
    in_flight.on_room = lambda: room.append(True)
    ledger = Ledger(in_flight)
    batch = ledger.open("t", 0, records(1, 2, 3))
    assert (in_flight.records, in_flight.waiting) == (3, 1)
    ledger.drop()
    assert batch.stale
    assert (in_flight.records, in_flight.size_bytes, in_flight.waiting) == (0, 0, 0)
    assert room
    batch.finish_one(0)
    batch.finish()
    assert in_flight.records == 0
    assert ledger.committable() is None


def test_nothing_is_delivered_while_a_batch_waits_for_a_runner() -> None:
    room: list[bool] = []
    in_flight = InFlight(max_records=10, max_bytes=1000)
    in_flight.on_room = lambda: room.append(True)
    ledger = Ledger(in_flight)
    first, second = ledger.open("t", 0, records(1)), ledger.open("t", 0, records(2))
    full = [in_flight.full]
    for batch in (first, first, second):
        batch.hand_over()
        full.append(in_flight.full)
    assert full == [True, True, True, False]
    assert room == [True]


def test_bytes_are_bounded_as_well_as_records() -> None:
    in_flight = InFlight(max_records=1000, max_bytes=12)
    ledger = Ledger(in_flight)
    batch = ledger.open("t", 0, records(1))
    batch.hand_over()
    full = [in_flight.full]
    ledger.open("t", 0, records(2)).hand_over()
    full.append(in_flight.full)  # 2 × (1 byte of key + 5 of value)
    batch.finish()
    full.append(in_flight.full)
    assert full == [False, True, False]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_order_of_work_commits_what_the_obvious_twin_commits(data: st.DataObject) -> None:
    offsets = sorted(data.draw(st.sets(st.integers(0, 60), min_size=1, max_size=30)))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(offsets)), max_size=5)))
    ledger = Ledger(InFlight(1000, 100_000))
    batches: list[Batch] = []
    begin = 0
    for end in [*cuts, len(offsets)]:
        if offsets[begin:end]:
            batches.append(ledger.open("t", 0, records(*offsets[begin:end])))
        begin = max(begin, end)
    where = {record.offset: (batch, index) for batch in batches for index, record in enumerate(batch.records)}
    undone = list(offsets)
    for offset in data.draw(st.permutations(offsets)):
        batch, index = where[offset]
        batch.finish_one(index)
        undone.remove(offset)
        below = [done for done in offsets if not undone or done < undone[0]]
        # Twin: the first unfinished offset, or the one after the last; only once an offset below is finished.
        expected = None if not below else (undone[0] if undone else offsets[-1] + 1)
        committable = ledger.committable()
        assert (committable is None) == (expected is None)
        if committable is not None and expected is not None:
            # No record lies between the last finished and the first unfinished offset, so both mean the same.
            assert below[-1] < committable <= expected
    assert ledger.open_records == 0

"""Keyed stages decide in partition order, and their state survives whatever happens to the worker's disk."""

from __future__ import annotations

import asyncio
import random
import shutil
from dataclasses import replace

import pytest
from confluent_kafka import Message

from streams.errors import BadInput, PartitionClosed, Reason
from streams.kafka.cloudevents import FINGERPRINT_TYPE, event_type
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, FINGERPRINTS, SUBMISSIONS
from streams.metrics import REGISTRY
from streams.runtime.runners.keyed import KeyedBatch, KeyedStage
from streams.runtime.tables import table as table_module
from tests.runtime.conftest import Bench, eventually


def count(batch: KeyedBatch) -> None:
    """Emits how many records of a key have come, this one included; `poison` is not valid input."""
    batch.load({record.key for record in batch.records if record.key})
    for record in batch.records:
        if record.value == b"poison":
            batch.dead_letter(record, BadInput(Reason.NOT_JSON, "poison"))
            continue
        assert record.key is not None
        number = int(batch.get(record.key) or b"0") + 1
        batch.put(record.key, str(number).encode())
        batch.emit(DECISIONS, record.key, str(number).encode(), [("seen", record.value or b"")])


COUNT = KeyedStage(
    name="match", reads=(FINGERPRINTS,), writes=(DECISIONS, DEAD_LETTERS), table="contents", process=count
)


def numbers(messages: list[Message]) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = {}
    for message in messages:
        found.setdefault(message.key() or b"", []).append(int(message.value() or b"0"))
    return found


async def test_records_of_a_key_are_counted_in_order_and_committed(bench: Bench) -> None:
    records = [(f"k{n % 7}".encode(), b"x", n % 7) for n in range(700)]
    bench.publish(FINGERPRINTS, records)
    async with bench.worker(COUNT):
        messages = await asyncio.to_thread(bench.read, DECISIONS, lambda found: len(found) >= 700)
        assert numbers(messages) == {f"k{k}".encode(): list(range(1, 101)) for k in range(7)}
        await eventually(lambda: bench.committed(FINGERPRINTS, 3, "match") == 100, blocking=True)


async def test_another_worker_with_an_empty_disk_goes_on_where_the_first_ended(bench: Bench) -> None:
    bench.publish(FINGERPRINTS, [(b"k", b"x", 2)] * 50)
    async with bench.worker(COUNT, worker_id="first"):
        await eventually(lambda: bench.committed(FINGERPRINTS, 2, "match") == 50, blocking=True)
    shutil.rmtree(bench.data_dir / "state")
    bench.publish(FINGERPRINTS, [(b"k", b"x", 2)] * 10)
    async with bench.worker(COUNT, worker_id="second") as worker:
        messages = await asyncio.to_thread(bench.read, DECISIONS, lambda found: len(found) >= 60)
        assert worker.apps[0].batch_consumer.restored_records > 0
    assert numbers(messages)[b"k"] == list(range(1, 61)), str(numbers(messages))


async def test_a_worker_that_comes_back_with_its_disk_restores_only_what_it_missed(bench: Bench) -> None:
    bench.publish(FINGERPRINTS, [(f"{n}".encode(), b"x", 2) for n in range(200)])
    async with bench.worker(COUNT) as worker:
        table = worker.apps[0].table
        assert table is not None
        changelog = table.changelog(2)
        await eventually(lambda: table.data.persisted_offset(changelog) == 199)  # a moment after Kafka has the commit
    bench.publish(FINGERPRINTS, [(b"5", b"x", 2)])
    async with bench.worker(COUNT) as worker:
        messages = await asyncio.to_thread(bench.read, DECISIONS, lambda found: len(found) >= 201)
        assert worker.apps[0].batch_consumer.restored_records <= 1
    assert numbers(messages)[b"5"] == [1, 2]


async def test_a_late_read_does_not_open_a_table_again_whose_partition_was_taken_away(bench: Bench) -> None:
    bench.publish(FINGERPRINTS, [(b"k", b"x", 2)])
    async with bench.worker(COUNT) as worker:
        await eventually(lambda: bench.committed(FINGERPRINTS, 2, "match") == 1, blocking=True)
        table = worker.apps[0].table
        assert table is not None
        assert table.get_many(2, [b"k"]) == [b"1"]
    with pytest.raises(PartitionClosed, match="was taken away"):
        table.get_many(2, [b"k"])
    with pytest.raises(PartitionClosed, match="was taken away"):
        table.write(2, [(b"k", b"7")])
    table.persist_offset(2, 1)
    assert table.data.persisted_offset(table.changelog(2)) is None
    bench.publish(FINGERPRINTS, [(b"k", b"x", 2)])
    async with bench.worker(COUNT):
        messages = await asyncio.to_thread(bench.read, DECISIONS, lambda found: len(found) >= 2)
    assert numbers(messages) == {b"k": [1, 2]}


async def test_a_scan_gives_the_keys_of_a_prefix_in_order_and_none_of_fausts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_module, "SCAN_PIECE_ENTRIES", 3)
    async with bench.worker(COUNT) as worker:
        table = worker.apps[0].table
        assert table is not None
        keys = [b"a", *(b"k%d" % number for number in range(7)), b"l", b"z"]
        table.write(2, [(key, b"x" + key) for key in keys])
        table.persist_offset(2, 0)
        for prefix in (b"", b"a", b"k", b"k3", b"m", b"z", b"_"):
            for after in (b"", b"a", b"k", b"k0", b"k2", b"k33", b"k6", b"l", b"zz"):
                found = list(table.scan(2, prefix, after))
                wanted = [key for key in keys if key.startswith(prefix) and key > after]
                assert found == [(key, b"x" + key) for key in wanted], (prefix, after)


async def test_a_current_scan_sees_what_the_batch_has_written_and_deleted_so_far(bench: Bench) -> None:
    rng = random.Random(7)
    keys = [b"%s%d" % (prefix, number) for prefix in (b"a", b"k", b"l") for number in range(12)]
    async with bench.worker(COUNT) as worker:
        table = worker.apps[0].table
        assert table is not None
        stored = {key: b"old" for key in keys if rng.random() < 0.6}
        table.write(2, list(stored.items()))
        table.persist_offset(2, 0)
        batch = KeyedBatch(None, table, FINGERPRINTS, 2, [])  # type: ignore[arg-type]  # no output, so no context
        for number in range(60):
            for _ in range(rng.randrange(4)):
                key, value = rng.choice(keys), rng.choice((None, b"%d" % number))
                batch.put(key, value)
                stored.pop(key, None)
                stored |= {} if value is None else {key: value}
            prefix, after = rng.choice((b"", b"a", b"k", b"k1", b"z")), rng.choice((b"", b"a5", b"k1", b"k3", b"zz"))
            wanted = [(key, value) for key, value in sorted(stored.items()) if key.startswith(prefix) and key > after]
            assert list(batch.scan_current(prefix, after)) == wanted


async def test_a_bad_record_goes_to_the_dead_letters_and_its_partition_goes_on(bench: Bench) -> None:
    bench.publish(FINGERPRINTS, [(b"k", b"x", 1), (b"k", b"poison", 1), (b"k", b"x", 1)])
    async with bench.worker(COUNT):
        messages = await asyncio.to_thread(bench.read, DECISIONS, lambda found: len(found) >= 2)
        (letter,) = await asyncio.to_thread(bench.read, DEAD_LETTERS, bool)
    assert numbers(messages) == {b"k": [1, 2]}
    assert (letter.key(), letter.value()) == (b"k", b"poison")
    headers = dict(letter.headers() or [])
    assert headers["dl_reason"] == b"not_json"
    assert (headers["dl_origin_topic"], headers["dl_origin_partition"]) == (FINGERPRINTS.encode(), b"1")
    assert (headers["dl_origin_offset"], headers["dl_stage"]) == (b"1", b"match")


def note(batch: KeyedBatch) -> None:
    """Emits the topic and the kind of a record, and how many records of any topic have come."""
    for record in batch.records:
        number = int(batch.get(b"number") or b"0") + 1
        batch.put(b"number", str(number).encode())
        batch.emit(DECISIONS, record.key, b"%d" % number, [(batch.topic, event_type(record) or b"none")])


async def test_a_stage_reads_two_topics_into_one_table_and_tells_kinds_of_record_apart(bench: Bench) -> None:
    stage = KeyedStage(
        name="match", reads=(SUBMISSIONS, FINGERPRINTS), writes=(DECISIONS,), table="contents", process=note
    )
    labels = {"stage": "match", "topic": SUBMISSIONS}
    before = REGISTRY.get_sample_value("mediasieve_records_total", labels) or 0.0
    bench.publish(SUBMISSIONS, [(b"s", b"x", 2)] * 20)
    bench.publish(FINGERPRINTS, [(b"f", b"x", 2)] * 20, headers=[("ce_type", FINGERPRINT_TYPE)])
    bench.publish(FINGERPRINTS, [(b"v", b"x", 2)] * 10, headers=[("ce_type", b"verdict")])
    async with bench.worker(stage):
        messages = await asyncio.to_thread(bench.read, DECISIONS, lambda found: len(found) >= 50)
        await eventually(lambda: bench.committed(SUBMISSIONS, 2, "match") == 20, blocking=True)
        await eventually(lambda: bench.committed(FINGERPRINTS, 2, "match") == 30, blocking=True)
    seen = {(message.key(), *(message.headers() or [])) for message in messages}
    assert seen == {
        (b"s", (SUBMISSIONS, b"none")),
        (b"f", (FINGERPRINTS, FINGERPRINT_TYPE)),
        (b"v", (FINGERPRINTS, b"verdict")),
    }
    assert sorted(number for found in numbers(messages).values() for number in found) == list(range(1, 51))
    assert (REGISTRY.get_sample_value("mediasieve_records_total", labels) or 0.0) - before == 20


async def test_an_output_to_a_topic_that_the_stage_does_not_declare_ends_the_worker(bench: Bench) -> None:
    bench.publish(FINGERPRINTS, [(b"k", b"x", 1)])
    async with bench.worker(replace(COUNT, writes=(DEAD_LETTERS,))) as worker:
        await eventually(lambda: not worker.live)
    assert bench.committed(FINGERPRINTS, 1, "match") < 0


async def test_a_fault_of_the_stage_ends_the_worker_and_commits_nothing(bench: Bench) -> None:
    def broken(batch: KeyedBatch) -> None:
        raise RuntimeError("out of order")

    stage = KeyedStage(name="match", reads=(FINGERPRINTS,), table="contents", process=broken)
    bench.publish(FINGERPRINTS, [(b"k", b"x", 1)])
    async with bench.worker(stage) as worker:
        await eventually(lambda: not worker.live)
    assert bench.committed(FINGERPRINTS, 1, "match") < 0


async def test_partitions_move_between_workers_without_losing_a_record(bench: Bench) -> None:
    broker = bench.namespace.kind
    keys = [(f"k{n % 8}".encode(), b"x", n % 8) for n in range(80)]
    async with bench.worker(COUNT, worker_id="a") as first:
        bench.publish(FINGERPRINTS, keys)
        async with bench.worker(COUNT, worker_id="b") as second:
            await eventually(lambda: bool(second.apps[0].batch_consumer.assignment()))
            await eventually(lambda: not first.not_ready() and not second.not_ready())
            for _ in range(5):
                bench.publish(FINGERPRINTS, keys)
            messages = await asyncio.to_thread(
                bench.read, DECISIONS, lambda found: all(len(numbers(found).get(key, [])) >= 60 for key, *_ in keys[:8])
            )
    # The embedded broker refuses the commit of a member that has to rejoin, so the last records are processed again.
    found = {key: values if broker == "apache" else values[:60] for key, values in numbers(messages).items()}
    wanted = {f"k{k}".encode(): list(range(1, 61)) for k in range(8)}
    assert found == wanted, str({key: values for key, values in found.items() if values != wanted.get(key)})

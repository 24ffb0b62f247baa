"""A table's changelog, read by librdkafka on a thread, straight into RocksDB: nothing passes through the event loop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from confluent_kafka import Consumer, KafkaError, TopicPartition
from faust.types import TP

from streams.config.settings import Settings
from streams.errors import BrokerError, PartitionClosed
from streams.kafka.clients import make_consumer
from streams.runtime.tables.table import Change, Table

#: Records written at once: each time waits some milliseconds for the interpreter, where other stages of the process
#: work off what has piled up; and the largest, those of videos, have 20 KB.
RESTORE_RECORDS = 4_000
#: How long it may take until a reader sees that it is to end.
POLL_S = 0.1


def changelog_consumer(settings: Settings, group: str) -> Consumer:
    """A reader of changelogs that joins no group, and says where a partition ends."""
    return make_consumer(
        settings,
        group,
        enable_partition_eof=True,
        fetch_message_max_bytes=1 << 20,
        fetch_wait_max_ms=20,
        fetch_queue_backoff_ms=5,  # else it stands still for a second when we are slower than Kafka
        queued_max_messages_kbytes=16 << 10,
        queued_min_messages=4 * RESTORE_RECORDS,
    )


def restore(
    consumer: Consumer,
    table: Table,
    wanted: Mapping[TP, tuple[int, int]],
    *,
    on_restored: Callable[[int], None],
    given_up: threading.Event,
) -> None:
    """Write what the changelogs hold behind the first and up to the second of the `wanted` offsets of each partition.

    What a later record holds of a key wins. How far a partition is stands in its table, so that whoever comes after a
    reader that was given up goes on there. The last wanted offset need not exist: compaction may have removed it.

    Args:
        on_restored: is told of each step's number of records.
        given_up: ends the reading early.

    Raises:
        BrokerError: Kafka refuses to give the changelog.
        StateError: RocksDB refused.
    """
    consumer.assign([TopicPartition(tp.topic, tp.partition, after + 1) for tp, (after, _) in wanted.items()])
    last = {tp.partition: offset for tp, (_, offset) in wanted.items()}
    reached = {tp.partition: after for tp, (after, _) in wanted.items()}
    while last and not given_up.is_set():
        lacking = sum(offset - reached[partition] for partition, offset in last.items())
        changes: dict[int, list[Change]] = {}
        ended: set[int] = set()
        for message in consumer.consume(min(RESTORE_RECORDS, lacking), POLL_S):
            partition, key, error = message.partition() or 0, message.key(), message.error()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    ended.add(partition)
                elif not error.retriable():
                    raise BrokerError(f"the changelog of table {table.name} cannot be read: {error.str()}")
            elif partition in last:
                reached[partition] = message.offset() or 0
                changes.setdefault(partition, [])
                if key is not None:
                    changes[partition].append((key, message.value()))
        for partition, its in changes.items():
            try:
                table.write(partition, its)
            except PartitionClosed:
                ended.add(partition)
                continue
            table.persist_offset(partition, reached[partition])
            on_restored(len(its))
            if reached[partition] >= last[partition]:
                ended.add(partition)
        for partition in ended:
            last.pop(partition, None)

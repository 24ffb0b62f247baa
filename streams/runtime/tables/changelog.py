"""Reads a table's changelog with librdkafka, on a thread, straight into RocksDB: nothing passes the event loop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from confluent_kafka import Consumer, KafkaError, TopicPartition
from faust.types import TP

from streams.config.settings import Settings
from streams.errors import BrokerError, PartitionClosed
from streams.kafka.clients import make_consumer
from streams.runtime.tables.table import Change, Table

#: Records in one write. Every write waits some milliseconds for the interpreter while the other stages of the process
#: work on their backlog. The largest records, those of videos, have 20 KB.
RESTORE_RECORDS = 4_000
#: How soon a reader notices that it was cancelled.
POLL_S = 0.1


def changelog_consumer(settings: Settings, group: str) -> Consumer:
    """A consumer for changelogs: it joins no group, and reports the end of a partition."""
    return make_consumer(
        settings,
        group,
        enable_partition_eof=True,
        fetch_message_max_bytes=1 << 20,
        fetch_wait_max_ms=20,
        fetch_queue_backoff_ms=5,  # else librdkafka pauses for a second whenever we are slower than Kafka
        queued_max_messages_kbytes=16 << 10,
        queued_min_messages=4 * RESTORE_RECORDS,
    )


def restore(
    consumer: Consumer,
    table: Table,
    ranges: Mapping[TP, tuple[int, int]],
    *,
    on_restored: Callable[[int], None],
    cancelled: threading.Event,
) -> None:
    """Write the records of the changelogs to the table.

    The last record of a key wins. The table stores how far every partition has been restored, so that the reader after
    a cancelled one continues there.

    Args:
        ranges: by partition, the offset after which reading begins, and the offset up to which it goes. The latter need
            not exist: compaction may have removed its record.
        on_restored: called with the number of records of every write.
        cancelled: ends the reading early.

    Raises:
        BrokerError: Kafka refuses to give the changelog.
        StateError: RocksDB refused.
    """
    consumer.assign([TopicPartition(tp.topic, tp.partition, after + 1) for tp, (after, _) in ranges.items()])
    last = {tp.partition: offset for tp, (_, offset) in ranges.items()}
    reached = {tp.partition: after for tp, (after, _) in ranges.items()}
    while last and not cancelled.is_set():
        missing = sum(offset - reached[partition] for partition, offset in last.items())
        changes: dict[int, list[Change]] = {}
        ended: set[int] = set()
        for message in consumer.consume(min(RESTORE_RECORDS, missing), POLL_S):
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
        for partition, written in changes.items():
            try:
                table.write(partition, written)
            except PartitionClosed:
                ended.add(partition)
                continue
            table.persist_offset(partition, reached[partition])
            on_restored(len(written))
            if reached[partition] >= last[partition]:
                ended.add(partition)
        for partition in ended:
            last.pop(partition, None)

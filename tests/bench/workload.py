"""The keyed records that every contender of the throughput benchmark reads, and whether it answered them right.

The job: `new` for the first record of a key, `dup` for each later one, on the output topic under the same key.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from streams.kafka.topics import FINGERPRINTS, load_topics

PARTITIONS = load_topics()[FINGERPRINTS].partitions
VALUE_BYTES = 100
DRAIN_TIMEOUT_S = 60.0
READ_RECORDS = 10_000  # at once, and never more than there are: librdkafka waits for as many as it is asked for


@dataclass(frozen=True, slots=True)
class Workload:
    """`records` records, of which `distinct` are the first of their key."""

    topic: str
    records: int
    distinct: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What a contender wrote: how many, over which time by the broker's clock, and how many are wrong."""

    outputs: int
    wrong: int
    seconds: float


def create_topic(bootstrap: str, name: str, partitions: int = PARTITIONS, **config: str) -> str:
    """Create a topic; dots in the names of `config` as underscores. Returns `name`."""
    options = {option.replace("_", "."): value for option, value in config.items()}
    admin = AdminClient({"log_level": 3, "bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(name, partitions, 1, config=options)])[name].result(30.0)
    return name


def preload(bootstrap: str, topic: str, records: int, *, repeated: float = 0.5, seed: int = 1) -> Workload:
    """Create and fill a topic: 100-byte values, a share of `repeated` keys, in an order that `seed` fixes."""
    create_topic(bootstrap, topic)
    order = shuffled_contents(records, repeated=repeated, seed=seed)
    producer = fast_producer(bootstrap)
    for position, number in enumerate(order):
        value = b"%012d" % position
        produce(producer, topic, b"content-%012d" % number, value.ljust(VALUE_BYTES, b"."))
    flush(producer)
    return Workload(topic, records, len(set(order)))


def shuffled_contents(records: int, *, repeated: float, seed: int) -> list[int]:
    """Which content each of `records` records carries; a share of `repeated` are not the first of theirs."""
    distinct = max(1, round(records * (1 - repeated)))
    order = [number % distinct for number in range(records)]
    random.Random(seed).shuffle(order)
    return order


def fast_producer(bootstrap: str, *, linger_ms: float = 5) -> Producer:
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "log_level": 3,
            "enable.idempotence": True,
            "linger.ms": linger_ms,
            "compression.type": "lz4",
            "partitioner": "murmur2_random",
            "message.max.bytes": 32 << 20,
            "queue.buffering.max.messages": 1_000_000,
            "queue.buffering.max.kbytes": 1 << 20,
        }
    )


def produce(
    producer: Producer,
    topic: str,
    key: bytes,
    value: bytes,
    *,
    partition: int = -1,
    headers: Mapping[str, bytes] | None = None,
) -> None:
    """Hand over one record, waiting for room where the queue is full.

    Raises:
        KafkaException: the broker refused this or an earlier one.
    """
    while True:
        try:
            producer.produce(topic, value, key, partition, on_delivery=_delivered, headers=dict(headers or {}))
        except BufferError:
            producer.poll(0.1)
        else:
            producer.poll(0)
            return


def _delivered(error: KafkaError | None, _: Message) -> None:
    if error is not None:
        raise KafkaException(error)


def flush(producer: Producer) -> None:
    left = producer.flush(DRAIN_TIMEOUT_S)
    if left:
        raise TimeoutError(f"{left} records were not taken by the broker within {DRAIN_TIMEOUT_S:.0f} s")


class Watermarks:
    """How many records a topic holds, by its high watermarks, asked often at little cost to those who are measured."""

    def __init__(self, bootstrap: str, topic: str, partitions: int = PARTITIONS) -> None:
        self._admin = AdminClient({"log_level": 3, "bootstrap.servers": bootstrap})
        self._latest = {TopicPartition(topic, partition): OffsetSpec.latest() for partition in range(partitions)}

    def ask(self) -> dict[int, int]:
        """The next offset of each partition; a topic just made may have no leader for a moment, which is waited for."""
        deadline = time.monotonic() + DRAIN_TIMEOUT_S
        while True:
            try:
                asked = self._admin.list_offsets(self._latest, request_timeout=10.0)
                return {partition.partition: int(future.result().offset) for partition, future in asked.items()}
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def count(self) -> int:
        return sum(self.ask().values())


def raw_answer(record: Message) -> tuple[bytes, bool] | None:
    """What the peers write: the key of the content, and whether it is said to be new."""
    value, key = record.value(), record.key()
    return (key or b"", value == b"new") if value in (b"new", b"dup") else None


def check_answers(
    bootstrap: str,
    workload: Workload,
    output: str,
    classify: Callable[[Message], tuple[bytes, bool] | None] = raw_answer,
) -> Answers:
    """Read the whole output topic; its records must carry the broker's time (LogAppendTime).

    Wrong is a missing or superfluous answer, a content with not exactly one answer `new`, and an answer that
    `classify` does not understand.
    """
    consumer = Consumer(
        {"log_level": 3, "bootstrap.servers": bootstrap, "group.id": f"{output}-check", "enable.auto.commit": False}
    )
    expected = Watermarks(bootstrap, output).count()
    consumer.assign([TopicPartition(output, partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
    fresh: Counter[bytes] = Counter()
    first_ms, last_ms, outputs, strange = 1 << 62, 0, 0, 0
    while outputs < expected:
        records = consumer.consume(min(READ_RECORDS, expected - outputs), timeout=DRAIN_TIMEOUT_S)
        if not records:
            raise TimeoutError(f"{output} holds {expected} records and gave {outputs}")
        for record in records:
            _, at_ms = record.timestamp()
            first_ms, last_ms = min(first_ms, at_ms), max(last_ms, at_ms)
            answer = classify(record)
            if answer is None:
                strange += 1
            elif answer[1]:
                fresh[answer[0]] += 1
        outputs += len(records)
    consumer.close()
    superfluous = sum(times - 1 for times in fresh.values())
    wrong = abs(workload.records - outputs) + abs(workload.distinct - len(fresh)) + superfluous + strange
    return Answers(outputs, wrong, max(last_ms - first_ms, 1) / 1000)

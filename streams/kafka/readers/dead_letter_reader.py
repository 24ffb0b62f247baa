"""Reads dead letters, and the acts on them, from Kafka itself. Joins no group and commits nothing."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from types import TracebackType
from typing import Final, NamedTuple, Self, TypeVar

import numpy as np
from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.config.settings import Settings
from streams.domain.records import Headers
from streams.domain.records.dead_letter import Act, DeadLetter, DeadLetterAct, LetterId
from streams.errors import BadInput, BrokerError
from streams.kafka.clients import make_consumer, reach_broker
from streams.kafka.topics import DEAD_LETTER_ACTS, DEAD_LETTERS, plain_name, reader_group, wire_name

REQUEST_TIMEOUT_S: Final = 10.0
MAX_SILENCE_S: Final = 30.0
LEADER_PAUSE_S: Final = 0.2
LEADERLESS: Final = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
}
#: What the client fetches at once, and ahead, of each partition. The queue must hold a letter with a medium of 20 MiB.
FETCH_BYTES, MAX_FETCH_BYTES, QUEUE_KBYTES = 1 << 20, 24 << 20, 24 << 10
#: The count of a letter's replays stops here.
MAX_COUNTED: Final = 127


_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class KafkaRecord:
    """A record as `RawRecord` says; the topic is without the deployment's prefix."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class TopicScan:
    """Reads the records of one topic that are there when it begins; for one thread.

    Args:
        settings: name the broker.
        topic: without the deployment's prefix.

    Raises:
        BrokerError: the broker is away, or has no such topic.
    """

    def __init__(self, settings: Settings, topic: str) -> None:
        self._settings = settings
        self.topic = wire_name(settings, topic)
        known = reach_broker(settings).topics.get(self.topic)
        if known is None:
            raise BrokerError(
                f"Kafka at {settings.kafka.bootstrap_servers} has no topic {self.topic}; run `mediasieve topics apply`."
            )
        self.partitions = sorted(known.partitions)
        self._consumer: Consumer = make_consumer(
            settings,
            reader_group(settings, topic),
            enable_partition_eof=True,
            fetch_message_max_bytes=FETCH_BYTES,
            fetch_max_bytes=MAX_FETCH_BYTES,
            queued_max_messages_kbytes=QUEUE_KBYTES,
        )

    def count(self, since_ms: int | None = None) -> int:
        """How many offsets `records` will pass."""
        return sum(max(0, end - begin) for begin, end in self._ranges(since_ms).values())

    def records(self, since_ms: int | None = None) -> Iterator[KafkaRecord]:
        """The records, in order within a partition, one at a time.

        Args:
            since_ms: leave out those before this time, in ms since the epoch.

        Raises:
            BrokerError: the broker refuses, or falls silent.
        """
        left = {p: (begin, end) for p, (begin, end) in self._ranges(since_ms).items() if begin < end}
        self._consumer.assign([TopicPartition(self.topic, p, begin) for p, (begin, _) in left.items()])
        heard_at = time.monotonic()
        while left:
            message = self._consumer.poll(0.2)
            if message is None:
                self._check_silence(heard_at)
                continue
            heard_at = time.monotonic()
            partition, offset = message.partition(), message.offset()
            if partition not in left:
                continue
            if self._is_end(message) or offset >= left[partition][1]:
                del left[partition]
                continue
            yield self._record_of(message)
            if offset + 1 >= left[partition][1]:
                del left[partition]
        self._consumer.unassign()

    def record_at(self, partition: int, offset: int) -> KafkaRecord | None:
        """One record; None if Kafka has none there, or no longer.

        Raises:
            BrokerError: the broker refuses, or falls silent.
        """
        if partition not in self.partitions:
            return None
        low, high = self._watermarks(partition)
        if not low <= offset < high:
            return None
        self._consumer.assign([TopicPartition(self.topic, partition, offset)])
        heard_at = time.monotonic()
        while True:
            message = self._consumer.poll(0.2)
            if message is None:
                self._check_silence(heard_at)
            elif message.partition() == partition:
                if self._is_end(message) or message.offset() != offset:
                    return None
                return self._record_of(message)

    def close(self) -> None:
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _ranges(self, since_ms: int | None) -> dict[int, tuple[int, int]]:
        ranges = {partition: self._watermarks(partition) for partition in self.partitions}
        if since_ms is None:
            return ranges
        wanted = [TopicPartition(self.topic, partition, since_ms) for partition in self.partitions]
        found = self._ask(lambda: self._consumer.offsets_for_times(wanted, timeout=REQUEST_TIMEOUT_S))
        begins = {place.partition: place.offset for place in found}
        # An offset below zero says that nothing is so late.
        return {
            p: (end if begins.get(p, OFFSET_END) < 0 else max(low, begins[p]), end) for p, (low, end) in ranges.items()
        }

    def _watermarks(self, partition: int) -> tuple[int, int]:
        place = TopicPartition(self.topic, partition)
        low, high = self._ask(lambda: self._consumer.get_watermark_offsets(place, timeout=REQUEST_TIMEOUT_S))
        return low, high

    def _ask(self, request: Callable[[], _Answer]) -> _Answer:
        """What the broker answers; asks again while a partition has no leader, as those of new topics have."""
        began_at = time.monotonic()
        while True:
            try:
                return request()
            except KafkaException as error:
                refusal: KafkaError = error.args[0]
                if refusal.code() not in LEADERLESS or time.monotonic() - began_at > MAX_SILENCE_S:
                    raise self._refused(refusal) from error
            time.sleep(LEADER_PAUSE_S)

    def _is_end(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return False
        if error.code() == KafkaError._PARTITION_EOF:
            return True
        raise self._refused(error)

    def _record_of(self, message: Message) -> KafkaRecord:
        return KafkaRecord(
            plain_name(self._settings, message.topic() or ""),
            message.partition() or 0,
            message.offset() or 0,
            message.timestamp()[1],
            message.key(),
            message.value(),
            message.headers() or [],
        )

    def _check_silence(self, heard_at: float) -> None:
        if time.monotonic() - heard_at > MAX_SILENCE_S:
            raise BrokerError(
                f"Kafka at {self._settings.kafka.bootstrap_servers} has been silent for {MAX_SILENCE_S:.0f} s."
            )

    def _refused(self, error: KafkaError) -> BrokerError:
        return BrokerError(f"reading {self.topic} failed: {error.str()}")


def dead_letters(scan: TopicScan, since_ms: int | None = None) -> Iterator[DeadLetter]:
    """The dead letters of a scan of media.deadletters. A letter that was written twice comes twice."""
    for record in scan.records(since_ms):
        yield DeadLetter.of(record)


def read_dead_letter(settings: Settings, partition: int, offset: int) -> DeadLetter | None:
    """One dead letter by its place; None if Kafka has none there, or no longer.

    Raises:
        BrokerError: the broker is away or refuses.
    """
    with TopicScan(settings, DEAD_LETTERS) as scan:
        record = scan.record_at(partition, offset)
    return None if record is None else DeadLetter.of(record)


class Handled(NamedTuple):
    """The last act on a letter, and the number of its replays so far."""

    act: Act
    replays: int


class HandledLetters:
    """Which dead letters were replayed or dropped. 9 bytes a letter.

    A letter is found by 64 bits of a digest of its id: of a million letters, one in 10^13 is taken for another.
    """

    def __init__(self) -> None:
        self._digests, self._acts = array("Q"), array("B")
        self._sorted: np.ndarray | None = None
        self._order: np.ndarray | None = None

    @classmethod
    def read(cls, settings: Settings) -> HandledLetters:
        """All acts that Kafka has now.

        Raises:
            BrokerError: the broker is away or refuses.
        """
        handled = cls()
        with TopicScan(settings, DEAD_LETTER_ACTS) as scan:
            for record in scan.records():
                try:
                    act = DeadLetterAct.from_json(record.value)
                except BadInput:  # not one of ours
                    continue
                handled._digests.append(letter_digest(act.letter_id))
                handled._acts.append(min(act.replays, MAX_COUNTED) << 1 | (act.act == "dropped"))
        digests = np.frombuffer(handled._digests, np.uint64)
        handled._order = np.argsort(digests, kind="stable")
        handled._sorted = digests[handled._order]
        return handled

    def get(self, letter_id: LetterId) -> Handled | None:
        """The last act on a letter; None without one."""
        digest = letter_digest(letter_id)
        if self._sorted is None or self._order is None:
            return None
        at = int(np.searchsorted(self._sorted, np.uint64(digest), "right")) - 1  # the last act of a letter counts
        if at < 0 or int(self._sorted[at]) != digest:
            return None
        act = self._acts[int(self._order[at])]
        return Handled("dropped" if act & 1 else "replayed", act >> 1)


def letter_digest(letter_id: LetterId) -> int:
    """64 bits that stand for a letter."""
    return int.from_bytes(blake2b(letter_id.text.encode(errors="replace"), digest_size=8).digest(), "little")

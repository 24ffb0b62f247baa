"""The twins of all partitions, and the log that they read; a log of a failed run is kept, and can be read again.

python -m tests.reference.log kept-log.jsonl      decides a kept log in process, and compares with the twins
"""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self

import orjson
from confluent_kafka import Message

from streams.domain.evidence.evidence import Evidence
from streams.domain.evidence.judge import Judgement
from streams.domain.evidence.verify import MatchedViews
from streams.domain.records import RawRecord
from streams.errors import BadInput
from streams.kafka import cloudevents
from streams.stages.match.records import decode_records
from tests.reference.judge import judged
from tests.reference.moderation import ModeratedTwin
from tests.reference.small_chunks import DELETION_CHUNK, WALK_CHUNK, use_small_chunks
from tests.support.partition import Partition
from tests.support.stories import Record


@lru_cache(maxsize=50_000)
def _judged(
    known: Evidence, query: Evidence, matched: tuple[MatchedViews, ...], near_bits: int, confirm_bits: int
) -> Judgement:
    return judged(known, query, matched, near_bits, confirm_bits)


def judged_once(
    known: Evidence, query: Evidence, matched: Sequence[MatchedViews], near_bits: int, confirm_bits: int
) -> Judgement:
    """The slow judge, which is most of a twin's time, once for every pair: collections have the same pictures."""
    return _judged(known, query, tuple(matched), near_bits, confirm_bits)


class LogRecord(NamedTuple):
    """A record of media.fingerprints; `kind` is its `ce_type`."""

    partition: int
    offset: int
    time_ms: int
    kind: bytes
    value: bytes

    @classmethod
    def of(cls, message: Message) -> Self:
        kind = dict(message.headers() or []).get("ce_type")
        return cls(
            message.partition() or 0,
            message.offset() or 0,
            message.timestamp()[1],
            kind if isinstance(kind, bytes) else b"",
            message.value() or b"",
        )

    def to_json(self) -> bytes:
        return orjson.dumps([*self[:3], self.kind.decode(), b64encode(self.value).decode()])

    @classmethod
    def from_json(cls, line: bytes) -> Self:
        partition, offset, time_ms, kind, value = orjson.loads(line)
        return cls(partition, offset, time_ms, kind.encode(), b64decode(value))


class Twins:
    """A twin for each partition, for each has a log of its own, and hash lists of its own.

    Attributes:
        decisions: of all partitions, by decision id.
        revised: the ids of the revised decisions among them.
        events: moderation events by their ids; list_events: those about lists.
        log: what was read.
    """

    def __init__(self) -> None:
        self.decisions: dict[str, dict[str, Any]] = {}
        self.revised: list[str] = []
        self.events: dict[str, dict[str, Any]] = {}
        self.list_events: dict[str, dict[str, Any]] = {}
        self.log: list[LogRecord] = []
        self._by_partition: dict[int, ModeratedTwin] = {}

    @property
    def later_chunks(self) -> int:
        """Chunks of walks and deletions that a record of their own brought."""
        return sum(twin.later_chunks for twin in self._by_partition.values())

    def read(self, record: LogRecord) -> None:
        """Read the next record of its partition."""
        self.log.append(record)
        twin, place = self._twin(record.partition), (record.time_ms, record.offset)
        match record.kind:
            case cloudevents.MODERATION_TYPE:
                event = orjson.loads(record.value)
                self.events[event["event_id"]] = event
                twin.read_event(record.value, *place)
            case cloudevents.LIST_TYPE | cloudevents.LIST_ENTRIES_TYPE:
                event = orjson.loads(record.value)
                self.list_events[event["event_id"]] = event
                twin.read_list_event(record.value, *place)
            case cloudevents.WALK_TYPE:
                twin.read_step(record.value, record.time_ms)
            case cloudevents.DELETION_STEP_TYPE:
                twin.read_deletion_step(record.value, *place)
            case _:
                twin.read(record.value, *place)

    def count(self) -> str:
        """How much was read, and of what, for messages."""
        kinds = Counter(record.kind.decode() for record in self.log)
        return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())

    def _twin(self, partition: int) -> ModeratedTwin:
        twin = self._by_partition.get(partition)
        if twin is None:
            twin = ModeratedTwin(judged_once, chunk=WALK_CHUNK, deletion_chunk=DELETION_CHUNK)
            twin.decisions, twin.revised = self.decisions, self.revised
            self._by_partition[partition] = twin
        return twin

    def keep(self, path: Path) -> None:
        """Write what was read to a file, for a look at what went wrong."""
        path.write_bytes(b"\n".join(record.to_json() for record in self.log))


class _Batch:
    """One record as the match stage decodes it."""

    def __init__(self, record: LogRecord) -> None:
        headers: list[tuple[str, bytes | None]] = [("ce_type", record.kind)]
        place = "", record.partition, record.offset, record.time_ms
        self.records: Sequence[RawRecord] = [Record(*place, None, record.value, headers)]

    def dead_letter(self, record: RawRecord, error: BadInput) -> None:
        raise error


def compare(path: Path) -> None:
    """Decide a kept log in process, and print the first record after which match and twin differ."""
    use_small_chunks()
    twins, partitions, decided = Twins(), dict[int, Partition](), dict[str, dict[str, Any]]()
    for number, line in enumerate(path.read_bytes().splitlines()):
        record, known = LogRecord.from_json(line), len(twins.decisions)
        twins.read(record)
        touched = list(islice(twins.decisions, known, None))
        partition = partitions.setdefault(record.partition, Partition())
        for decision in partition.process(decode_records(_Batch(record))).decisions:
            decided[decision.decision_id] = orjson.loads(decision.value)
            touched.append(decision.decision_id)
        for key in touched:
            if decided.get(key) != twins.decisions.get(key):
                print(f"record {number}: {record.kind.decode()} {record.value[:2000].decode(errors='replace')}")
                print("match:", decided.get(key), "twin:", twins.decisions.get(key), sep="\n")
                raise SystemExit(1)
    print(f"{len(decided)} decisions, all as the twins'")


if __name__ == "__main__":
    compare(Path(sys.argv[1]))

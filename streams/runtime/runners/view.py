"""What a stage function sees of its input, and where outputs go; running it is keyed.py and concurrent.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from streams.domain.records import RawRecord
from streams.errors import BadInput
from streams.runtime.context import Context
from streams.runtime.outbox import Output, OutputHeaders
from streams.runtime.tables.table import Change, Table


class KeyedBatch:
    """What a keyed stage sees of one batch: its records, the state, and where outputs go.

    Reads see the writes made before them in the same batch. `load` reads many keys in one call; `get` of a
    key that was not loaded reads it then. `changes` are all writes in their order, which is the changelog's.
    """

    __slots__ = ("_context", "_current", "_stage", "_table", "changes", "outputs", "partition", "records")

    def __init__(
        self, context: Context, stage: str, table: Table, partition: int, records: Sequence[RawRecord]
    ) -> None:
        self.partition = partition
        self.records = records
        self.changes: list[Change] = []
        self.outputs: list[Output] = []
        self._current: dict[bytes, bytes | None] = {}
        self._table = table
        self._context = context
        self._stage = stage

    def load(self, keys: Iterable[bytes]) -> None:
        """Read `keys` in one multi-get; those that were read or written before stay as they are."""
        wanted = [key for key in keys if key not in self._current]
        if wanted:
            self._current.update(zip(wanted, self._table.get_many(self.partition, wanted), strict=True))

    def get(self, key: bytes) -> bytes | None:
        if key not in self._current:
            self.load((key,))
        return self._current[key]

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set a key, or delete it with None."""
        self._current[key] = value
        self.changes.append((key, value))

    def scan(self, prefix: bytes = b"", after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """All keys that begin so, in order, those behind `after`, with their values as they were before this batch."""
        return self._table.scan(self.partition, prefix, after)

    def emit(self, topic: str, key: bytes | None, value: bytes | None, headers: OutputHeaders) -> None:
        """An output for `topic` (unprefixed), to go out once the batch is through."""
        self.outputs.append((topic, key, value, headers))

    def dead_letter(self, record: RawRecord, error: BadInput) -> None:
        self.outputs.append(self._context.dead_letter(self._stage, record, error))

    def now(self) -> str:
        return self._context.now()


class Work:
    """What a concurrent stage sees of one record, and where its outputs go."""

    __slots__ = ("_context", "_stage", "outputs", "record")

    def __init__(self, context: Context, stage: str, record: RawRecord) -> None:
        self.record = record
        self.outputs: list[Output] = []
        self._context = context
        self._stage = stage

    @property
    def topic(self) -> str:
        """The record's topic without the deployment's prefix."""
        return self.record.topic.removeprefix(self._context.settings.kafka.topic_prefix)

    def emit(self, topic: str, key: bytes | None, value: bytes | None, headers: OutputHeaders) -> None:
        """An output for `topic` (unprefixed), to go out once the record is through."""
        self.outputs.append((topic, key, value, headers))

    def dead_letter(self, error: BadInput) -> None:
        self.outputs.append(self._context.dead_letter(self._stage, self.record, error))

    def now(self) -> str:
        return self._context.now()

"""What a stage function sees of its input, and where outputs go; running it is keyed.py and concurrent.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streams.domain.records import RawRecord
from streams.errors import BadInput
from streams.runtime.context import Context
from streams.runtime.outbox import Output, OutputHeaders
from streams.runtime.table import Table


class KeyedBatch:
    """What a keyed stage sees of one batch: its records, the state, and where outputs go.

    Reads see the writes made before them in the same batch. `load` reads many keys in one call; `get` of a
    key that was not loaded reads it then.
    """

    __slots__ = ("_context", "_fetched", "_stage", "_table", "changes", "outputs", "partition", "records")

    def __init__(
        self, context: Context, stage: str, table: Table, partition: int, records: Sequence[RawRecord]
    ) -> None:
        self.partition = partition
        self.records = records
        self.changes: dict[bytes, bytes | None] = {}
        self.outputs: list[Output] = []
        self._fetched: dict[bytes, bytes | None] = {}
        self._table = table
        self._context = context
        self._stage = stage

    def load(self, keys: Iterable[bytes]) -> None:
        """Read `keys` in one multi-get."""
        wanted = list(keys)
        self._fetched.update(zip(wanted, self._table.get_many(self.partition, wanted), strict=True))

    def get(self, key: bytes) -> bytes | None:
        if key in self.changes:
            return self.changes[key]
        if key not in self._fetched:
            self.load((key,))
        return self._fetched[key]

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set a key, or delete it with None."""
        self.changes[key] = value

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
        return self.record.topic.removeprefix(self._context.settings.topic_prefix)

    def emit(self, topic: str, key: bytes | None, value: bytes | None, headers: OutputHeaders) -> None:
        """An output for `topic` (unprefixed), to go out once the record is through."""
        self.outputs.append((topic, key, value, headers))

    def dead_letter(self, error: BadInput) -> None:
        self.outputs.append(self._context.dead_letter(self._stage, self.record, error))

    def now(self) -> str:
        return self._context.now()

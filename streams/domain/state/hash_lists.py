"""What the state holds about hash lists: which are in force, their entries, and what the entries matched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from streams.domain.records import Label, ListEntry
from streams.domain.records.hash_list import LIST_ALGORITHMS, PerceptualStatus
from streams.domain.records.verdict import GivenStatus
from streams.domain.state.members import with_expiry, without_expiry
from streams.errors import StateError

LAYOUT: Final = 1
NO_BITS: Final = 255
"""`bits` of a row whose list says how far a match may be."""

ROW: Final = np.dtype([("algorithm", "u1"), ("bits", "u1"), ("says", "<u2"), ("digest", "u1", 32)])
"""An entry: number in LIST_ALGORITHMS, distance that it matches within, number of what it says, and its hash, with
zeros behind it."""


@dataclass(frozen=True, slots=True)
class ListInForce:
    """A list in force.

    Attributes:
        name: of the list.
        import_id: of its entries.
        chunks: how many chunks of entries there are.
        version: of the list.
        status: the verdict of entries that name none; None for a negative list.
        labels: of entries that name none.
        reason: of entries that name none.
        negative: contents on it are never matched; it gives no verdicts.
        bits: by algorithm, for entries that name none.
        perceptual: what a match by near hashes means.
        quarantine_after: contents that one entry may match by near hashes.
        at: when it became effective, as the event says.
        order: place of that event in the log.
        since: place in the log from which there has been a list of this name.
    """

    name: str
    import_id: str
    chunks: int
    version: str
    status: GivenStatus | None
    labels: tuple[Label, ...]
    reason: str | None
    negative: bool
    bits: dict[str, int]
    perceptual: PerceptualStatus
    quarantine_after: int
    at: str
    order: tuple[int, int]
    since: int

    def pack(self) -> bytes:
        return bytes((LAYOUT,)) + orjson.dumps(self)

    @classmethod
    def unpack(cls, value: bytes) -> ListInForce:
        """Read a value of the state.

        Raises:
            StateError: a later version wrote it.
        """
        document: dict[str, Any] = orjson.loads(_checked(value)[1:])
        labels = tuple(Label(**label) for label in document.pop("labels"))
        offset, number = document.pop("order")
        return cls(labels=labels, order=(offset, number), **document)


class Says(NamedTuple):
    """What an entry says for itself; None where its list says it."""

    status: GivenStatus | None
    labels: tuple[Label, ...] | None
    reason: str | None


def pack_chunk(entries: list[ListEntry]) -> bytes:
    """Entries as the state has them: what they say, each sentence once, then a ROW an entry."""
    said: dict[bytes, int] = {}
    rows = np.zeros(len(entries), ROW)
    numbers = {name: number for number, name in enumerate(LIST_ALGORITHMS)}
    packed: list[bytes] = []
    silent = orjson.dumps((None, None, None))
    for entry in entries:
        says = silent
        if entry.status is not None or entry.labels is not None or entry.reason is not None:
            says = orjson.dumps((entry.status, entry.labels, entry.reason))
        number = said.setdefault(says, len(said))
        bits = NO_BITS if entry.bits is None else entry.bits
        head = bytes((numbers[entry.algorithm], bits)) + number.to_bytes(2, "little")
        packed.append((head + bytes.fromhex(entry.hash)).ljust(ROW.itemsize, b"\0"))
    rows = np.frombuffer(b"".join(packed), ROW)
    table = b"[" + b",".join(said) + b"]"
    return bytes((LAYOUT,)) + len(table).to_bytes(4, "little") + table + rows.tobytes()


def chunk_rows(value: bytes) -> NDArray[np.void]:
    """The rows of a chunk, read-only."""
    _checked(value)
    return np.frombuffer(value, ROW, offset=5 + int.from_bytes(value[1:5], "little"))


def chunk_says(value: bytes, number: int) -> Says:
    """What the entries with this `says` say."""
    status, labels, reason = orjson.loads(value[5 : 5 + int.from_bytes(value[1:5], "little")])[number]
    return Says(status, None if labels is None else tuple(Label(**label) for label in labels), reason)


class PendingImport(NamedTuple):
    """Which chunks of an import have come, as bits of a number; forgotten after `expires_ms`."""

    expires_ms: int
    chunks: int = 0

    def pack(self) -> bytes:
        return with_expiry(f"{self.chunks:x}".encode(), self.expires_ms)

    @classmethod
    def unpack(cls, value: bytes) -> PendingImport:
        return cls(int.from_bytes(value[:8], "little", signed=True), int(without_expiry(value), 16))


@dataclass(frozen=True, slots=True)
class EntryMatches:
    """The contents that an entry matched by near hashes.

    Attributes:
        since: `ListInForce.since`; what is of another list of the same name counts for nothing.
        content_ids: that it gave a verdict on.
        cause: what put the entry into quarantine; None as long as it acts.
        is_released: somebody looked at the entry: it acts, and nothing is counted any more.
    """

    since: int
    content_ids: tuple[str, ...] = field(default=())
    cause: str | None = None
    is_released: bool = False

    @property
    def is_quarantined(self) -> bool:
        return self.cause is not None

    def pack(self) -> bytes:
        return bytes((LAYOUT,)) + orjson.dumps([self.since, self.content_ids, self.cause, self.is_released])

    @classmethod
    def unpack(cls, value: bytes) -> EntryMatches:
        since, content_ids, cause, is_released = orjson.loads(_checked(value)[1:])
        return cls(since, tuple(content_ids), cause, is_released)


class Listed(NamedTuple):
    """What hash lists say about a content.

    Attributes:
        lists: that have given a verdict on it.
        entries: list and entry of all near hashes that counted it.
        decision_id: of the decision whose listing reached others of the group; empty if there was none.
    """

    lists: tuple[str, ...] = ()
    entries: tuple[tuple[str, str], ...] = ()
    decision_id: str = ""

    def pack(self) -> bytes:
        return bytes((LAYOUT,)) + orjson.dumps(tuple(self))

    @classmethod
    def unpack(cls, value: bytes) -> Listed:
        lists, entries, decision_id = orjson.loads(_checked(value)[1:])
        return cls(tuple(lists), tuple((name, entry) for name, entry in entries), decision_id)


class ListWalk(NamedTuple):
    """A walk through all contents of a collection, after a list changed.

    Attributes:
        chunk: number of the next chunk; counts on from one walk to the next.
        after: key of the last content that was visited.
        is_under_way: the walk has not come to the last content.
    """

    chunk: int = 0
    after: bytes = b""
    is_under_way: bool = False

    def pack(self) -> bytes:
        return bytes((LAYOUT,)) + orjson.dumps([self.chunk, self.after.hex(), self.is_under_way])

    @classmethod
    def unpack(cls, value: bytes | None) -> ListWalk:
        if value is None:
            return cls()
        chunk, after, is_under_way = orjson.loads(_checked(value)[1:])
        return cls(chunk, bytes.fromhex(after), is_under_way)


def _checked(value: bytes) -> bytes:
    if value[:1] != bytes((LAYOUT,)):
        raise StateError(
            f"the state holds a hash list that begins with {value[:4].hex(' ')}, and this version reads layout "
            f"{LAYOUT}: run the version of mediasieve that wrote it"
        )
    return value

"""What a moderation event brought about, so that the event, read again, brings about the same."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

import orjson

from streams.domain.state.keys import DECISION_ID_BYTES

_HEADER: Final = struct.Struct("<qI")


class Visit(NamedTuple):
    """A chunk of a walk that an event visits; `after` and `is_end` are where it ended, once it was visited."""

    group_content_id: str
    chunk: int
    after: bytes = b""
    is_end: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What one event, or one chunk of a walk, brings about.

    An answer is written twice: before all that it says is done, and, with the decisions, afterwards. So a worker that
    finds the first has to do all of it again, and one that finds the second has to tell it again.

    Attributes:
        expires_ms: afterwards the event is not read again.
        is_done: the answer is the second.
        writes: keys and values that the event writes, before its visits.
        visits: chunks of walks.
        decision_ids: 16 bytes each, of the revised decisions, in their order; of the first answer, those that are
            among its writes.
        refusals: reason, detail and JSON of the events that were refused.
        events: JSON of events that had waited, and are applied next.
        list_chunk: the chunk that a walk through all contents goes on with; None if there is no such walk.
        quarantined: list and entry, of entries of hash lists that matched too much.
        step: JSON of the record that brings the next chunk of a deletion; empty where there is none.
    """

    expires_ms: int
    is_done: bool
    writes: tuple[tuple[bytes, bytes | None], ...] = ()
    visits: tuple[Visit, ...] = ()
    decision_ids: tuple[bytes, ...] = ()
    refusals: tuple[tuple[str, str, str], ...] = ()
    events: tuple[str, ...] = ()
    step: str = ""
    list_chunk: int | None = None
    quarantined: tuple[tuple[str, str], ...] = ()

    def pack(self) -> bytes:
        """The second answer keeps the keys only: by then, the values may be later ones."""
        writes = [[key.hex(), None if value is None or self.is_done else value.hex()] for key, value in self.writes]
        visits = [(*visit[:2], visit.after.hex(), visit.is_end) for visit in self.visits]
        said = [self.is_done, writes, visits, self.refusals, self.events, self.step]
        if self.list_chunk is not None or self.quarantined:
            said += [self.list_chunk, self.quarantined]
        told = orjson.dumps(said)
        return b"".join((_HEADER.pack(self.expires_ms, len(told)), told, *self.decision_ids))

    @classmethod
    def unpack(cls, value: bytes) -> Answer:
        expires_ms, length = _HEADER.unpack_from(value)
        end = _HEADER.size + length
        is_done, writes, visits, refusals, events, *more = orjson.loads(value[_HEADER.size : end])
        step, *of_lists = more or ("",)
        list_chunk, quarantined = of_lists or (None, ())
        return cls(
            expires_ms,
            is_done,
            tuple((bytes.fromhex(key), None if entry is None else bytes.fromhex(entry)) for key, entry in writes),
            tuple(Visit(group, chunk, bytes.fromhex(after), is_end) for group, chunk, after, is_end in visits),
            tuple(value[at : at + DECISION_ID_BYTES] for at in range(end, len(value), DECISION_ID_BYTES)),
            tuple((reason, detail, event) for reason, detail, event in refusals),
            tuple(events),
            step,
            list_chunk,
            tuple((name, entry) for name, entry in quarantined),
        )

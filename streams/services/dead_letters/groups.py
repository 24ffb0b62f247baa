"""Groups dead letters as they are read from Kafka, as ClickHouse groups its rows of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from streams.analytics.queries.dead_letters import MAX_EXAMPLES, LetterGroup
from streams.domain.records.codec import EPOCH
from streams.domain.records.dead_letter import DeadLetter
from streams.kafka.readers.dead_letter_reader import Handled

#: Letters of further reasons, which no stage writes, are counted together.
MAX_GROUPS: Final = 1_000
OTHERS: Final = ("(others)", "", "")


@dataclass(slots=True)
class _LetterGroup:
    letters: int = 0
    open: int = 0
    replayed: int = 0
    dropped: int = 0
    size_bytes: int = 0
    first_ms: int = 1 << 62
    last_ms: int = -(1 << 62)
    last_detail: str = ""
    examples: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_EXAMPLES))


class LetterGroups:
    """By reason, stage and topic; bounded, whatever the letters say."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str, str], _LetterGroup] = {}

    def add(self, letter: DeadLetter, handled: Handled | None) -> None:
        name = (letter.reason[:128], letter.letter_id.stage[:128], letter.letter_id.origin_topic[:249])
        if name not in self._groups and len(self._groups) >= MAX_GROUPS:
            name = OTHERS
        group = self._groups.setdefault(name, _LetterGroup())
        group.letters += 1
        group.open += handled is None
        group.replayed += handled is not None and handled.act == "replayed"
        group.dropped += handled is not None and handled.act == "dropped"
        group.size_bytes += letter.size_bytes
        group.first_ms = min(group.first_ms, letter.timestamp_ms)
        if letter.timestamp_ms >= group.last_ms:
            group.last_ms, group.last_detail = letter.timestamp_ms, letter.detail[:1024]
            group.examples.appendleft(f"{letter.place.partition}/{letter.place.offset}")

    def sorted(self) -> tuple[LetterGroup, ...]:
        """The most frequent first."""
        found = [
            LetterGroup(
                *name,
                letters=group.letters,
                open=group.open,
                replayed=group.replayed,
                dropped=group.dropped,
                size_bytes=group.size_bytes,
                first_at=_time(group.first_ms),
                last_at=_time(group.last_ms),
                last_detail=group.last_detail,
                examples=tuple(group.examples),
            )
            for name, group in self._groups.items()
        ]
        return tuple(sorted(found, key=lambda group: (-group.letters, group.reason, group.stage, group.topic)))


def _time(epoch_ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=epoch_ms)

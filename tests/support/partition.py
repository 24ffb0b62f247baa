"""A partition of the match stage without Kafka and RocksDB: its state as a dict, the changelog and the indexes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from streams.domain.match import decide
from streams.domain.match.batch import MatchInput, ModerationInput
from streams.domain.match.indexes import CollectionIndexes
from streams.domain.match.result import MatchOutput, MatchResult
from streams.domain.state.keys import CONTENT_PREFIX, FRAMES_PREFIX


class Partition(dict[bytes, bytes]):
    """The state. `log` has the changes that the changelog would get, in order."""

    def __init__(self, changes: Iterable[tuple[bytes, bytes | None]] = ()) -> None:
        super().__init__({key: value for key, value in dict(changes).items() if value is not None})
        self.log: list[tuple[bytes, bytes | None]] = []
        self.indexes = CollectionIndexes()
        self.indexes.load(self._with(CONTENT_PREFIX), self._with(FRAMES_PREFIX))
        self.indexes.moderated.load(self.scan_current)

    def _with(self, prefix: bytes) -> list[tuple[bytes, bytes]]:
        return [(key, value) for key, value in sorted(self.items()) if key.startswith(prefix)]

    def load(self, keys: Iterable[bytes]) -> None:
        pass

    def put(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.pop(key, None)
        else:
            self[key] = value
        self.log.append((key, value))

    def scan_current(self, prefix: bytes, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        return iter([entry for entry in self._with(prefix) if entry[0] > after])

    def process(self, batch: Sequence[MatchInput | ModerationInput]) -> MatchResult:
        return decide.decide(batch, self, self.indexes)

    def decide(self, batch: Sequence[MatchInput]) -> list[MatchOutput]:
        return self.process(batch).decisions

"""What the match stage keeps in memory beside the state: what is measured of it, and what it removes in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from streams import metrics
from streams.domain.match.batch import MatchInput, ModerationInput
from streams.domain.match.decide import decide
from streams.domain.moderation.effects import LogPosition
from streams.domain.state.keys import ERASURE_PREFIX
from streams.stages.match import partition_state
from streams.stages.match.partition_state import PartitionIndexes
from tests.support.media_stories import deleted, submission
from tests.support.partition import Partition
from tests.support.stories import T0_MS, moderation_event


class Scanned(Partition):
    """A partition as the runtime shows it to a stage."""

    partition = 3

    def scan(self, prefix: bytes = b"", after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        return self.scan_current(prefix, after)


def test_media_that_are_waited_for_are_measured_also_after_a_restart() -> None:
    state = Scanned()
    said = [
        ModerationInput(replace(moderation_event(n), content_id=None, media_id=f"m{n}"), LogPosition(n, T0_MS), b"")
        for n in range(3)
    ]
    for indexes in (PartitionIndexes(), PartitionIndexes()):
        metrics.MODERATION_WAITING.set(-1)
        decide(said, state, indexes.of(state))
        indexes.expire(state, said)
        assert metrics.REGISTRY.get_sample_value("mediasieve_moderation_waiting") == 3


def test_what_was_deleted_is_erased_once_it_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition_state, "EXPIRY_INTERVAL_S", 0.0)
    monkeypatch.setattr(partition_state, "ROUND_INTERVAL_S", 0.0)
    monkeypatch.setattr(partition_state, "COMMITTED_AFTER_S", 0.0)
    state, indexes = Scanned(), PartitionIndexes()
    records: list[MatchInput | ModerationInput] = [
        submission(1, content=7, medium="ann", at=0),
        deleted(2, 1, medium="ann"),
    ]
    decide(records, state, indexes.of(state))

    indexes.expire(state, records)
    assert [key for key in state if key.startswith(ERASURE_PREFIX)]  # as far as anybody knows, nothing is committed

    later = [submission(3, content=8, medium="bob", at=500)]
    for _ in range(2):
        decide(later, state, indexes.of(state))
        indexes.expire(state, later)
    assert not [key for key in state if key.startswith(ERASURE_PREFIX)]
    assert not any(b"ann" in key for key in state)

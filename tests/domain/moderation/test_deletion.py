"""What a deletion takes away, what it leaves, and what becomes of records that come again afterwards."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from streams.domain.match.batch import MatchInput, ModerationInput
from streams.domain.moderation.deletions import chunk as deletion_chunk
from streams.domain.moderation.deletions import erasure
from streams.domain.moderation.deletions.erasure import erase
from streams.domain.moderation.effects import LogPosition
from streams.domain.moderation.steps import DeletionStep
from streams.domain.records import ModerationEvent
from streams.domain.state.decision import unpack_decision
from streams.domain.state.keys import (
    DECISION_PREFIX,
    ERASURE_PREFIX,
    MEDIUM_PREFIX,
    MEMBER_PREFIX,
    TOMBSTONE_PREFIX,
    short_id,
    submission_of_medium,
)
from tests.support.media_stories import SECOND_MS, deleted, outcomes, said, submission
from tests.support.partition import Partition
from tests.support.stories import T0_MS

FAR_MS = 1 << 50


def named_anywhere(partition: Partition, text: str) -> list[bytes]:
    """Keys of all entries of the state that contain a text, in decisions, too."""
    found = []
    for key, value in partition.items():
        content = unpack_decision(value) if key.startswith(DECISION_PREFIX) else value
        if text.encode() in key or text.encode() in content or text.encode().hex().encode() in content:
            found.append(key)
    return found


def test_the_last_submission_of_a_content_takes_everything_along_but_a_tombstone() -> None:
    partition = Partition()
    outcomes(partition, submission(1, content=7, medium="ann", at=0), said(2, 1, content=7))

    assert outcomes(partition, deleted(3, 2, medium="ann")) == [("ann", "deleted", 2)]
    erase(list(partition.scan_current(ERASURE_PREFIX)), FAR_MS, partition)

    # what was said about the content outlives it, and names it by its first medium
    assert {key[:1] for key in named_anywhere(partition, "ann")} <= {b"v"}
    assert [key for key in partition if key.startswith(TOMBSTONE_PREFIX)]
    assert {key[:1] for key in partition} == {b"t", b"a", b"v"}
    assert len(partition.indexes) == 0


def test_the_same_bytes_are_new_afterwards_and_have_the_verdict_on_them() -> None:
    partition = Partition()
    first = submission(1, content=7, medium="ann", at=0)
    outcomes(partition, first, said(2, 1, content=7), deleted(3, 2, medium="ann"))

    again = partition.process([submission(4, content=7, medium="ann", at=3)]).decisions
    decision = orjson.loads(again[0].value)

    assert (decision["outcome"], decision["revision"], decision["verdict"]["status"]) == ("unique", 0, "blocked")


def test_other_media_of_the_content_stay_and_name_it_from_now_on() -> None:
    partition = Partition()
    outcomes(partition, *(submission(n, content=7, medium=name, at=n) for n, name in enumerate(("ann", "bob"))))

    assert outcomes(partition, deleted(3, 2, medium="ann")) == [("ann", "deleted", 1)]
    [later] = partition.process([submission(4, content=7, medium="eve", at=3)]).decisions
    match = orjson.loads(later.value)["match"]

    assert (match["media_id"], match["submission_id"]) == ("bob", "media.submissions/0/1")
    assert match["group_media_id"] == "ann"  # the name of the group


def test_a_medium_goes_with_all_its_contents_and_a_content_with_all_its_media() -> None:
    partition = Partition()
    submissions = [("ann", 1), ("ann", 2), ("bob", 2), ("eve", 3), ("bob", 3)]
    outcomes(partition, *(submission(n, content=c, medium=m, at=n) for n, (m, c) in enumerate(submissions)))

    assert outcomes(partition, deleted(9, 10, medium="ann")) == [("ann", "deleted", 1)] * 2
    assert sorted(outcomes(partition, deleted(10, 11, content=3))) == [("bob", "deleted", 1), ("eve", "deleted", 1)]
    assert outcomes(partition, deleted(11, 12, medium="bob", content=1)) == []  # bob never had content 1
    assert outcomes(partition, submission(20, content=2, medium="zoe", at=13)) == [("zoe", "duplicate", 0)]
    assert outcomes(partition, submission(21, content=3, medium="zoe", at=14)) == [("zoe", "unique", 0)]


def test_where_equal_bytes_alone_are_compared_a_medium_and_its_content_are_named() -> None:
    partition = Partition()
    media = enumerate(("ann", "bob", "ann"))
    outcomes(partition, *(submission(n, content=7, medium=name, at=n, near=False) for n, name in media))

    assert outcomes(partition, deleted(9, 10, medium="ann", content=7)) == [("ann", "deleted", 1)] * 2
    assert outcomes(partition, submission(20, content=7, medium="ann", at=13, near=False)) == [("ann", "duplicate", 0)]


def test_a_submission_that_is_read_again_is_answered_as_before_until_nothing_is_read_again() -> None:
    partition = Partition()
    first = submission(1, content=7, medium="ann", at=0)
    [decision] = partition.process([first]).decisions
    [told] = partition.process([deleted(3, 2, medium="ann")]).decisions

    # a worker was killed: the record from before the deletion comes again, and is answered with the same bytes
    assert [each.value for each in partition.process([first]).decisions] == [decision.value]
    # the fingerprint stage was killed: the submission comes again after the deletion, and stays deleted
    again = replace(first.fingerprint, submitted_at="2026-01-02T00:00:00.000Z")
    late = MatchInput.of(again, T0_MS + 5 * SECOND_MS, 5)
    assert [each.value for each in partition.process([late]).decisions] == [told.value]

    # somebody calls another medium by the name of the submission: what that was is not known any more
    assert partition.process([MatchInput.of(replace(again, media_id="bob"), T0_MS, 6)]).decisions == []

    erase(list(partition.scan_current(ERASURE_PREFIX)), FAR_MS, partition)

    assert partition.process([first]).decisions == []  # its decision was published, and its bytes are gone
    assert [each.value for each in partition.process([late]).decisions] == [told.value]
    assert partition.process([deleted(3, 2, medium="ann")]).decisions == []


def test_nothing_is_erased_while_it_may_be_read_again() -> None:
    partition = Partition()
    outcomes(partition, submission(1, content=7, medium="ann", at=0), deleted(3, 2, medium="ann"))
    before = dict(partition)

    erase(list(partition.scan_current(ERASURE_PREFIX)), T0_MS + 2 * SECOND_MS, partition)

    assert dict(partition) == before


def test_erasing_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "ERASED_PER_SWEEP", 3)
    partition = Partition()
    outcomes(partition, *(submission(n, content=7, medium=f"m{n}", at=n) for n in range(10)))
    outcomes(partition, deleted(20, 20, content=7))

    sweeps = 0
    while entries := list(partition.scan_current(ERASURE_PREFIX)):
        erase(entries, FAR_MS, partition)
        sweeps += 1

    assert sweeps >= 5
    assert not [key for key in partition if key.startswith(DECISION_PREFIX)]


def test_a_deletion_that_overtakes_its_medium_waits_and_spares_what_is_submitted_after_it() -> None:
    partition = Partition()
    early = deleted(3, 0, medium="ann")
    assert isinstance(early.event, ModerationEvent)
    at = early.event.at  # submissions 1 and 9 were made before and after this time
    assert outcomes(partition, early) == []

    assert outcomes(partition, submission(1, content=7, medium="ann", at=1)) == [
        ("ann", "unique", 0),
        ("ann", "deleted", 1),
    ]

    outcomes(partition, replace_event(deleted(5, 2, medium="bob"), at))
    assert outcomes(partition, submission(9, content=8, medium="bob", at=3)) == [("bob", "unique", 0)]


def test_a_deletion_goes_on_waiting_for_what_was_submitted_before_it_and_spares_what_came_in_between() -> None:
    partition = Partition()
    early = deleted(3, 0, medium="ann")
    assert isinstance(early.event, ModerationEvent)
    outcomes(partition, early, said(4, 0, content=7))
    assert outcomes(partition, submission(9, content=7, medium="ann", at=1)) == [
        ("ann", "unique", 0),
        ("ann", "unique", 1),
    ]
    assert outcomes(partition, submission(1, content=7, medium="ann", at=2)) == [
        ("ann", "duplicate", 0),
        ("ann", "deleted", 1),
    ]
    assert outcomes(partition, submission(2, content=7, medium="ann", at=3)) == [("ann", "duplicate", 0)]


def replace_event(given: ModerationInput, at: str) -> ModerationInput:
    assert isinstance(given.event, ModerationEvent)
    return given._replace(event=replace(given.event, at=at))


def test_a_large_content_is_deleted_in_chunks_and_what_comes_in_between_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion_chunk, "CHUNK", 4)
    partition = Partition()
    outcomes(partition, *(submission(n, content=7, medium=f"m{n}", at=n) for n in range(10)))
    result = partition.process([deleted(20, 20, content=7)])
    told = [each.media_id for each in result.decisions]
    assert outcomes(partition, submission(30, content=7, medium="late", at=21)) == [("late", "duplicate", 0)]
    offset = 22
    while result.continuations:
        [step] = [each.step for each in result.continuations]
        assert DeletionStep.from_json(step.to_json()) == step
        result = partition.process([ModerationInput(step, LogPosition(offset, T0_MS + offset * SECOND_MS), b"k")])
        told += [each.media_id for each in result.decisions]
        offset += 1

    assert sorted(told) == sorted(f"m{n}" for n in range(10))
    [after] = partition.process([submission(31, content=7, medium="eve", at=40)]).decisions
    assert orjson.loads(after.value)["match"]["media_id"] == "late"


def test_what_an_earlier_version_stored_is_deleted_too() -> None:
    partition = Partition()
    outcomes(partition, *(submission(n, content=7, medium=name, at=n) for n, name in enumerate(("ann", "bob"))))
    for key in [key for key in partition if key.startswith(MEDIUM_PREFIX)]:
        value = partition.pop(key)
        content_id, _ = submission_of_medium(key)
        partition[key[: key.index(b"\0", key.index(b"\0") + 1)]] = value + short_id(content_id)
    for key in [key for key in partition if key.startswith(MEMBER_PREFIX)]:
        partition[key] = partition[key][:-8]  # members had no offset

    assert sorted(outcomes(partition, said(8, 9, content=7))) == [("ann", "unique", 1), ("bob", "duplicate", 1)]
    assert outcomes(partition, deleted(9, 10, medium="ann")) == [("ann", "deleted", 2)]
    assert not [key for key in named_anywhere(partition, "ann") if key.startswith((MEDIUM_PREFIX, MEMBER_PREFIX))]

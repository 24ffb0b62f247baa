"""Fingerprints and state to decisions: what is new, what is a copy, of what. Pure; the order of calls is the law.

How state and decisions are written stands in content.py and outcome.py, what is looked up in batch.py, and how near
contents are found in index.py, videos in index.py.

A submission seen again is answered with the bytes of its first decision, and what was written then is written again: a
worker may be killed after its local state and before the changelog took them. A content is written before the decision
that it was met in, and a video's frames before its content, so that where there is a decision there is its content.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.hashes.selection import stored_entries, stored_frame_entries, video_duration_ms
from streams.domain.match.batch import REVISION, Case, MatchInput, State, case_of, named_by, steps_of
from streams.domain.match.indexes import CollectionIndexes
from streams.domain.match.operations import IndexOperation
from streams.domain.match.outcome import Hit, build_decision, exact_match, near_match
from streams.domain.match.videos.index import VideoMatchResult
from streams.domain.match.videos.outcome import video_match
from streams.domain.match.videos.relation import VideoHit
from streams.domain.records import Appearance, Match, Outcome
from streams.domain.state.content import (
    CONTENT_PREFIX,
    FRAMES_PREFIX,
    Content,
    content_key,
    pack_decision,
    pack_stored_frames,
    remembered_decision,
)
from streams.errors import StateError

__all__ = ["MatchInput", "MatchOutput", "State", "decide"]


@dataclass(frozen=True, slots=True)
class MatchOutput:
    """A decision as it goes out: `value` is its JSON. `repeated` says that it was given before."""

    decision_id: str
    media_id: str
    value: bytes
    outcome: Outcome | None
    repeated: bool


def decide(batch: Sequence[MatchInput], state: State, spaces: CollectionIndexes) -> list[MatchOutput]:
    """Decide a batch, in order, exactly as one by one.

    Args:
        batch: in the order of their partition.
        state: the partition's; changed through `put`, in the order in which the changelog must have it.
        spaces: what near duplicates are looked up among; it holds what `state` held before, and is changed.

    Returns:
        One answer a fingerprint, in order.

    Raises:
        StateError: the state was written by a later version.
    """
    cases = [case_of(each) for each in batch]
    state.load([key for case in cases for key in (case.key, case.content_key) if key is not None])
    _look_up(steps_of(cases, state), spaces)
    named = [case for case in cases if case.hit is not None or case.shown is not None]
    state.load({content_key(case.fingerprint.collection, found) for case in named for found in named_by(case)})
    return [_answer(case, state) for case in cases]


def _look_up(steps: Iterable[tuple[str, Case, IndexOperation]], spaces: CollectionIndexes) -> None:
    """Take the steps, each collection's and algorithm's at once: others do not see them."""
    by_space: dict[tuple[str, str], list[tuple[Case, IndexOperation]]] = {}
    for algorithm, case, step in steps:
        by_space.setdefault((case.fingerprint.collection, algorithm), []).append((case, step))
    for space, taken in by_space.items():
        hits = spaces.of(*space).apply([step for _, step in taken])
        for (case, _), hit in zip(taken, hits, strict=True):
            if type(hit) is Hit:
                case.hit = hit
            elif type(hit) is VideoMatchResult:
                case.hit, case.hashes_stored = hit.hit, hit.hashes_stored
            elif type(hit) is list:
                case.shown = hit


def _answer(case: Case, state: State) -> MatchOutput:
    known = remembered_decision(state.get(case.key), case.time_ms)
    if known is not None:
        return _repeat(case, known, state)
    fingerprint = case.fingerprint
    outcome: Outcome = "failed"
    match: Match | None = None
    if case.is_new:
        outcome = "unique"
        if case.hit is not None:
            outcome = "near_duplicate"
            found = _content(content_key(fingerprint.collection, case.hit.content_id), state)
            match = _near_match(case, found)
        group = (match.group_content_id, match.group_media_id) if match else None
        _put_new(_new_content(case, group), case, state)
    elif case.content_key is not None:
        outcome = "duplicate"
        content = _content(case.content_key, state)
        match = exact_match(content)
        if case.refreshes:
            _put(content.until(case.expires_ms), case, state)
    shown = _appears_in(case, state) if case.shown else ()
    value = build_decision(fingerprint, case.decision_id, REVISION, outcome, match, shown).to_json()
    state.put(case.key, pack_decision(value, case.expires_ms))
    return MatchOutput(case.decision_id, fingerprint.media_id, value, outcome, repeated=False)


def _near_match(case: Case, found: Content) -> Match:
    fingerprint = case.fingerprint
    assert fingerprint.facts is not None
    assert case.hit is not None
    if isinstance(case.hit, VideoHit):
        return video_match(case.hit, found, fingerprint.policy, (fingerprint.facts.content_id, fingerprint.media_id))
    return near_match(case.hit, found, fingerprint.policy)


def _appears_in(case: Case, state: State) -> list[Appearance]:
    return [
        Appearance(
            shown.content_id,
            _content(content_key(case.fingerprint.collection, shown.content_id), state).media_id,
            "image" if case.comparable_entries.algorithm == FRAMES_HASH else "video",
            shown.at_ms / 1000,
            shown.distance_bits,
        )
        for shown in case.shown or ()
    ]


def _repeat(case: Case, known: bytes, state: State) -> MatchOutput:
    """Answer as before, whatever the second look found, and write again all that the first wrote."""
    decision = orjson.loads(known)
    if decision["content_id"] is not None:
        key = content_key(decision["collection"], decision["content_id"])
        value = state.get(key)
        content = None if value is None else Content.unpack(value)
        if content is not None and value is not None:
            is_first = content.decision == case.key[1:]
            frames_at = FRAMES_PREFIX + key[1:]
            frames = state.get(frames_at) if is_first and content.algorithm == FRAMES_HASH else None
            if frames is not None:
                state.put(frames_at, frames)
            if is_first or decision["outcome"] == "duplicate":
                state.put(key, value)
    packed = state.get(case.key)
    assert packed is not None
    state.put(case.key, packed)
    return MatchOutput(case.decision_id, case.fingerprint.media_id, known, None, repeated=True)


def _content(key: bytes, state: State) -> Content:
    value = state.get(key)
    if value is None:
        raise StateError(f"the state lacks the content {key.decode(errors='replace')!r}, which decisions refer to")
    return Content.unpack(value)


def _put(content: Content, case: Case, state: State) -> None:
    assert case.content_key is not None
    state.put(case.content_key, content.pack())


def _put_new(content: Content, case: Case, state: State) -> None:
    """Write a content, and the frames of a video before it."""
    facts, entries = case.fingerprint.facts, case.comparable_entries.entries
    if content.algorithm == FRAMES_HASH and facts is not None and case.content_key is not None:
        frames = stored_frame_entries(np.frombuffer(entries, FRAME_ENTRY)).tobytes()
        key = FRAMES_PREFIX + case.content_key.removeprefix(CONTENT_PREFIX)
        state.put(key, pack_stored_frames(video_duration_ms(facts, entries), frames))
    _put(content, case, state)


def _new_content(case: Case, group: tuple[str, str] | None) -> Content:
    """A submission's content, in the group of this content and medium, or in one of its own."""
    fingerprint, (algorithm, entries) = case.fingerprint, case.comparable_entries
    assert fingerprint.facts is not None
    own = fingerprint.facts.content_id
    return Content(
        content_id=own,
        media_id=fingerprint.media_id,
        submission_id=fingerprint.submission_id,
        group_content_id=group[0] if group else own,
        group_media_id=group[1] if group else fingerprint.media_id,
        first_ms=case.time_ms,
        expires_ms=case.expires_ms,
        decision=case.key[1:],
        algorithm=algorithm if case.hashes_stored else "",
        entries=b"" if algorithm == FRAMES_HASH else stored_entries(entries, fingerprint.policy),
        is_member=group is not None and group[0] != own,
    )

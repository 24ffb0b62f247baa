"""Compares two videos, or a picture with a video: every frame, and the result. For `mediasieve explain`.

The result is what matching decides if it knows nothing else, and nothing is left out. Comparing two pictures is in
images/comparison.py, looking up a submission among many videos in index.py. `own` is the submission.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.packing import ORIENTATION_MASK
from streams.domain.hashes.transformation import transformation_between
from streams.domain.hashes.views import AS_WHOLE, FRAME_GROUPS, NOT_COMPARED, QUERY_GROUPS, VIEW_PAIRS, VIEWS
from streams.domain.match.outcome import exact_match
from streams.domain.match.selection import (
    as_frame_entries,
    comparable_entries,
    moment_starts,
    packed_evidence,
    stored_entries,
    stored_frame_entries,
    video_duration_ms,
)
from streams.domain.match.videos.alignment.align import MomentTimes
from streams.domain.match.videos.frame_pairs import FramePairs, MomentHashes
from streams.domain.match.videos.orientation import (
    RELATIVE_ORIENTATION,
    missing_orientations,
    most_frequent_orientation,
)
from streams.domain.match.videos.outcome import record_segment, video_match
from streams.domain.match.videos.relation import FULL_WEIGHT, find_relation, shares
from streams.domain.match.videos.shared_captions import drop_ambiguous
from streams.domain.match.videos.verification import VideoEvidence
from streams.domain.moderation.standing import Standing
from streams.domain.policy.policy import Policy
from streams.domain.records import Match, MediaFacts, Segment
from streams.domain.state.content import Content

_IS_WHOLE = np.array([view.whole for view in VIEWS])
_NOT_COMPARED_RANK = 1 << 40


@dataclass(frozen=True, slots=True)
class FramePair:
    """A moment of the submission and a moment of the known medium, through the nearest of their views.

    `at_s` and `known_at_s` say when each moment begins, in seconds from the first frame; 0 for a picture. `near_bits`
    is the distance of the hash64 that the index is searched by, `confirm_bits` that of the hash256. `matches` says that
    both distances are within their thresholds, `votes` that the pair agrees with the alignment of the two videos.
    """

    at_s: float
    known_at_s: float
    view: str
    known_view: str
    transformation: str
    near_bits: int
    near_threshold_bits: int
    confirm_bits: int
    confirm_threshold_bits: int
    matches: bool
    votes: bool


@dataclass(frozen=True, slots=True)
class VideoComparison:
    """The result of submitting one video when another is known.

    `moments` and `known_moments` count the moments that are compared. `seen` counts the submission's moments that look
    like one of the known video, `voters` those that also agree with the alignment. `parts` are the segments that both
    videos show, `share` and `known_share` the shares of either video that they cover. All of these are also given if
    the policy finds them too little for a match. `nearest` pairs each moment of the submission with the moment that it
    votes for, or else with the nearest.
    """

    match: Match | None
    moments: int = 0
    known_moments: int = 0
    seen: int = 0
    voters: int = 0
    share: float = 0.0
    known_share: float = 0.0
    parts: list[Segment] = field(default_factory=list)
    nearest: list[FramePair] = field(default_factory=list)


def compare_videos(
    known: MediaFacts, submitted: MediaFacts, policy: Policy, *, media_ids: tuple[str, str]
) -> VideoComparison:
    """Aligns a submission with a known video.

    Args:
        known: facts of the known video.
        submitted: facts of the submission.
        policy: the submission's policy.
        media_ids: of the known video and of the submission, as the match names them.

    Raises:
        BadInput: bad_field, if a hash does not have the form that its name promises.
    """
    group = known.content_id, media_ids[0]
    content = Content(known.content_id, media_ids[0], "", *group, 0, 0, b"")
    exact = exact_match(content, Standing.of(content)) if known.content_id == submitted.content_id else None
    own = np.frombuffer(comparable_entries(submitted, policy).entries, FRAME_ENTRY)
    other = stored_frame_entries(np.frombuffer(comparable_entries(known, policy).entries, FRAME_ENTRY))
    if not len(own) or not len(other):
        return VideoComparison(exact, len(moment_starts(own)) - 1, len(moment_starts(other)) - 1)
    table = _ComparisonTable(own, other, policy)
    moments, known_moments = _moment_times(submitted, own), _moment_times(known, other)
    matching = table.matching()
    counts = np.bincount(matching.own_moment, minlength=len(moments.from_ms))
    if not len(matching.own_moment):
        return VideoComparison(exact, len(counts), len(known_moments.from_ms), nearest=table.nearest(of_known=False))
    hashes = _moment_hashes(moments, own)
    pairs = drop_ambiguous(table.confirmed(matching).nearest(), hashes, _moment_hashes(known_moments, other))
    weights = np.full(len(counts), FULL_WEIGHT, np.int64)
    distance_bits = int(matching.hash64_distance_bits.min())
    evidence = VideoEvidence(packed_evidence(submitted), lambda _: packed_evidence(known))
    hit, alignment = find_relation(
        known.content_id, moments, known_moments, hashes, pairs, weights, distance_bits, policy, evidence
    )
    found = None
    if hit is not None:
        found = video_match(hit, content, policy, group if hit.is_reused else (submitted.content_id, media_ids[1]))
    if alignment is not None:
        table.mark_votes(pairs.select(alignment.votes))
    return VideoComparison(
        exact or found,
        len(moments.from_ms),
        len(known_moments.from_ms),
        int(np.count_nonzero(counts)),
        len(np.unique(pairs.own_moment[alignment.votes])) if alignment is not None else 0,
        *(shares(alignment, moments, known_moments) if alignment is not None else (0.0, 0.0)),
        parts=[record_segment(segment) for segment in alignment.segments] if alignment is not None else [],
        nearest=table.nearest(of_known=False),
    )


def find_picture(known: MediaFacts, submitted: MediaFacts, policy: Policy) -> list[FramePair]:
    """Compares a picture with each moment of a video, the nearest first. Either of the two may be the submission.

    The pairs that match are appearances. Under a policy with `appears_in`, a decision names the first of them.

    Raises:
        BadInput: as `compare_videos`.
    """
    own, other = (np.frombuffer(_as_frames(facts, policy), FRAME_ENTRY) for facts in (submitted, known))
    if known.kind == "video":
        other = stored_frame_entries(other)
    else:
        other = np.frombuffer(
            as_frame_entries(stored_entries(comparable_entries(known, policy).entries, policy)), FRAME_ENTRY
        )
        other = other[_IS_WHOLE[other["view"]]]
    if not len(own) or not len(other):
        return []
    found = _ComparisonTable(own, other, policy).nearest(of_known=known.kind == "video")
    return sorted(
        found, key=lambda pair: (not pair.matches, pair.confirm_bits, pair.near_bits, pair.at_s, pair.known_at_s)
    )


def _as_frames(facts: MediaFacts, policy: Policy) -> bytes:
    """The comparable entries of a video, or of a picture as a video of a single moment."""
    entries = comparable_entries(facts, policy).entries if policy.compares_views else b""
    return entries if facts.kind == "video" else as_frame_entries(entries)


class _ComparisonTable:
    """A row for each entry of the submission, in all orientations, a column for each stored entry of the other."""

    def __init__(self, own: NDArray[np.void], other: NDArray[np.void], policy: Policy) -> None:
        level = LEVEL_NUMBERS[policy.views]
        missing = missing_orientations(own)
        order = np.argsort(np.concatenate((own["from_ms"], missing["from_ms"])), kind="stable")
        self._is_reoriented = order >= len(own)
        own = np.concatenate((own, missing))[order]
        self._own, self._other, self._policy = own, other, policy
        self._starts, self._other_starts = moment_starts(own), moment_starts(other)
        rules = VIEW_PAIRS[level, own["view"][:, None], other["view"][None]]
        is_query = QUERY_GROUPS[level, own["view"], own["orientation"]] & FRAME_GROUPS > 0
        self._compared = (rules != NOT_COMPARED) & is_query[:, None]
        both_whole = (rules == AS_WHOLE) & _IS_WHOLE[own["view"]][:, None]
        self._radius_bits = np.where(both_whole, policy.radius_bits, policy.view_radius_bits)
        self._hash64_distance_bits = np.bitwise_count(
            own["hash64"].astype(np.uint64)[:, None] ^ other["hash64"].astype(np.uint64)[None]
        )
        self._hash256_distance_bits = np.zeros(self._hash64_distance_bits.shape, np.uint16)
        for word in range(4):
            one, two = (entries["hash256"][:, word].astype(np.uint64) for entries in (own, other))
            self._hash256_distance_bits += np.bitwise_count(one[:, None] ^ two[None])
        self._confirmed = self._compared & (self._hash256_distance_bits <= policy.confirm_bits)
        within_radius = self._hash64_distance_bits <= self._radius_bits
        self._matches = self._confirmed & within_radius & ~self._is_reoriented[:, None]
        self._votes = np.zeros_like(self._matches)

    def matching(self) -> FramePairs:
        """The pairs that look the same, as a look-up finds them."""
        return self._pairs(self._matches)

    def confirmed(self, matching: FramePairs) -> FramePairs:
        """The pairs that hash256 confirms, at any distance of hash64; reoriented ones as most pairs are oriented."""
        orientation = most_frequent_orientation(matching.known_orientation, matching.own_orientation)
        own, other = (entries["orientation"] & ORIENTATION_MASK for entries in (self._own, self._other))
        as_most = RELATIVE_ORIENTATION[other[None], own[:, None]] == orientation
        self._confirmed &= ~self._is_reoriented[:, None] | as_most
        return self._pairs(self._confirmed)

    def _pairs(self, chosen: NDArray[np.bool_]) -> FramePairs:
        rows, columns = np.nonzero(chosen)
        own, other = self._own[rows], self._other[columns]
        return FramePairs(
            np.searchsorted(self._starts, rows, "right") - 1,
            np.searchsorted(self._other_starts, columns, "right") - 1,
            own["view"].astype(np.int64),
            own["orientation"].astype(np.int64),
            other["view"].astype(np.int64),
            other["orientation"].astype(np.int64),
            self._hash64_distance_bits[rows, columns].astype(np.int64),
            self._hash256_distance_bits[rows, columns].astype(np.int64),
        )

    def mark_votes(self, voting: FramePairs) -> None:
        """Marks the pairs of moments that vote for each other."""
        moments = np.zeros((len(self._starts) - 1, len(self._other_starts) - 1), np.bool_)
        moments[voting.own_moment, voting.known_moment] = True
        sizes, other_sizes = np.diff(self._starts), np.diff(self._other_starts)
        self._votes = self._confirmed & moments.repeat(sizes, axis=0).repeat(other_sizes, axis=1)

    def nearest(self, *, of_known: bool) -> list[FramePair]:
        """The best pair of each own moment, or of each known one: voting, else matching, else nearest."""
        rank = self._hash256_distance_bits.astype(np.int64) * 64 + self._hash64_distance_bits
        rank += np.where(self._votes, 0, np.where(self._matches, 1 << 20, 1 << 21))
        rank[~self._compared | (self._is_reoriented[:, None] & ~self._votes)] = _NOT_COMPARED_RANK
        starts = self._other_starts if of_known else self._starts
        found = []
        for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            block = rank[:, begin:end] if of_known else rank[begin:end]
            row, column = np.unravel_index(int(block.argmin()), block.shape)
            if block[row, column] < _NOT_COMPARED_RANK:
                found.append(self._pair(*((row, column + begin) if of_known else (row + begin, column))))
        return found

    def _pair(self, row: Any, column: Any) -> FramePair:
        own, other = self._own[row], self._other[column]
        view, known_view = VIEWS[own["view"]], VIEWS[other["view"]]
        orientations = int(own["orientation"]), int(other["orientation"])
        return FramePair(
            at_s=int(own["from_ms"]) / 1000,
            known_at_s=int(other["from_ms"]) / 1000,
            view=view.name,
            known_view=known_view.name,
            transformation=transformation_between(view.code, orientations[0], known_view.code, orientations[1]),
            near_bits=int(self._hash64_distance_bits[row, column]),
            near_threshold_bits=int(self._radius_bits[row, column]),
            confirm_bits=int(self._hash256_distance_bits[row, column]),
            confirm_threshold_bits=self._policy.confirm_bits,
            matches=bool(self._matches[row, column]),
            votes=bool(self._votes[row, column]),
        )


def _moment_times(facts: MediaFacts, entries: NDArray[np.void]) -> MomentTimes:
    firsts = entries[moment_starts(entries)[:-1]]
    duration_ms = video_duration_ms(facts, entries.tobytes())
    return MomentTimes(firsts["from_ms"].astype(np.int64), firsts["to_ms"].astype(np.int64), duration_ms)


def _moment_hashes(times: MomentTimes, entries: NDArray[np.void]) -> MomentHashes:
    firsts = entries[moment_starts(entries)[:-1]]
    return MomentHashes(times.from_ms, times.to_ms, firsts["hash256"].astype(np.uint64), firsts["orientation"].copy())

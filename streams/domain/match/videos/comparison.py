"""Two videos held against each other, or a picture against a video: every frame, and what it comes to.

As matching decides it if nothing else were known, with nothing left out, for people who ask why. Pictures among
themselves are comparison.py's; looking up among many videos is index.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.packing import ORIENTATION_MASK
from streams.domain.hashes.selection import (
    as_frame_entries,
    comparable_entries,
    moment_starts,
    stored_entries,
    stored_frame_entries,
    video_duration_ms,
)
from streams.domain.hashes.transformation import transformation_between
from streams.domain.hashes.views import AS_WHOLE, GROUP_WHOLE, NOT_COMPARED, QUERY_GROUPS, VIEW_PAIRS, VIEWS
from streams.domain.match.outcome import exact_match
from streams.domain.match.videos.alignment import Moments, Run
from streams.domain.match.videos.judging import FULL_WEIGHT, judged, shares
from streams.domain.match.videos.lines import AS_FAST
from streams.domain.match.videos.orientation import BETWEEN, commonest, in_other_turns
from streams.domain.match.videos.outcome import video_match
from streams.domain.match.videos.pairs import FramePairs, Looks
from streams.domain.policy.policy import Policy
from streams.domain.records import Match, MediaFacts, Segment
from streams.domain.state.content import Content

_WHOLE = np.array([view.whole for view in VIEWS])
_NEVER = 1 << 40
"""More than any distance, of what is not compared."""


@dataclass(frozen=True, slots=True)
class FramePair:
    """A moment of the submission and one of what is known, through those of their views that are nearest.

    `at_s` and `known_at_s` say when each begins, in seconds from the first frame; 0 for a picture. `near_bits` is the
    distance of the hashes of 64 bits that are looked up by, `confirm_bits` that of the 256 bits which confirm.
    `matches` says that both are within their thresholds, `votes` that the pair lies where the two are aligned.
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
    """What comes of submitting one video when another is known.

    `moments` and `known_moments` count what is compared of them. Of the submission's, `seen` look like one of the known
    video, and `voters` also lie where the two are aligned, of which `parts` are the same. `share` and `known_share` are
    how much of either that is. All are there, too, where the policy finds them too little for a match. `nearest` has
    each moment of the submission with the one that it votes for, else with the one nearest to it.
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
    """Align a submission with a known video.

    Args:
        known: facts of the one.
        submitted: facts of the other.
        policy: that of the submission.
        media_ids: of the known one and of the submission, as the match names them.

    Raises:
        BadInput: bad_field, if the hashes of one are not what their name says.
    """
    group = known.content_id, media_ids[0]
    content = Content(known.content_id, media_ids[0], "", *group, 0, 0, b"")
    exact = exact_match(content) if known.content_id == submitted.content_id else None
    own = np.frombuffer(comparable_entries(submitted, policy).entries, FRAME_ENTRY)
    other = stored_frame_entries(np.frombuffer(comparable_entries(known, policy).entries, FRAME_ENTRY))
    if not len(own) or not len(other):
        return VideoComparison(exact, len(moment_starts(own)) - 1, len(moment_starts(other)) - 1)
    table = _Table(own, other, policy)
    moments, known_moments = _moments(submitted, own), _moments(known, other)
    seen = table.seen()
    counts = np.bincount(seen.own, minlength=len(moments.from_ms))
    if not len(seen.own):
        return VideoComparison(exact, len(counts), len(known_moments.from_ms), nearest=table.nearest(of_known=False))
    pairs = table.confirmed(seen).nearest().telling(_looks(moments, own), _looks(known_moments, other))
    weights = np.full(len(counts), FULL_WEIGHT, np.int64)
    near_bits = int(seen.near_bits.min())
    hit, aligned = judged(known.content_id, moments, known_moments, pairs, weights, near_bits, policy)
    found = video_match(hit, content, policy, (submitted.content_id, media_ids[1])) if hit is not None else None
    if aligned is not None:
        table.mark(pairs.of(aligned.votes))
    return VideoComparison(
        exact or found,
        len(moments.from_ms),
        len(known_moments.from_ms),
        int(np.count_nonzero(counts)),
        len(np.unique(pairs.own[aligned.votes])) if aligned is not None else 0,
        *(shares(aligned, moments, known_moments) if aligned is not None else (0.0, 0.0)),
        parts=[_segment(run) for run in aligned.runs] if aligned is not None else [],
        nearest=table.nearest(of_known=False),
    )


def find_picture(known: MediaFacts, submitted: MediaFacts, policy: Policy) -> list[FramePair]:
    """A picture beside each moment of a video, the nearest first; either may be the submission.

    Those that match are what `Decision.appears_in` would name where the policy asks for it, which names the first.

    Raises:
        BadInput: as `compare_videos`.
    """
    own, other = (np.frombuffer(_as_frames(each, policy), FRAME_ENTRY) for each in (submitted, known))
    if known.kind == "video":
        other = stored_frame_entries(other)
    else:
        other = np.frombuffer(
            as_frame_entries(stored_entries(comparable_entries(known, policy).entries, policy)), FRAME_ENTRY
        )
        other = other[_WHOLE[other["view"]]]
    if not len(own) or not len(other):
        return []
    found = _Table(own, other, policy).nearest(of_known=known.kind == "video")
    return sorted(
        found, key=lambda each: (not each.matches, each.confirm_bits, each.near_bits, each.at_s, each.known_at_s)
    )


def _as_frames(facts: MediaFacts, policy: Policy) -> bytes:
    """What is compared of a video, or of a picture as if it were one of a single moment."""
    entries = comparable_entries(facts, policy).entries if policy.compares_views else b""
    return entries if facts.kind == "video" else as_frame_entries(entries)


class _Table:
    """Every entry of the submission beside every one that is kept of the other."""

    def __init__(self, own: NDArray[np.void], other: NDArray[np.void], policy: Policy) -> None:
        level = LEVEL_NUMBERS[policy.views]
        others = in_other_turns(own)
        order = np.argsort(np.concatenate((own["from_ms"], others["from_ms"])), kind="stable")
        self._is_turned = order >= len(own)
        own = np.concatenate((own, others))[order]
        self._own, self._other, self._policy = own, other, policy
        self._starts, self._other_starts = moment_starts(own), moment_starts(other)
        rules = VIEW_PAIRS[level, own["view"][:, None], other["view"][None]]
        asked = QUERY_GROUPS[level, own["view"], own["turn"]] & GROUP_WHOLE > 0
        self._compared = (rules != NOT_COMPARED) & asked[:, None]
        both_whole = (rules == AS_WHOLE) & _WHOLE[own["view"]][:, None]
        self._near_limits = np.where(both_whole, policy.radius_bits, policy.view_radius_bits)
        self._near = np.bitwise_count(own["near"].astype(np.uint64)[:, None] ^ other["near"].astype(np.uint64)[None])
        self._confirm = np.zeros(self._near.shape, np.uint16)
        for word in range(4):
            one, two = (each["confirm"][:, word].astype(np.uint64) for each in (own, other))
            self._confirm += np.bitwise_count(one[:, None] ^ two[None])
        self._confirmed = self._compared & (self._confirm <= policy.confirm_bits)
        self._within = self._confirmed & (self._near <= self._near_limits) & ~self._is_turned[:, None]
        self._votes = np.zeros_like(self._within)

    def seen(self) -> FramePairs:
        """Those that look the same, as look-ups find them."""
        return self._pairs(self._within)

    def confirmed(self, seen: FramePairs) -> FramePairs:
        """Those that 256 bits confirm, however far apart by 64; in other forms if turned as most were seen."""
        turn = commonest(seen.turn, seen.own_turn)
        as_seen = (
            BETWEEN[self._other["turn"][None] & ORIENTATION_MASK, self._own["turn"][:, None] & ORIENTATION_MASK] == turn
        )
        self._confirmed &= ~self._is_turned[:, None] | as_seen
        return self._pairs(self._confirmed)

    def _pairs(self, chosen: NDArray[np.bool_]) -> FramePairs:
        rows, columns = np.nonzero(chosen)
        own, other = self._own[rows], self._other[columns]
        return FramePairs(
            np.searchsorted(self._starts, rows, "right") - 1,
            np.searchsorted(self._other_starts, columns, "right") - 1,
            own["view"].astype(np.int64),
            own["turn"].astype(np.int64),
            other["view"].astype(np.int64),
            other["turn"].astype(np.int64),
            self._near[rows, columns].astype(np.int64),
            self._confirm[rows, columns].astype(np.int64),
        )

    def mark(self, voting: FramePairs) -> None:
        """Remember the moments that vote for one another."""
        moments = np.zeros((len(self._starts) - 1, len(self._other_starts) - 1), np.bool_)
        moments[voting.own, voting.known] = True
        sizes, other_sizes = np.diff(self._starts), np.diff(self._other_starts)
        self._votes = self._confirmed & moments.repeat(sizes, axis=0).repeat(other_sizes, axis=1)

    def nearest(self, *, of_known: bool) -> list[FramePair]:
        """Of each moment of the submission, or of the known one: what votes, else what matches, else the nearest."""
        order = self._confirm.astype(np.int64) * 64 + self._near
        order += np.where(self._votes, 0, np.where(self._within, 1 << 20, 1 << 21))
        order[~self._compared | (self._is_turned[:, None] & ~self._votes)] = _NEVER
        starts = self._other_starts if of_known else self._starts
        found = []
        for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            block = order[:, begin:end] if of_known else order[begin:end]
            row, column = np.unravel_index(int(block.argmin()), block.shape)
            if block[row, column] < _NEVER:
                found.append(self._pair(*((row, column + begin) if of_known else (row + begin, column))))
        return found

    def _pair(self, row: Any, column: Any) -> FramePair:
        own, other = self._own[row], self._other[column]
        view, known_view = VIEWS[own["view"]], VIEWS[other["view"]]
        return FramePair(
            at_s=int(own["from_ms"]) / 1000,
            known_at_s=int(other["from_ms"]) / 1000,
            view=view.name,
            known_view=known_view.name,
            transformation=transformation_between(view.code, int(own["turn"]), known_view.code, int(other["turn"])),
            near_bits=int(self._near[row, column]),
            near_threshold_bits=int(self._near_limits[row, column]),
            confirm_bits=int(self._confirm[row, column]),
            confirm_threshold_bits=self._policy.confirm_bits,
            matches=bool(self._within[row, column]),
            votes=bool(self._votes[row, column]),
        )


def _moments(facts: MediaFacts, entries: NDArray[np.void]) -> Moments:
    firsts = entries[moment_starts(entries)[:-1]]
    lasts = video_duration_ms(facts, entries.tobytes())
    return Moments(firsts["from_ms"].astype(np.int64), firsts["to_ms"].astype(np.int64), lasts)


def _looks(moments: Moments, entries: NDArray[np.void]) -> Looks:
    firsts = entries[moment_starts(entries)[:-1]]
    return Looks(moments.from_ms, moments.to_ms, firsts["confirm"].astype(np.uint64), firsts["turn"].copy())


def _segment(run: Run) -> Segment:
    return Segment(
        run.from_ms / 1000, run.to_ms / 1000, run.known_from_ms / 1000, run.known_to_ms / 1000, run.speed / AS_FAST
    )

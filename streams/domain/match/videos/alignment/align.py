"""Finds which segments of two videos show the same thing: where a clip lies in a film. Pure; times are whole ms.

Pairs of moments that look the same vote for a time mapping (time_mapping.py), and for one orientation, since a mirrored
video is mirrored throughout. Pairs that agree with a mapping are joined into segments. What the segments make of the
two videos under a policy is in relation.py. `own` is the submission, `known` the known video. The slow twin is
tests/reference/alignment.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.match.videos.alignment.contradictions import BRIDGED_GAP_MS, Span, find_contradictions
from streams.domain.match.videos.alignment.time_mapping import (
    NORMAL_SPEED_PPM,
    Int64Array,
    TimeMapping,
    Votes,
    agreeing_pairs,
    best_time_mapping,
)

MAX_MAPPINGS: Final = 8
"""A re-cut video has at most this many pieces that are worth reporting."""

MIN_FURTHER_VOTERS: Final = 3
MIN_FURTHER_MS: Final = 1_000
"""What a second or later mapping needs: moments that vote for it, and time that no earlier mapping covers."""

BRIDGED_PART: Final = 8
"""A gap of at most BRIDGED_GAP_MS between two moments that match belongs to the segment, whatever the gap shows: hashes
fail now and then. In a short video it may be one BRIDGED_PART of the shorter video at most: three seconds may be all
that an animation shows between a title card and an end card."""

MAX_GAP_MS: Final = 180_000
"""A gap of at most this much belongs to the segment if nothing contradicts it: long videos are sampled seconds apart,
and the two at different times."""


class MomentTimes(NamedTuple):
    """While each moment of a video is shown, and how long the video lasts; in ms."""

    from_ms: Int64Array
    to_ms: Int64Array
    duration_ms: int


class MomentPairs(NamedTuple):
    """Pairs of moments that look the same, once for each orientation that the known moment was put in."""

    own: Int64Array
    known: Int64Array
    orientation: Int64Array


class AlignedSegment(NamedTuple):
    """A stretch of the own video, and the stretch of the known one that shows the same."""

    from_ms: int
    to_ms: int
    known_from_ms: int
    known_to_ms: int
    speed_ppm: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """Segments in the order of the own video, where they do not overlap; `votes` marks the pairs that agree with one
    of the mappings. `matched_ms` and `known_matched_ms` are the time that the segments cover in either video.
    `mapping` is the best of the mappings.
    """

    orientation: int
    segments: tuple[AlignedSegment, ...]
    matched_ms: int
    known_matched_ms: int
    votes: NDArray[np.bool_]
    mapping: TimeMapping


def align(own: MomentTimes, known: MomentTimes, pairs: MomentPairs, weights: Int64Array) -> Alignment:
    """Finds what two videos have in common.

    The orientation is that whose best mapping has the highest score; of equals, the lowest. Further mappings are sought
    among the own moments that no earlier mapping has used.

    Args:
        own: the submission's moments.
        known: the known video's moments.
        pairs: at least one.
        weights: weight of each own moment; 0 for a moment that is too common to prove anything and has no pairs.
    """
    order = np.lexsort((pairs.known, known.from_ms[pairs.known], pairs.own))
    by_orientation = {int(each): order[pairs.orientation[order] == each] for each in np.unique(pairs.orientation)}
    mappings = {
        each: best_time_mapping(_votes(own, known, pairs, weights, chosen)) for each, chosen in by_orientation.items()
    }
    orientation = min(mappings, key=lambda each: (-mappings[each].score, each))
    left, mapping, segments = by_orientation[orientation], mappings[orientation], list[AlignedSegment]()
    best = mapping
    voted = np.zeros(len(pairs.own), np.bool_)
    for number in range(MAX_MAPPINGS):
        chosen = left[agreeing_pairs(_votes(own, known, pairs, weights, left), mapping)]
        found = _without_overlaps(_segments(own, known, pairs, weights, chosen, mapping), segments)
        voters = np.unique(pairs.own[chosen])
        found_ms = sum(segment.to_ms - segment.from_ms for segment in found)
        if number and (len(voters) < MIN_FURTHER_VOTERS or found_ms < MIN_FURTHER_MS):
            break
        segments += found
        voted[chosen] = True
        left = left[~np.isin(pairs.own[left], voters)]
        if not len(left):
            break
        mapping = best_time_mapping(_votes(own, known, pairs, weights, left))
    segments.sort()
    return Alignment(
        orientation,
        tuple(segments),
        covered_ms(Span(segment.from_ms, segment.to_ms) for segment in segments),
        covered_ms(Span(segment.known_from_ms, segment.known_to_ms) for segment in segments),
        voted,
        best,
    )


def covered_ms(spans: Iterable[Span]) -> int:
    """The time that the spans cover together."""
    total, end = 0, 0
    for span in sorted(spans):
        total += max(0, span.to_ms - max(span.from_ms, end))
        end = max(end, span.to_ms)
    return total


def _votes(own: MomentTimes, known: MomentTimes, pairs: MomentPairs, weights: Int64Array, chosen: Int64Array) -> Votes:
    mine, theirs = pairs.own[chosen], pairs.known[chosen]
    return Votes(mine, own.from_ms[mine], own.to_ms[mine], known.from_ms[theirs], known.to_ms[theirs], weights[mine])


def _segments(
    own: MomentTimes, known: MomentTimes, pairs: MomentPairs, weights: Int64Array, chosen: Int64Array,
    mapping: TimeMapping,
) -> list[AlignedSegment]:  # fmt: skip
    """The segments of one mapping: the time in which both moments of a pair are shown, joined and widened."""
    mine, theirs = pairs.own[chosen], pairs.known[chosen]
    contradictions, between = find_contradictions(own, known, weights, mine, theirs, mapping)
    joined: list[Span] = []
    spans = sorted(
        _shared_span(int(own.from_ms[moment]), int(own.to_ms[moment]), mapping.own_ms(begin), mapping.own_ms(end))
        for moment, begin, end in zip(
            mine.tolist(), known.from_ms[theirs].tolist(), known.to_ms[theirs].tolist(), strict=True
        )
    )
    bridged_gap_ms = min(BRIDGED_GAP_MS, min(own.duration_ms, known.duration_ms) // BRIDGED_PART)
    for span in spans:
        if joined and _is_bridged(joined[-1], span, between, bridged_gap_ms):
            joined[-1] = Span(joined[-1].from_ms, max(joined[-1].to_ms, span.to_ms))
        else:
            joined.append(span)
    limits = Span(max(0, mapping.own_ms(0)), min(own.duration_ms, mapping.own_ms(known.duration_ms)))
    segments = []
    for number, span in enumerate(joined):
        before = joined[number - 1].to_ms if number else None
        after = joined[number + 1].from_ms if number + 1 < len(joined) else None
        wide = _widened(span, before, after, contradictions, limits)
        known_from, known_to = (min(max(mapping.known_ms(at), 0), known.duration_ms) for at in wide)
        segments.append(AlignedSegment(*wide, known_from, known_to, mapping.speed_ppm))
    return segments


def _shared_span(from_ms: int, to_ms: int, other_from_ms: int, other_to_ms: int) -> Span:
    """The time that two spans have in common, or the point of the first that is nearest to the second."""
    begin, end = max(from_ms, other_from_ms), min(to_ms, other_to_ms)
    if begin <= end:
        return Span(begin, end)
    return Span(to_ms, to_ms) if other_from_ms > to_ms else Span(from_ms, from_ms)


def _is_bridged(first: Span, second: Span, contradictions: Sequence[Span], bridged_gap_ms: int) -> bool:
    """Whether the gap between two spans belongs to their segment."""
    gap_ms = second.from_ms - first.to_ms
    if gap_ms <= bridged_gap_ms:
        return True
    return gap_ms <= MAX_GAP_MS and not any(
        span.from_ms < second.from_ms and span.to_ms > first.to_ms for span in contradictions
    )


def _widened(span: Span, before: int | None, after: int | None, contradictions: Sequence[Span], limits: Span) -> Span:
    """The span, widened to where either video ends, or half way to a contradiction or to the next span.

    On either side, it grows by at most its own length (by a second if that is more) and by at most half of MAX_GAP_MS.
    """
    reach = min(MAX_GAP_MS // 2, max(1_000, span.to_ms - span.from_ms))
    ends = [min(each.to_ms, span.from_ms) for each in contradictions if each.from_ms < span.from_ms]
    begins = [max(each.from_ms, span.to_ms) for each in contradictions if each.to_ms > span.to_ms]
    ends += [] if before is None else [before]
    begins += [] if after is None else [after]
    least = max([limits.from_ms, span.from_ms - reach, *((end + span.from_ms) // 2 for end in ends)])
    most = min([limits.to_ms, span.to_ms + reach, *((begin + span.to_ms) // 2 for begin in begins)])
    return Span(min(span.from_ms, least), max(span.to_ms, most))


def _without_overlaps(segments: Sequence[AlignedSegment], earlier: Sequence[AlignedSegment]) -> list[AlignedSegment]:
    """The longest free piece of each segment, the first of equals. Drops segments that earlier ones cover entirely."""
    left = []
    for segment in segments:
        pieces = [Span(segment.from_ms, segment.to_ms)]
        for other in earlier:
            pieces = [
                piece
                for span in pieces
                for piece in (
                    Span(span.from_ms, min(span.to_ms, other.from_ms)),
                    Span(max(span.from_ms, other.to_ms), span.to_ms),
                )
                if piece.from_ms < piece.to_ms
            ]
        longest = max(pieces, key=lambda piece: (piece.to_ms - piece.from_ms, -piece.from_ms), default=None)
        if longest is not None and longest.from_ms < longest.to_ms:
            left.append(_narrowed(segment, longest))
    return left


def _narrowed(segment: AlignedSegment, span: Span) -> AlignedSegment:
    """The part of a segment that lies in a span of the own video."""
    skipped_ms = segment.speed_ppm * (span.from_ms - segment.from_ms) // NORMAL_SPEED_PPM
    begin = min(segment.known_from_ms + skipped_ms, segment.known_to_ms)
    end = max(segment.known_to_ms - segment.speed_ppm * (segment.to_ms - span.to_ms) // NORMAL_SPEED_PPM, begin)
    return AlignedSegment(*span, begin, end, segment.speed_ppm)

"""Finds where two aligned videos contradict each other: where they show different things at one time.

What contradictions do to segments is in align.py. The slow twin is tests/reference/alignment.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.match.videos.alignment.time_mapping import Int64Array, TimeMapping

if TYPE_CHECKING:
    from streams.domain.match.videos.alignment.align import MomentTimes

SIMULTANEOUS_MS: Final = 200
"""Moments of the two videos that are at most this far apart and do not look the same contradict each other."""

FIRM_OVERLAP_MS: Final = 250
SAME_INSTANT_MS: Final = 40
"""A contradiction is firm if both moments are shown together for FIRM_OVERLAP_MS, or begin at the same instant. One
that is neither firm nor near another is a cut: encoders place keyframes there, one before the cut, the other after."""

BRIDGED_GAP_MS: Final = 3_000
"""Contradictions are near each other if no more than this lies between them."""

DENSE_MS: Final = 60_000
UNSHARED_PART: Final = 4
"""Videos of up to DENSE_MS are sampled densely. There, a stretch of one UNSHARED_PART of the shorter video in which
either video shows something, and nothing that both show, is a contradiction: the other video shows something else that
has no hash, such as a plain surface."""


class Span(NamedTuple):
    from_ms: int
    to_ms: int


def find_contradictions(
    own: MomentTimes, known: MomentTimes, weights: Int64Array, mine: Int64Array, theirs: Int64Array,
    mapping: TimeMapping,
) -> tuple[list[Span], list[Span]]:  # fmt: skip
    """Own moments without a pair that are shown at the same time as a known moment without a pair.

    The second list has those that part a segment: all firm ones, and the others only within BRIDGED_GAP_MS of another.
    Both lists have the stretches of short videos in which nothing is shared.
    """
    is_paired, known_alone = np.zeros(len(own.from_ms), np.bool_), np.ones(len(known.from_ms), np.bool_)
    is_paired[mine], known_alone[theirs] = True, False
    alone = ~is_paired & (weights > 0)
    begins = np.array([mapping.own_ms(at) for at in known.from_ms[known_alone].tolist()], np.int64)
    ends = np.array([mapping.own_ms(at) for at in known.to_ms[known_alone].tolist()], np.int64)
    own_from, own_to = own.from_ms[alone, None], own.to_ms[alone, None]
    contradicted = ((begins - SIMULTANEOUS_MS <= own_to) & (ends + SIMULTANEOUS_MS >= own_from)).any(axis=1)
    overlap_ms = np.maximum(0, np.minimum(ends, own_to) - np.maximum(begins, own_from)).sum(axis=1)
    firm = (overlap_ms >= FIRM_OVERLAP_MS) | (np.abs(begins - own_from) <= SAME_INSTANT_MS).any(axis=1)
    found = [Span(int(own.from_ms[at]), int(own.to_ms[at])) for at in np.flatnonzero(alone)[contradicted]]
    parting = [
        span
        for number, (span, is_firm) in enumerate(zip(found, firm[contradicted].tolist(), strict=True))
        if is_firm
        or (number and span.from_ms - found[number - 1].to_ms <= BRIDGED_GAP_MS)
        or (number + 1 < len(found) and found[number + 1].from_ms - span.to_ms <= BRIDGED_GAP_MS)
    ]
    if max(own.duration_ms, known.duration_ms) > DENSE_MS:
        return found, parting
    unpaired = [*_spans(own, alone), *_mapped_spans(known, known_alone, mapping)]
    paired = [*_spans(own, is_paired), *_mapped_spans(known, ~known_alone, mapping)]
    shorter_ms = min(own.duration_ms, known.duration_ms)
    unshared = [
        span for span in _outside(unpaired, paired) if (span.to_ms - span.from_ms) * UNSHARED_PART >= shorter_ms
    ]
    return found + unshared, parting + unshared


def _spans(video: MomentTimes, chosen: NDArray[np.bool_]) -> list[Span]:
    return [Span(*times) for times in zip(video.from_ms[chosen].tolist(), video.to_ms[chosen].tolist(), strict=True)]


def _mapped_spans(known: MomentTimes, chosen: NDArray[np.bool_], mapping: TimeMapping) -> list[Span]:
    """Spans of the known video in the own video's time."""
    return [Span(mapping.own_ms(span.from_ms), mapping.own_ms(span.to_ms)) for span in _spans(known, chosen)]


def _outside(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The time that is in any of the spans and in none of the others, as spans that do not touch."""
    changes: dict[int, list[int]] = {}
    for number, group in enumerate((spans, others)):
        for span in group:
            changes.setdefault(span.from_ms, [0, 0])[number] += 1
            changes.setdefault(span.to_ms, [0, 0])[number] -= 1
    found: list[Span] = []
    counts, begin_ms = [0, 0], None
    for at_ms in sorted(changes):
        counts = [count + change for count, change in zip(counts, changes[at_ms], strict=True)]
        is_outside = counts[0] > 0 and counts[1] == 0
        if is_outside and begin_ms is None:
            begin_ms = at_ms
        elif not is_outside and begin_ms is not None:
            found.append(Span(begin_ms, at_ms))
            begin_ms = None
    return found

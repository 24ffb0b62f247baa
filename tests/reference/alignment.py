"""Aligns two videos exactly as the rules are worded: the slow twin of time_mapping.py and alignment.py.

The twins share constants, but no code. No tests here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from streams.domain.match.videos.alignment.align import (
    BRIDGED_PART,
    MAX_GAP_MS,
    MAX_MAPPINGS,
    MIN_FURTHER_MS,
    MIN_FURTHER_VOTERS,
)
from streams.domain.match.videos.alignment.contradictions import (
    BRIDGED_GAP_MS,
    DENSE_MS,
    FIRM_OVERLAP_MS,
    SAME_INSTANT_MS,
    SIMULTANEOUS_MS,
    UNSHARED_PART,
)
from streams.domain.match.videos.alignment.time_mapping import (
    FASTEST_PPM,
    FINER_STEPS_PPM,
    FIRST_STEP_PPM,
    SLOWEST_PPM,
    TOLERANCE_MS,
)

MILLION = 1_000_000
Span = tuple[int, int]


@dataclass(frozen=True)
class MomentPair:
    """A moment of the submission and one of a known video that look the same, and their relative orientation."""

    own: int
    known: int
    orientation: int


@dataclass(frozen=True)
class Segment:
    own: Span
    known: Span
    speed_ppm: int


@dataclass
class Aligned:
    orientation: int
    segments: list[Segment]
    pairs: set[MomentPair]
    mapping: TimeMapping


@dataclass(frozen=True)
class TimeMapping:
    """Speed and offset_ms."""

    speed_ppm: int
    offset_ms: int

    def known_ms(self, own_ms: int) -> int:
        return self.speed_ppm * own_ms // MILLION + self.offset_ms

    def own_ms(self, known_ms: int) -> int:
        return (known_ms - self.offset_ms) * MILLION // self.speed_ppm


@dataclass
class Timeline:
    """While each moment of a video is shown, and how long the video lasts."""

    moments: list[Span]
    duration_ms: int


@dataclass
class VideoPair:
    own: Timeline
    known: Timeline
    weights: list[int]

    def offsets(self, pair: MomentPair, speed_ppm: int) -> Span:
        """The lowest and the highest offset that show both moments at once."""
        (own_from, own_to), (known_from, known_to) = self.own.moments[pair.own], self.known.moments[pair.known]
        return known_from - speed_ppm * own_to // MILLION, known_to - speed_ppm * own_from // MILLION

    def agrees(self, pair: MomentPair, mapping: TimeMapping) -> bool:
        lowest, highest = self.offsets(pair, mapping.speed_ppm)
        return max(lowest - mapping.offset_ms, mapping.offset_ms - highest) < TOLERANCE_MS

    def intervals(self, pairs: set[MomentPair], speed_ppm: int) -> list[tuple[int, int, int]]:
        """Weight, lowest and highest offset; neighbouring intervals of one own moment are joined."""
        found: list[tuple[int, int, int]] = []
        for own in sorted({pair.own for pair in pairs}):
            mine = [pair for pair in pairs if pair.own == own]
            mine.sort(key=lambda pair: (self.known.moments[pair.known][0], pair.known))
            lowest, highest = self.offsets(mine[0], speed_ppm)
            for pair in mine[1:]:
                low, high = self.offsets(pair, speed_ppm)
                if low - highest > 2 * TOLERANCE_MS:
                    found.append((self.weights[own], lowest, highest))
                    lowest, highest = low, high
                else:
                    highest = max(highest, high)
            found.append((self.weights[own], lowest, highest))
        return found

    def best_offset(self, pairs: set[MomentPair], speed_ppm: int) -> tuple[int, int]:
        """Score and offset."""
        intervals = self.intervals(pairs, speed_ppm)

        def score(offset_ms: int) -> int:
            return sum(
                weight * max(0, TOLERANCE_MS - max(lowest - offset_ms, offset_ms - highest, 0))
                for weight, lowest, highest in intervals
            )

        corners = sorted(
            {
                corner
                for _, lowest, highest in intervals
                for corner in (lowest - TOLERANCE_MS, lowest, highest, highest + TOLERANCE_MS)
            }
        )
        scores = [score(corner) for corner in corners]
        best = max(scores)
        first = last = scores.index(best)
        while last + 1 < len(scores) and scores[last + 1] == best:
            last += 1
        return best, (corners[first] + corners[last]) // 2

    def best_mapping(self, pairs: set[MomentPair]) -> tuple[int, TimeMapping]:
        """Score and mapping."""

        def best_of(speeds: list[int]) -> tuple[int, int, int, int]:
            found = []
            for speed_ppm in speeds:
                score, offset_ms = self.best_offset(pairs, speed_ppm)
                found.append((-score, abs(speed_ppm - MILLION), speed_ppm, offset_ms))
            return min(found)

        alike = self.best_offset(pairs, MILLION)
        best = best_of(list(range(SLOWEST_PPM, FASTEST_PPM + 1, FIRST_STEP_PPM)))
        for step in FINER_STEPS_PPM:
            near = [best[2] + number * step for number in range(-5, 6)]
            best = best_of([speed_ppm for speed_ppm in near if SLOWEST_PPM <= speed_ppm <= FASTEST_PPM])
        if -best[0] * 20 > alike[0] * 21:
            return -best[0], TimeMapping(best[2], best[3])
        return alike[0], TimeMapping(MILLION, alike[1])

    def segments_of(self, pairs: set[MomentPair], mapping: TimeMapping) -> list[Segment]:
        """The segments of one mapping, given the pairs that agree with it."""
        contradictions, between = self.contradictions(pairs, mapping)
        spans: list[Span] = []
        bridged_ms = min(BRIDGED_GAP_MS, self.own.duration_ms // BRIDGED_PART, self.known.duration_ms // BRIDGED_PART)
        for begin, end in sorted(self.both_shown(pair, mapping) for pair in pairs):
            if spans:
                from_ms, to_ms = spans[-1]
                quiet = all(not (low < begin and high > to_ms) for low, high in between)
                if begin - to_ms <= bridged_ms or (begin - to_ms <= MAX_GAP_MS and quiet):
                    spans[-1] = from_ms, max(to_ms, end)
                    continue
            spans.append((begin, end))
        found = []
        for number, span in enumerate(spans):
            earlier = [spans[number - 1][1]] if number else []
            later = [spans[number + 1][0]] if number + 1 < len(spans) else []
            begin, end = self.widened(span, earlier, later, contradictions, mapping)
            known = [min(max(0, mapping.known_ms(at)), self.known.duration_ms) for at in (begin, end)]
            found.append(Segment((begin, end), (known[0], known[1]), mapping.speed_ppm))
        return found

    def both_shown(self, pair: MomentPair, mapping: TimeMapping) -> Span:
        own_from, own_to = self.own.moments[pair.own]
        begin, end = (mapping.own_ms(at) for at in self.known.moments[pair.known])
        if begin > own_to:
            return own_to, own_to
        if end < own_from:
            return own_from, own_from
        return max(own_from, begin), min(own_to, end)

    def contradictions(self, pairs: set[MomentPair], mapping: TimeMapping) -> tuple[list[Span], list[Span]]:
        """All contradictions, and those that part a segment."""
        found: list[tuple[Span, bool]] = []
        for own, (own_from, own_to) in enumerate(self.own.moments):
            if self.weights[own] == 0 or any(pair.own == own for pair in pairs):
                continue
            near, at_once_ms, same_instant = False, 0, False
            for known, (known_from, known_to) in enumerate(self.known.moments):
                if any(pair.known == known for pair in pairs):
                    continue
                begin, end = mapping.own_ms(known_from), mapping.own_ms(known_to)
                near = near or (begin <= own_to + SIMULTANEOUS_MS and end >= own_from - SIMULTANEOUS_MS)
                at_once_ms += max(0, min(end, own_to) - max(begin, own_from))
                same_instant = same_instant or abs(begin - own_from) <= SAME_INSTANT_MS
            if near:
                found.append(((own_from, own_to), at_once_ms >= FIRM_OVERLAP_MS or same_instant))
        kept = []
        for number, ((own_from, own_to), firm) in enumerate(found):
            after = number > 0 and own_from - found[number - 1][0][1] <= BRIDGED_GAP_MS
            before = number + 1 < len(found) and found[number + 1][0][0] - own_to <= BRIDGED_GAP_MS
            if firm or after or before:
                kept.append((own_from, own_to))
        unshared = self.unshared(pairs, mapping)
        return [span for span, _ in found] + unshared, kept + unshared

    def unshared(self, pairs: set[MomentPair], mapping: TimeMapping) -> list[Span]:
        """Long stretches of short videos in which moments without a pair are shown, and none with one."""
        if max(self.own.duration_ms, self.known.duration_ms) > DENSE_MS:
            return []
        paired, unpaired = [], []
        for own, span in enumerate(self.own.moments):
            if any(pair.own == own for pair in pairs):
                paired.append(span)
            elif self.weights[own]:
                unpaired.append(span)
        for known, (begin, end) in enumerate(self.known.moments):
            mapped = mapping.own_ms(begin), mapping.own_ms(end)
            (paired if any(pair.known == known for pair in pairs) else unpaired).append(mapped)
        edges = sorted({edge for span in paired + unpaired for edge in span})
        found: list[Span] = []
        for low, high in pairwise(edges):
            shown = [any(begin <= low and high <= end for begin, end in spans) for spans in (unpaired, paired)]
            if shown == [True, False]:
                joins = found and found[-1][1] == low
                found[-1:] = [(found[-1][0], high)] if joins else [*found[-1:], (low, high)]
        shorter_ms = min(self.own.duration_ms, self.known.duration_ms)
        return [(low, high) for low, high in found if (high - low) * UNSHARED_PART >= shorter_ms]

    def widened(
        self, span: Span, earlier: list[int], later: list[int], contradictions: list[Span], mapping: TimeMapping
    ) -> Span:
        begin, end = span
        reach = min(MAX_GAP_MS // 2, max(1000, end - begin))
        least = max(0, mapping.own_ms(0), begin - reach)
        most = min(self.own.duration_ms, mapping.own_ms(self.known.duration_ms), end + reach)
        for low, high in contradictions:
            if low < begin:
                earlier = [*earlier, min(high, begin)]
            if high > end:
                later = [*later, max(low, end)]
        for each in earlier:
            least = max(least, (each + begin) // 2)
        for each in later:
            most = min(most, (each + end) // 2)
        return min(begin, least), max(end, most)

    def align(self, pairs: set[MomentPair]) -> Aligned:
        by_orientation = {
            orientation: {pair for pair in pairs if pair.orientation == orientation}
            for orientation in {pair.orientation for pair in pairs}
        }
        best = {orientation: self.best_mapping(chosen) for orientation, chosen in by_orientation.items()}
        orientation = min(best, key=lambda each: (-best[each][0], each))
        left, mapping = by_orientation[orientation], best[orientation][1]
        aligned = Aligned(orientation, [], set(), mapping)
        for number in range(MAX_MAPPINGS):
            chosen = {pair for pair in left if self.agrees(pair, mapping)}
            found = [
                cut for segment in self.segments_of(chosen, mapping) if (cut := free_part(segment, aligned.segments))
            ]
            voters = {pair.own for pair in chosen}
            time_ms = sum(segment.own[1] - segment.own[0] for segment in found)
            if number > 0 and (len(voters) < MIN_FURTHER_VOTERS or time_ms < MIN_FURTHER_MS):
                break
            aligned.segments += found
            aligned.pairs |= chosen
            left = {pair for pair in left if pair.own not in voters}
            if not left:
                break
            mapping = self.best_mapping(left)[1]
        aligned.segments.sort(key=lambda segment: (segment.own, segment.known, segment.speed_ppm))
        return aligned


def free_part(segment: Segment, taken: list[Segment]) -> Segment | None:
    """The longest part of a segment that no other covers, found by the edges of the others."""
    (begin, end), (known_begin, known_end) = segment.own, segment.known
    edges = sorted({begin, end, *(edge for other in taken for edge in other.own if begin < edge < end)})
    best = None
    for low, high in pairwise(edges):
        if any(other.own[0] <= low and high <= other.own[1] for other in taken):
            continue
        if best is not None and best[1] == low:  # the edge lies between two free parts
            best = best[0], high
        elif best is None or high - low > best[1] - best[0]:
            best = low, high
    if best is None:
        return None
    low = min(known_begin + segment.speed_ppm * (best[0] - begin) // MILLION, known_end)
    high = max(known_end - segment.speed_ppm * (end - best[1]) // MILLION, low)
    return replace(segment, own=best, known=(low, high))


def length(spans: list[Span]) -> int:
    """The milliseconds that lie in any of the spans."""
    edges = sorted({edge for span in spans for edge in span})
    return sum(high - low for low, high in pairwise(edges) if any(span[0] <= low and high <= span[1] for span in spans))

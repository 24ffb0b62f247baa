"""Two videos held against each other as the rules read: the slow twin of lines.py and alignment.py.

It shares their numbers and no code. No tests here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from streams.domain.match.videos.alignment import (
    ALIGNED_MS,
    BRIDGED_MS,
    FIRM_MS,
    FURTHER_MS,
    LEAST_OF_FURTHER,
    LONGEST_GAP_MS,
    MOST_LINES,
    SAME_INSTANT_MS,
)
from streams.domain.match.videos.lines import FASTEST, FIRST_STEP, SLOWEST, STEPS, TOLERANCE_MS

MILLION = 1_000_000
Span = tuple[int, int]


@dataclass(frozen=True)
class Pair:
    """A moment of the submission and one of a known video that look the same, and the turn between them."""

    own: int
    known: int
    orientation: int


@dataclass(frozen=True)
class Piece:
    own: Span
    known: Span
    speed: int


@dataclass
class Aligned:
    orientation: int
    pieces: list[Piece]
    pairs: set[Pair]


@dataclass(frozen=True)
class Clock:
    """Where one speed and offset put the times of one video in the other."""

    speed: int
    offset: int

    def known(self, own_ms: int) -> int:
        return self.speed * own_ms // MILLION + self.offset

    def own(self, known_ms: int) -> int:
        return (known_ms - self.offset) * MILLION // self.speed


@dataclass
class Film:
    """While each moment is shown, and how long all of it lasts."""

    moments: list[Span]
    duration_ms: int


@dataclass
class Case:
    own: Film
    known: Film
    weights: list[int]

    def offsets(self, pair: Pair, speed: int) -> Span:
        """Which offsets show both moments at once."""
        (own_from, own_to), (known_from, known_to) = self.own.moments[pair.own], self.known.moments[pair.known]
        return known_from - speed * own_to // MILLION, known_to - speed * own_from // MILLION

    def agrees(self, pair: Pair, clock: Clock) -> bool:
        lowest, highest = self.offsets(pair, clock.speed)
        return max(lowest - clock.offset, clock.offset - highest) < TOLERANCE_MS

    def intervals(self, pairs: set[Pair], speed: int) -> list[tuple[int, int, int]]:
        """Weight, lowest and highest offset; neighbours of one own moment are one interval."""
        found: list[tuple[int, int, int]] = []
        for own in sorted({pair.own for pair in pairs}):
            mine = [pair for pair in pairs if pair.own == own]
            mine.sort(key=lambda pair: (self.known.moments[pair.known][0], pair.known))
            lowest, highest = self.offsets(mine[0], speed)
            for pair in mine[1:]:
                low, high = self.offsets(pair, speed)
                if low - highest > 2 * TOLERANCE_MS:
                    found.append((self.weights[own], lowest, highest))
                    lowest, highest = low, high
                else:
                    highest = max(highest, high)
            found.append((self.weights[own], lowest, highest))
        return found

    def best_offset(self, pairs: set[Pair], speed: int) -> tuple[int, int]:
        """Score and offset."""
        intervals = self.intervals(pairs, speed)

        def score(offset: int) -> int:
            return sum(
                weight * max(0, TOLERANCE_MS - max(lowest - offset, offset - highest, 0))
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

    def best_clock(self, pairs: set[Pair]) -> tuple[int, Clock]:
        """Score and clock."""

        def best_of(speeds: list[int]) -> tuple[int, int, int, int]:
            found = []
            for speed in speeds:
                score, offset = self.best_offset(pairs, speed)
                found.append((-score, abs(speed - MILLION), speed, offset))
            return min(found)

        alike = self.best_offset(pairs, MILLION)
        best = best_of(list(range(SLOWEST, FASTEST + 1, FIRST_STEP)))
        for step in STEPS:
            near = [best[2] + number * step for number in range(-5, 6)]
            best = best_of([speed for speed in near if SLOWEST <= speed <= FASTEST])
        if -best[0] * 20 > alike[0] * 21:
            return -best[0], Clock(best[2], best[3])
        return alike[0], Clock(MILLION, alike[1])

    def pieces(self, pairs: set[Pair], clock: Clock) -> list[Piece]:
        """What is the same by one clock, given the pairs that agree with it."""
        against, between = self.contradictions(pairs, clock)
        spans: list[Span] = []
        for begin, end in sorted(self.both_shown(pair, clock) for pair in pairs):
            if spans:
                from_ms, to_ms = spans[-1]
                quiet = all(not (low < begin and high > to_ms) for low, high in between)
                if begin - to_ms <= BRIDGED_MS or (begin - to_ms <= LONGEST_GAP_MS and quiet):
                    spans[-1] = from_ms, max(to_ms, end)
                    continue
            spans.append((begin, end))
        found = []
        for number, span in enumerate(spans):
            earlier = [spans[number - 1][1]] if number else []
            later = [spans[number + 1][0]] if number + 1 < len(spans) else []
            begin, end = self.widened(span, earlier, later, against, clock)
            known = [min(max(0, clock.known(at)), self.known.duration_ms) for at in (begin, end)]
            found.append(Piece((begin, end), (known[0], known[1]), clock.speed))
        return found

    def both_shown(self, pair: Pair, clock: Clock) -> Span:
        own_from, own_to = self.own.moments[pair.own]
        begin, end = (clock.own(at) for at in self.known.moments[pair.known])
        if begin > own_to:
            return own_to, own_to
        if end < own_from:
            return own_from, own_from
        return max(own_from, begin), min(own_to, end)

    def contradictions(self, pairs: set[Pair], clock: Clock) -> tuple[list[Span], list[Span]]:
        """All, and those that count between moments that are the same."""
        found: list[tuple[Span, bool]] = []
        for own, (own_from, own_to) in enumerate(self.own.moments):
            if self.weights[own] == 0 or any(pair.own == own for pair in pairs):
                continue
            near, at_once_ms, same_instant = False, 0, False
            for known, (known_from, known_to) in enumerate(self.known.moments):
                if any(pair.known == known for pair in pairs):
                    continue
                begin, end = clock.own(known_from), clock.own(known_to)
                near = near or (begin <= own_to + ALIGNED_MS and end >= own_from - ALIGNED_MS)
                at_once_ms += max(0, min(end, own_to) - max(begin, own_from))
                same_instant = same_instant or abs(begin - own_from) <= SAME_INSTANT_MS
            if near:
                found.append(((own_from, own_to), at_once_ms >= FIRM_MS or same_instant))
        kept = []
        for number, ((own_from, own_to), firm) in enumerate(found):
            after = number > 0 and own_from - found[number - 1][0][1] <= BRIDGED_MS
            before = number + 1 < len(found) and found[number + 1][0][0] - own_to <= BRIDGED_MS
            if firm or after or before:
                kept.append((own_from, own_to))
        return [span for span, _ in found], kept

    def widened(self, span: Span, earlier: list[int], later: list[int], against: list[Span], clock: Clock) -> Span:
        begin, end = span
        reach = min(LONGEST_GAP_MS // 2, max(1000, end - begin))
        least = max(0, clock.own(0), begin - reach)
        most = min(self.own.duration_ms, clock.own(self.known.duration_ms), end + reach)
        for low, high in against:
            if low < begin:
                earlier = [*earlier, min(high, begin)]
            if high > end:
                later = [*later, max(low, end)]
        for each in earlier:
            least = max(least, (each + begin) // 2)
        for each in later:
            most = min(most, (each + end) // 2)
        return min(begin, least), max(end, most)

    def align(self, pairs: set[Pair]) -> Aligned:
        by_orientation = {
            orientation: {pair for pair in pairs if pair.orientation == orientation}
            for orientation in {pair.orientation for pair in pairs}
        }
        best = {orientation: self.best_clock(chosen) for orientation, chosen in by_orientation.items()}
        orientation = min(best, key=lambda each: (-best[each][0], each))
        left, clock = by_orientation[orientation], best[orientation][1]
        aligned = Aligned(orientation, [], set())
        for number in range(MOST_LINES):
            chosen = {pair for pair in left if self.agrees(pair, clock)}
            found = [cut for piece in self.pieces(chosen, clock) if (cut := free_part(piece, aligned.pieces))]
            voters = {pair.own for pair in chosen}
            time_ms = sum(piece.own[1] - piece.own[0] for piece in found)
            if number > 0 and (len(voters) < LEAST_OF_FURTHER or time_ms < FURTHER_MS):
                break
            aligned.pieces += found
            aligned.pairs |= chosen
            left = {pair for pair in left if pair.own not in voters}
            if not left:
                break
            clock = self.best_clock(left)[1]
        aligned.pieces.sort(key=lambda piece: (piece.own, piece.known, piece.speed))
        return aligned


def free_part(piece: Piece, taken: list[Piece]) -> Piece | None:
    """The longest part of a piece that no other has, found by the edges of the others."""
    (begin, end), (known_begin, known_end) = piece.own, piece.known
    edges = sorted({begin, end, *(edge for other in taken for edge in other.own if begin < edge < end)})
    best = None
    for low, high in pairwise(edges):
        if any(other.own[0] <= low and high <= other.own[1] for other in taken):
            continue
        if best is not None and best[1] == low:  # an edge between two free parts parts nothing
            best = best[0], high
        elif best is None or high - low > best[1] - best[0]:
            best = low, high
    if best is None:
        return None
    low = min(known_begin + piece.speed * (best[0] - begin) // MILLION, known_end)
    high = max(known_end - piece.speed * (end - best[1]) // MILLION, low)
    return replace(piece, own=best, known=(low, high))


def length(spans: list[Span]) -> int:
    """Of all milliseconds that lie in any of them."""
    edges = sorted({edge for span in spans for edge in span})
    return sum(high - low for low, high in pairwise(edges) if any(span[0] <= low and high <= span[1] for span in spans))

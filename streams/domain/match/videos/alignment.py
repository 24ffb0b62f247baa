"""Which parts of two videos are the same, voted by the moments that look the same. Pure; times are whole ms.

Moments vote for a line in time (lines.py) and for one turn, since a mirrored video is mirrored all along. What
lies on a line is joined to runs. What that makes the videos to each other, under a policy, is judging.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.match.videos.lines import AS_FAST, Line, Numbers, Votes, best_line, on_line

MOST_LINES: Final = 8
"""A re-cut video has so many pieces, of those that are worth telling."""

LEAST_OF_FURTHER: Final = 3
FURTHER_MS: Final = 1_000
"""What a second or later line needs: moments that vote for it, and time that no line before it covers."""

ALIGNED_MS: Final = 200
"""Moments that are shown at once, or no farther apart than this, and do not look the same, contradict each other."""

FIRM_MS: Final = 250
SAME_INSTANT_MS: Final = 40
"""A contradiction is firm if so much of both is shown at once, or both begin at one instant. One that is not, and has
no other near it, is a cut: encoders put keyframes there, the one before it, the other behind."""

BRIDGED_MS: Final = 3_000
"""So much between two moments that are the same is the same, whatever else is shown: hashes fail now and then."""

LONGEST_GAP_MS: Final = 180_000
"""So much is the same if nothing contradicts it: long videos are sampled seconds apart, and the two at other times."""


class Moments(NamedTuple):
    """While each moment of a video is shown, and how long the video lasts; in ms."""

    from_ms: Numbers
    to_ms: Numbers
    duration_ms: int


class Pairs(NamedTuple):
    """Moments that look the same, each pair once a turn: numbers of both, and what was done to the known one."""

    own: Numbers
    known: Numbers
    orientation: Numbers


class Span(NamedTuple):
    from_ms: int
    to_ms: int


class Run(NamedTuple):
    """A part of the own video and which part of the known one it is; `speed` in millionths."""

    from_ms: int
    to_ms: int
    known_from_ms: int
    known_to_ms: int
    speed: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """Runs in the order of the own video, disjoint in it; `votes` says which pairs lie on one of the lines."""

    orientation: int
    runs: tuple[Run, ...]
    matched_ms: int
    known_ms: int
    votes: NDArray[np.bool_]


def align(own: Moments, known: Moments, pairs: Pairs, weights: Numbers) -> Alignment:
    """Find what is the same in two videos.

    The turn is that whose best line has the highest score, the lowest of equals. Further lines are sought in what own
    moments no line before has taken.

    Args:
        own: the submission's moments.
        known: those of the known video.
        pairs: at least one.
        weights: of each own moment; 0 for one that is too common to say anything, of which there are no pairs.
    """
    order = np.lexsort((pairs.known, known.from_ms[pairs.known], pairs.own))
    orientations = {
        int(orientation): order[pairs.orientation[order] == orientation] for orientation in np.unique(pairs.orientation)
    }
    lines = {
        orientation: best_line(_votes(own, known, pairs, weights, chosen))
        for orientation, chosen in orientations.items()
    }
    orientation = min(lines, key=lambda each: (-lines[each].score, each))
    left, line, runs = orientations[orientation], lines[orientation], list[Run]()
    taken = np.zeros(len(pairs.own), np.bool_)
    for number in range(MOST_LINES):
        chosen = left[on_line(_votes(own, known, pairs, weights, left), line)]
        found = _cut(_runs(own, known, pairs, weights, chosen, line), runs)
        voters = np.unique(pairs.own[chosen])
        if number and (len(voters) < LEAST_OF_FURTHER or sum(run.to_ms - run.from_ms for run in found) < FURTHER_MS):
            break
        runs += found
        taken[chosen] = True
        left = left[~np.isin(pairs.own[left], voters)]
        if not len(left):
            break
        line = best_line(_votes(own, known, pairs, weights, left))
    runs.sort()
    return Alignment(
        orientation,
        tuple(runs),
        covered(Span(run.from_ms, run.to_ms) for run in runs),
        covered(Span(run.known_from_ms, run.known_to_ms) for run in runs),
        taken,
    )


def covered(spans: Iterable[Span]) -> int:
    """How much time they cover together."""
    total, end = 0, 0
    for span in sorted(spans):
        total += max(0, span.to_ms - max(span.from_ms, end))
        end = max(end, span.to_ms)
    return total


def _votes(own: Moments, known: Moments, pairs: Pairs, weights: Numbers, chosen: Numbers) -> Votes:
    mine, theirs = pairs.own[chosen], pairs.known[chosen]
    return Votes(mine, own.from_ms[mine], own.to_ms[mine], known.from_ms[theirs], known.to_ms[theirs], weights[mine])


def _runs(own: Moments, known: Moments, pairs: Pairs, weights: Numbers, chosen: Numbers, line: Line) -> list[Run]:
    """What one line says is the same: the time in which both moments of a pair are shown, joined, with its edges."""
    mine, theirs = pairs.own[chosen], pairs.known[chosen]
    against, between = _contradictions(own, known, weights, mine, theirs, line)
    joined: list[Span] = []
    parts = sorted(
        _shared(int(own.from_ms[one]), int(own.to_ms[one]), line.own(known_from), line.own(known_to))
        for one, known_from, known_to in zip(
            mine.tolist(), known.from_ms[theirs].tolist(), known.to_ms[theirs].tolist(), strict=True
        )
    )
    for part in parts:
        if joined and _bridged(joined[-1], part, between):
            joined[-1] = Span(joined[-1].from_ms, max(joined[-1].to_ms, part.to_ms))
        else:
            joined.append(part)
    limits = Span(max(0, line.own(0)), min(own.duration_ms, line.own(known.duration_ms)))
    runs = []
    for number, span in enumerate(joined):
        before = joined[number - 1].to_ms if number else None
        after = joined[number + 1].from_ms if number + 1 < len(joined) else None
        wide = _with_edges(span, before, after, against, limits)
        known_from, known_to = (min(max(line.known(at), 0), known.duration_ms) for at in wide)
        runs.append(Run(*wide, known_from, known_to, line.speed))
    return runs


def _shared(from_ms: int, to_ms: int, other_from_ms: int, other_to_ms: int) -> Span:
    """The time that two spans have in common, or the point of the first that is nearest to the second."""
    begin, end = max(from_ms, other_from_ms), min(to_ms, other_to_ms)
    if begin <= end:
        return Span(begin, end)
    return Span(to_ms, to_ms) if other_from_ms > to_ms else Span(from_ms, from_ms)


def _contradictions(
    own: Moments, known: Moments, weights: Numbers, mine: Numbers, theirs: Numbers, line: Line
) -> tuple[list[Span], list[Span]]:
    """Own moments without a pair on the line that are shown while a known one without a pair is.

    And of these the ones that count between two moments that are the same: not firm ones only within BRIDGED_MS of
    another.
    """
    alone, known_alone = np.ones(len(own.from_ms), np.bool_), np.ones(len(known.from_ms), np.bool_)
    alone[mine], known_alone[theirs] = False, False
    alone &= weights > 0
    begins = np.array([line.own(at) for at in known.from_ms[known_alone].tolist()], np.int64)
    ends = np.array([line.own(at) for at in known.to_ms[known_alone].tolist()], np.int64)
    own_from, own_to = own.from_ms[alone, None], own.to_ms[alone, None]
    against = ((begins - ALIGNED_MS <= own_to) & (ends + ALIGNED_MS >= own_from)).any(axis=1)
    at_once_ms = np.maximum(0, np.minimum(ends, own_to) - np.maximum(begins, own_from)).sum(axis=1)
    firm = (at_once_ms >= FIRM_MS) | (np.abs(begins - own_from) <= SAME_INSTANT_MS).any(axis=1)
    found = [Span(int(own.from_ms[at]), int(own.to_ms[at])) for at in np.flatnonzero(alone)[against]]
    return found, [
        each
        for number, (each, is_firm) in enumerate(zip(found, firm[against].tolist(), strict=True))
        if is_firm
        or (number and each.from_ms - found[number - 1].to_ms <= BRIDGED_MS)
        or (number + 1 < len(found) and found[number + 1].from_ms - each.to_ms <= BRIDGED_MS)
    ]


def _bridged(one: Span, other: Span, against: Sequence[Span]) -> bool:
    """Whether the time between two spans is the same too."""
    gap_ms = other.from_ms - one.to_ms
    if gap_ms <= BRIDGED_MS:
        return True
    return gap_ms <= LONGEST_GAP_MS and not any(
        each.from_ms < other.from_ms and each.to_ms > one.to_ms for each in against
    )


def _with_edges(span: Span, before: int | None, after: int | None, against: Sequence[Span], limits: Span) -> Span:
    """The span until where either video ends, or half way to what contradicts it or to another run.

    It grows at most by its own length on either side, or a second if that is more, and by half of LONGEST_GAP_MS.
    """
    reach = min(LONGEST_GAP_MS // 2, max(1_000, span.to_ms - span.from_ms))
    ends = [min(each.to_ms, span.from_ms) for each in against if each.from_ms < span.from_ms]
    begins = [max(each.from_ms, span.to_ms) for each in against if each.to_ms > span.to_ms]
    ends += [] if before is None else [before]
    begins += [] if after is None else [after]
    least = max([limits.from_ms, span.from_ms - reach, *((end + span.from_ms) // 2 for end in ends)])
    most = min([limits.to_ms, span.to_ms + reach, *((begin + span.to_ms) // 2 for begin in begins)])
    return Span(min(span.from_ms, least), max(span.to_ms, most))


def _cut(runs: Sequence[Run], taken: Sequence[Run]) -> list[Run]:
    """Of each run the longest piece, the first of equals, that lies in no run that is taken; those without any go."""
    left = []
    for run in runs:
        pieces = [Span(run.from_ms, run.to_ms)]
        for other in taken:
            pieces = [
                piece
                for each in pieces
                for piece in (
                    Span(each.from_ms, min(each.to_ms, other.from_ms)),
                    Span(max(each.from_ms, other.to_ms), each.to_ms),
                )
                if piece.from_ms < piece.to_ms
            ]
        longest = max(pieces, key=lambda each: (each.to_ms - each.from_ms, -each.from_ms), default=None)
        if longest is not None and longest.from_ms < longest.to_ms:
            left.append(_narrowed(run, longest))
    return left


def _narrowed(run: Run, span: Span) -> Run:
    """The part of a run that lies in a span of the own video."""
    begin = min(run.known_from_ms + run.speed * (span.from_ms - run.from_ms) // AS_FAST, run.known_to_ms)
    end = max(run.known_to_ms - run.speed * (run.to_ms - span.to_ms) // AS_FAST, begin)
    return Run(*span, begin, end, run.speed)

"""Moments of two videos that look the same become runs of time: exactly as the slow twin has it."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.match.videos.alignment import Alignment, Moments, Pairs, Run, align
from streams.domain.match.videos.lines import AS_FAST
from tests.reference import alignment as slow
from tests.reference.alignment import Aligned, Case, Film, Pair

Moment = tuple[int, int]


def arrays(film: Film) -> Moments:
    times = np.array(film.moments, np.int64).reshape(-1, 2)
    return Moments(times[:, 0].copy(), times[:, 1].copy(), film.duration_ms)


def fast(case: Case, pairs: list[Pair]) -> Alignment:
    columns = (np.array([getattr(pair, name) for pair in pairs], np.int64) for name in ("own", "known", "orientation"))
    return align(arrays(case.own), arrays(case.known), Pairs(*columns), np.array(case.weights, np.int64))


def told(found: Alignment | Aligned) -> list[tuple[int, ...]]:
    if isinstance(found, Aligned):
        return [(*piece.own, *piece.known, piece.speed) for piece in found.pieces]
    return [tuple(run) for run in found.runs]


def points(times: range, duration_ms: int) -> Film:
    return Film([(at, at) for at in times], duration_ms)


def film(rng: random.Random) -> Film:
    """Moments that are points, spans, or touch; now and then far apart."""
    moments: list[Moment] = []
    at = rng.choice((0, 0, 40, 2_000))
    for _ in range(rng.randint(1, 14)):
        length = rng.choice((0, 0, 200, 700, 3_000, 20_000))
        moments.append((at, at + length))
        at += length + rng.choice((1, 250, 500, 1_000, 4_000, 70_000, 200_000))
    return Film(moments, moments[-1][1] + rng.choice((0, 1, 500, 9_000)) + 1)


def stretched(known: Film, rng: random.Random) -> Film:
    """A film of which most moments are those of another, a little beside, faster or slower, from some time on."""
    speed, offset = rng.choice((1.0, 1.0, 1.0, 0.95, 1.04, 1.1)), rng.choice((0, 0, 5_000, -3_000))
    moments: list[Moment] = []
    for begin, end in known.moments:
        begin, end = (round(at / speed) + offset + rng.randint(-150, 150) for at in (begin, end))
        if begin >= 0 and (not moments or begin > moments[-1][0]):
            moments.append((begin, max(begin, end)))
    moments = moments or [(0, 0)]
    return Film(moments, max(end for _, end in moments) + 1)


@settings(max_examples=120)
@given(seed=st.integers(0, 2**32))
def test_any_pairs_are_aligned_as_the_slow_twin_aligns_them(seed: int) -> None:
    rng = random.Random(seed)
    known = film(rng)
    own = stretched(known, rng) if rng.random() < 0.7 else film(rng)
    pairs = {
        Pair(one, other, rng.choice((0, 0, 1)))
        for one in range(len(own.moments))
        for other in range(len(known.moments))
        if rng.random() < (0.8 if one == other else 0.1)
    } or {Pair(0, 0, 0)}
    weights = [rng.choice((1000, 1000, 500, 333, 1)) for _ in own.moments]
    for number in set(range(len(weights))) - {pair.own for pair in pairs}:
        weights[number] = rng.choice((0, 1000))
    case = Case(own, known, weights)

    slowly, quickly = case.align(pairs), fast(case, sorted(pairs, key=lambda pair: rng.random()))

    assert told(quickly) == told(slowly)
    assert quickly.orientation == slowly.orientation
    assert quickly.matched_ms == slow.length([piece.own for piece in slowly.pieces])
    assert quickly.known_ms == slow.length([piece.known for piece in slowly.pieces])


def test_the_twin_is_asked_about_everything_that_happens() -> None:
    """Several lines, other speeds than 1, other turns, bridges and gaps: in the cases of the test above."""
    seen: dict[str, int] = {"lines": 0, "speed": 0, "turn": 0, "runs": 0}
    for seed in range(150):
        rng = random.Random(seed)
        known = film(rng)
        own = stretched(known, rng)
        pairs = {
            Pair(one, other, rng.choice((0, 0, 1)))
            for one in range(len(own.moments))
            for other in range(len(known.moments))
            if rng.random() < (0.8 if one == other else 0.1)
        } or {Pair(0, 0, 0)}
        found = fast(Case(own, known, [1000] * len(own.moments)), list(pairs))
        speeds = {run.speed for run in found.runs}
        seen["lines"] += len({(run.speed, run.known_from_ms - run.from_ms) for run in found.runs}) > 1
        seen["speed"] += speeds != {AS_FAST}
        seen["turn"] += found.orientation
        seen["runs"] += len(found.runs) > 2
    assert all(count > 3 for count in seen.values()), seen


def runs_of(own: Film, known: Film, pairs: dict[int, int], orientation: int = 0) -> tuple[Run, ...]:
    case = Case(own, known, [1000] * len(own.moments))
    return fast(case, [Pair(one, other, orientation) for one, other in pairs.items()]).runs


def test_a_clip_lies_where_it_was_cut_from() -> None:
    own, known = points(range(100, 10_000, 500), 10_000), points(range(0, 60_000, 500), 60_000)

    runs = runs_of(own, known, {number: number + 40 for number in range(20)})

    assert runs == (Run(0, 10_000, 19_900, 29_900, AS_FAST),)


@pytest.mark.parametrize("speed", [0.9, 0.95, 1.05, 1.0417, 1.1])
@pytest.mark.parametrize("minutes", [1, 10, 120])
def test_another_speed_is_told_to_the_second_whatever_the_length(speed: float, minutes: int) -> None:
    known_times = range(0, minutes * 60_000, minutes * 150)
    known = points(known_times, minutes * 60_000)
    own = Film([(round(at / speed),) * 2 for at in known_times], round(minutes * 60_000 / speed))

    (run,) = runs_of(own, known, {number: number for number in range(400)})

    assert abs(run.speed / AS_FAST - speed) < max(0.004, 0.004 / minutes)
    assert abs(run.known_to_ms - known.duration_ms) < 1_000
    assert abs(run.to_ms - own.duration_ms) < 1_000


def test_a_recut_video_has_a_run_for_each_piece() -> None:
    known = points(range(0, 60_000, 500), 60_000)
    own = points(range(0, 30_000, 500), 30_000)
    order = [*range(80, 100), *range(20, 40), *range(50, 70)]

    runs = runs_of(own, known, dict(enumerate(order)))

    assert [(round(run.from_ms / 1000), round(run.known_from_ms / 1000)) for run in runs] == [
        (0, 40),
        (10, 10),
        (20, 25),
    ]
    assert sum(run.to_ms - run.from_ms for run in runs) > 28_000


def test_what_was_replaced_in_the_middle_is_not_the_same_and_a_failing_hash_is() -> None:
    video = points(range(0, 30_000, 500), 30_000)
    every = {number: number for number in range(60)}
    failing = {number: number for number in range(60) if number % 4 != 2}
    replaced = {number: number for number in range(60) if not 20 <= number < 40}

    assert runs_of(video, video, failing) == runs_of(video, video, every) == (Run(0, 30_000, 0, 30_000, AS_FAST),)
    first, second = runs_of(video, video, replaced)
    assert abs(first.to_ms - 9_750) <= 250
    assert abs(second.from_ms - 19_750) <= 250


def test_videos_that_are_sampled_at_other_times_do_not_contradict_each_other() -> None:
    known = points(range(0, 7_200_000, 18_000), 7_200_000)
    own = points(range(2_900, 600_000, 5_000), 600_000)
    pairs = {number: round((1_800_000 + at) / 18_000) for number, (at, _) in enumerate(own.moments)}
    seen = {one: other for one, other in pairs.items() if abs(1_800_000 + own.moments[one][0] - other * 18_000) < 900}

    (run,) = runs_of(own, known, seen)

    assert 3 < len(seen) < len(pairs) / 5
    assert run.to_ms - run.from_ms > 0.9 * own.duration_ms
    assert abs(run.known_from_ms - run.from_ms - 1_800_000) < 1_000


def test_a_still_lies_in_the_middle_of_what_shows_it() -> None:
    assert runs_of(Film([(0, 20_000)], 20_000), Film([(0, 60_000)], 60_000), {0: 0}) == (
        Run(0, 20_000, 20_000, 40_000, AS_FAST),
    )
    assert runs_of(Film([(0, 0)], 40), Film([(0, 0)], 40), {0: 0}) == (Run(0, 40, 0, 40, AS_FAST),)


def test_a_mirrored_video_is_so_all_along() -> None:
    video = points(range(0, 20_000, 500), 20_000)
    case = Case(video, video, [1000] * 40)
    pairs: list[Any] = [Pair(number, number, 1) for number in range(40)]
    pairs += [Pair(number, number, 0) for number in range(0, 40, 2)]

    assert fast(case, pairs).orientation == 1


def test_keyframes_on_both_sides_of_a_cut_contradict_nothing_and_a_scene_that_was_replaced_does() -> None:
    around = [(at, at + 125) for at in (*range(0, 10_000, 500), *range(30_000, 40_000, 500))]
    pairs = {number: number for number in range(len(around))}

    def sampled(between: list[tuple[int, int]]) -> Film:
        return Film(sorted([*around, *between]), 40_000)

    def runs(own: list[tuple[int, int]], known: list[tuple[int, int]]) -> tuple[Run, ...]:
        moments, its = sampled(own), sampled(known)
        same = {moments.moments.index(around[one]): its.moments.index(around[other]) for one, other in pairs.items()}
        return runs_of(moments, its, same)

    assert len(runs([(15_000, 15_125), (22_000, 22_125)], [(15_080, 15_205), (22_200, 22_325)])) == 1
    assert len(runs([(15_000, 15_125)], [(15_000, 15_125)])) == 2  # at the same instant
    assert len(runs([(15_000, 18_000)], [(15_080, 17_000)])) == 2  # for a while
    assert len(runs([(15_000, 15_125), (16_000, 16_125)], [(15_080, 15_205), (16_080, 16_205)])) == 2  # not alone

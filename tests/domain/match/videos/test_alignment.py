"""Moments of two videos that look the same become segments, exactly as in the slow twin."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.match.videos.alignment.align import AlignedSegment, Alignment, MomentPairs, MomentTimes, align
from streams.domain.match.videos.alignment.time_mapping import NORMAL_SPEED_PPM
from tests.reference import alignment as slow
from tests.reference.alignment import Aligned, MomentPair, Timeline, VideoPair
from tests.support.timelines import random_timeline


def moment_times(timeline: Timeline) -> MomentTimes:
    times = np.array(timeline.moments, np.int64).reshape(-1, 2)
    return MomentTimes(times[:, 0].copy(), times[:, 1].copy(), timeline.duration_ms)


def fast_align(videos: VideoPair, pairs: list[MomentPair]) -> Alignment:
    columns = (np.array([getattr(pair, name) for pair in pairs], np.int64) for name in ("own", "known", "orientation"))
    return align(
        moment_times(videos.own), moment_times(videos.known), MomentPairs(*columns), np.array(videos.weights, np.int64)
    )


def spans_and_speeds(found: Alignment | Aligned) -> list[tuple[int, ...]]:
    if isinstance(found, Aligned):
        return [(*segment.own, *segment.known, segment.speed_ppm) for segment in found.segments]
    return [tuple(segment) for segment in found.segments]


def points(times: range, duration_ms: int) -> Timeline:
    return Timeline([(at, at) for at in times], duration_ms)


def stretched(known: Timeline, rng: random.Random) -> Timeline:
    """Shows most moments of another timeline, at slightly other times, faster or slower, from some time on."""
    speed, offset = rng.choice((1.0, 1.0, 1.0, 0.95, 1.04, 1.1)), rng.choice((0, 0, 5_000, -3_000))
    moments: list[tuple[int, int]] = []
    for begin, end in known.moments:
        begin, end = (round(at / speed) + offset + rng.randint(-150, 150) for at in (begin, end))
        if begin >= 0 and (not moments or begin > moments[-1][0]):
            moments.append((begin, max(begin, end)))
    moments = moments or [(0, 0)]
    return Timeline(moments, max(end for _, end in moments) + 1)


@settings(max_examples=120)
@given(seed=st.integers(0, 2**32))
def test_any_pairs_are_aligned_as_the_slow_twin_aligns_them(seed: int) -> None:
    rng = random.Random(seed)
    known = random_timeline(rng)
    own = stretched(known, rng) if rng.random() < 0.7 else random_timeline(rng)
    pairs = {
        MomentPair(one, other, rng.choice((0, 0, 1)))
        for one in range(len(own.moments))
        for other in range(len(known.moments))
        if rng.random() < (0.8 if one == other else 0.1)
    } or {MomentPair(0, 0, 0)}
    weights = [rng.choice((1000, 1000, 500, 333, 1)) for _ in own.moments]
    for number in set(range(len(weights))) - {pair.own for pair in pairs}:
        weights[number] = rng.choice((0, 1000))
    videos = VideoPair(own, known, weights)

    slowly, quickly = videos.align(pairs), fast_align(videos, sorted(pairs, key=lambda pair: rng.random()))

    assert spans_and_speeds(quickly) == spans_and_speeds(slowly)
    assert quickly.orientation == slowly.orientation
    assert quickly.matched_ms == slow.length([segment.own for segment in slowly.segments])
    assert quickly.known_matched_ms == slow.length([segment.known for segment in slowly.segments])


def test_the_cases_above_cover_everything_that_happens() -> None:
    """Several mappings, other speeds than 1, other orientations, bridges and gaps."""
    seen: dict[str, int] = {"mappings": 0, "speed": 0, "orientation": 0, "segments": 0}
    for seed in range(150):
        rng = random.Random(seed)
        known = random_timeline(rng)
        own = stretched(known, rng)
        pairs = {
            MomentPair(one, other, rng.choice((0, 0, 1)))
            for one in range(len(own.moments))
            for other in range(len(known.moments))
            if rng.random() < (0.8 if one == other else 0.1)
        } or {MomentPair(0, 0, 0)}
        found = fast_align(VideoPair(own, known, [1000] * len(own.moments)), list(pairs))
        speeds = {segment.speed_ppm for segment in found.segments}
        seen["mappings"] += (
            len({(segment.speed_ppm, segment.known_from_ms - segment.from_ms) for segment in found.segments}) > 1
        )
        seen["speed"] += speeds != {NORMAL_SPEED_PPM}
        seen["orientation"] += found.orientation
        seen["segments"] += len(found.segments) > 2
    assert all(count > 3 for count in seen.values()), seen


def segments_of(
    own: Timeline, known: Timeline, pairs: dict[int, int], orientation: int = 0
) -> tuple[AlignedSegment, ...]:
    videos = VideoPair(own, known, [1000] * len(own.moments))
    return fast_align(videos, [MomentPair(one, other, orientation) for one, other in pairs.items()]).segments


def test_a_clip_lies_where_it_was_cut_from() -> None:
    own, known = points(range(100, 10_000, 500), 10_000), points(range(0, 60_000, 500), 60_000)

    segments = segments_of(own, known, {number: number + 40 for number in range(20)})

    assert segments == (AlignedSegment(0, 10_000, 19_900, 29_900, NORMAL_SPEED_PPM),)


@pytest.mark.parametrize("speed", [0.9, 0.95, 1.05, 1.0417, 1.1])
@pytest.mark.parametrize("minutes", [1, 10, 120])
def test_another_speed_is_found_to_the_second_at_any_length(speed: float, minutes: int) -> None:
    known_times = range(0, minutes * 60_000, minutes * 150)
    known = points(known_times, minutes * 60_000)
    own = Timeline([(round(at / speed),) * 2 for at in known_times], round(minutes * 60_000 / speed))

    (segment,) = segments_of(own, known, {number: number for number in range(400)})

    assert abs(segment.speed_ppm / NORMAL_SPEED_PPM - speed) < max(0.004, 0.004 / minutes)
    assert abs(segment.known_to_ms - known.duration_ms) < 1_000
    assert abs(segment.to_ms - own.duration_ms) < 1_000


def test_a_recut_video_has_a_segment_for_each_piece() -> None:
    known = points(range(0, 60_000, 500), 60_000)
    own = points(range(0, 30_000, 500), 30_000)
    order = [*range(80, 100), *range(20, 40), *range(50, 70)]

    segments = segments_of(own, known, dict(enumerate(order)))

    assert [(round(segment.from_ms / 1000), round(segment.known_from_ms / 1000)) for segment in segments] == [
        (0, 40),
        (10, 10),
        (20, 25),
    ]
    assert sum(segment.to_ms - segment.from_ms for segment in segments) > 28_000


def test_a_replaced_middle_parts_a_segment_and_failing_hashes_do_not() -> None:
    video = points(range(0, 30_000, 500), 30_000)
    every = {number: number for number in range(60)}
    failing = {number: number for number in range(60) if number % 4 != 2}
    replaced = {number: number for number in range(60) if not 20 <= number < 40}

    assert (
        segments_of(video, video, failing)
        == segments_of(video, video, every)
        == (AlignedSegment(0, 30_000, 0, 30_000, NORMAL_SPEED_PPM),)
    )
    first, second = segments_of(video, video, replaced)
    assert abs(first.to_ms - 9_750) <= 250
    assert abs(second.from_ms - 19_750) <= 250


@pytest.mark.parametrize(("duration_ms", "is_bridged"), [(8_000, True), (7_999, False)])
def test_what_is_bridged_of_a_short_video_is_a_small_part_of_it(duration_ms: int, is_bridged: bool) -> None:
    """A title card and an end card make no copy of an animation, whatever lies between them."""
    moments = [(0, 500), (500, 900), (900, 1_000), (1_050, 1_950), (2_000, 2_400), (2_400, duration_ms)]
    own = known = Timeline(moments, duration_ms)
    found = segments_of(own, known, {number: number for number in (0, 1, 2, 4, 5)})
    assert (len(found) == 1) is is_bridged
    if not is_bridged:
        assert found[0].to_ms < found[1].from_ms


@pytest.mark.parametrize("shown_by_own", [True, False])
@pytest.mark.parametrize(("unshared_ms", "is_shared"), [(999, True), (1_000, False)])
def test_what_only_one_of_two_short_videos_shows_is_not_shared(
    shown_by_own: bool, unshared_ms: int, is_shared: bool
) -> None:
    """The other shows a plain surface, of which there is no moment."""
    plain = Timeline([(0, 2_000)], 4_000)
    other = Timeline([(0, 2_000), (2_000, 2_000 + unshared_ms)], 4_000)
    own, known = (other, plain) if shown_by_own else (plain, other)
    (segment,) = segments_of(own, known, {0: 0})
    assert segment.to_ms == segment.known_to_ms == (4_000 if is_shared else 2_000)


def test_what_only_one_of_two_long_videos_shows_may_be_shared() -> None:
    """They are sampled at different times."""
    own, known = Timeline([(0, 20_000), (20_000, 40_000)], 61_000), Timeline([(0, 20_000)], 61_000)
    (segment,) = segments_of(own, known, {0: 0})
    assert segment.to_ms == 40_000


def test_videos_sampled_at_different_times_do_not_contradict_each_other() -> None:
    known = points(range(0, 7_200_000, 18_000), 7_200_000)
    own = points(range(2_900, 600_000, 5_000), 600_000)
    pairs = {number: round((1_800_000 + at) / 18_000) for number, (at, _) in enumerate(own.moments)}
    seen = {one: other for one, other in pairs.items() if abs(1_800_000 + own.moments[one][0] - other * 18_000) < 900}

    (segment,) = segments_of(own, known, seen)

    assert 3 < len(seen) < len(pairs) / 5
    assert segment.to_ms - segment.from_ms > 0.9 * own.duration_ms
    assert abs(segment.known_from_ms - segment.from_ms - 1_800_000) < 1_000


def test_a_still_is_placed_in_the_middle_of_what_shows_it() -> None:
    assert segments_of(Timeline([(0, 20_000)], 20_000), Timeline([(0, 60_000)], 60_000), {0: 0}) == (
        AlignedSegment(0, 20_000, 20_000, 40_000, NORMAL_SPEED_PPM),
    )
    assert segments_of(Timeline([(0, 0)], 40), Timeline([(0, 0)], 40), {0: 0}) == (
        AlignedSegment(0, 40, 0, 40, NORMAL_SPEED_PPM),
    )


def test_a_mirrored_video_is_mirrored_throughout() -> None:
    video = points(range(0, 20_000, 500), 20_000)
    videos = VideoPair(video, video, [1000] * 40)
    pairs: list[Any] = [MomentPair(number, number, 1) for number in range(40)]
    pairs += [MomentPair(number, number, 0) for number in range(0, 40, 2)]

    assert fast_align(videos, pairs).orientation == 1


def test_keyframes_around_a_cut_contradict_nothing_and_a_replaced_scene_does() -> None:
    around = [(at, at + 125) for at in (*range(0, 10_000, 500), *range(30_000, 40_000, 500))]
    pairs = {number: number for number in range(len(around))}

    def sampled(between: list[tuple[int, int]]) -> Timeline:
        return Timeline(sorted([*around, *between]), 40_000)

    def segments(own: list[tuple[int, int]], known: list[tuple[int, int]]) -> tuple[AlignedSegment, ...]:
        moments, its = sampled(own), sampled(known)
        same = {moments.moments.index(around[one]): its.moments.index(around[other]) for one, other in pairs.items()}
        return segments_of(moments, its, same)

    assert len(segments([(15_000, 15_125), (22_000, 22_125)], [(15_080, 15_205), (22_200, 22_325)])) == 1
    assert len(segments([(15_000, 15_125)], [(15_000, 15_125)])) == 2  # at the same instant
    assert len(segments([(15_000, 18_000)], [(15_080, 17_000)])) == 2  # for a while
    assert len(segments([(15_000, 15_125), (16_000, 16_125)], [(15_080, 15_205), (16_080, 16_205)])) == 2  # not alone

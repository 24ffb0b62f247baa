"""The parts that are read of a video with an index: within the budget, spread over it, at fixed instants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.fingerprint.video.plan import (
    BURST_MS,
    KEYFRAME_COST,
    MERGED_BYTES,
    STEP_MS,
    FrameIndex,
    PartShortener,
    PlannedPart,
    ReadBudget,
    part_extents,
    plan_parts,
    sampling_instants,
    seek_targets,
)


def index(groups: list[int], *, fps: float = 25.0, key_bytes: int = 20_000, other_bytes: int = 2_000) -> FrameIndex:
    """An index of groups with these numbers of frames. The file holds nothing else."""
    starts = np.cumsum([0, *groups[:-1]])
    frames = sum(groups)
    size = np.full(frames, other_bytes, np.int64)
    size[starts] = key_bytes
    at_ms = np.arange(frames) * 1000 / fps
    offset = np.cumsum(np.concatenate(([100], size[:-1])))
    return FrameIndex(at_ms, np.arange(frames, dtype=np.int64) * 512, offset, size, starts.astype(np.int64), exact=True)


def read_of(found: FrameIndex, parts: list[PlannedPart]) -> set[int]:
    return {frame for part in parts for frame in range(part.first, part.first + part.count)}


def test_instants_at_multiples_of_larger_powers_of_two_come_first() -> None:
    assert (sampling_instants(4000) // STEP_MS).tolist() == [0, 8, 4, 2, 6, 1, 3, 5, 7]


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_a_shorter_video_has_the_instants_of_a_longer_video_in_the_same_order(one: int, other: int) -> None:
    shorter, longer = sorted((one, other))
    within = sampling_instants(longer)
    assert sampling_instants(shorter).tolist() == within[within <= shorter].tolist()


@given(
    st.lists(st.integers(1, 120), min_size=1, max_size=60),
    st.floats(0, 3_000_000),
    st.floats(1, 4000),
)
def test_parts_keep_to_the_budget_and_the_first_keyframe_is_always_read(
    groups: list[int], read_bytes: float, frames: float
) -> None:
    given_index = index(groups)
    parts = plan_parts(given_index, ReadBudget(read_bytes, frames))
    chosen = read_of(given_index, parts)
    keyframes = set(given_index.keyframes.tolist())
    assert 0 in chosen
    if len(chosen) > 1:
        assert sum(int(given_index.size[frame]) for frame in chosen) <= read_bytes
        assert len(chosen) + (KEYFRAME_COST - 1) * len(chosen & keyframes) <= frames
    for part in parts:
        assert part.first in keyframes
    assert [part.first for part in parts] == sorted(part.first for part in parts)


def test_with_a_large_enough_budget_the_video_is_one_part() -> None:
    assert plan_parts(index([50] * 20), ReadBudget(float("inf"), 1e9)) == [PlannedPart(0, 1000, joined=False)]


def test_if_bytes_are_scarce_all_keyframes_come_before_frames_between_them() -> None:
    given_index = index([100] * 30)
    parts = plan_parts(given_index, ReadBudget(30 * 20_000 / 0.7 + 1, 1e9))
    assert {part.first for part in parts} == set(given_index.keyframes.tolist())
    assert all(part.joined for part in parts[1:])


def test_the_parts_of_a_video_of_keyframes_alone_are_spread_over_it() -> None:
    given_index = index([1] * 3000)
    chosen = sorted(
        read_of(given_index, plan_parts(given_index, ReadBudget(0.36 * float(given_index.size.sum()), 1e9)))
    )
    apart = np.diff(given_index.at_ms[chosen])
    assert len(chosen) >= 200
    assert apart.max() <= 1000


def test_parts_with_keyframes_between_them_are_not_joined() -> None:
    given_index = index([25] * 64)
    parts = plan_parts(given_index, ReadBudget(8 * 20_000 / 0.7, 1e9))
    assert len(parts) == 8
    assert not any(part.joined for part in parts)


@pytest.mark.parametrize("seed", range(5))
def test_two_encodings_are_read_at_the_same_instants(seed: int) -> None:
    """Whatever their keyframes and budgets, each burst of one has frames of the other at the same instant."""
    rng = np.random.default_rng(seed)
    one = index(rng.integers(60, 240, 30).tolist())
    frames = len(one.at_ms)
    groups = rng.integers(100, 250, 40).tolist()
    while sum(groups) > frames:
        groups.pop()
    other = index([*groups, frames - sum(groups)] if frames > sum(groups) else groups, other_bytes=3000)
    sampled = []
    for each in (one, other):
        chosen = sorted(read_of(each, plan_parts(each, ReadBudget(0.36 * float(each.size.sum()), 1e9))))
        sampled.append(set(chosen))
    assert len(sampled[0] & sampled[1]) >= 0.5 * min(len(sampled[0]), len(sampled[1]))
    common = sampling_instants(float(one.at_ms[-1]))[:4]
    for at_ms in common:
        during = {int((at_ms + late) * 25 / 1000) for late in range(0, BURST_MS, 200)}
        during = {frame for frame in during if frame < frames}
        assert during <= sampled[0]
        assert during <= sampled[1]


def test_extents_cover_the_bytes_of_the_parts_and_close_ones_are_merged() -> None:
    given_index = index([10] * 4)
    assert part_extents(given_index, [PlannedPart(0, 10, joined=False)]) == [(100, 20_000 + 9 * 2000)]
    apart = part_extents(given_index, [PlannedPart(0, 1, joined=False), PlannedPart(10, 1, joined=True)])
    assert apart == [(100, 20_000), (100 + 38_000, 20_000)]
    close = index([10] * 4, other_bytes=MERGED_BYTES // 2)
    near = part_extents(close, [PlannedPart(0, 8, joined=False), PlannedPart(10, 1, joined=True)])
    assert near == [(100, 20_000 + 9 * MERGED_BYTES // 2 + 20_000)]


def test_parts_larger_than_estimated_are_all_shortened_alike() -> None:
    wanted, size, parts = 100, 10_000, 40
    pace = PartShortener([size] * parts, 5000, 5000 + size * parts)
    read_bytes, counts = 5000, []
    for number in range(parts):
        counts.append(pace.frame_count(number, wanted, read_bytes))
        read_bytes += 3 * size * counts[-1] // wanted
    assert counts[0] == wanted
    assert read_bytes <= 5000 + 1.2 * size * parts
    assert min(counts[5:-5]) >= 15
    right = PartShortener([size] * parts, 0, size * parts)
    assert [right.frame_count(number, wanted, number * size) for number in range(parts)] == [wanted] * parts
    assert right.frame_count(3, wanted, size * parts) == 0


def test_the_target_of_a_keyframe_lies_between_its_own_and_the_next_decoding_time() -> None:
    given_index = index([10, 1, 40])
    targets = seek_targets(given_index, start_ticks=1024)
    assert targets[0] == 1024
    assert targets[10] == given_index.ticks[10] + 255
    assert targets[11] == given_index.ticks[11] + 1024
    assert (seek_targets(given_index, None) == given_index.ticks).all()

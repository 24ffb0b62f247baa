"""Windows cover all extents and only small gaps between them. Compared with sets of bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.sources.video.windows import Window, block_bytes, gap_bytes, plan_windows

EXTENTS = st.lists(st.tuples(st.integers(-20, 300), st.integers(-5, 80)), max_size=12)


def test_neighbouring_extents_share_a_window() -> None:
    windows = plan_windows([(0, 100), (110, 50), (1000, 20)], 5000, gap_bytes=10, window_bytes=1000)

    assert windows == [Window(0, 160), Window(1000, 20)]


def test_large_extents_are_split() -> None:
    assert plan_windows([(10, 250)], 5000, window_bytes=100) == [Window(10, 100), Window(110, 100), Window(210, 50)]


def test_windows_keep_the_order_of_the_plan() -> None:
    assert plan_windows([(500, 20), (0, 20)], 5000, gap_bytes=5) == [Window(500, 20), Window(0, 20)]


def test_bytes_outside_the_source_are_left_out() -> None:
    assert plan_windows([(90, 50), (200, 5), (-10, 5), (5, 0)], 100, gap_bytes=0) == [Window(90, 10)]


def test_a_point_becomes_a_block() -> None:
    assert plan_windows([(10, 1), (500, 17), (990, 1)], 1000, point_bytes=100) == [
        Window(10, 100),
        Window(500, 17),
        Window(990, 10),
    ]


def test_small_sources_are_read_in_smaller_blocks() -> None:
    for size_bytes in (1, 100_000, 1 << 20, 1 << 26, 1 << 40):
        assert 4096 <= block_bytes(size_bytes) <= 65_536
        assert 400 * gap_bytes(size_bytes) <= size_bytes // 32


@given(EXTENTS, st.integers(0, 30), st.integers(1, 60))
def test_windows_cover_all_extents_and_only_small_gaps(extents: list[tuple[int, int]], gap: int, window: int) -> None:
    size = 250
    windows = plan_windows(extents, size, point_bytes=1, gap_bytes=gap, window_bytes=window)

    wanted = {byte for offset, length in extents for byte in range(offset, offset + length) if 0 <= byte < size}
    asked = {byte for found in windows for byte in range(found.offset, found.end)}
    assert wanted <= asked
    assert all(0 < found.length <= window for found in windows)
    between = sorted(asked - wanted)
    longest = run = 0
    for place, byte in enumerate(between):
        run = run + 1 if place and between[place - 1] == byte - 1 else 1
        longest = max(longest, run)
    assert longest <= gap

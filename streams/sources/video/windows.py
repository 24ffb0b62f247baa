"""Turns planned extents into requests: neighbouring extents share one, large extents are split. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: The largest request. Its bytes are in memory as a whole.
WINDOW_BYTES = 1 << 20
#: An extent up to this length marks a position to read from, without telling how much will be read.
POINT_BYTES = 16
MIN_BLOCK_BYTES, MAX_BLOCK_BYTES = 4 << 10, 64 << 10


def block_bytes(size_bytes: int) -> int:
    """The smallest request that is worth its cost. Smaller sources have smaller blocks."""
    return min(MAX_BLOCK_BYTES, max(MIN_BLOCK_BYTES, size_bytes >> 9))


def gap_bytes(size_bytes: int) -> int:
    """The largest gap that is read along, because another request costs more. Hundreds of gaps are a small share."""
    return min(MAX_BLOCK_BYTES, size_bytes >> 14)


@dataclass(frozen=True, slots=True)
class Window:
    """The bytes of one request: `length` bytes from `offset` on."""

    offset: int
    length: int

    @property
    def end(self) -> int:
        return self.offset + self.length

    def contains(self, offset: int) -> bool:
        return self.offset <= offset < self.end


def plan_windows(
    extents: Sequence[tuple[int, int]],
    size_bytes: int,
    *,
    point_bytes: int = POINT_BYTES,
    gap_bytes: int = 0,
    window_bytes: int = WINDOW_BYTES,
) -> list[Window]:
    """The windows that cover all extents, in the order of the extents.

    An extent of POINT_BYTES or less counts as `point_bytes` long. An extent shares the window of the one before it if
    it begins inside that one or at most `gap_bytes` after its end. Bytes outside the source are left out. No window is
    longer than `window_bytes`.

    Args:
        extents: pairs of offset and length.
        size_bytes: of the source.
    """
    windows: list[Window] = []
    for run in _runs(extents, size_bytes, point_bytes, gap_bytes):
        for offset in range(run.offset, run.end, window_bytes):
            windows.append(Window(offset, min(window_bytes, run.end - offset)))
    return windows


def _runs(extents: Iterable[tuple[int, int]], size_bytes: int, point_bytes: int, gap_bytes: int) -> Iterable[Window]:
    run: Window | None = None
    for offset, length in extents:
        begin, end = max(0, offset), min(size_bytes, offset + length)
        if begin >= end:
            continue
        if length <= POINT_BYTES:
            end = min(size_bytes, max(end, begin + point_bytes))
        if run is not None and run.offset <= begin <= run.end + gap_bytes:
            run = Window(run.offset, max(run.end, end) - run.offset)
            continue
        if run is not None:
            yield run
        run = Window(begin, end - begin)
    if run is not None:
        yield run

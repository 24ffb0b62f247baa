"""Which requests a plan of reading becomes: neighbouring extents in one, large ones in pieces. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: The most that one request asks for; it is in memory as a whole.
WINDOW_BYTES = 1 << 20
#: An extent no longer than this says where reading begins, and not how much will be needed.
POINT_BYTES = 16
#: Bounds of a block.
LEAST_BLOCK_BYTES, MOST_BLOCK_BYTES = 4 << 10, 64 << 10


def block_bytes(size_bytes: int) -> int:
    """What is asked for at least: as little as is worth a request, and of a small source less than of a large one."""
    return min(MOST_BLOCK_BYTES, max(LEAST_BLOCK_BYTES, size_bytes >> 9))


def gap_bytes(size_bytes: int) -> int:
    """A gap up to this is read along, as asking again costs more; hundreds together are a small share of the source."""
    return min(MOST_BLOCK_BYTES, size_bytes >> 14)


@dataclass(frozen=True, slots=True)
class Window:
    """Bytes of a source that are asked for at once: `length` of them from `offset` on."""

    offset: int
    length: int

    @property
    def end(self) -> int:
        return self.offset + self.length

    def holds(self, offset: int) -> bool:
        return self.offset <= offset < self.end


def coalesce(
    extents: Sequence[tuple[int, int]],
    size_bytes: int,
    *,
    point_bytes: int = POINT_BYTES,
    gap_bytes: int = 0,
    window_bytes: int = WINDOW_BYTES,
) -> list[Window]:
    """The windows that have all bytes of the extents, in the order of these.

    An extent of POINT_BYTES or less is taken to be `point_bytes` long. One that begins in the one before it, or at
    most `gap_bytes` behind that, shares its window. What lies outside of the source is left out. No window is longer
    than `window_bytes`.

    Args:
        extents: offset and length of each.
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

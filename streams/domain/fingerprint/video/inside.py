"""Where the picture lies in the frames of a video, inside a border or a blurred fill that all frames have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image.inner.borders import Pixels, Rectangle, inside_of_common_borders

MAX_FRAMES: Final = 64
"""Frames, spread over the video, that are looked at."""

MIN_SIDE: Final = 32
"""Pixels. Smaller frames have no lines to speak of."""

MIN_FILL_PERCENT, MAX_FILL_PERCENT = 4, 42
"""Of the height or the width, on one side of the frame."""

MIN_DETAIL_RATIO: Final = 2
"""Fine detail of the lines inside an edge by that of the most detailed line outside, both over all frames."""

MIN_STEP: Final = 3
MIN_STEP_PERCENT: Final = 80
"""Grey levels between neighbours across an edge, in the mean of all frames; and the share of an edge with such steps.
What moves has steps everywhere, and in the mean they are small."""

MIN_STEP_RATIO: Final = (3, 2)
"""Steps across an edge by those from line to line inside it."""


class Inside(NamedTuple):
    """Rectangles in pixels of the frames; None where there is no border, or no fill.

    Attributes:
        borders: the picture inside uniform borders.
        fill: the picture inside a blurred fill, as apps set wide films on tall screens.
    """

    borders: Rectangle | None = None
    fill: Rectangle | None = None

    @property
    def innermost(self) -> Rectangle | None:
        return self.fill or self.borders


def common_inside(visible: Sequence[Pixels]) -> Inside:
    """What all frames show inside a border or a blurred fill.

    Args:
        visible: luminance of frames that are neither dark nor nearly uniform, since their borders cannot be seen. Those
            of another size than the first are skipped.
    """
    same_size = [picture for picture in visible if picture.shape == visible[0].shape]
    if not same_size:
        return Inside()
    pictures = np.stack(same_size[:: -(-len(same_size) // MAX_FRAMES)])
    return Inside(inside_of_common_borders(pictures), inside_of_common_fill(pictures))


def inside_of_common_fill(pictures: NDArray[np.uint8]) -> Rectangle | None:
    """The rectangle inside a blurred fill on two opposite sides; None if there is none.

    The fill has little fine detail, the picture has more, and the edge between them stays where it is while all else
    moves. So frames are measured together, which shows much less detail than a single picture needs.

    Args:
        pictures: luminance, pictures × height × width, at least one.
    """
    height, width = pictures.shape[1:]
    if min(height, width) < MIN_SIDE:
        return None
    levels = pictures.astype(np.int32)
    top, bottom = _lines_inside(levels)
    left, right = _lines_inside(levels[:, top:bottom].swapaxes(1, 2))
    return (left, top, right, bottom) if (right - left, bottom - top) != (width, height) else None


def _lines_inside(levels: NDArray[np.int32]) -> tuple[int, int]:
    """The first line of the picture, and the first after it; all lines where there is no fill."""
    lines = levels.shape[1]
    detail = np.abs(2 * levels[:, :, 1:-1] - levels[:, :, :-2] - levels[:, :, 2:]).sum(axis=(0, 2), dtype=np.int64)
    steps = np.abs(np.diff(levels, axis=1)).sum(axis=0, dtype=np.int64)
    first = _edge(detail, steps, len(levels))
    last = _edge(detail[::-1], steps[::-1], len(levels)) if first else 0
    return (first, lines - last) if last else (0, lines)


def _edge(detail: NDArray[np.int64], steps: NDArray[np.int64], pictures: int) -> int:
    """How many lines the fill has, from the first on; 0 if there is no fill. Of several edges, the strongest.

    Args:
        detail: of each line, over all pictures.
        steps: from each line to the next, by pixel, over all pictures.
        pictures: how many there are.
    """
    lines, length = len(detail), steps.shape[1]
    totals, stepped = steps.sum(axis=1), (steps >= MIN_STEP * pictures).sum(axis=1)
    found, strongest, reach = 0, 0, max(4, lines // 8)
    more, less = MIN_STEP_RATIO
    for count in range(max(2, 2 + MIN_FILL_PERCENT * lines // 100), MAX_FILL_PERCENT * lines // 100):
        outside = detail[: count - 1].max()  # the line next to the edge may show a little of the picture
        inside, inner_steps = detail[count : count + reach].sum(), totals[count + 1 : count + 1 + reach].sum()
        if (
            inside >= reach * MIN_DETAIL_RATIO * outside
            and 100 * stepped[count - 1] >= MIN_STEP_PERCENT * length
            and less * reach * totals[count - 1] >= more * inner_steps
            and totals[count - 1] > strongest
        ):
            found, strongest = count, totals[count - 1]
    return found

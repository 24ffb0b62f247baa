"""Chooses frames of a video while they pass: one for the poster, and some that are spread over it for the strip.

How long a video lasts may be known at its end only. So frames are kept on a grid, which is made twice as wide whenever
too many are kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint.thumbnails.scaling import fitted, resized
from streams.domain.fingerprint.thumbnails.sizes import SIZES, STRIP_FRAMES, STRIP_SIDE

FIRST_STEP_MS: Final = 250
MAX_KEPT: Final = 4 * STRIP_FRAMES
"""Kept frames: at the end the grid has more than twice as many places as the strip has frames."""

POSTER_GAIN: Final = 1.25
"""A later frame is the poster only if it shows so much more structure: each that is taken costs a conversion."""


class FrameKeeper:
    """Takes the sampled frames of a video in order.

    Attributes:
        poster: the frame that shows most, with up to 600 pixels a side; None before the first frame.
        poster_ms: when it is shown.
    """

    def __init__(self) -> None:
        self.poster: Image.Image | None = None
        self.poster_ms = 0
        self._structure = 0.0
        self._step_ms = FIRST_STEP_MS
        self._kept: dict[int, Image.Image] = {}
        self._end_ms = 0

    def see(self, at_ms: int, grey: NDArray[np.uint8], colours: Callable[[int], Image.Image]) -> None:
        """Look at a frame. If its colours cannot be had, it is passed over: a fingerprint never fails for a thumbnail.

        Args:
            at_ms: when it is shown.
            grey: its small, upright grey picture.
            colours: makes the upright frame in mode RGB, with at most this number of pixels on the longer side.
        """
        self._end_ms = max(self._end_ms, at_ms)
        place = at_ms // self._step_ms
        if place in self._kept:
            return
        with contextlib.suppress(Exception):
            self._keep(at_ms, place, _structure(grey), colours)

    def _keep(self, at_ms: int, place: int, structure: float, colours: Callable[[int], Image.Image]) -> None:
        if self.poster is None or structure > POSTER_GAIN * self._structure:
            self.poster, self.poster_ms, self._structure = colours(max(SIZES)), at_ms, structure
            small = resized(self.poster, fitted(self.poster.size, STRIP_SIDE))
        else:
            small = colours(STRIP_SIDE)
        self._kept[place] = small
        while len(self._kept) > MAX_KEPT:
            self._widen()

    def spread(self) -> list[Image.Image]:
        """Frames for the strip, in order: those nearest to the middles of equal parts; fewer of a short video."""
        places = sorted(self._kept)
        if not places:
            return []
        end = (self._end_ms + self._step_ms) / self._step_ms
        middles = [(number + 0.5) * end / STRIP_FRAMES for number in range(STRIP_FRAMES)]
        chosen = {min(places, key=lambda place: abs(place + 0.5 - middle)) for middle in middles}
        return [self._kept[place] for place in sorted(chosen)]

    def _widen(self) -> None:
        """Of two neighbours on the grid, the first stays."""
        self._step_ms *= 2
        wider: dict[int, Image.Image] = {}
        for place in sorted(self._kept):
            wider.setdefault(place // 2, self._kept[place])
        self._kept = wider


def _structure(grey: NDArray[np.uint8]) -> float:
    """Mean step between neighbouring pixels, in grey levels: little in black, blurred and uniform frames."""
    levels = grey.astype(np.int16)
    across, down = np.abs(np.diff(levels, axis=1)), np.abs(np.diff(levels, axis=0))
    return float((across.mean() if across.size else 0.0) + (down.mean() if down.size else 0.0))

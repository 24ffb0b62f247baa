"""Sampled frames of a video to its moments: what is kept of them, and the hashes of each.

A video is a path through the space of hashes. Moments are an ε-net of it: a frame becomes one when its hash differs by
more than a few bits from that of the moment before, else it makes that one longer. So any instant of what was sampled
is within a few bits of a moment, and two encodings of one video meet wherever both were sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint.image import phash
from streams.domain.fingerprint.image.borders import Pixels, Rectangle, trim_all
from streams.domain.fingerprint.image.canonical import NEAR, ViewFrequencies, view_entries
from streams.domain.fingerprint.image.dct import box_frequencies
from streams.domain.fingerprint.image.views import Reduced, apart, says_enough, whole_view
from streams.domain.fingerprint.video.decoder import FrameSample
from streams.domain.hashes.frames import FRAME_ENTRY, MAX_MOMENTS
from streams.domain.hashes.packing import CANONICAL, EXTRA_UPRIGHT
from streams.domain.hashes.views import FULL, TRIMMED, VIEW_CODES, VIEWS

NEW_BITS: Final = 6
"""A frame that differs by more is a moment of its own."""

LEAST_QUALITY: Final = 0.01
"""Less is a black or nearly uniform frame, as between scenes, which many videos share."""

LEAST_CONTRAST: Final = 2.5
"""Root mean square of a frame's slowest changes about its mean, in grey levels; less is nearly uniform likewise."""

LEAST_DETAIL: Final = 0.1
"""Median of those changes, in levels. Below, more than half of the hash is noise of the coding, as of a wall in even
light: two encodings of it are unlike each other. Of photos, one in a hundred has less."""

MOST_KEPT: Final = MAX_MOMENTS + MAX_MOMENTS // 2
"""So many moments are gathered before they are thinned to MOST_MOMENTS."""

FRAMES_FOR_BOX: Final = 64
"""Frames, spread over the video, that tell where its borders are."""

BARS: Final = (VIEW_CODES["top_85"], VIEW_CODES["bottom_85"])
_BAR_BOXES: Final = tuple(VIEWS[code].box for code in BARS)


@dataclass(slots=True)
class Moment:
    """A stretch of a video in which all sampled frames are nearly alike; `grey` is the first of them."""

    from_ms: int
    to_ms: int
    grey: Pixels
    large: Image.Image
    full: ViewFrequencies
    quality: float


class Gathering:
    """Takes the sampled frames of a video in the order of their times and keeps its moments.

    What is compared of them is inside of the borders that the first have in common, where there are any: between broad
    ones, much may move without changing the hash of the whole.

    Args:
        gap_ms: the time between two samples where they are dense; a sample stands for that long.
    """

    def __init__(self, gap_ms: int) -> None:
        self.moments: list[Moment] = []
        self._gap_ms = gap_ms
        self._code = 0
        self._open = False
        self._first: list[FrameSample] | None = []
        self._box: Rectangle | None = None

    def add(self, sample: FrameSample) -> None:
        if self._first is None:
            self._add(sample)
        else:
            self._first.append(sample)
            if len(self._first) == FRAMES_FOR_BOX:
                self._begin()

    def _begin(self) -> None:
        """Enough samples have come to know what to compare of them."""
        first, self._first = self._first or [], None
        self._box = common_box([each.grey for each in first])
        for sample in first:
            self._add(sample)

    def _add(self, sample: FrameSample) -> None:
        pixels = sample.grey
        if self._box is not None:
            left, top, right, bottom = self._box
            pixels = pixels[top:bottom, left:right]
        block = slowest(pixels)
        if _contrast(block) < LEAST_CONTRAST or _detail(block) < LEAST_DETAIL:
            self._open = False
            return
        code = int.from_bytes(phash.hash_bits(block[None]).tobytes(), "big")
        if self._open and sample.joined:
            last = self.moments[-1]
            if (code ^ self._code).bit_count() <= NEW_BITS:
                last.to_ms = sample.at_ms + self._gap_ms
                return
            last.to_ms = min(last.to_ms, sample.at_ms)
        self._start(sample, code)

    def _start(self, sample: FrameSample, code: int) -> None:
        reduced = Reduced(Image.fromarray(sample.grey))
        large = reduced.square(64, reduced.whole)
        measured = phash.quality(np.asarray(large))
        full = whole_view(FULL, large)
        self._open = measured >= LEAST_QUALITY and says_enough(full.confirm)
        if self._open:
            self._code = code
            self.moments.append(Moment(sample.at_ms, sample.at_ms + self._gap_ms, sample.grey, large, full, measured))
            if len(self.moments) > MOST_KEPT:
                self.moments = thin(self.moments, MAX_MOMENTS)

    def finish(self) -> list[Moment]:
        """The moments, MOST_MOMENTS at most."""
        if self._first is not None:
            self._begin()
        return thin(self.moments, MAX_MOMENTS)


def _contrast(block: NDArray[np.float64]) -> float:
    """Of a block of `slowest` frequencies: about the root mean square of what they show, in levels."""
    squares = float(np.square(block).sum() - block[0, 0] ** 2)
    return float(np.sqrt(2 * squares))


def _detail(block: NDArray[np.float64]) -> float:
    """Of such a block: how large most of its frequencies are at least, in levels."""
    sizes = np.abs(block.ravel()[1:])
    sizes.sort()  # of so few, five times as fast as np.median
    return float(sizes[len(sizes) // 2])


@lru_cache(maxsize=64)
def _cosines(length: int) -> NDArray[np.float32]:
    """NEAR × length: means of the slowest cosines over each pixel, weighed as in phash.py."""
    edges = np.arange(length + 1) / length
    order = np.arange(1, NEAR)[:, None]
    integrals = np.sin(np.pi * order * edges) / (np.pi * order)
    return np.vstack([np.full((1, length), 1 / length), np.diff(integrals, axis=1)]).astype(np.float32)


def slowest(pixels: Pixels) -> NDArray[np.float64]:
    """The slowest NEAR × NEAR cosines of a picture, straight from its pixels; cheap, and for comparing frames only.

    Their hash is within a few bits of the picture's, which is resized before.
    """
    rows, columns = _cosines(pixels.shape[0]), _cosines(pixels.shape[1])
    return np.asarray((rows @ pixels.astype(np.float32) @ columns.T).astype(np.float64).round(3))


def thin(moments: list[Moment], most: int) -> list[Moment]:
    """At most so many moments: of all, those go first without which the least time is missing between two others.

    Where that is, depends on what is shown and not on where the video begins, so that of two copies, one of them a
    clip, the same moments stay.
    """
    kept = list(moments)
    if len(kept) <= most:
        return kept
    missing = [_missing(kept, number) for number in range(len(kept))]
    while len(kept) > most:
        number = int(np.argmin(missing))
        del kept[number], missing[number]
        for beside in (number - 1, number):
            if 0 <= beside < len(kept):
                missing[beside] = _missing(kept, beside)
    return kept


def _missing(moments: Sequence[Moment], number: int) -> float:
    """How long nothing would be shown if this moment were not there; the first and the last stay."""
    if number in (0, len(moments) - 1):
        return float("inf")
    return moments[number + 1].from_ms - moments[number - 1].to_ms


def common_box(pictures: Sequence[Pixels]) -> Rectangle | None:
    """What the borders that all pictures have in common leave of them, in pixels; None if there are none.

    Dark and nearly uniform pictures have no borders to tell, and those of another size than the first are passed over.
    """
    telling = [each for each in pictures if _contrast(slowest(each)) >= LEAST_CONTRAST]
    same = [each for each in telling if each.shape == telling[0].shape]
    return trim_all(np.stack(same[:: -(-len(same) // FRAMES_FOR_BOX)])) if same else None


def pack_moments(moments: Sequence[Moment]) -> NDArray[np.void]:
    """The FRAME entries of the views of all moments."""
    box = common_box([each.grey for each in moments])
    found = [_frame_entries(each, box) for each in moments]
    return np.concatenate(found) if found else np.zeros(0, FRAME_ENTRY)


def _frame_entries(moment: Moment, box: Rectangle | None) -> NDArray[np.void]:
    views = [moment.full]
    reduced = Reduced(Image.fromarray(moment.grey))
    if box is not None and apart(box, reduced.whole, reduced.whole):
        trimmed = whole_view(TRIMMED, reduced.square(64, box))
        if says_enough(trimmed.confirm):
            views.append(trimmed)
    blocks = box_frequencies(np.asarray(moment.large), _BAR_BOXES)
    for code, block in zip(BARS, blocks, strict=True):
        if says_enough(block):
            views.append(ViewFrequencies(code, False, block[:NEAR, :NEAR], block))
    made = view_entries(views)
    canonical = made["turn"] & CANONICAL > 0
    whole = np.isin(made["view"], (FULL, TRIMMED))
    made = made[canonical | (whole & (made["turn"] & EXTRA_UPRIGHT == 0))]
    packed = np.zeros(len(made), FRAME_ENTRY)
    for field in ("view", "turn", "near", "confirm"):
        packed[field] = made[field]
    packed["quality"] = round(moment.quality * 255)
    packed["from_ms"], packed["to_ms"] = moment.from_ms, moment.to_ms
    return packed

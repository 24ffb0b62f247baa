"""From the sampled frames of a video to its moments: which frames are kept, and their hashes.

A video is a path through the space of hashes, and its moments are an ε-net of that path. A frame whose hash differs by
more than a few bits from that of the moment before starts a new moment; other frames extend that moment. So every
sampled frame is within a few bits of a moment, and two encodings of one video match wherever both were sampled.
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
from streams.domain.fingerprint.image.canonical import HASH64_SIDE, ViewFrequencies, has_contrast, view_entries
from streams.domain.fingerprint.image.dct import box_frequencies
from streams.domain.fingerprint.image.inner.borders import Pixels, Rectangle
from streams.domain.fingerprint.image.luminance import OnGround
from streams.domain.fingerprint.image.reduced import ReducedPicture, is_other_rectangle
from streams.domain.fingerprint.image.views import derived_views, whole_view
from streams.domain.fingerprint.video.decoder import FrameSample
from streams.domain.fingerprint.video.inside import Inside, common_inside
from streams.domain.hashes.frames import FRAME_ENTRY, MAX_MOMENTS, WHOLE_FRAME_VIEWS
from streams.domain.hashes.packing import CANONICAL, EXTRA_UPRIGHT
from streams.domain.hashes.views import FRAMED, FULL, TRIMMED, VIEW_CODES, VIEWS

MAX_MOMENT_BITS: Final = 6
"""A frame that differs by more bits starts a new moment."""

MIN_QUALITY: Final = 0.01
"""A frame of lower quality is black or nearly uniform, as between scenes. Many videos share such frames."""

MIN_CONTRAST: Final = 2.5
"""Root mean square of a frame's low frequencies about its mean, in grey levels. A frame with less is nearly uniform."""

MIN_DETAIL: Final = 0.1
"""Median of those frequencies, in grey levels. Below, coding noise decides more than half of the hash, as of a wall in
even light: two encodings of the frame differ. One photo in a hundred has less."""

MAX_COLLECTED: Final = MAX_MOMENTS + MAX_MOMENTS // 2
"""Moments that are collected before they are thinned out to MAX_MOMENTS."""

BORDER_FRAMES: Final = 64
"""Frames, the first ones, from which the borders are found inside which frames are compared."""

BARS: Final = (VIEW_CODES["top_85"], VIEW_CODES["bottom_85"])
MIDDLES: Final = (VIEW_CODES["centre_60"], VIEW_CODES["centre_70"])
_BAR_BOXES: Final = tuple(VIEWS[code].box for code in BARS)
_MIDDLE_BOXES: Final = tuple(VIEWS[code].box for code in MIDDLES)


@dataclass(slots=True)
class Moment:
    """A stretch of a video in which all sampled frames look nearly the same.

    Attributes:
        from_ms: when its first frame is shown.
        to_ms: when the stretch ends.
        grey: its first frame.
        large: that frame as a square of 64 × 64.
        full: the frequencies of that frame.
        quality: of that frame.
    """

    from_ms: int
    to_ms: int
    grey: Pixels
    large: Pixels
    full: ViewFrequencies
    quality: float


class MomentCollector:
    """Takes the sampled frames of a video in the order of their times and collects its moments.

    Frames are compared inside the borders that the first frames share, if there are any: between wide borders, much can
    move without changing the hash of the whole frame.

    Args:
        gap_ms: the time between two samples where they are dense; a sample lasts that long.
    """

    def __init__(self, gap_ms: int) -> None:
        self.moments: list[Moment] = []
        self._gap_ms = gap_ms
        self._hash64 = 0
        self._open = False
        self._first_samples: list[FrameSample] | None = []
        self._inside: Rectangle | None = None

    def add(self, sample: FrameSample) -> None:
        """Take the next frame. The first BORDER_FRAMES frames are held back until the borders are known."""
        if self._first_samples is None:
            self._add(sample)
        else:
            self._first_samples.append(sample)
            if len(self._first_samples) == BORDER_FRAMES:
                self._find_borders()

    def _find_borders(self) -> None:
        first_samples, self._first_samples = self._first_samples or [], None
        self._inside = inside_of([sample.grey for sample in first_samples]).innermost
        for sample in first_samples:
            self._add(sample)

    def _add(self, sample: FrameSample) -> None:
        pixels = sample.grey
        if self._inside is not None:
            left, top, right, bottom = self._inside
            pixels = pixels[top:bottom, left:right]
        block = quick_frequencies(pixels)
        if _contrast(block) < MIN_CONTRAST or _detail(block) < MIN_DETAIL:
            self._open = False
            return
        hash64 = int.from_bytes(phash.hash_bytes(block[None]).tobytes(), "big")
        if self._open and sample.joined:
            last = self.moments[-1]
            if (hash64 ^ self._hash64).bit_count() <= MAX_MOMENT_BITS:
                last.to_ms = sample.at_ms + self._gap_ms
                return
            last.to_ms = min(last.to_ms, sample.at_ms)
        self._start_moment(sample, hash64)

    def _start_moment(self, sample: FrameSample, hash64: int) -> None:
        """Start a moment with this frame, unless the frame has too little structure."""
        reduced = ReducedPicture(OnGround(Image.fromarray(sample.grey)))
        large = reduced.square(reduced.whole)
        quality = phash.quality(large)
        full = whole_view(FULL, large)
        self._open = quality >= MIN_QUALITY and has_contrast(full.for_hash256[0])
        if self._open:
            self._hash64 = hash64
            self.moments.append(Moment(sample.at_ms, sample.at_ms + self._gap_ms, sample.grey, large, full, quality))
            if len(self.moments) > MAX_COLLECTED:
                self.moments = thin_out(self.moments, MAX_MOMENTS)

    def finish(self) -> list[Moment]:
        """The moments, at most MAX_MOMENTS."""
        if self._first_samples is not None:
            self._find_borders()
        return thin_out(self.moments, MAX_MOMENTS)


def _contrast(block: NDArray[np.float64]) -> float:
    """About the root mean square, in grey levels, of what `quick_frequencies` show."""
    squares = float(np.square(block).sum() - block[0, 0] ** 2)
    return float(np.sqrt(2 * squares))


def _detail(block: NDArray[np.float64]) -> float:
    """The median size of `quick_frequencies`, in grey levels."""
    sizes = np.abs(block.ravel()[1:])
    sizes.sort()  # for so few numbers five times as fast as np.median
    return float(sizes[len(sizes) // 2])


@lru_cache(maxsize=64)
def _cosines(length: int) -> NDArray[np.float32]:
    """HASH64_SIDE × length: the means of the lowest cosines over each pixel, weighted as in phash.py."""
    edges = np.arange(length + 1) / length
    order = np.arange(1, HASH64_SIDE)[:, None]
    integrals = np.sin(np.pi * order * edges) / (np.pi * order)
    return np.vstack([np.full((1, length), 1 / length), np.diff(integrals, axis=1)]).astype(np.float32)


def quick_frequencies(pixels: Pixels) -> NDArray[np.float64]:
    """The lowest HASH64_SIDE × HASH64_SIDE frequencies, straight from the pixels: cheap, for comparing frames only.

    Their hash is within a few bits of the frame's hash64, for which the frame is resized first.
    """
    rows, columns = _cosines(pixels.shape[0]), _cosines(pixels.shape[1])
    return np.asarray((rows @ pixels.astype(np.float32) @ columns.T).astype(np.float64).round(3))


def thin_out(moments: list[Moment], limit: int) -> list[Moment]:
    """At most `limit` moments. Removes first the moment that leaves the shortest gap between its neighbours.

    The gaps depend on the scenes, and not on where the video begins. So of two copies, one of them a clip, the same
    moments stay.
    """
    kept = list(moments)
    if len(kept) <= limit:
        return kept
    gaps_ms = [_gap_without_ms(kept, number) for number in range(len(kept))]
    while len(kept) > limit:
        number = int(np.argmin(gaps_ms))
        del kept[number], gaps_ms[number]
        for neighbour in (number - 1, number):
            if 0 <= neighbour < len(kept):
                gaps_ms[neighbour] = _gap_without_ms(kept, neighbour)
    return kept


def _gap_without_ms(moments: Sequence[Moment], number: int) -> float:
    """The gap between the neighbours of a moment; infinite for the first and the last, which always stay."""
    if number in (0, len(moments) - 1):
        return float("inf")
    return moments[number + 1].from_ms - moments[number - 1].to_ms


def inside_of(pictures: Sequence[Pixels]) -> Inside:
    """What the frames show inside a border or a blurred fill. Dark and nearly uniform frames do not count."""
    return common_inside([picture for picture in pictures if _contrast(quick_frequencies(picture)) >= MIN_CONTRAST])


def frame_entries(moments: Sequence[Moment]) -> NDArray[np.void]:
    """The entries (`streams.domain.hashes.frames.FRAME_ENTRY`) of the views of all moments."""
    inside = inside_of([moment.grey for moment in moments])
    entries = [_moment_entries(moment, inside) for moment in moments]
    return np.concatenate(entries) if entries else np.zeros(0, FRAME_ENTRY)


def inner_pictures(reduced: ReducedPicture, inside: Inside) -> list[tuple[int, Rectangle]]:
    """The pictures inside a border and a blurred fill, by view code, if they differ; the innermost last."""
    inner: list[tuple[int, Rectangle]] = []
    known: list[tuple[float, float, float, float]] = [reduced.whole]
    for code, part in ((TRIMMED, inside.borders), (FRAMED, inside.fill)):
        if part and all(is_other_rectangle(part, other, reduced.whole) for other in known):
            inner.append((code, part))
            known.append(part)
    return inner


def _moment_entries(moment: Moment, inside: Inside) -> NDArray[np.void]:
    views, innermost = [moment.full], moment.large
    reduced = ReducedPicture(OnGround(Image.fromarray(moment.grey)))
    for code, part in inner_pictures(reduced, inside):
        innermost = reduced.square(part)
        views.append(whole_view(code, innermost))
    views.append(derived_views(BARS, box_frequencies(moment.large, _BAR_BOXES)))
    views.append(derived_views(MIDDLES, box_frequencies(innermost, _MIDDLE_BOXES)))
    entries = view_entries(views)
    canonical = entries["orientation"] & CANONICAL > 0
    whole = np.isin(entries["view"], WHOLE_FRAME_VIEWS)
    entries = entries[canonical | (whole & (entries["orientation"] & EXTRA_UPRIGHT == 0))]
    packed = np.zeros(len(entries), FRAME_ENTRY)
    for field in ("view", "orientation", "hash64", "hash256"):
        packed[field] = entries[field]
    packed["quality"] = round(moment.quality * 255)
    packed["from_ms"], packed["to_ms"] = moment.from_ms, moment.to_ms
    return packed

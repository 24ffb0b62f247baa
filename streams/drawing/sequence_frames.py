"""Decodes single frames of an animation, or pages of a TIFF, in colour, for drawings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import count

from PIL import Image

from streams.domain.fingerprint.sequence.animation import frame_ms
from streams.domain.fingerprint.sequence.pages import PAGE_MS, PageFile, tiff_pages
from streams.drawing.pictures import DECODER_ERRORS, as_shown
from streams.errors import BadInput
from streams.services.media_files import VideoFile


def sequence_frames_at(
    video: VideoFile, times_s: Sequence[float], max_size: tuple[int, int]
) -> list[Image.Image | None]:
    """Upright frames in RGB at these times; None for a frame that cannot be decoded.

    Args:
        video: an animation or a TIFF that was read before.
        times_s: seconds from the first frame, in ascending order.
        max_size: width and height in pixels that a frame is scaled down to fit.
    """
    find = _pages_at if video.facts.format == "tiff" else _frames_at
    found: list[Image.Image | None] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for frame in find(video.path.read_bytes(), video.facts.format, times_s):
                shown = as_shown(frame, max_size)
                shown.thumbnail(max_size)
                found.append(shown)
    except (*DECODER_ERRORS, EOFError, BadInput):  # the file has changed since it was read, or is broken from here on
        pass
    return found + [None] * (len(times_s) - len(found))


def _frames_at(data: bytes, form: str, times_s: Sequence[float]) -> Iterator[Image.Image]:
    """Frames are decoded in order, since each is drawn over those before it."""
    with Image.open(BytesIO(data), formats=[form]) as image:
        ends_ms, numbers = 0.0, count(int(bool(getattr(image, "default_image", False))))
        for at_s in times_s:
            while ends_ms <= 1000 * at_s:
                image.seek(next(numbers))
                image.load()
                ends_ms += frame_ms(image.info.get("duration"))
            yield image.copy()


def _pages_at(data: bytes, form: str, times_s: Sequence[float]) -> Iterator[Image.Image]:
    pages = tiff_pages(data)
    for at_s in times_s if pages else ():
        page = pages[min(int(1000 * at_s // PAGE_MS), len(pages) - 1)]
        with Image.open(PageFile(data, page.directory), formats=[form]) as image:
            yield image

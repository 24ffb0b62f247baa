"""Makes the preview, the strip of a video, and the view of a model from the pixels decoded for a fingerprint.

So they never hold a fingerprint up, and what decides is the same with and without them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from streams.domain.fingerprint.image.codecs.turbojpeg import JpegPlanes
from streams.domain.fingerprint.image.luminance import WHITE
from streams.domain.fingerprint.model_view import ModelView, fitted_view
from streams.domain.fingerprint.thumbnails.frames import FrameKeeper
from streams.domain.fingerprint.thumbnails.preview import preview_file
from streams.domain.fingerprint.thumbnails.scaling import fitted, reduced, reduced_planes, resized
from streams.domain.fingerprint.thumbnails.sizes import PREVIEW, STRIP, STRIP_SIDE
from streams.domain.fingerprint.thumbnails.webp import encode_webp

VIEW_GAP: Final = 2
"""A picture is first reduced in blocks, which is coarse, to no less than so many times the pixels of the model."""

MAX_VIEW_SIDE: Final = 8_192
"""Pixels of the longer side for a model, of a picture that is many times as long as it is wide."""


@dataclass(slots=True)
class _Picture:
    image: Image.Image | JpegPlanes
    transposition: Image.Transpose | None
    ground: int


class ThumbnailMaker:
    """Makes the files of one medium.

    Attributes:
        frames: chooses frames while a video is decoded.
    """

    def __init__(self) -> None:
        self.frames = FrameKeeper()
        self._picture: _Picture | None = None

    def take_picture(
        self, image: Image.Image | JpegPlanes, transposition: Image.Transpose | None = None, ground: int = WHITE
    ) -> None:
        """Take the decoded picture; it is only read. The arguments are those of `preview_file`."""
        self._picture = _Picture(image, transposition, ground)

    def show(self, view: ModelView) -> None:
        """Fill the view of a model in, from the picture, or from the poster of a video; call it before `make`.

        The view stays empty if nothing was taken, or nothing could be made.
        """
        with contextlib.suppress(Exception):
            self._show(view)

    def _show(self, view: ModelView) -> None:
        picture, poster = self._picture, self.frames.poster
        if picture is not None:
            longest, shortest = max(picture.image.size), min(picture.image.size)
            side = longest * VIEW_GAP * max(view.size.width, view.size.height) // shortest
            side = min(side, MAX_VIEW_SIDE)
            if isinstance(picture.image, JpegPlanes):
                shown = reduced_planes(picture.image, side).convert("RGB")
            else:
                shown = reduced(picture.image, side, picture.ground).convert("RGB")
            if picture.transposition is not None:
                shown = shown.transpose(picture.transposition)
            view.fill(fitted_view(shown, view.size).tobytes(), 0)
        elif poster is not None:
            view.fill(fitted_view(poster.convert("RGB"), view.size).tobytes(), self.frames.poster_ms)

    def make(self) -> dict[str, bytes]:
        """The preview, and the strip of a video, by file name. The pixels are given up.

        None if nothing was taken, or nothing could be made: such a medium has a fingerprint all the same.
        """
        try:
            return self._make()
        except Exception:
            return {}

    def _make(self) -> dict[str, bytes]:
        picture, self._picture = self._picture, None
        if picture is not None:
            return {PREVIEW: preview_file(picture.image, picture.transposition, picture.ground)}
        frames, self.frames = self.frames, FrameKeeper()
        if frames.poster is None:
            return {}
        return {PREVIEW: preview_file(frames.poster), f"{STRIP}.webp": _strip_of(frames.spread())}


def _strip_of(frames: Sequence[Image.Image]) -> bytes:
    """Frames side by side, in the size of the first."""
    width, height = size = fitted(frames[0].size, STRIP_SIDE)
    strip = Image.new("RGB", (width * len(frames), height))
    for number, frame in enumerate(frames):
        strip.paste(resized(frame, size).convert("RGB"), (width * number, 0))
    return encode_webp(strip, strip.size)

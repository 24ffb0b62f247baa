"""Takes what is decoded for a fingerprint, and makes its preview, and the strip of a video, once the facts are known.

So they never hold a fingerprint up, and a fingerprint is the same with and without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from streams.domain.fingerprint.image.codecs.turbojpeg import JpegPlanes
from streams.domain.fingerprint.image.luminance import WHITE
from streams.domain.fingerprint.thumbnails.frames import FrameKeeper
from streams.domain.fingerprint.thumbnails.preview import preview_file
from streams.domain.fingerprint.thumbnails.scaling import fitted, resized
from streams.domain.fingerprint.thumbnails.sizes import PREVIEW, STRIP, STRIP_SIDE
from streams.domain.fingerprint.thumbnails.webp import encode_webp


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

    def make(self) -> dict[str, bytes]:
        """The preview, and the strip of a video, by file name. What was taken is given up.

        None if nothing was taken, or nothing can be made of it: such a medium has a fingerprint all the same.
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

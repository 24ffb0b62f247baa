"""Takes what is decoded for a fingerprint, and makes the thumbnails of it once the facts are known.

So thumbnails never hold a fingerprint up, and a fingerprint is the same with and without them.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from streams.domain.fingerprint.image.luminance import WHITE
from streams.domain.fingerprint.thumbnails.encode import fitted, resized, strip_file, thumbnail_files
from streams.domain.fingerprint.thumbnails.frames import FrameKeeper
from streams.domain.fingerprint.thumbnails.sizes import STRIP, STRIP_SIDE


@dataclass(slots=True)
class _Picture:
    image: Image.Image
    transposition: Image.Transpose | None
    ground: int


class ThumbnailMaker:
    """Makes the thumbnails of one medium.

    Attributes:
        frames: chooses frames while a video is decoded.
    """

    def __init__(self) -> None:
        self.frames = FrameKeeper()
        self._picture: _Picture | None = None

    def take_picture(
        self, image: Image.Image, transposition: Image.Transpose | None = None, ground: int = WHITE
    ) -> None:
        """Take the decoded picture; it is only read. The arguments are those of `thumbnail_files`."""
        self._picture = _Picture(image, transposition, ground)

    def make(self) -> dict[str, bytes]:
        """The thumbnails, by file name. What was taken is given up.

        None if nothing was taken, or nothing can be made of it: such a medium has a fingerprint all the same.
        """
        try:
            return self._make()
        except Exception:
            return {}

    def _make(self) -> dict[str, bytes]:
        picture, self._picture = self._picture, None
        if picture is not None:
            return thumbnail_files(picture.image, picture.transposition, picture.ground)
        frames, self.frames = self.frames, FrameKeeper()
        if frames.poster is None:
            return {}
        files = thumbnail_files(frames.poster)
        shown = frames.spread()
        size = fitted(shown[0].size, STRIP_SIDE)
        files[f"{STRIP}.webp"] = strip_file([resized(frame, size) for frame in shown])
        return files

"""What a model sees of a medium: its picture or poster, in the size that the model takes. No decode of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from PIL import Image

Fit = Literal["stretch", "crop"]
CHANNELS: Final = 3


@dataclass(frozen=True, slots=True)
class ViewSize:
    """The input of a model, in pixels.

    Attributes:
        width, height: of the input.
        fit: `stretch` squeezes the whole picture into it; `crop` keeps the shape and leaves out what juts over.
    """

    width: int
    height: int
    fit: Fit = "stretch"

    @property
    def size_bytes(self) -> int:
        return self.width * self.height * CHANNELS


@dataclass(slots=True)
class ModelView:
    """Asks for the view of one medium; the decoder fills it in.

    Attributes:
        size: what is asked for.
        pixels: height × width × 3 bytes in RGB; empty until it is filled in, and if nothing could be seen.
        at_ms: when a video shows it; 0 of a picture.
    """

    size: ViewSize
    pixels: bytes = b""
    at_ms: int = 0

    def fill(self, pixels: bytes, at_ms: int) -> None:
        """Take the pixels, if they are as many as asked for; a decoder may have been taken over by its file."""
        if len(pixels) == self.size.size_bytes and 0 <= at_ms < 1 << 32:
            self.pixels, self.at_ms = pixels, at_ms


def fitted_view(picture: Image.Image, size: ViewSize) -> Image.Image:
    """An upright picture in mode RGB, in the size of a view."""
    width, height = picture.size
    shown = float(width), float(height)
    if size.fit == "crop":
        scale = min(width / size.width, height / size.height)
        shown = size.width * scale, size.height * scale
    left, top = (width - shown[0]) / 2, (height - shown[1]) / 2
    # the box, so that nothing is scaled that is not shown: a picture may be a thousand times as wide as it is high
    box = left, top, min(float(width), left + shown[0]), min(float(height), top + shown[1])
    return picture.resize((size.width, size.height), Image.Resampling.BILINEAR, box)

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
    """Asks for the view of one medium; whoever decodes fills it in.

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
    wanted = size.width, size.height
    if size.fit == "stretch":
        return scaled_and_cut(picture, wanted, wanted)
    width, height = picture.size
    factor = max(size.width / width, size.height / height)
    scaled = max(size.width, round(width * factor)), max(size.height, round(height * factor))
    return scaled_and_cut(picture, scaled, wanted)


def scaled_and_cut(picture: Image.Image, scaled: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    """The centre of a picture that is scaled before.

    Args:
        picture: in mode RGB.
        scaled: width and height that it is scaled to.
        size: width and height of what is cut out of its middle.
    """
    large = picture.resize(scaled, Image.Resampling.BILINEAR)
    left, top = (scaled[0] - size[0]) // 2, (scaled[1] - size[1]) // 2
    return large.crop((left, top, left + size[0], top + size[1]))

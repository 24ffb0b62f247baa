"""Stickers, logos and icons on transparency, and what people make of them."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tests.support.media import photo

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
RED: Colour = (200, 30, 40)
TEAL: Colour = (0, 120, 110)
GREY: Colour = (128, 128, 128)


def logo(colour: Colour, number: int = 0, size: tuple[int, int] = (400, 300)) -> Image.Image:
    """One of three logos of one colour, on transparency."""
    image = Image.new("RGBA", size)
    pen = ImageDraw.Draw(image)
    if number == 0:
        pen.ellipse((60, 60, 180, 270), fill=colour)
        pen.rectangle((220, 40, 350, 110), fill=colour)
        pen.polygon([(220, 270), (290, 140), (360, 270)], fill=colour)
    elif number == 1:
        pen.polygon([(200, 20), (90, 180), (310, 180)], fill=colour)
        pen.rectangle((40, 210, 360, 250), fill=colour)
        pen.rectangle((40, 262, 250, 280), fill=colour)
    else:
        for at in range(5):
            pen.ellipse((20 + 72 * at, 30 + 40 * (at % 2), 80 + 72 * at, 260 - 30 * at), fill=colour)
    return image


def sticker(name: str = "chelsea.png", size: tuple[int, int] = (360, 300)) -> Image.Image:
    """A photo that was cut out along a soft edge."""
    image, alpha = photo(name, size).convert("RGBA"), Image.new("L", size)
    pen = ImageDraw.Draw(alpha)
    pen.ellipse((30, 20, 330, 280), fill=255)
    pen.polygon([(0, 150), (60, 40), (120, 200)], fill=255)
    image.putalpha(alpha.filter(ImageFilter.GaussianBlur(1)))
    return image


def flattened(image: Image.Image, colour: Colour) -> Image.Image:
    """The picture on a ground."""
    ground = Image.new("RGBA", image.size, colour)
    ground.alpha_composite(image)
    return ground.convert("RGB")


def two_faced(on_white: Image.Image, on_black: Image.Image) -> Image.Image:
    """A picture in mode LA that shows one thing on white and another on black, both dimmed."""
    bright = np.asarray(on_white.convert("L"), float) / 255 * 110 + 145
    dark = np.asarray(on_black.convert("L"), float) / 255 * 110
    alpha = 255 - (bright - dark)
    levels = np.divide(dark * 255, alpha, out=np.zeros_like(dark), where=alpha > 0)
    bands = [Image.fromarray(band.clip(0, 255).round().astype(np.uint8)) for band in (levels, alpha)]
    return Image.merge("LA", bands)

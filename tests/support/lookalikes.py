"""Drawn pictures that hashes take for each other: shirts of one cut in one light, and a picture with a caption."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WALL, SHIRT = 205, 70


def shirt(fabric: int) -> Image.Image:
    """A dark shirt on a light wall, 400 x 500. Shirts differ in their fabric and in its folds."""
    outline = Image.new("L", (400, 500), 0)
    pen = ImageDraw.Draw(outline)
    pen.polygon(((70, 40), (330, 40), (390, 160), (330, 190), (315, 470), (85, 470), (70, 190), (10, 160)), 255)
    pen.ellipse((150, 5, 250, 75), 0)
    rng = np.random.default_rng(fabric)
    folds = Image.fromarray(rng.integers(0, 256, (25, 20), np.uint8)).resize((400, 500), Image.Resampling.BICUBIC)
    light = np.linspace(25, -25, 500)[:, None] + np.linspace(-15, 15, 400)[None]
    fabric_levels = SHIRT + light + (np.asarray(folds, float) - 128) / 4 + rng.normal(0, 6, (500, 400))
    wall_levels = WALL + light
    shape = np.asarray(outline.filter(ImageFilter.GaussianBlur(1)), float) / 255
    levels = shape * fabric_levels + (1 - shape) * wall_levels
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8)).convert("RGB")


def captioned(picture: Image.Image, words: str = "WHEN THE PARTY IS OVER") -> Image.Image:
    """The picture with a caption on a white strip over its lowest eighth."""
    drawn = picture.convert("RGB")
    pen, top = ImageDraw.Draw(drawn), drawn.height * 7 // 8
    pen.rectangle((0, top, drawn.width, drawn.height), (255, 255, 255))
    middle = drawn.width / 2, (top + drawn.height) / 2
    pen.text(middle, words, (0, 0, 0), ImageFont.load_default(drawn.height // 12), anchor="mm")
    return drawn

"""Memes of one template with other words: a photo with a line above and below, and four panels."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from tests.bench.lookalikes.drawing import BLACK, WHITE, Member, canvas, font, text_width, words, write
from tests.support.media import photo

SIDE = 640
PANEL = SIDE // 2


def draw_photo(member: Member) -> Image.Image:
    """One photo with outlined words across its top and bottom."""
    own = member.own()
    image = photo("astronaut.png", (SIDE, SIDE))
    pen = ImageDraw.Draw(image)
    for y, anchor in ((20, "ma"), (SIDE - 20, "md")):
        text = words(own, int(own.integers(2, 6))).upper()
        size = min(64, int(64 * 600 / text_width(text, 64)))
        pen.text((SIDE / 2, y), text, WHITE, font(size), anchor=anchor, stroke_width=3, stroke_fill=BLACK)
    return image


def draw_panels(member: Member) -> Image.Image:
    """Two photos on the left and two panels of words on the right."""
    own = member.own()
    image, pen = canvas(SIDE, SIDE)
    for row, name in enumerate(("chelsea.png", "rocket.jpg")):
        image.paste(photo(name, (PANEL, PANEL)), (0, row * PANEL))
        _write_panel(pen, own, PANEL + PANEL / 2, row * PANEL + PANEL / 2)
    pen.line((PANEL, 0, PANEL, SIDE), BLACK, 4)
    pen.line((0, PANEL, SIDE, PANEL), BLACK, 4)
    return image


def _write_panel(pen: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, y: float) -> None:
    lines = int(rng.integers(2, 5))
    for number in range(lines):
        at = (x, y + (number - (lines - 1) / 2) * 44)
        write(pen, at, words(rng, int(rng.integers(1, 4))), 28, BLACK, anchor="mm")

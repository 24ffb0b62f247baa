"""One product on white in variants of colour and pattern, with the light and shadow of a studio."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tests.bench.lookalikes.drawing import Colour, Member, canvas

SIDE = 640
SHIRT = [
    (230, 110), (280, 140), (360, 140), (410, 110), (560, 200), (510, 300), (450, 265), (450, 560), (190, 560),
    (190, 265), (130, 300), (80, 200),
]  # fmt: skip
COLOURS: tuple[Colour, ...] = (
    (190, 40, 50),
    (40, 70, 150),
    (45, 120, 70),
    (230, 190, 60),
    (60, 60, 65),
    (235, 232, 225),
    (225, 140, 170),
    (120, 85, 60),
)
PATTERNS = 6


def draw(member: Member) -> Image.Image:
    ground, figure, pattern = member.combination(len(COLOURS), len(COLOURS) - 1, PATTERNS)
    other = COLOURS[(ground + 1 + figure) % len(COLOURS)]
    cloth, pen = canvas(SIDE, SIDE, COLOURS[ground])
    _draw_pattern(pen, pattern, other)
    mask = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(mask).polygon(SHIRT, fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(1.5))
    shadow = mask.filter(ImageFilter.GaussianBlur(14)).transform(
        (SIDE, SIDE), Image.Transform.AFFINE, (1, 0, -8, 0, 1, -14)
    )
    image = Image.new("RGB", (SIDE, SIDE), (252, 252, 252))
    image.paste((200, 200, 200), mask=shadow)
    image.paste(_shaded(cloth), mask=mask)
    return image


def _draw_pattern(pen: ImageDraw.ImageDraw, pattern: int, colour: Colour) -> None:
    if pattern == 0:  # a trim at the hem alone
        pen.rectangle((0, 525, SIDE, SIDE), fill=colour)
    elif pattern == 1:
        for y in range(0, SIDE, 48):
            pen.rectangle((0, y, SIDE, y + 20), fill=colour)
    elif pattern == 2:
        for x in range(0, SIDE, 48):
            pen.rectangle((x, 0, x + 20, SIDE), fill=colour)
    elif pattern == 3:
        for y in range(0, SIDE, 44):
            for x in range(y // 44 % 2 * 22, SIDE, 44):
                pen.ellipse((x, y, x + 20, y + 20), fill=colour)
    elif pattern == 4:
        for y in range(0, SIDE, 40):
            for x in range(y // 40 % 2 * 40, SIDE, 80):
                pen.rectangle((x, y, x + 39, y + 39), fill=colour)
    else:
        pen.ellipse((240, 240, 400, 400), fill=colour)


def _shaded(cloth: Image.Image) -> Image.Image:
    """Folds and light, the same on every variant."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    light = 0.92 + 0.08 * np.sin(9 * x + 2 * y) * np.sin(4 * y + 1) - 0.12 * np.abs(x - 0.45)
    return Image.fromarray(np.clip(np.asarray(cloth) * light[..., None], 0, 255).astype(np.uint8))

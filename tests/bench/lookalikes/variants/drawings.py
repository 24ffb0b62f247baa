"""Drawings that differ in colours, in one thing's place, or in how they are turned."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
from PIL import Image

from tests.bench.lookalikes.drawing import BLACK, WHITE, Member, canvas, write

NEAREST = Image.Resampling.NEAREST


def draw_sprite(member: Member) -> Image.Image:
    """A sprite of 16 × 16 pixels: one shape, other colours."""
    shared, own = member.shared(), member.own()
    half, colours = shared.integers(0, 4, (16, 8)), own.integers(30, 241, (4, 3))
    shape = np.concatenate([half, half[:, ::-1]], axis=1)
    return Image.fromarray(colours[shape].astype(np.uint8)).resize((192, 192), NEAREST)


def draw_board(member: Member) -> Image.Image:
    """A game: other men stand elsewhere."""
    own = member.own()
    image, pen = canvas(640, 640, (235, 215, 180))
    for row, column in np.ndindex(8, 8):
        if (row + column) % 2:
            pen.rectangle((80 * column, 80 * row, 80 * column + 79, 80 * row + 79), fill=(175, 135, 100))
    for number, place in enumerate(own.choice(64, 14, replace=False).tolist()):
        x, y, colour = place % 8 * 80 + 40, place // 8 * 80 + 40, BLACK if number % 2 else WHITE
        if number % 3:
            pen.ellipse((x - 26, y - 26, x + 26, y + 26), colour, BLACK, 2)
        else:
            pen.polygon((x - 26, y + 26, x + 26, y + 26, x, y - 28), colour, BLACK)
    return image


def draw_arrow(member: Member) -> Image.Image:
    """An arrow in a ring, every time in another direction."""
    image, pen = canvas(240, 240)
    angle = radians(360 * member.number / 40)
    across, down = cos(angle), sin(angle)
    pen.ellipse((14, 14, 226, 226), outline=BLACK, width=8)
    tip, tail = (120 + 80 * across, 120 + 80 * down), (120 - 80 * across, 120 - 80 * down)
    pen.line((*tail, *tip), BLACK, 14)
    for side in (-1, 1):
        turned = angle + side * radians(140)
        pen.line((*tip, tip[0] + 60 * cos(turned), tip[1] + 60 * sin(turned)), BLACK, 14)
    return image


def draw_code(member: Member) -> Image.Image:
    """A square code: modules are set by other data."""
    modules = member.own().integers(0, 2, (29, 29)) == 0
    for top, left in ((0, 0), (0, 22), (22, 0)):
        corner = modules[top : top + 7, left : left + 7]
        corner[:], corner[1:6, 1:6], corner[2:5, 2:5] = False, True, False
    pixels = np.pad(modules, 4, constant_values=True).astype(np.uint8) * 255
    return Image.fromarray(pixels).resize((370, 370), NEAREST)


def draw_clock(member: Member) -> Image.Image:
    image, pen = canvas(300, 300)
    own = member.own()
    pen.ellipse((15, 15, 285, 285), outline=BLACK, width=6)
    for hour in range(12):
        angle = radians(30 * hour)
        write(pen, (150 + 112 * sin(angle), 150 - 112 * cos(angle)), str(hour or 12), 22, anchor="mm")
    for length, width in ((60, 9), (95, 5)):
        angle = radians(float(own.integers(0, 360)))
        pen.line((150, 150, 150 + length * sin(angle), 150 - length * cos(angle)), BLACK, width)
    return image

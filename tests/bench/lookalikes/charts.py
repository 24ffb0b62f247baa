"""Line charts and bar charts of one style, of other values."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from tests.bench.lookalikes.drawing import GREY, PALE, Colour, Member, canvas, words, write

WIDTH, HEIGHT = 800, 500
LEFT, TOP, RIGHT, BOTTOM = 80, 70, 770, 430
COLOURS: tuple[Colour, ...] = ((31, 119, 180), (255, 127, 14), (44, 160, 44))
BARS = 12
POINTS = 24


def draw_lines(member: Member) -> Image.Image:
    """Three random walks."""
    own = member.own()
    image, pen = _axes(member)
    xs = np.linspace(LEFT, RIGHT, POINTS)
    for colour in COLOURS:
        walk = np.cumsum(own.normal(0, 1, POINTS))
        walk = (walk - walk.min()) / max(float(np.ptp(walk)), 1.0)
        low, high = np.sort(own.uniform(0.05, 0.95, 2))
        ys = BOTTOM - (low + walk * (high - low)) * (BOTTOM - TOP)
        pen.line([(float(x), float(y)) for x, y in zip(xs, ys, strict=True)], colour, 3, joint="curve")
    return image


def draw_bars(member: Member) -> Image.Image:
    """Twelve random bars."""
    own = member.own()
    image, pen = _axes(member)
    step = (RIGHT - LEFT) / BARS
    for number, share in enumerate(own.uniform(0.05, 0.95, BARS)):
        left = LEFT + number * step + step * 0.15
        pen.rectangle((left, BOTTOM - share * (BOTTOM - TOP), left + step * 0.7, BOTTOM), fill=COLOURS[0])
    return image


def _axes(member: Member) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    shared, own = member.shared(), member.own()
    image, pen = canvas(WIDTH, HEIGHT)
    write(pen, (WIDTH / 2, 24), words(own, 3).capitalize(), 22, anchor="ma")
    highest = int(own.integers(2, 20)) * 50
    for number in range(6):
        y = BOTTOM - number * (BOTTOM - TOP) / 5
        pen.line((LEFT, y, RIGHT, y), PALE)
        write(pen, (LEFT - 8, y), str(highest * number // 5), 14, GREY, anchor="rm")
    for number in range(BARS):
        x = LEFT + (number + 0.5) * (RIGHT - LEFT) / BARS
        write(pen, (x, BOTTOM + 8), "JFMAMJJASOND"[number], 14, GREY, anchor="ma")
    write(pen, (WIDTH / 2, BOTTOM + 36), words(shared, 2), 15, GREY, anchor="ma")
    pen.line((LEFT, TOP, LEFT, BOTTOM), GREY, 2)
    pen.line((LEFT, BOTTOM, RIGHT, BOTTOM), GREY, 2)
    return image, pen

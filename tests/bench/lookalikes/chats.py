"""Screenshots of one chat app: one head and foot, other messages."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from tests.bench.lookalikes.drawing import BLACK, GREY, NAMES, WHITE, Member, canvas, one_of, text_width, words, write

WIDTH, HEIGHT = 540, 1000
TEXT_SIZE, LINE_HEIGHT = 20, 26


def draw(member: Member) -> Image.Image:
    own = member.own()
    image, pen = canvas(WIDTH, HEIGHT, (236, 229, 221))
    y = 120
    while y < HEIGHT - 150:
        y += _draw_message(pen, own, y) + 14
    pen.rectangle((0, 0, WIDTH, 96), fill=(7, 94, 84))
    write(pen, (16, 10), f"{own.integers(0, 24)}:{own.integers(0, 60):02}", 16, WHITE)
    pen.rectangle((WIDTH - 50, 12, WIDTH - 18, 26), outline=WHITE, width=2)
    pen.ellipse((44, 40, 88, 84), fill=(200, 210, 210))
    write(pen, (104, 50), one_of(own, NAMES), 24, WHITE)
    pen.rectangle((0, HEIGHT - 76, WIDTH, HEIGHT), fill=(240, 240, 240))
    pen.rounded_rectangle((16, HEIGHT - 64, WIDTH - 84, HEIGHT - 14), 24, WHITE)
    write(pen, (40, HEIGHT - 50), "Message", TEXT_SIZE, GREY)
    pen.ellipse((WIDTH - 72, HEIGHT - 66, WIDTH - 20, HEIGHT - 14), fill=(7, 94, 84))
    return image


def _draw_message(pen: ImageDraw.ImageDraw, rng: np.random.Generator, y: int) -> int:
    """Draw a bubble at a height; returns its own height."""
    lines = [words(rng, int(rng.integers(1, 5))) for _ in range(int(rng.integers(1, 4)))]
    width = max(text_width(line, TEXT_SIZE) for line in lines) + 36
    height = len(lines) * LINE_HEIGHT + 22
    sent = bool(rng.integers(2))
    left = WIDTH - 16 - width if sent else 16
    pen.rounded_rectangle((left, y, left + width, y + height), 14, (220, 248, 198) if sent else WHITE)
    for number, line in enumerate(lines):
        write(pen, (left + 18, y + 10 + number * LINE_HEIGHT), line, TEXT_SIZE, BLACK)
    return height

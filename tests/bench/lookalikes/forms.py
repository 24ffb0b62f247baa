"""One form, filled in differently: the same 16 fields and eight boxes to tick."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.bench.lookalikes.drawing import CITIES, GREY, Member, canvas, date, digits, one_of, person, words, write

WIDTH, HEIGHT, MARGIN = 827, 1169, 70
INK = (20, 30, 110)
FIELDS = 16
TICKS = 8


def draw(member: Member) -> Image.Image:
    shared, own = member.shared(), member.own()
    image, pen = canvas(WIDTH, HEIGHT)
    write(pen, (MARGIN, 60), f"Form {digits(shared, 2)}: {words(shared, 3)}", 30)
    write(pen, (MARGIN, 104), "Please write clearly and in capitals.", 15, GREY)
    width = (WIDTH - 2 * MARGIN - 24) / 2
    for number in range(FIELDS):
        left, top = MARGIN + number % 2 * (width + 24), 150 + number // 2 * 82
        write(pen, (left, top), f"{number + 1}. {words(shared, 2).capitalize()}", 14)
        pen.rectangle((left, top + 20, left + width, top + 60), outline=GREY, width=2)
        write(pen, (left + 10, top + 29), _entry(own), 22, INK)
    ticked = member.combination(*[2] * TICKS)
    for number in range(TICKS):
        left, top = MARGIN + number % 4 * 170, 830 + number // 4 * 46
        pen.rectangle((left, top, left + 22, top + 22), outline=GREY, width=2)
        write(pen, (left + 32, top + 3), words(shared, 1), 15)
        if ticked[number]:
            pen.line((left + 3, top + 3, left + 19, top + 19), INK, 3)
            pen.line((left + 19, top + 3, left + 3, top + 19), INK, 3)
    pen.rectangle((MARGIN, 960, WIDTH - MARGIN, 1070), outline=GREY, width=2)
    write(pen, (MARGIN + 8, 966), "Signature", 14)
    xs = np.linspace(150, 150 + own.integers(180, 340), 60)
    waves = own.uniform(4, 18, 3)[:, None] * np.sin(
        own.uniform(0.02, 0.15, 3)[:, None] * xs + own.uniform(0, 6, (3, 1))
    )
    pen.line([(float(x), float(1020 + y)) for x, y in zip(xs, waves.sum(axis=0), strict=True)], INK, 3)
    return image


def _entry(rng: np.random.Generator) -> str:
    kind = int(rng.integers(5))
    if kind == 0:
        return person(rng).upper()
    if kind == 1:
        return date(rng)
    if kind == 2:
        return digits(rng, int(rng.integers(5, 12)))
    return one_of(rng, CITIES).upper() if kind == 3 else words(rng, 2).upper()

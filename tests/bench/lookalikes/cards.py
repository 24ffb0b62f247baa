"""Drawn things that are neither photos nor pages, and differ in words: tickets, cards, maps, sayings, spreadsheets."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tests.bench.lookalikes.drawing import (
    BLACK,
    WHITE,
    Colour,
    Member,
    canvas,
    date,
    digits,
    one_of,
    person,
    text_line,
    words,
    write,
)
from tests.support.media import photo

LAND: Colour = (242, 239, 233)
AREAS: tuple[Colour, ...] = ((200, 230, 190), (225, 220, 210), (170, 211, 223))
NAVY: Colour = (20, 40, 90)
HEADING: Colour = (68, 114, 196)
LINE: Colour = (200, 200, 200)


def _shade(size: tuple[int, int], start: Colour, end: Colour) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A ground that goes from one colour to another, from corner to corner."""
    width, height = size
    share = (np.arange(width)[None, :, None] / width + np.arange(height)[:, None, None] / height) / 2
    image = Image.fromarray((np.array(start) * (1 - share) + np.array(end) * share).astype(np.uint8))
    return image, ImageDraw.Draw(image)


def _colour(rng: np.random.Generator, low: int, high: int) -> Colour:
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


def draw_ticket(member: Member) -> Image.Image:
    shared, own = member.shared(), member.own()
    image, pen = _shade((900, 360), _colour(shared, 20, 120), _colour(shared, 60, 160))
    write(pen, (40, 30), words(own, 2).upper(), 40, WHITE)
    write(pen, (40, 110), f"{words(own, 2).title()}  {date(own)}  {own.integers(10, 24)}:{digits(own, 2)}", 24, WHITE)
    for number, name in enumerate(("ROW", "SEAT", "GATE")):
        write(pen, (40 + 150 * number, 190), name, 16, WHITE)
        write(pen, (40 + 150 * number, 214), str(own.integers(1, 100)), 36, WHITE)
    x = 640
    while x < 860:
        width = int(own.integers(2, 6))
        pen.rectangle((x, 60, x + width, 300), BLACK)
        x += width + int(own.integers(2, 6))
    return image


def draw_identity_card(member: Member) -> Image.Image:
    shared, own = member.shared(), member.own()
    image, pen = _shade((860, 540), _colour(shared, 170, 230), _colour(shared, 190, 250))
    image.paste(photo("astronaut.png", (220, 290)).convert("RGB"), (40, 140))
    write(pen, (40, 40), "IDENTITY CARD", 38, NAVY)
    entries = (person(own).upper(), words(own, 1).upper(), date(own), digits(own, 9))
    for number, (name, entry) in enumerate(zip(("Surname", "Name", "Born", "Number"), entries, strict=True)):
        write(pen, (300, 140 + 84 * number), name, 16, NAVY)
        write(pen, (300, 162 + 84 * number), entry, 32)
    return image


def draw_map(member: Member) -> Image.Image:
    shared, own = member.shared(), member.own()
    image, pen = canvas(800, 600, LAND)
    for _ in range(26):
        x, y, width, height = (int(shared.integers(*span)) for span in ((0, 800), (0, 600), (40, 160), (40, 120)))
        pen.rectangle((x, y, x + width, y + height), AREAS[int(shared.integers(3))])
    for number in range(22):
        one, other = int(shared.integers(800)), int(shared.integers(600))
        ends = ((one, 0), (one + other - 300, 600)) if number % 2 else ((0, other), (800, one * 3 // 4))
        pen.line(ends, WHITE, int(shared.integers(4, 11)))
    for _ in range(22):
        at = int(own.integers(700)), int(own.integers(570))
        write(pen, at, words(own, 2).title(), int(own.integers(12, 19)), (80, 80, 80))
    return image


def draw_saying(member: Member) -> Image.Image:
    names = ("coffee.png", "chelsea.png", "astronaut.png", "rocket.jpg")
    blurred = photo(names[member.seed % len(names)], (640, 480)).convert("RGB").filter(ImageFilter.GaussianBlur(14))
    image, own = blurred.point(lambda value: value // 2), member.own()
    pen = ImageDraw.Draw(image)
    for line in range(4):
        write(pen, (64, 140 + 44 * line), text_line(own, 500, 32), 32, WHITE)
    return image


def draw_spreadsheet(member: Member) -> Image.Image:
    shared, own = member.shared(), member.own()
    columns = int(shared.integers(6, 10))
    tinted, width = set(shared.permutation(columns)[:2].tolist()), 900 // columns
    image, pen = canvas(900, 640)
    for row in range(20):
        for column in range(columns):
            value = int(own.integers(0, 1000))
            colour = HEADING if row == 0 else WHITE
            if row and column in tinted:
                colour = (99 + value * 150 // 1000, 190 - value * 80 // 1000, 123 - value * 20 // 1000)
            left, top = column * width, row * 32
            pen.rectangle((left, top, left + width, top + 32), colour, LINE)
            text = one_of(own, ("Price", "Weight", "Count", "Total", "Stock")) if row == 0 else str(value)
            write(pen, (left + width - 8, top + 16), text, 15, BLACK if row else WHITE, anchor="rm")
    return image

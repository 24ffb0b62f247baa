"""Invoices of one firm: one letterhead and form, other customers, goods and amounts."""

from __future__ import annotations

from PIL import Image

from tests.bench.lookalikes.drawing import (
    CITIES,
    GREY,
    PALE,
    Colour,
    Member,
    canvas,
    date,
    digits,
    one_of,
    person,
    sentence,
    words,
    write,
)

WIDTH, HEIGHT, MARGIN = 827, 1169, 70
COLUMNS = (MARGIN, 130, 500, 600, WIDTH - MARGIN)
ROW_HEIGHT = 30


def draw(member: Member) -> Image.Image:
    shared, own = member.shared(), member.own()
    image, pen = canvas(WIDTH, HEIGHT)
    red, green, blue = (int(value) for value in shared.integers(20, 130, 3))
    colour: Colour = (red, green, blue)
    pen.rectangle((MARGIN, 60, MARGIN + 70, 130), fill=colour)
    pen.ellipse((MARGIN + 15, 75, MARGIN + 55, 115), fill=PALE)
    write(pen, (MARGIN + 90, 65), words(shared, 2).title() + " Ltd", 34, colour)
    write(pen, (MARGIN + 90, 108), sentence(shared, 5, 6), 14, GREY)
    address = (person(own), f"{own.integers(1, 300)} {one_of(own, CITIES)} Road", one_of(own, CITIES))
    for number, line in enumerate(address):
        write(pen, (MARGIN, 200 + 22 * number), line, 17)
    facts = (("Invoice", digits(own, 6)), ("Date", date(own)), ("Customer", digits(own, 5)))
    for number, (name, value) in enumerate(facts):
        write(pen, (520, 200 + 22 * number), name, 15, GREY)
        write(pen, (WIDTH - MARGIN, 200 + 22 * number), value, 17, anchor="ra")
    top, rows = 340, int(own.integers(5, 12))
    pen.rectangle((MARGIN, top, WIDTH - MARGIN, top + ROW_HEIGHT), fill=colour)
    for x, name in zip(COLUMNS, ("No.", "Goods", "Count", "Price"), strict=False):
        write(pen, (x + 6, top + 7), name, 15, PALE)
    write(pen, (WIDTH - MARGIN - 6, top + 7), "Amount", 15, PALE, anchor="ra")
    total = 0.0
    for row in range(rows):
        y = top + ROW_HEIGHT * (row + 1)
        count, price = int(own.integers(1, 30)), float(own.integers(100, 40_000)) / 100
        total += count * price
        cells = (str(row + 1), words(own, int(own.integers(2, 5))), str(count), f"{price:,.2f}")
        for x, text in zip(COLUMNS, cells, strict=False):
            write(pen, (x + 6, y + 7), text, 15)
        write(pen, (WIDTH - MARGIN - 6, y + 7), f"{count * price:,.2f}", 15, anchor="ra")
        pen.line((MARGIN, y + ROW_HEIGHT, WIDTH - MARGIN, y + ROW_HEIGHT), PALE)
    for number, (name, amount) in enumerate((("Net", total), ("Tax 20 %", total / 5), ("Total", total * 1.2))):
        write(pen, (600, 800 + 30 * number), name, 18, colour)
        write(pen, (WIDTH - MARGIN - 6, 800 + 30 * number), f"{amount:,.2f}", 18, anchor="ra")
    pen.line((MARGIN, 1050, WIDTH - MARGIN, 1050), colour, 2)
    for number in range(3):
        write(pen, (MARGIN, 1062 + 18 * number), sentence(shared, 8, 10), 13, GREY)
    return image

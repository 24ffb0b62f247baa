"""Tables of one form with other numbers in every cell."""

from __future__ import annotations

from PIL import Image

from tests.bench.lookalikes.drawing import GREY, PALE, Member, canvas, words, write

COLUMNS, ROWS = 7, 26
WIDTH, HEIGHT, MARGIN, ROW_HEIGHT = 900, 900, 40, 30


def draw(member: Member) -> Image.Image:
    shared, own = member.shared(), member.own()
    image, pen = canvas(WIDTH, HEIGHT)
    write(pen, (MARGIN, 24), words(shared, 4).capitalize(), 24)
    step = (WIDTH - 2 * MARGIN - 120) / COLUMNS
    for column in range(COLUMNS):
        write(pen, (MARGIN + 120 + (column + 1) * step, 70), words(shared, 1), 16, GREY, anchor="ra")
    values = own.integers(1_000, 99_999, (ROWS, COLUMNS))
    for row in range(ROWS):
        y = 96 + row * ROW_HEIGHT
        pen.line((MARGIN, y, WIDTH - MARGIN, y), PALE)
        write(pen, (MARGIN, y + 6), words(shared, 1).capitalize(), 17)
        for column in range(COLUMNS):
            x = MARGIN + 120 + (column + 1) * step
            write(pen, (x, y + 6), f"{values[row, column]:,}", 17, anchor="ra")
    return image

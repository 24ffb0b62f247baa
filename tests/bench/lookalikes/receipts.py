"""Receipts of one shop: one head and foot, other goods and prices."""

from __future__ import annotations

from PIL import Image

from tests.bench.lookalikes.drawing import GREY, Member, canvas, date, digits, sentence, words, write

WIDTH, HEIGHT, MARGIN = 420, 900, 24


def draw(member: Member) -> Image.Image:
    shared, own = member.shared(), member.own()
    image, pen = canvas(WIDTH, HEIGHT, (252, 252, 250))
    write(pen, (WIDTH / 2, 30), words(shared, 2).upper(), 32, anchor="ma")
    write(pen, (WIDTH / 2, 74), sentence(shared, 4, 5), 15, GREY, anchor="ma")
    write(pen, (WIDTH / 2, 96), f"Tel. {digits(shared, 9)}", 15, GREY, anchor="ma")
    write(pen, (MARGIN, 136), f"{date(own)} {own.integers(8, 20):02}:{own.integers(0, 60):02}", 17)
    write(pen, (WIDTH - MARGIN, 136), f"No. {digits(own, 5)}", 17, anchor="ra")
    pen.line((MARGIN, 164, WIDTH - MARGIN, 164), GREY)
    y, total = 178, 0
    for _ in range(int(own.integers(13, 19))):
        cents = int(own.integers(49, 2_999))
        total += cents
        write(pen, (MARGIN, y), words(own, 2).upper(), 17)
        write(pen, (WIDTH - MARGIN, y), f"{cents / 100:.2f}", 17, anchor="ra")
        y += 26
    y = 670
    pen.line((MARGIN, y, WIDTH - MARGIN, y), GREY)
    write(pen, (MARGIN, y + 12), "TOTAL", 28)
    write(pen, (WIDTH - MARGIN, y + 12), f"{total / 100:.2f}", 28, anchor="ra")
    write(pen, (MARGIN, y + 52), f"CARD **** {digits(own, 4)}", 17)
    x = MARGIN + 30
    while x < WIDTH - MARGIN - 30:
        bar, gap = (int(value) for value in own.integers(1, 5, 2))
        pen.rectangle((x, y + 90, x + bar - 1, y + 160), fill=(20, 20, 20))
        x += bar + gap
    write(pen, (WIDTH / 2, y + 180), sentence(shared, 4, 5), 15, GREY, anchor="ma")
    return image

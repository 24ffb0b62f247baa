"""Pages of text in one layout: one header, margins and paragraphs of one length, other words."""

from __future__ import annotations

from PIL import Image

from tests.bench.lookalikes.drawing import BLACK, GREY, Member, canvas, text_line, words, write

WIDTH, HEIGHT, MARGIN = 827, 1169, 90
TEXT_SIZE, LINE_HEIGHT = 15, 21


def draw(member: Member) -> Image.Image:
    shared, own = member.shared(), member.own()
    image, pen = canvas(WIDTH, HEIGHT)
    write(pen, (MARGIN, 50), words(shared, 4).title(), 13, GREY)
    pen.line((MARGIN, 74, WIDTH - MARGIN, 74), GREY)
    write(pen, (MARGIN, 100), words(own, 3).capitalize(), 28)
    y = 155
    paragraphs = shared.integers(4, 9, 12)
    for lines in paragraphs:
        for number in range(int(lines)):
            if y > HEIGHT - 130:
                break
            share = 0.6 if number == lines - 1 else 1.0
            write(pen, (MARGIN, y), text_line(own, share * (WIDTH - 2 * MARGIN), TEXT_SIZE), TEXT_SIZE, BLACK)
            y += LINE_HEIGHT
        y += LINE_HEIGHT // 2
    write(pen, (WIDTH / 2, HEIGHT - 60), str(member.number + 1), 13, GREY, anchor="ma")
    return image

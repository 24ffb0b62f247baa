"""Papers that are the same but for a few entries: two fields of a form, the amounts of a bill, two rows of a table."""

from __future__ import annotations

from PIL import Image

from tests.bench.lookalikes.drawing import BLACK, GREY, PALE, Member, canvas, date, digits, words, write


def draw_form(member: Member) -> Image.Image:
    shared, own = member.shared(), member.own()
    image, pen = canvas(827, 1169)
    write(pen, (70, 50), words(shared, 3).title(), 30)
    changed = set(shared.choice(18, 2, replace=False).tolist())
    for field in range(18):
        y = 120 + 56 * field
        write(pen, (70, y + 11), words(shared, 2).title(), 17, GREY)
        pen.rectangle((320, y, 757, y + 40), outline=BLACK)
        for rng in (shared, own):
            entry = words(rng, 2) if field % 2 else digits(rng, 7)
            if (rng is own) == (field in changed):
                write(pen, (332, y + 10), entry, 20)
    return image


def draw_bill(member: Member) -> Image.Image:
    shared, own = member.shared(), member.own()
    image, pen = canvas(400, 700)
    write(pen, (200, 30), words(shared, 2).title(), 26, anchor="mm")
    total = 0.0
    for row in range(10):
        price, y = float(own.integers(50, 3000)) / 100, 80 + 36 * row
        total += price
        write(pen, (20, y), words(shared, 2), 17)
        write(pen, (380, y), f"{price:.2f}", 17, anchor="ra")
    pen.line((20, 450, 380, 450), BLACK, 2)
    write(pen, (20, 465), "Total", 22)
    write(pen, (380, 465), f"{total:.2f}", 22, anchor="ra")
    write(pen, (20, 640), date(own), 16)
    return image


def draw_table(member: Member) -> Image.Image:
    shared, own = member.shared(), member.own()
    image, pen = canvas(900, 700)
    changed = set(shared.choice(20, 2, replace=False).tolist())
    for row in range(20):
        y = 40 + 32 * row
        if row % 2:
            pen.rectangle((30, y - 4, 870, y + 24), fill=PALE)
        write(pen, (40, y), words(shared, 1), 17)
        for column in range(6):
            for rng in (shared, own):
                number = f"{rng.integers(0, 100_000) / 100:.2f}"
                if (rng is own) == (row in changed):
                    write(pen, (300 + 110 * column, y), number, 17, anchor="ra")
    return image

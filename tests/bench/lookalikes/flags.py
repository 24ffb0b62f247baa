"""Flags of three stripes: other colours, upright or across. No two members have the same stripes."""

from __future__ import annotations

from PIL import Image

from tests.bench.lookalikes.drawing import Colour, Member, canvas

WIDTH, HEIGHT = 600, 400
COLOURS: tuple[Colour, ...] = (
    (206, 17, 38),
    (0, 40, 104),
    (255, 255, 255),
    (0, 122, 61),
    (252, 209, 22),
    (20, 20, 20),
    (255, 130, 0),
    (108, 172, 228),
)


def draw(member: Member) -> Image.Image:
    across, first, second, third = member.combination(2, len(COLOURS), len(COLOURS) - 1, len(COLOURS) - 1)
    middle = (first + 1 + second) % len(COLOURS)
    stripes = (COLOURS[first], COLOURS[middle], COLOURS[(middle + 1 + third) % len(COLOURS)])
    image, pen = canvas(WIDTH, HEIGHT)
    for number, colour in enumerate(stripes):
        if across:
            box = (0, number * HEIGHT // 3, WIDTH, (number + 1) * HEIGHT // 3)
        else:
            box = (number * WIDTH // 3, 0, (number + 1) * WIDTH // 3, HEIGHT)
        pen.rectangle(box, fill=colour)
    return image

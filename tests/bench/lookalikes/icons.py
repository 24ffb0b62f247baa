"""Drawings like emoji: one round face, other eyes, mouths, colours and things on the head."""

from __future__ import annotations

from PIL import Image, ImageDraw

from tests.bench.lookalikes.drawing import WHITE, Colour, Member, canvas

SIDE = 256
DARK: Colour = (80, 50, 20)
FACES: tuple[Colour, ...] = ((255, 204, 77), (221, 46, 68), (119, 178, 85), (85, 172, 238))
EYES, MOUTHS, HEADS = 5, 6, 5


def draw(member: Member) -> Image.Image:
    eyes, mouth, head, face = member.combination(EYES, MOUTHS, HEADS, len(FACES))
    image, pen = canvas(SIDE, SIDE)
    pen.ellipse((28, 28, 228, 228), fill=FACES[face])
    for x in (94, 162):
        _draw_eye(pen, eyes, x)
    _draw_mouth(pen, mouth)
    _draw_head(pen, head)
    return image


def _draw_eye(pen: ImageDraw.ImageDraw, kind: int, x: int) -> None:
    if kind == 0:
        pen.ellipse((x - 12, 88, x + 12, 124), fill=DARK)
    elif kind == 1:
        pen.arc((x - 20, 90, x + 20, 130), 180, 360, DARK, 8)
    elif kind == 2:
        pen.ellipse((x - 24, 82, x + 24, 130), fill=WHITE)
        pen.ellipse((x - 10, 96, x + 10, 116), fill=DARK)
    elif kind == 3:
        pen.line((x - 18, 106, x + 18, 106), DARK, 9)
    else:
        pen.line((x - 16, 90, x + 16, 122), DARK, 9)
        pen.line((x - 16, 122, x + 16, 90), DARK, 9)


def _draw_mouth(pen: ImageDraw.ImageDraw, kind: int) -> None:
    if kind == 0:
        pen.arc((78, 110, 178, 196), 20, 160, DARK, 9)
    elif kind == 1:
        pen.chord((78, 110, 178, 200), 0, 180, fill=DARK)
    elif kind == 2:
        pen.arc((88, 164, 168, 220), 200, 340, DARK, 9)
    elif kind == 3:
        pen.line((92, 176, 164, 176), DARK, 9)
    elif kind == 4:
        pen.ellipse((108, 150, 148, 204), fill=DARK)
    else:
        pen.rectangle((84, 158, 172, 192), fill=WHITE, outline=DARK, width=6)
        pen.line((128, 158, 128, 192), DARK, 5)


def _draw_head(pen: ImageDraw.ImageDraw, kind: int) -> None:
    if kind == 1:
        pen.rectangle((70, 14, 186, 56), fill=(41, 47, 51))
        pen.rectangle((48, 50, 208, 62), fill=(41, 47, 51))
    elif kind == 2:
        pen.polygon([(128, 2), (80, 60), (176, 60)], fill=(146, 102, 204))
    elif kind == 3:
        pen.ellipse((68, 4, 188, 26), outline=(85, 172, 238), width=8)
    elif kind == 4:
        pen.ellipse((196, 120, 216, 164), fill=(40, 80, 190))

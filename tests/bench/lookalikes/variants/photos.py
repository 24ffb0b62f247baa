"""One photo on which something small differs and says something else: words, a number plate, a price, an object."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter

from tests.bench.lookalikes.drawing import BLACK, WHITE, Member, digits, font, words
from tests.support.media import photo

SIZE = (640, 480)
RED = (210, 30, 30)


def _photo(member: Member) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    names = ("coffee.png", "chelsea.png", "astronaut.png", "rocket.jpg")
    image = photo(names[member.seed % len(names)], SIZE).convert("RGB")
    return image, ImageDraw.Draw(image)


def draw_words(member: Member) -> Image.Image:
    image, pen = _photo(member)
    text, at = words(member.own(), 2).upper(), (SIZE[0] / 2, SIZE[1] - 60)
    pen.text(at, text, WHITE, font(34), anchor="ma", stroke_width=2, stroke_fill=BLACK)
    return image


def draw_saying(member: Member) -> Image.Image:
    """Four lines on a photo that was dimmed, and blurred for every second seed."""
    image, _ = _photo(member)
    image = image.filter(ImageFilter.GaussianBlur(3 * (member.seed % 2))).point(lambda value: value * 0.55)
    pen, own = ImageDraw.Draw(image), member.own()
    for line in range(4):
        pen.text((SIZE[0] / 2, 130 + 60 * line), words(own, 3), WHITE, font(34), anchor="mm")
    return image


def draw_subtitle(member: Member) -> Image.Image:
    image, pen = _photo(member)
    at = SIZE[0] / 2, SIZE[1] - 50
    pen.text(at, words(member.own(), 5), WHITE, font(28), anchor="ma", stroke_width=2, stroke_fill=BLACK)
    return image


def draw_price(member: Member) -> Image.Image:
    image, pen = _photo(member)
    pen.ellipse((470, 20, 620, 170), RED)
    pen.text((545, 95), f"{member.own().integers(10, 100)}.99", WHITE, font(44), anchor="mm")
    return image


def draw_plate(member: Member) -> Image.Image:
    image, pen = _photo(member)
    pen.rectangle((230, 330, 410, 374), WHITE, BLACK, 2)
    pen.text((320, 352), f"AB {digits(member.own(), 4)}", BLACK, font(32), anchor="mm")
    return image


def draw_object(member: Member) -> Image.Image:
    image, pen = _photo(member)
    own = member.own()
    x, y = int(own.integers(60, SIZE[0] - 60)), int(own.integers(60, SIZE[1] - 60))
    pen.ellipse((x - 45, y - 45, x + 45, y + 45), tuple(int(value) for value in own.integers(0, 256, 3)), WHITE, 3)
    return image

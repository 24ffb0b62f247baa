"""Drawn pages for tests and benchmarks: text, forms, invoices, receipts, charts, slides, chats; and copies of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

_WORDS: Final = (
    "anchor barley basket bottle bridge butter candle carpet cellar copper cotton engine forest garden "
    "granite harbour island journey kettle ladder lantern letter market meadow mirror morning mountain "
    "number orchard palace paper pepper planet pocket quartz ribbon river saddle shadow signal silver "
    "station summer theatre ticket timber travel tunnel velvet village violin walnut willow window winter"
)
WORDS: Final = tuple(_WORDS.split())


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def sheet(width: int = 827, height: int = 1169, ground: int = 255) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (width, height), ground)
    return image, ImageDraw.Draw(image)


def some_words(rng: random.Random, count: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(count))


def text_page(seed: int) -> Image.Image:
    """A page of one layout; seeds differ in the words."""
    rng, (image, draw) = random.Random(seed), sheet()
    draw.text((80, 60), "The Orchard Signal", 0, font(26))
    draw.line((80, 100, 747, 100), 0, 2)
    y = 130
    while y < 1080:
        x = 80.0
        while x < 640:
            word = rng.choice(WORDS) + " "
            draw.text((x, y), word, 0, font(18))
            x += draw.textlength(word, font(18))
        y += 26
    return image


def form(seed: int, filled: int = 16) -> Image.Image:
    """One form; seeds differ in what is filled in."""
    rng, (image, draw) = random.Random(seed), sheet()
    draw.text((80, 50), "Application for a fishing licence", 0, font(30))
    for field in range(16):
        y = 120 + field * 62
        draw.text((80, y + 14), f"{field + 1}. {WORDS[field * 3].title()} of {WORDS[field * 3 + 1]}", 0, font(18))
        draw.rectangle((330, y, 747, y + 48), None, 0, 2)
        value = some_words(rng, rng.randint(1, 3))
        if field < filled:
            draw.text((345, y + 12), value, 40, font(22))
    return image


def invoice(seed: int) -> Image.Image:
    """Invoices of one firm."""
    rng, (image, draw) = random.Random(seed), sheet()
    draw.rectangle((80, 60, 190, 120), 60)
    draw.text((210, 70), "Harbour Supplies Limited", 0, font(30))
    draw.text(
        (80, 160), f"Invoice {rng.randint(10000, 99999)}\n{some_words(rng, 2)}\n{some_words(rng, 3)}", 0, font(20)
    )
    draw.text((80, 300), "Item", 0, font(20))
    draw.text((620, 300), "Amount", 0, font(20))
    draw.line((80, 330, 747, 330), 0, 2)
    for row in range(rng.randint(6, 12)):
        draw.text((80, 345 + row * 36), some_words(rng, rng.randint(2, 4)), 0, font(20))
        draw.text((640, 345 + row * 36), f"{rng.randint(100, 99999) / 100:.2f}", 0, font(20))
    draw.line((80, 900, 747, 900), 0, 2)
    draw.text((80, 1060), "Payable within thirty days. Harbour Supplies Limited, 4 Quay Road", 0, font(16))
    return image


def receipt(seed: int) -> Image.Image:
    """Receipts of one shop."""
    rng, (image, draw) = random.Random(seed), sheet(420, 900)
    draw.text((90, 30), "CORNER SHOP", 0, font(34))
    draw.text((110, 80), "12 Mill Lane, Oldham", 0, font(20))
    draw.line((30, 120, 390, 120), 0, 2)
    for row in range(18):
        draw.text((30, 135 + row * 34), some_words(rng, rng.randint(1, 2)), 0, font(22))
        draw.text((310, 135 + row * 34), f"{rng.randint(10, 9999) / 100:.2f}", 0, font(22))
    draw.line((30, 770, 390, 770), 0, 2)
    draw.text((30, 785), f"TOTAL {rng.randint(1000, 99999) / 100:.2f}", 0, font(30))
    draw.text((80, 850), "Thank you, come again", 0, font(20))
    return image


def table(seed: int) -> Image.Image:
    """Tables of numbers with one heading."""
    rng, (image, draw) = random.Random(seed), sheet()
    draw.text((60, 40), "Deliveries by station and month", 0, font(28))
    for row in range(26):
        y = 100 + row * 40
        draw.line((60, y, 767, y), 120, 1)
        draw.text((66, y + 9), WORDS[row].title(), 0, font(19))
        for column in range(6):
            draw.text(
                (200 + column * 96, y + 9), str(rng.choice((1, 10, 100, 1000, 10000)) * rng.randint(1, 9)), 0, font(19)
            )
    return image


def line_chart(seed: int) -> Image.Image:
    rng, (image, draw) = random.Random(seed), sheet(800, 600)
    draw.text((260, 20), "Sales of the year", 0, font(28))
    draw.line((80, 80, 80, 520, 760, 520), 0, 3)
    for tick in range(6):
        draw.text((36, 505 - tick * 84), str(tick * 20), 0, font(18))
        draw.line((80, 520 - tick * 84, 760, 520 - tick * 84), 200, 1)
    for grey in (0, 110):
        y, points = rng.randint(150, 450), []
        for x in range(80, 761, 40):
            y = min(max(y + rng.randint(-70, 70), 90), 510)
            points.append((x, y))
        draw.line(points, grey, 4)
    return image


def bar_chart(seed: int) -> Image.Image:
    rng, (image, draw) = random.Random(seed), sheet(800, 600)
    draw.text((260, 20), "Visitors by month", 0, font(28))
    draw.line((80, 80, 80, 520, 760, 520), 0, 3)
    for bar in range(12):
        left = 95 + bar * 55
        draw.rectangle((left, rng.randint(100, 500), left + 30, 520), 90)
        draw.text((left, 530), WORDS[bar][:3].title(), 0, font(18))
    return image


def slide(seed: int) -> Image.Image:
    rng, (image, draw) = random.Random(seed), sheet(1280, 720)
    draw.text((80, 60), some_words(rng, 3).title(), 0, font(60))
    draw.line((80, 150, 1200, 150), 0, 4)
    for row in range(5):
        draw.ellipse((90, 208 + row * 90, 108, 226 + row * 90), 0)
        draw.text((130, 190 + row * 90), some_words(rng, rng.randint(3, 6)), 0, font(42))
    return image


def chat(seed: int) -> Image.Image:
    """A dark screenshot of an app."""
    rng, (image, draw) = random.Random(seed), sheet(540, 1100, 20)
    draw.text((200, 20), "Messages", 230, font(28))
    y = 80
    while y < 1020:
        lines = [some_words(rng, rng.randint(2, 4)) for _ in range(rng.randint(1, 3))]
        left = rng.choice((20, 160))
        draw.rounded_rectangle((left, y, left + 360, y + 20 + 32 * len(lines)), 14, 60)
        for number, line in enumerate(lines):
            draw.text((left + 14, y + 8 + 32 * number), line, 235, font(24))
        y += 45 + 32 * len(lines)
    return image


KINDS: dict[str, Callable[[int], Image.Image]] = {
    kind.__name__: kind for kind in (text_page, form, invoice, receipt, table, line_chart, bar_chart, slide, chat)
}


def jpeg_of(image: Image.Image, quality: int) -> Image.Image:
    file = BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("L")


def resized(image: Image.Image, share: float) -> Image.Image:
    return image.resize((round(image.width * share), round(image.height * share)), Image.Resampling.LANCZOS)


def bordered(image: Image.Image, level: int = 0, share: float = 0.06) -> Image.Image:
    margin = round(max(image.size) * share)
    framed = Image.new("L", (image.width + 2 * margin, image.height + 2 * margin), level)
    framed.paste(image, (margin, margin))
    return framed


def turned(image: Image.Image, degrees: float) -> Image.Image:
    ground = image.getpixel((0, 0))
    return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=ground)


def cropped(image: Image.Image, share: float) -> Image.Image:
    across, down = round(image.width * share / 2), round(image.height * share / 2)
    return image.crop((across, down, image.width - across, image.height - down))


def letterboxed(image: Image.Image) -> Image.Image:
    boxed = Image.new("L", (round(image.width * 1.3), image.height), 0)
    boxed.paste(image, (round(image.width * 0.15), 0))
    return boxed


def scanned(image: Image.Image) -> Image.Image:
    """Turned, dimmed unevenly, noisy, compressed."""
    grey = np.asarray(turned(image, 0.7), np.float64)
    noise = np.random.default_rng(1).normal(0, 6, grey.shape)
    uneven = grey * np.linspace(0.85, 0.97, grey.shape[1]) + 5 + noise
    return jpeg_of(Image.fromarray(uneven.clip(0, 255).astype(np.uint8)), 60)


ALTERATIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "jpeg 30": lambda image: jpeg_of(image, 30),
    "half size": lambda image: resized(image, 0.5),
    "contrast": lambda image: image.point(lambda level: 40 + level * 7 // 10),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(1.3)),
    "border": bordered,
    "grey border": lambda image: bordered(image, 128),
    "letterbox": letterboxed,
    "turned 1": lambda image: turned(image, 1.0),
    "turned -2": lambda image: turned(image, -2.0),
    "cropped 3 %": lambda image: cropped(image, 0.03),
    "cropped 5 %": lambda image: cropped(image, 0.05),
    "scanned": scanned,
}

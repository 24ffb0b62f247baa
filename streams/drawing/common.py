"""What drawings of `mediasieve explain` have in common: colours, letters, the heading, and the captions of A and B."""

from __future__ import annotations

from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from streams.cli.terminal import human_bytes, shown
from streams.domain.records import MediaFacts

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Colour = tuple[int, int, int]

WIDTH, MARGIN = 1600, 48
PAPER, INK, FAINT, LINE = (250, 250, 248), (28, 30, 34), (108, 112, 120), (222, 222, 218)
WITHIN, BEYOND = (15, 140, 90), (200, 40, 40)
NO_BREAK: Final = "\u00a0"


def draw_header(canvas: Image.Image, badge: tuple[str, Colour], lines: list[str]) -> None:
    """A word on its colour, and below it what is said, in lines."""
    pen = ImageDraw.Draw(canvas)
    label, colour = badge
    width = pen.textlength(label, font_of(24)) + 40
    pen.rounded_rectangle((MARGIN, MARGIN, MARGIN + width, MARGIN + 44), 22, colour)
    pen.text((MARGIN + width / 2, MARGIN + 22), label, (255, 255, 255), font_of(24), anchor="mm")
    for number, line in enumerate(lines):
        pen.text((MARGIN, MARGIN + 66 + 42 * number), line, INK, font_of(30, line))


def draw_caption(canvas: Image.Image, letter: str, name: str, about: str, left: int, top: int, width: int) -> None:
    """A letter in a circle, beside it a name and a line about it; 52 pixels high."""
    pen = ImageDraw.Draw(canvas)
    pen.ellipse((left, top, left + 52, top + 52), INK)
    pen.text((left + 26, top + 26), letter, (255, 255, 255), font_of(30), anchor="mm")
    name = elided(shown(name), 24, width - 72)
    pen.text((left + 70, top - 3), name, INK, font_of(24, name))
    pen.text((left + 70, top + 29), about, FAINT, font_of(20))


def about(role: str, facts: MediaFacts) -> str:
    """`known · jpeg, 450 x 300, 31.2 kB`"""
    return f"{role} · {facts.format}, {facts.width:,} x {facts.height:,}, {human_bytes(facts.size_bytes)}"


@cache
def font_of(size: int, text: str = "") -> Font:
    """Pillow's own font; for a text that has letters it lacks, one of the system's, where there is one."""
    own = ImageFont.load_default(size)
    if all(_has(own, letter) for letter in text):
        return own
    for name in ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf"):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return own


def _has(font: Font, letter: str) -> bool:
    return letter == " " or bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))


def wrapped(text: str, size: int, width: float) -> list[str]:
    """The text in lines; a word that is too long for one is cut in its middle."""
    font, lines = font_of(size, text), [""]
    for word in (elided(each, size, width) for each in text.split()):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def elided(text: str, size: int, width: float) -> str:
    """The text, or as much of its beginning and end as fits."""
    font, kept = font_of(size, text), len(text)
    found = text
    while font.getlength(found) > width and kept > 2:
        kept -= 1
        found = f"{text[: kept // 2]}…{text[len(text) - (kept - kept // 2) :]}"
    return found

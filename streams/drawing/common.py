"""What both kinds of drawing share: colours, fonts, the header, and the captions of A and B."""

from __future__ import annotations

from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from streams.domain.records import MediaFacts
from streams.services.text import human_bytes, printable

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Colour = tuple[int, int, int]

WIDTH, MARGIN = 1600, 48
PAPER, INK, FAINT, LINE = (250, 250, 248), (28, 30, 34), (108, 112, 120), (222, 222, 218)
WITHIN, BEYOND = (15, 140, 90), (200, 40, 40)
NO_BREAK: Final = "\u00a0"


def draw_header(canvas: Image.Image, badge: tuple[str, Colour], lines: list[str]) -> None:
    """A label on its colour, and the lines of the summary below."""
    pen = ImageDraw.Draw(canvas)
    label, colour = badge
    width = pen.textlength(label, font_of(24)) + 40
    pen.rounded_rectangle((MARGIN, MARGIN, MARGIN + width, MARGIN + 44), 22, colour)
    pen.text((MARGIN + width / 2, MARGIN + 22), label, (255, 255, 255), font_of(24), anchor="mm")
    for number, line in enumerate(lines):
        pen.text((MARGIN, MARGIN + 66 + 42 * number), line, INK, font_of(30, line))


def draw_caption(canvas: Image.Image, letter: str, name: str, caption: str, left: int, top: int, width: int) -> None:
    """A letter in a circle, with a name and a line of facts to its right; 52 pixels high."""
    pen = ImageDraw.Draw(canvas)
    pen.ellipse((left, top, left + 52, top + 52), INK)
    pen.text((left + 26, top + 26), letter, (255, 255, 255), font_of(30), anchor="mm")
    name = elide(printable(name), 24, width - 72)
    pen.text((left + 70, top - 3), name, INK, font_of(24, name))
    pen.text((left + 70, top + 29), caption, FAINT, font_of(20))


def caption_of(role: str, facts: MediaFacts) -> str:
    """`known · jpeg, 450 x 300, 31.2 kB`"""
    return f"{role} · {facts.format}, {facts.width:,} x {facts.height:,}, {human_bytes(facts.size_bytes)}"


@cache
def font_of(size: int, text: str = "") -> Font:
    """Pillow's own font. If it lacks letters of the text, a font of the system, if there is one."""
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


def wrap(text: str, size: int, width: float) -> list[str]:
    """The text in lines. A word that is too long for a line is cut in its middle."""
    font, lines = font_of(size, text), [""]
    for word in (elide(long, size, width) for long in text.split()):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def elide(text: str, size: int, width: float) -> str:
    """The text, shortened in its middle to fit `width` pixels."""
    font, kept_chars = font_of(size, text), len(text)
    found = text
    while font.getlength(found) > width and kept_chars > 2:
        kept_chars -= 1
        found = f"{text[: kept_chars // 2]}…{text[len(text) - (kept_chars - kept_chars // 2) :]}"
    return found

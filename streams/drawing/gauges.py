"""Gauges: where a number lies on its scale, and which part of the scale is good."""

from __future__ import annotations

from typing import Final, NamedTuple

from PIL import Image, ImageDraw

from streams.drawing.common import BEYOND, FAINT, LINE, PAPER, WITHIN, font_of

GOOD: Final = (176, 222, 200)
BAR_HEIGHT: Final = 18
DOT_RADIUS: Final = 13


class Gauge(NamedTuple):
    """A number on a scale; all places are shares of the scale, 0 to 1.

    Attributes:
        title: the name of the measure.
        words: the value found and the values allowed, in words.
        found: the number.
        good: from where to where it is good.
        limits: where marks are drawn.
        scale: what the right end means.
    """

    title: str
    words: str
    found: float
    good: tuple[float, float]
    limits: tuple[float, ...]
    scale: str = ""


def draw_gauge(canvas: Image.Image, gauge: Gauge, left: int, top: int, right: int) -> None:
    """Title and words above a bar, 100 pixels high in all."""
    pen, bar, width = ImageDraw.Draw(canvas), top + 40, right - left
    colour = WITHIN if gauge.good[0] <= gauge.found <= gauge.good[1] else BEYOND
    pen.text((left, top), gauge.title, FAINT, font_of(18))
    pen.text((right, top - 4), gauge.words, colour, font_of(24), anchor="ra")
    pen.rounded_rectangle((left, bar, right, bar + BAR_HEIGHT), 9, LINE)
    from_x, to_x = (left + round(min(max(share, 0.0), 1.0) * width) for share in gauge.good)
    pen.rounded_rectangle((from_x, bar, max(to_x, from_x + BAR_HEIGHT), bar + BAR_HEIGHT), 9, GOOD)
    for limit in gauge.limits:
        x = left + min(limit, 1.0) * width
        pen.line((x, bar - 6, x, bar + 24), WITHIN, 3)
    at = min(max(left + gauge.found * width, left + 9), right - 9)
    pen.ellipse((at - DOT_RADIUS, bar - 4, at + DOT_RADIUS, bar + 22), colour, PAPER, 3)
    pen.text((right, bar + 28), gauge.scale, FAINT, font_of(16), anchor="ra")

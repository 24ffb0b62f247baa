"""Draws what evidence says of two pictures: A laid on B, agreement block by block, and the score."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from streams.domain.evidence.judge import MIN_SCORE
from streams.domain.match.images.wording import percent_of_picture
from streams.domain.policy.policy import Policy
from streams.drawing.common import FAINT, INK, MARGIN, WIDTH, Colour, font_of
from streams.drawing.gauges import Gauge, draw_gauge
from streams.services.explain.agreement import BLOCKS, Agreement
from streams.services.explain.pictures import PictureEvidence

GAP: Final = 28
PANEL_WIDTH, PANEL_HEIGHT = (WIDTH - 2 * MARGIN - 3 * GAP) // 4, 400
BLOCKS_LEFT: Final = MARGIN + 2 * (PANEL_WIDTH + GAP)
"""The left edge of the panel with the blocks of B."""

HEIGHT: Final = PANEL_HEIGHT + 96
"""Of the row with its titles and its legend."""

EMPTY: Final = (238, 238, 234)
DIFFERENT, DOUBTFUL, ALIKE = (214, 47, 39), (253, 216, 110), (26, 152, 80)
OPACITY: Final = 0.55
FAR, NEAR = 0.0, 0.7
"""Correlations of the detail that are drawn in the colours of what is different and of what is alike."""

CONFIDENCE_WORDS: Final = {"certain": "certain", "likely": "likely: a person must look", "": "not a match"}


def draw_evidence(
    canvas: Image.Image,
    evidence: PictureEvidence,
    policy: Policy,
    pictures: tuple[Image.Image, Image.Image],
    top: int,
) -> None:
    """A row of four: A laid on B, B, the blocks of B, and gauges.

    Args:
        canvas: drawn on from `top` to `top + HEIGHT`.
        pictures: the known and the submitted one, whole, in RGB.
    """
    known, submitted = pictures
    pen = ImageDraw.Draw(canvas)
    if evidence.agreement is None:
        pen.text((MARGIN, top), "A and B cannot be laid on each other", FAINT, font_of(20))
    else:
        shown = _fit(submitted)
        laid = _lay_on(known, shown.size, evidence.agreement)
        heat = _draw_blocks(shown, evidence.agreement, evidence.rows)
        panels = (("A, laid on B", laid), ("B", shown), ("does the detail agree?", heat))
        for number, (title, image) in enumerate(panels):
            left = MARGIN + number * (PANEL_WIDTH + GAP)
            pen.text((left, top), title, INK, font_of(20))
            pen.rectangle((left, top + 34, left + PANEL_WIDTH, top + 34 + PANEL_HEIGHT), EMPTY)
            place = left + (PANEL_WIDTH - image.width) // 2, top + 34 + (PANEL_HEIGHT - image.height) // 2
            canvas.paste(image, place)
        _draw_legend(pen, BLOCKS_LEFT, top + 34 + PANEL_HEIGHT + 12)
    left = MARGIN + 3 * (PANEL_WIDTH + GAP)
    pen.text((left, top), f"evidence: {CONFIDENCE_WORDS[evidence.judgement.confidence]}", INK, font_of(20))
    for number, gauge in enumerate(_gauges(evidence, policy)):
        draw_gauge(canvas, gauge, left, top + 76 + 150 * number, WIDTH - MARGIN)


def _gauges(evidence: PictureEvidence, policy: Policy) -> Iterator[Gauge]:
    score, differs = evidence.judgement.score, evidence.judgement.differs
    needed = MIN_SCORE / 1000
    yield Gauge("score", f"{score}, {MIN_SCORE} needed", score / 1000, (needed, 1.0), (needed,), "1,000: equal detail")
    yield Gauge(
        "differs",
        f"{percent_of_picture(differs)}, {percent_of_picture(policy.reuse_differs)} may",
        differs,
        (0.0, policy.reuse_differs),
        (policy.reuse_differs, policy.max_differs),
        f"share of B; over {percent_of_picture(policy.max_differs)}: no copy",
    )


def _lay_on(known: Image.Image, size: tuple[int, int], agreement: Agreement) -> Image.Image:
    """The known picture as it lies on a submitted one of this size; EMPTY beyond its edges."""
    width, height = size
    to_known = np.diag((known.width, known.height, 1)) @ agreement.to_known @ np.diag((1 / width, 1 / height, 1))
    (a, b, c), (d, e, f) = to_known[:2].tolist()
    return known.transform(size, Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BICUBIC, fillcolor=EMPTY)


def _draw_blocks(image: Image.Image, agreement: Agreement, rows: list[str]) -> Image.Image:
    """The picture in grey, every block coloured by its agreement; crosses where the decision's map says it differs."""
    grey = image.convert("L").convert("RGB")
    colours = np.zeros((BLOCKS, BLOCKS, 3), np.uint8)
    opacity = np.zeros((BLOCKS, BLOCKS), np.uint8)
    for row, column in np.argwhere(~np.isnan(agreement.blocks)).tolist():
        colours[row, column] = _heat(float(agreement.blocks[row, column]))
        opacity[row, column] = round(255 * OPACITY)
    heat, mask = (Image.fromarray(each).resize(image.size, Image.Resampling.NEAREST) for each in (colours, opacity))
    drawn = Image.composite(heat, grey, mask)
    pen = ImageDraw.Draw(drawn)
    for row, states in enumerate(rows):
        for column, state in enumerate(states):
            middle = (column + 0.5) * image.width / BLOCKS, (row + 0.5) * image.height / BLOCKS
            _draw_mark(pen, state, middle, min(image.size) / BLOCKS / 5)
    return drawn


def _heat(correlation: float) -> Colour:
    share = min(max((correlation - FAR) / (NEAR - FAR), 0.0), 1.0)
    low, high, part = (DIFFERENT, DOUBTFUL, 2 * share) if share < 0.5 else (DOUBTFUL, ALIKE, 2 * share - 1)
    red, green, blue = (round(one + (other - one) * part) for one, other in zip(low, high, strict=True))
    return red, green, blue


def _draw_mark(pen: ImageDraw.ImageDraw, state: str, middle: tuple[float, float], reach: float) -> None:
    """A cross for something else, a plus for what lies beyond A."""
    x, y = middle
    lines = {
        "x": ((x - reach, y - reach, x + reach, y + reach), (x - reach, y + reach, x + reach, y - reach)),
        "+": ((x - reach, y, x + reach, y), (x, y - reach, x, y + reach)),
    }
    for thickness, colour in ((7, (255, 255, 255)), (3, (20, 20, 20))):
        for line in lines.get(state, ()):
            pen.line(line, colour, thickness)


def _draw_legend(pen: ImageDraw.ImageDraw, left: int, top: int) -> None:
    at = left
    for colour, words in ((ALIKE, "agrees"), (DOUBTFUL, "hardly"), (DIFFERENT, "does not")):
        pen.rectangle((at, top + 3, at + 16, top + 19), colour)
        pen.text((at + 24, top), words, FAINT, font_of(18))
        at += 36 + round(pen.textlength(words, font_of(18))) + 10
    for state, words in (("x", "differs"), ("+", "beyond A")):
        _draw_mark(pen, state, (at + 8, top + 11), 6)
        pen.text((at + 24, top), words, FAINT, font_of(18))
        at += 36 + round(pen.textlength(words, font_of(18))) + 10


def _fit(image: Image.Image) -> Image.Image:
    scale = min(PANEL_WIDTH / image.width, PANEL_HEIGHT / image.height)
    size = max(BLOCKS, round(image.width * scale)), max(BLOCKS, round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS)

"""Draws two pictures side by side: the summary, outlines of the compared views, evidence, hashes and distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from streams.domain.fingerprint import ImageLimits
from streams.domain.fingerprint.image.inspection import view_boxes
from streams.domain.hashes.orientation import UPRIGHT, orient_point, orientation_between
from streams.domain.hashes.views import FULL, VIEWS, Box, View
from streams.domain.match.images.comparison import ViewComparison
from streams.drawing.common import (
    BEYOND,
    FAINT,
    INK,
    LINE,
    MARGIN,
    NO_BREAK,
    PAPER,
    WIDTH,
    Colour,
    caption_of,
    draw_caption,
    draw_header,
    font_of,
    wrap,
)
from streams.drawing.evidence import HEIGHT as EVIDENCE_HEIGHT
from streams.drawing.evidence import draw_evidence
from streams.drawing.gauges import Gauge, draw_gauge
from streams.drawing.pictures import load_picture
from streams.services.explain.pictures import PictureExplanation
from streams.services.media_files import PictureFile
from streams.services.wording import view_in_words

Place = tuple[float, float, float, float]

GAP = 32
PANEL_WIDTH, PANEL_HEIGHT = (WIDTH - 2 * MARGIN - GAP) // 2, 600
MARK = (233, 30, 99)
BADGES: dict[str, tuple[str, Colour]] = {
    "duplicate": ("EXACT COPY", (176, 110, 0)),
    "near_duplicate": ("ALTERED COPY", (0, 121, 140)),
    "review": ("FOR REVIEW", (136, 84, 170)),
    "unique": ("NO COPY", (96, 100, 108)),
    "failed": ("FAILED", BEYOND),
    "deleted": ("DELETED", BEYOND),
}
MAX_ENLARGED = 4.0
DIMMED = 0.45
GRID, DOT = 176, 28
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
#: The pictures were fingerprinted within the limits of the settings.
NO_LIMITS = ImageLimits(max_pixels=1 << 40, max_decode_bytes=1 << 50)


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the two pictures. `box`, in shares of width and height, is the compared part, turned by `orientation`."""

    letter: str
    role: str
    picture: PictureFile
    view: View
    box: Box
    orientation: int


def draw_pictures(explanation: PictureExplanation) -> Image.Image:
    """The known picture on the left, as A, and the submitted one on the right, as B. In RGB and 1,600 pixels wide.

    Raises:
        DrawingError: a picture was fingerprinted and cannot be shown.
    """
    nearest = next(iter(explanation.comparisons), None)
    panels = _panels(explanation.known, explanation.submitted, nearest)
    lines = wrap(explanation.summary().replace(NO_BREAK, " "), 30, WIDTH - 2 * MARGIN)
    loaded = [load_picture(panel.picture, (PANEL_WIDTH, PANEL_HEIGHT)) for panel in panels]
    images = [_fit(image) for image in loaded]
    top = MARGIN + 64 + 42 * len(lines) + 32
    below = top + 78 + max(image.height for image in images) + 28
    evidence_height = EVIDENCE_HEIGHT + 20 if explanation.evidence else 0
    canvas = Image.new("RGB", (WIDTH, below + (GRID + 130 if nearest else 20) + evidence_height), PAPER)
    draw_header(canvas, BADGES["review" if explanation.is_reviewed else explanation.outcome], lines)
    for number, (panel, image) in enumerate(zip(panels, images, strict=True)):
        left = MARGIN + number * (PANEL_WIDTH + GAP)
        _draw_caption(canvas, panel, left, top)
        place = (left, top + 78, left + PANEL_WIDTH, below - 28)
        ImageDraw.Draw(canvas).rectangle(place, (238, 238, 234))
        drawn_image = image if nearest is None else _outline(image, panel)
        across, down = (PANEL_WIDTH - image.width) // 2, (place[3] - place[1] - image.height) // 2
        canvas.paste(drawn_image, (left + across, place[1] + down))
    if nearest is not None:
        for number, panel in enumerate(panels):
            _draw_legend(canvas, panel, MARGIN + number * (PANEL_WIDTH + GAP), below - 16)
        if explanation.evidence is not None:
            draw_evidence(canvas, explanation.evidence, explanation.policy, (loaded[0], loaded[1]), below + 40)
        _draw_bits(canvas, nearest, below + evidence_height + 50)
        _draw_gauges(canvas, nearest, MARGIN + PANEL_WIDTH + GAP, below + evidence_height + 50)
    return canvas


def _panels(known: PictureFile, submitted: PictureFile, nearest: ViewComparison | None) -> tuple[Panel, Panel]:
    """The compared part of A, and that of B with the orientation that A has in B."""
    pair = nearest.pair if nearest else None
    views = (VIEWS[pair.known_view], VIEWS[pair.query_view]) if pair else (VIEWS[FULL], VIEWS[FULL])
    boxes = [
        view_boxes(picture.data, NO_LIMITS).get(view.code, WHOLE)
        for picture, view in zip((known, submitted), views, strict=True)
    ]
    orientation = orientation_between(pair.known_orientation, pair.query_orientation) if pair else UPRIGHT
    return (
        Panel("A", "known", known, views[0], boxes[0], UPRIGHT),
        Panel("B", "submitted", submitted, views[1], boxes[1], orientation),
    )


def _draw_caption(canvas: Image.Image, panel: Panel, left: int, top: int) -> None:
    facts = panel.picture.facts
    draw_caption(canvas, panel.letter, panel.picture.name, caption_of(panel.role, facts), left, top, PANEL_WIDTH)


def _draw_legend(canvas: Image.Image, panel: Panel, left: int, top: int) -> None:
    pen = ImageDraw.Draw(canvas)
    pen.rectangle((left + 1, top + 5, left + 25, top + 19), None, MARK, 3)
    pen.text((left + 38, top), f"compared: {view_in_words(panel.view.name).replace(NO_BREAK, ' ')}", INK, font_of(20))
    mark = "dot and thick edge: its top left corner and top" if panel.letter == "A" else "the same corner and edge in B"
    pen.text((left + PANEL_WIDTH, top), mark, FAINT, font_of(20), anchor="ra")


def _outline(image: Image.Image, panel: Panel) -> Image.Image:
    """Outlines the compared part and dims the rest; marks the corner and the edge that are top left and top in A."""
    width, height = image.size
    left, top, right, bottom = panel.box
    place = (left * width, top * height, max(right * width - 1, left * width), max(bottom * height - 1, top * height))
    mask = Image.new("L", image.size, 0)
    inside = ImageDraw.Draw(mask)
    (inside.ellipse if panel.view.oval else inside.rectangle)(place, 255)
    shaded = Image.composite(image, Image.eval(image, lambda level: round(level * DIMMED)), mask)
    pen = ImageDraw.Draw(shaded)
    for colour, thick in (((255, 255, 255), 6), (MARK, 3)):
        (pen.ellipse if panel.view.oval else pen.rectangle)(place, None, colour, thick)
    start, end = _top_edge(place, panel.orientation)
    pen.line((*start, *end), (255, 255, 255), 15)
    pen.line((*start, *end), MARK, 10)
    middle = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
    dot = [at + (DOT if at < centre else -DOT) for at, centre in zip(start, middle, strict=True)]
    for colour, radius in (((255, 255, 255), 13), (MARK, 9)):
        pen.ellipse((dot[0] - radius, dot[1] - radius, dot[0] + radius, dot[1] + radius), colour)
    return shaded


def _top_edge(place: Place, orientation: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Both ends of a picture's upper edge, left and right, after the picture has been turned."""
    left, top, right, bottom = place
    ends = (orient_point((across, 0.0), orientation) for across in (0.0, 1.0))
    one, other = ((left + across * (right - left), top + down * (bottom - top)) for across, down in ends)
    return one, other


def _draw_bits(canvas: Image.Image, nearest: ViewComparison, top: int) -> None:
    """The hashes of the two views, in one orientation, and the bits that differ, as small squares."""
    pen = ImageDraw.Draw(canvas)
    known, submitted = nearest.known_confirm_hash or nearest.known_near_hash, nearest.confirm_hash or nearest.near_hash
    one, other = _bit_grid(known), _bit_grid(submitted)
    differ = one != other
    grids = (("hash of A", one, INK), ("hash of B, turned alike", other, INK), ("bits that differ", differ, BEYOND))
    for number, (title, bits, colour) in enumerate(grids):
        left = MARGIN + number * (PANEL_WIDTH - GRID) // 2
        pen.text((left, top), title, FAINT, font_of(18))
        rows, columns = bits.shape
        side = GRID / max(rows, columns)
        for row in range(rows):
            for column in range(columns):
                x, y = left + column * side, top + 32 + row * side
                pen.rectangle((x, y, x + side - 1.5, y + side - 1.5), colour if bits[row, column] else LINE)


def _bit_grid(hex_hash: str) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """The bits of a hash (hex) in rows and columns, as square as possible."""
    flat = np.unpackbits(np.frombuffer(bytes.fromhex(hex_hash), np.uint8)).astype(np.bool_)
    rows = 1 << (flat.size.bit_length() - 1) // 2
    grid: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = flat.reshape(rows, flat.size // rows)
    return grid


def _draw_gauges(canvas: Image.Image, nearest: ViewComparison, left: int, top: int) -> None:
    """How many bits differ and how many may, for the hash that finds and for the hash that confirms.

    The scale is half of the bits: the distance of two unrelated pictures.
    """
    bits = 4 * len(nearest.near_hash)
    distances = [(f"{bits} bits, which find it", nearest.near_bits, nearest.near_threshold_bits, bits)]
    if nearest.confirm_bits is not None and nearest.confirm_threshold_bits is not None:
        title = "256 bits, which confirm it"
        distances.append((title, nearest.confirm_bits, nearest.confirm_threshold_bits, 256))
    for number, (title, found, threshold, size) in enumerate(distances):
        words, limit = f"{found} differ, {threshold} may", 2 * threshold / size
        gauge = Gauge(title, words, 2 * found / size, (0.0, limit), (limit,), f"{size // 2}: nothing in common")
        draw_gauge(canvas, gauge, left, top + 112 * number, WIDTH - MARGIN)


def _fit(image: Image.Image) -> Image.Image:
    scale = min(PANEL_WIDTH / image.width, PANEL_HEIGHT / image.height, MAX_ENLARGED)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS)

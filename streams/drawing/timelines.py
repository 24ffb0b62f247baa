"""Draws two videos as timelines, one above the other, and connects the segments that are the same.

Thumbnails are decoded from the files. A picture has no timeline: lines connect it with the moments that show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageOps

from streams.domain.match.videos.comparison import FramePair
from streams.domain.records import Segment
from streams.drawing.common import (
    FAINT,
    INK,
    LINE,
    MARGIN,
    NO_BREAK,
    PAPER,
    WIDTH,
    caption_of,
    draw_caption,
    draw_header,
    font_of,
    wrap,
)
from streams.drawing.pictures import load_picture
from streams.drawing.video_frames import frames_at
from streams.services.explain.videos import VideoExplanation
from streams.services.media_files import MediaFile, PictureFile, VideoFile
from streams.services.wording import clock

ROOM: Final = WIDTH - 2 * MARGIN
THUMBS_PX: Final = 96
THUMB_MAX_WIDTH_PX: Final = 200
THUMB_GAP_PX: Final = 4
PICTURE_BOX_PX: Final = (736, 600)
BAR_PX, BETWEEN_PX, TICKS_PX = 30, 190, 26
MIN_WIDTH_SHARE: Final = 0.3
"""A much shorter video is drawn at least this wide, relative to the longer one. Times and bands show its length."""

BAND, THREAD, SAME, REST = (207, 233, 236), (128, 192, 200), (0, 121, 140), (205, 207, 210)
STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 36000)
MIN_STEP_PX: Final = 90


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """Where a medium is drawn: from x = `left`, `width` pixels for `duration_s`. The duration of a picture is 0."""

    letter: str
    role: str
    medium: MediaFile
    left: float
    width: float
    duration_s: float

    def x(self, at_s: float) -> float:
        if not self.duration_s:
            return self.left + self.width / 2
        return self.left + self.width * min(max(at_s / self.duration_s, 0.0), 1.0)


def draw_timelines(explanation: VideoExplanation) -> Image.Image:
    """The known medium above, as A, and the submitted one below, as B. In RGB and 1,600 pixels wide.

    Raises:
        DrawingError: a picture was fingerprinted and cannot be shown.
    """
    lines = wrap(explanation.summary().replace("–", "-").replace(NO_BREAK, " "), 30, ROOM)  # the font has no dash
    known, submitted = _layout(explanation)
    top = MARGIN + 64 + 42 * len(lines) + 32
    upper = top + 70 + THUMBS_PX + TICKS_PX + 12
    lower = upper + BAR_PX + BETWEEN_PX
    canvas = Image.new("RGB", (WIDTH, lower + BAR_PX + TICKS_PX + 12 + THUMBS_PX + 24 + 52 + 40), PAPER)
    draw_header(canvas, _badge(explanation), lines)
    _draw_caption(canvas, known, top)
    _draw_thumbs(canvas, known, top + 70)
    thumbs = lower + BAR_PX + TICKS_PX + 12
    _draw_bands(
        canvas,
        explanation,
        (known, submitted),
        (upper + BAR_PX if known.duration_s else top + 70 + THUMBS_PX, lower if submitted.duration_s else thumbs),
    )
    segments = _segments(explanation)
    _draw_bar(canvas, known, upper, [(part.known_from_s, part.known_to_s) for part in segments], ticks=upper - TICKS_PX)
    _draw_bar(canvas, submitted, lower, [(part.from_s, part.to_s) for part in segments], ticks=lower + BAR_PX + 6)
    _draw_times(canvas, (known, submitted), segments, (upper + BAR_PX, lower))
    _draw_thumbs(canvas, submitted, thumbs)
    _draw_caption(canvas, submitted, thumbs + THUMBS_PX + 24)
    return canvas


def _badge(explanation: VideoExplanation) -> tuple[str, tuple[int, int, int]]:
    """The text of the badge, and its colour."""
    if explanation.comparison is None:
        return ("APPEARS IN IT", SAME) if explanation.shows_picture else ("DOES NOT APPEAR", (96, 100, 108))
    match = explanation.match
    if match is None:
        return "NO COPY", (96, 100, 108)
    if match.method == "exact":
        return "EXACT COPY", (176, 110, 0)
    words = {"copy": "ALTERED COPY", "clip_of": "CLIP", "contains": "CONTAINS IT", "overlaps": "OVERLAP"}
    return words[match.relation], SAME if match.relation in ("copy", "clip_of") else (120, 80, 160)


def _layout(explanation: VideoExplanation) -> tuple[TimelineRow, TimelineRow]:
    """Both rows, to one scale unless one would be too short to read; the shorter row stands where its segment does."""
    media = explanation.known, explanation.submitted
    durations = [medium.video.duration_s if isinstance(medium, VideoFile) else 0.0 for medium in media]
    longest = max(durations) or 1.0
    widths = [ROOM * max(duration / longest, MIN_WIDTH_SHARE) for duration in durations]
    lefts = [float(MARGIN), float(MARGIN)]
    segments = _segments(explanation)
    short = 0 if widths[0] < widths[1] else 1
    if segments and widths[0] != widths[1]:
        longest_part = max(segments, key=lambda segment: segment.to_s - segment.from_s)
        middles = [
            (longest_part.known_from_s + longest_part.known_to_s) / 2,
            (longest_part.from_s + longest_part.to_s) / 2,
        ]
        offsets = [
            width * (middle / duration if duration else 0.5)
            for middle, width, duration in zip(middles, widths, durations, strict=True)
        ]
        aligned = MARGIN + offsets[1 - short] - offsets[short]
        lefts[short] = min(max(aligned, float(MARGIN)), MARGIN + ROOM - widths[short])
    return (
        TimelineRow("A", "known", media[0], lefts[0], widths[0], durations[0]),
        TimelineRow("B", "submitted", media[1], lefts[1], widths[1], durations[1]),
    )


def _segments(explanation: VideoExplanation) -> list[Segment]:
    """The segments that are the same; for a picture, the moment that shows it, if there is one."""
    if explanation.comparison is not None:
        if explanation.match is not None and explanation.match.method == "exact":
            duration_s = explanation.submitted.video.duration_s if isinstance(explanation.submitted, VideoFile) else 0.0
            return [Segment(0.0, duration_s, 0.0, duration_s, 1.0)]
        return explanation.comparison.parts
    return [
        Segment(nearest.at_s, nearest.at_s, nearest.known_at_s, nearest.known_at_s, 1.0)
        for nearest in explanation.frames[:1]
        if nearest.matches
    ]


def _draw_caption(canvas: Image.Image, row: TimelineRow, top: int) -> None:
    caption = caption_of(row.role, row.medium.facts)
    if isinstance(row.medium, VideoFile):
        caption += f", {clock(row.duration_s)}, {row.medium.video.codec}"
    draw_caption(canvas, row.letter, row.medium.name, caption, MARGIN, top, ROOM)


def _draw_bands(
    canvas: Image.Image, explanation: VideoExplanation, rows: tuple[TimelineRow, TimelineRow], between: tuple[int, int]
) -> None:
    """Shaded bands between the segments that are the same, with a thread for every moment that votes."""
    known, submitted = rows
    pen = ImageDraw.Draw(canvas)
    upper, lower = between
    for segment in _segments(explanation):
        corners = (
            (known.x(segment.known_from_s), upper),
            (known.x(segment.known_to_s), upper),
            (submitted.x(segment.to_s), lower),
            (submitted.x(segment.from_s), lower),
        )
        pen.polygon(corners, BAND)
        for start, end in ((corners[0], corners[3]), (corners[1], corners[2])):
            pen.line((*start, *end), SAME, 2)
    for pair in _threads(explanation):
        pen.line((known.x(pair.known_at_s), upper, submitted.x(pair.at_s), lower), THREAD, 1)


def _threads(explanation: VideoExplanation) -> Sequence[FramePair]:
    if explanation.comparison is not None:
        return [pair for pair in explanation.comparison.nearest if pair.votes]
    return [pair for pair in explanation.frames if pair.matches]


def _draw_bar(canvas: Image.Image, row: TimelineRow, top: int, same: list[tuple[float, float]], *, ticks: int) -> None:
    """The timeline with the same segments coloured, and its scale at y = `ticks`."""
    pen = ImageDraw.Draw(canvas)
    right = row.left + row.width
    if not row.duration_s:
        return
    pen.rounded_rectangle((row.left, top, right, top + BAR_PX), 6, REST)
    for begin, end in same:
        left = row.x(begin)
        pen.rounded_rectangle((left, top, max(row.x(end), left + 4), top + BAR_PX), 6, SAME)
    step_s = next((step for step in STEPS_S if step * row.width / row.duration_s >= MIN_STEP_PX), STEPS_S[-1])
    at_s, label_end = 0.0, -1e9
    inner, outer = (top - 1, top - 6) if ticks < top else (top + BAR_PX + 1, top + BAR_PX + 6)
    while at_s <= row.duration_s:
        x, label = row.x(at_s), clock(at_s)
        half = font_of(16).getlength(label) / 2
        if x - half > label_end:
            pen.line((x, inner, x, outer), FAINT, 1)
            pen.text((min(max(x, row.left + half), right - half), ticks), label, FAINT, font_of(16), anchor="ma")
            label_end = x + half + 8
        at_s += step_s


def _draw_times(
    canvas: Image.Image, rows: tuple[TimelineRow, TimelineRow], segments: Sequence[Segment], between: tuple[int, int]
) -> None:
    """The begin and end of every segment, at its band, where there is room."""
    known, submitted = rows
    upper, lower = between
    for row, y, anchor in ((known, upper + 10, "a"), (submitted, lower - 10, "d")):
        taken: list[tuple[float, float]] = []
        for segment in sorted(segments, key=lambda segment: segment.from_s - segment.to_s):  # the longest first
            begin, end = (segment.known_from_s, segment.known_to_s) if row is known else (segment.from_s, segment.to_s)
            label = clock(begin) if end == begin else f"{clock(begin)} to {clock(end)}"
            if not row.duration_s:
                continue
            middle, half = (row.x(begin) + row.x(end)) / 2, font_of(22).getlength(label) / 2
            middle = min(max(middle, MARGIN + half + 8), WIDTH - MARGIN - half - 8)
            if all(middle + half < left or middle - half > right for left, right in taken):
                _draw_label(canvas, (middle, y), label, anchor)
                taken.append((middle - half - 16, middle + half + 16))


def _draw_label(canvas: Image.Image, at: tuple[float, float], label: str, anchor: str) -> None:
    """Text on its own background, so that threads do not cross it."""
    pen = ImageDraw.Draw(canvas)
    left, top, right, bottom = pen.textbbox(at, label, font_of(22), anchor=f"m{anchor}")
    pen.rounded_rectangle((left - 10, top - 6, right + 10, bottom + 6), 8, PAPER, SAME, 2)
    pen.text(at, label, INK, font_of(22), anchor=f"m{anchor}")


def _draw_thumbs(canvas: Image.Image, row: TimelineRow, top: int) -> None:
    """Frames of a video along its timeline, at about their times; or the picture."""
    if isinstance(row.medium, PictureFile):
        _paste_picture(canvas, row, row.medium, top)
        return
    times_s, facts = row.medium.video.thumbnails_s, row.medium.facts
    thumb_width = min(THUMB_MAX_WIDTH_PX, max(24, round(THUMBS_PX * facts.width / max(1, facts.height))))
    count = max(1, min(len(times_s), round(row.width / thumb_width)))
    cell_width = row.width / count
    middles = [(number + 0.5) * row.duration_s / count for number in range(count)]
    chosen = [min(times_s, key=lambda at_s: abs(at_s - middle)) for middle in middles] if times_s else []
    for number, frame in enumerate(frames_at(row.medium, chosen, (round(2 * cell_width), 2 * THUMBS_PX))):
        left, right = round(row.left + number * cell_width), round(row.left + (number + 1) * cell_width) - THUMB_GAP_PX
        if frame is None:
            ImageDraw.Draw(canvas).rectangle((left, top, right, top + THUMBS_PX), LINE)
        else:
            canvas.paste(ImageOps.fit(frame, (right - left, THUMBS_PX)), (left, top))


def _paste_picture(canvas: Image.Image, row: TimelineRow, picture: PictureFile, top: int) -> None:
    """In the middle of its row, where the threads begin."""
    image = ImageOps.contain(load_picture(picture, PICTURE_BOX_PX), (round(row.width), THUMBS_PX))
    down = THUMBS_PX - image.height if row.letter == "A" else 0
    canvas.paste(image, (round(row.x(0) - image.width / 2), top + down))

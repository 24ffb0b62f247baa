"""Two videos as timelines, one above the other, with what is the same connected: for people to look at.

Thumbnails are decoded again from the files. A picture beside a video has no timeline: lines go from it to the moments
that show it. What is said is explain_videos.py's.
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
    about,
    draw_caption,
    draw_header,
    font_of,
    wrapped,
)
from streams.drawing.video_frames import frames_at
from streams.services.explain_videos import Medium, VideoExplanation, verdict_of
from streams.services.pictures import PictureFile
from streams.services.videos import VideoFile
from streams.services.wording import clock

ROOM: Final = WIDTH - 2 * MARGIN
THUMBS_PX: Final = 96
WIDEST_THUMB: Final = 200
THUMB_GAP: Final = 4
BAR_PX, BETWEEN_PX, TICKS_PX = 30, 190, 26
SHORTEST_SHARE: Final = 0.3
"""A much shorter video is drawn at least so long, beside the longer; times and bands say what it is."""

BAND, THREAD, SAME, REST = (207, 233, 236), (128, 192, 200), (0, 121, 140), (205, 207, 210)
STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 36000)
LEAST_STEP_PX: Final = 90


@dataclass(frozen=True, slots=True)
class Line:
    """Where one of the two is drawn: from x = `left`, `width` pixels for `duration_s`; a picture lasts no time."""

    letter: str
    role: str
    medium: Medium
    left: float
    width: float
    duration_s: float

    def x(self, at_s: float) -> float:
        if not self.duration_s:
            return self.left + self.width / 2
        return self.left + self.width * min(max(at_s / self.duration_s, 0.0), 1.0)


def draw(explained: VideoExplanation) -> Image.Image:
    """The picture, in RGB and 1,600 pixels wide.

    Raises:
        click.ClickException: a picture was fingerprinted and cannot be shown.
    """
    lines = wrapped(verdict_of(explained).replace("–", "-").replace(NO_BREAK, " "), 30, ROOM)  # the font has no dash
    known, submitted = _placed(explained)
    top = MARGIN + 64 + 42 * len(lines) + 32
    upper = top + 70 + THUMBS_PX + TICKS_PX + 12
    lower = upper + BAR_PX + BETWEEN_PX
    canvas = Image.new("RGB", (WIDTH, lower + BAR_PX + TICKS_PX + 12 + THUMBS_PX + 24 + 52 + 40), PAPER)
    draw_header(canvas, _called(explained), lines)
    _draw_caption(canvas, known, top)
    _draw_thumbs(canvas, known, top + 70)
    thumbs = lower + BAR_PX + TICKS_PX + 12
    _draw_bands(
        canvas,
        explained,
        (known, submitted),
        (upper + BAR_PX if known.duration_s else top + 70 + THUMBS_PX, lower if submitted.duration_s else thumbs),
    )
    parts = _parts(explained)
    _draw_bar(canvas, known, upper, [(part.known_from_s, part.known_to_s) for part in parts], ticks=upper - TICKS_PX)
    _draw_bar(canvas, submitted, lower, [(part.from_s, part.to_s) for part in parts], ticks=lower + BAR_PX + 6)
    _draw_times(canvas, (known, submitted), parts, (upper + BAR_PX, lower))
    _draw_thumbs(canvas, submitted, thumbs)
    _draw_caption(canvas, submitted, thumbs + THUMBS_PX + 24)
    return canvas


def _called(explained: VideoExplanation) -> tuple[str, tuple[int, int, int]]:
    """What stands on the badge, and its colour."""
    if explained.comparison is None:
        is_found = bool(explained.frames) and explained.frames[0].matches
        return ("APPEARS IN IT", SAME) if is_found else ("DOES NOT APPEAR", (96, 100, 108))
    match = explained.match
    if match is None:
        return "NO COPY", (96, 100, 108)
    if match.method == "exact":
        return "EXACT COPY", (176, 110, 0)
    words = {"copy": "ALTERED COPY", "clip_of": "CLIP", "contains": "CONTAINS IT", "overlaps": "OVERLAP"}
    return words[match.relation], SAME if match.relation in ("copy", "clip_of") else (120, 80, 160)


def _placed(explained: VideoExplanation) -> tuple[Line, Line]:
    """Both lines, to one scale as far as that can be read, the shorter where its part is of the longer."""
    media = explained.known, explained.submitted
    durations = [each.video.duration_s if isinstance(each, VideoFile) else 0.0 for each in media]
    longest = max(durations) or 1.0
    widths = [ROOM * max(duration / longest, SHORTEST_SHARE) for duration in durations]
    lefts = [float(MARGIN), float(MARGIN)]
    parts = _parts(explained)
    short = 0 if widths[0] < widths[1] else 1
    if parts and widths[0] != widths[1]:
        part = max(parts, key=lambda each: each.to_s - each.from_s)
        middles = [(part.known_from_s + part.known_to_s) / 2, (part.from_s + part.to_s) / 2]
        offsets = [
            width * (middle / duration if duration else 0.5)
            for middle, width, duration in zip(middles, widths, durations, strict=True)
        ]
        wanted = MARGIN + offsets[1 - short] - offsets[short]
        lefts[short] = min(max(wanted, float(MARGIN)), MARGIN + ROOM - widths[short])
    return (
        Line("A", "known", media[0], lefts[0], widths[0], durations[0]),
        Line("B", "submitted", media[1], lefts[1], widths[1], durations[1]),
    )


def _parts(explained: VideoExplanation) -> list[Segment]:
    """What is the same; of a picture the moment that shows it, if one does."""
    if explained.comparison is not None:
        if explained.match is not None and explained.match.method == "exact":
            lasts_s = explained.submitted.video.duration_s if isinstance(explained.submitted, VideoFile) else 0.0
            return [Segment(0.0, lasts_s, 0.0, lasts_s, 1.0)]
        return explained.comparison.parts
    return [
        Segment(each.at_s, each.at_s, each.known_at_s, each.known_at_s, 1.0)
        for each in explained.frames[:1]
        if each.matches
    ]


def _draw_caption(canvas: Image.Image, line: Line, top: int) -> None:
    said = about(line.role, line.medium.facts)
    if isinstance(line.medium, VideoFile):
        said += f", {clock(line.duration_s)}, {line.medium.video.codec}"
    draw_caption(canvas, line.letter, line.medium.name, said, MARGIN, top, ROOM)


def _draw_bands(
    canvas: Image.Image, explained: VideoExplanation, lines: tuple[Line, Line], between: tuple[int, int]
) -> None:
    """What is the same as shaded bands; in them a thread for each moment that votes."""
    known, submitted = lines
    pen = ImageDraw.Draw(canvas)
    upper, lower = between
    for part in _parts(explained):
        corners = (
            (known.x(part.known_from_s), upper),
            (known.x(part.known_to_s), upper),
            (submitted.x(part.to_s), lower),
            (submitted.x(part.from_s), lower),
        )
        pen.polygon(corners, BAND)
        for start, end in ((corners[0], corners[3]), (corners[1], corners[2])):
            pen.line((*start, *end), SAME, 2)
    for each in _voting(explained):
        pen.line((known.x(each.known_at_s), upper, submitted.x(each.at_s), lower), THREAD, 1)


def _voting(explained: VideoExplanation) -> Sequence[FramePair]:
    if explained.comparison is not None:
        return [each for each in explained.comparison.nearest if each.votes]
    return [each for each in explained.frames if each.matches]


def _draw_bar(canvas: Image.Image, line: Line, top: int, same: list[tuple[float, float]], *, ticks: int) -> None:
    """The line of time with what is the same coloured, and its scale at y = `ticks`."""
    pen = ImageDraw.Draw(canvas)
    right = line.left + line.width
    if not line.duration_s:
        return
    pen.rounded_rectangle((line.left, top, right, top + BAR_PX), 6, REST)
    for begin, end in same:
        left = line.x(begin)
        pen.rounded_rectangle((left, top, max(line.x(end), left + 4), top + BAR_PX), 6, SAME)
    step = next((each for each in STEPS_S if each * line.width / line.duration_s >= LEAST_STEP_PX), STEPS_S[-1])
    at_s, before = 0.0, -1e9
    inner, outer = (top - 1, top - 6) if ticks < top else (top + BAR_PX + 1, top + BAR_PX + 6)
    while at_s <= line.duration_s:
        x, label = line.x(at_s), clock(at_s)
        half = font_of(16).getlength(label) / 2
        if x - half > before:
            pen.line((x, inner, x, outer), FAINT, 1)
            pen.text((min(max(x, line.left + half), right - half), ticks), label, FAINT, font_of(16), anchor="ma")
            before = x + half + 8
        at_s += step


def _draw_times(
    canvas: Image.Image, lines: tuple[Line, Line], parts: Sequence[Segment], between: tuple[int, int]
) -> None:
    """When each part begins and ends, beside its band, as far as there is room."""
    known, submitted = lines
    upper, lower = between
    for line, y, anchor in ((known, upper + 10, "a"), (submitted, lower - 10, "d")):
        taken: list[tuple[float, float]] = []
        for part in sorted(parts, key=lambda each: each.from_s - each.to_s):
            begin, end = (part.known_from_s, part.known_to_s) if line is known else (part.from_s, part.to_s)
            said = clock(begin) if end == begin else f"{clock(begin)} to {clock(end)}"
            if not line.duration_s:
                continue
            middle, half = (line.x(begin) + line.x(end)) / 2, font_of(22).getlength(said) / 2
            middle = min(max(middle, MARGIN + half + 8), WIDTH - MARGIN - half - 8)
            if all(middle + half < left or middle - half > right for left, right in taken):
                _draw_label(canvas, (middle, y), said, anchor)
                taken.append((middle - half - 16, middle + half + 16))


def _draw_label(canvas: Image.Image, at: tuple[float, float], said: str, anchor: str) -> None:
    """Words on a ground of their own, so that threads do not cross them."""
    pen = ImageDraw.Draw(canvas)
    left, top, right, bottom = pen.textbbox(at, said, font_of(22), anchor=f"m{anchor}")
    pen.rounded_rectangle((left - 10, top - 6, right + 10, bottom + 6), 8, PAPER, SAME, 2)
    pen.text(at, said, INK, font_of(22), anchor=f"m{anchor}")


def _draw_thumbs(canvas: Image.Image, line: Line, top: int) -> None:
    """Frames of a video side by side along its line, each of about when it stands there; or the picture."""
    if isinstance(line.medium, PictureFile):
        _paste_picture(canvas, line, line.medium, top)
        return
    times_s, facts = line.medium.video.thumbnails_s, line.medium.facts
    wide = min(WIDEST_THUMB, max(24, round(THUMBS_PX * facts.width / max(1, facts.height))))
    count = max(1, min(len(times_s), round(line.width / wide)))
    cell = line.width / count
    middles = [(number + 0.5) * line.duration_s / count for number in range(count)]
    chosen = [min(times_s, key=lambda at_s: abs(at_s - middle)) for middle in middles] if times_s else []
    for number, frame in enumerate(frames_at(line.medium, chosen, (round(2 * cell), 2 * THUMBS_PX))):
        left, right = round(line.left + number * cell), round(line.left + (number + 1) * cell) - THUMB_GAP
        if frame is None:
            ImageDraw.Draw(canvas).rectangle((left, top, right, top + THUMBS_PX), LINE)
        else:
            canvas.paste(ImageOps.fit(frame, (right - left, THUMBS_PX)), (left, top))


def _paste_picture(canvas: Image.Image, line: Line, picture: PictureFile, top: int) -> None:
    """In the middle of its line, where the threads begin."""
    from streams.drawing.side_by_side import loaded

    image = ImageOps.contain(loaded(picture), (round(line.width), THUMBS_PX))
    down = THUMBS_PX - image.height if line.letter == "A" else 0
    canvas.paste(image, (round(line.x(0) - image.width / 2), top + down))

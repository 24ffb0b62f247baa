"""Alterations: what people do to videos before they upload them again, by name. For tests and benchmarks.

Every alteration decodes a file, changes it and encodes it again, as editors and sites do, so that keyframes move. The
films that are altered are in films.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import av
import numpy as np
from PIL import Image, ImageFilter, ImageOps

from tests.support.films import BILINEAR, Film, cached_file, captioned, encode

TimedPicture = tuple[float, Image.Image]
Change = Callable[[Image.Image], Image.Image]


def decoded(source: Path, size: tuple[int, int] | None = None) -> Iterator[TimedPicture]:
    """The time in seconds and the picture of every frame."""
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        first: float | None = None
        for frame in container.decode(stream):
            first = frame.time if first is None else first
            width, height = size or (frame.width, frame.height)
            yield frame.time - first, Image.fromarray(frame.reformat(width, height, "rgb24").to_ndarray())


def duration_and_rate(source: Path) -> tuple[float, float]:
    """The duration in seconds, and the frame rate."""
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        assert container.duration is not None
        assert stream.average_rate is not None
        return container.duration / av.time_base, float(stream.average_rate)


def at_rate(pictures: Iterator[TimedPicture], fps: float) -> Iterator[Image.Image]:
    """The pictures at another frame rate: at each new instant, the latest picture shown by then."""
    count, last = 0, None
    for at_s, picture in pictures:
        while last is not None and count / fps < at_s - 1e-6:
            yield last
            count += 1
        last = picture
    if last is not None:
        yield last


def reencoded(
    source: Path,
    target: Path,
    *,
    begin: float = 0.0,
    end: float = 1.0,
    change: Change | None = None,
    fps: float | None = None,
    speed: float = 1.0,
    **coding: Any,
) -> None:
    """Decodes, changes and encodes. `begin` and `end` are shares of the duration; `coding` goes to `films.encode`."""
    duration_s, rate = duration_and_rate(source)
    first_s, last_s = begin * duration_s, end * duration_s

    def shown() -> Iterator[TimedPicture]:
        for at_s, picture in decoded(source):
            if first_s - 1e-6 <= at_s < last_s - 1e-6:
                yield (at_s - first_s) / speed, change(picture) if change else picture

    encode(target, at_rate(shown(), fps or rate), fps=fps or rate, **coding)


def resized(picture: Image.Image, *, factor: float) -> Image.Image:
    width, height = (max(2, round(side * factor / 2) * 2) for side in picture.size)
    return picture.resize((width, height), BILINEAR)


def boxed(picture: Image.Image, *, across: float = 0.0, down: float = 0.0) -> Image.Image:
    """Adds black bars left and right, above and below, as shares of the picture. The size stays even."""
    width, height = (round(s * (1 + 2 * m) / 2) * 2 for s, m in zip(picture.size, (across, down), strict=True))
    canvas = Image.new("RGB", (width, height))
    canvas.paste(picture, ((width - picture.width) // 2, (height - picture.height) // 2))
    return canvas


def caption_over(picture: Image.Image) -> Image.Image:
    return captioned(picture, "and this is what they said", (picture.width // 6, picture.height * 5 // 6))


def caption_bar(picture: Image.Image) -> Image.Image:
    """Adds a white bar with words below the picture, which keeps its size."""
    bar = round(picture.height * 0.17 / 2) * 2
    canvas = Image.new("RGB", (picture.width, picture.height + bar), (255, 255, 255))
    canvas.paste(picture, (0, 0))
    return captioned(canvas, "wait for it", (picture.width // 3, picture.height + bar // 4))


def logo(picture: Image.Image) -> Image.Image:
    copy = picture.copy()
    side = picture.height // 7
    mark = Image.new("RGB", (side * 2, side), (200, 30, 30))
    copy.paste(captioned(mark, "TV", (side // 2, side // 4)), (picture.width - 2 * side - 8, 8))
    return copy


def greyscale(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


def brighter(picture: Image.Image) -> Image.Image:
    return picture.point(lambda level: min(255, round(level * 1.2 + 8)))


def cropped(picture: Image.Image, *, share: float) -> Image.Image:
    across, down = picture.width * share / 2, picture.height * share / 2
    return picture.resize(picture.size, BILINEAR, box=(across, down, picture.width - across, picture.height - down))


def in_blurred_fill(picture: Image.Image, *, aspect: float) -> Image.Image:
    """The picture in the middle of a canvas of another aspect, as apps set it, over a blurred enlargement of itself."""
    width, height = picture.size
    wide, high = max(width, round(height * aspect / 2) * 2), max(height, round(width / aspect / 2) * 2)
    enlarged = max(wide / width, high / height)
    across, down = (width - wide / enlarged) / 2, (height - high / enlarged) / 2
    coarse = picture.resize(
        (max(1, wide // 8), max(1, high // 8)), Image.Resampling.BOX, (across, down, width - across, height - down)
    )
    canvas = coarse.filter(ImageFilter.GaussianBlur(min(wide, high) / 160)).resize((wide, high), BILINEAR)
    canvas.paste(picture, ((wide - width) // 2, (high - height) // 2))
    return canvas


def clip(source: Path, target: Path, seed: int, *, share: float, **coding: Any) -> None:
    """Cuts a random part with this share of the duration."""
    begin = float(np.random.default_rng(seed).uniform(0, 1 - share))
    reencoded(source, target, begin=begin, end=begin + share, **coding)


def compilation(source: Path, target: Path, seed: int, *, share: float = 0.3) -> None:
    """Places a random part with this share of the duration between parts of other films."""
    duration_s, rate = duration_and_rate(source)
    begin_s = float(np.random.default_rng(seed).uniform(0, 1 - share)) * duration_s
    pictures = [picture for at_s, picture in decoded(source) if begin_s <= at_s < begin_s + share * duration_s]
    size = pictures[0].size
    others = [Film(1000 + seed + number, 8.0) for number in range(2)]

    def shown() -> Iterator[Image.Image]:
        yield from others[0].pictures(size, rate)
        yield from pictures
        yield from others[1].pictures(size, rate)

    encode(target, shown(), fps=rate)


def with_intro(source: Path, target: Path, seed: int, *, duration_s: float = 4.0) -> None:
    """Places the whole video after an intro that other videos have, too."""
    rate = duration_and_rate(source)[1]

    def shown() -> Iterator[Image.Image]:
        size: tuple[int, int] | None = None
        for _, picture in decoded(source):
            if size is None:
                size = picture.size
                yield from Film(2000, duration_s).pictures(size, rate)
            yield picture

    encode(target, shown(), fps=rate)


def looped(source: Path, target: Path, times: int) -> None:
    """Repeats the packets in one long file. Fast, because nothing is encoded."""
    with av.open(str(target), "w") as out, av.open(str(source)) as container:
        stream = container.streams.video[0]
        copy = out.add_stream_from_template(stream)
        assert stream.time_base is not None
        kept = [
            (bytes(each), each.pts, each.dts, each.duration, each.is_keyframe)
            for each in container.demux(stream)
            if each.pts is not None and each.dts is not None
        ]
        span = kept[-1][2] - kept[0][2]
        length = span + span // max(1, len(kept) - 1)
        for number in range(times):
            for data, pts, at, duration, is_keyframe in kept:
                packet = av.Packet(data)
                packet.stream, packet.time_base = copy, stream.time_base
                packet.pts, packet.dts = pts + number * length, at + number * length
                packet.duration, packet.is_keyframe = duration, is_keyframe
                out.mux(packet)


class Alteration(NamedTuple):
    """`kind` groups alterations that differ only in strength. About this `share` of the original is left, or more."""

    kind: str
    alter: Callable[[Path, Path, int], None]
    suffix: str = ".mp4"
    share: float = 1.0

    def apply(self, source: Path, seed: int = 0) -> Path:
        """The altered copy, made once in a test session."""
        name = next(name for name, each in ALTERATIONS.items() if each is self)
        return cached_file(f"{source.stem}-{name}-{seed}{self.suffix}", lambda target: self.alter(source, target, seed))


def _plain(**options: Any) -> Callable[[Path, Path, int], None]:
    return lambda source, target, _: reencoded(source, target, **options)


LOW: Final = {"crf": "34"}

ALTERATIONS: Final[dict[str, Alteration]] = {
    "h264_low": Alteration("reencode", _plain(options=LOW, gop=48)),
    "h264_tail_moov": Alteration("reencode", _plain(gop=90, faststart=False)),
    "h264_fixed_gop": Alteration("reencode", _plain(gop=60, options={"sc_threshold": "0"})),
    "hevc_mp4": Alteration("reencode", _plain(codec="hevc", gop=120)),
    "mpeg4_mkv": Alteration("reencode", _plain(codec="mpeg4", gop=100), ".mkv"),
    "vp9_webm": Alteration("reencode", _plain(codec="vp9", gop=128), ".webm"),
    "h264_mov": Alteration("reencode", _plain(gop=33), ".mov"),
    "h264_ts": Alteration("reencode", _plain(gop=50), ".ts"),
    "half_size": Alteration("resize", _plain(change=partial(resized, factor=0.5), gop=75)),
    "larger": Alteration("resize", _plain(change=partial(resized, factor=1.5), gop=75)),
    "head_trimmed": Alteration("trim", _plain(begin=0.07, gop=75), share=0.93),
    "tail_trimmed": Alteration("trim", _plain(end=0.9, gop=75), share=0.9),
    "clip_10": Alteration("clip_10", partial(clip, share=0.1, gop=75), share=0.1),
    "clip_30": Alteration("clip_30", partial(clip, share=0.3, gop=75), share=0.3),
    "clip_50": Alteration("clip_50", partial(clip, share=0.5, gop=75), share=0.5),
    "mirrored": Alteration("mirror", _plain(change=ImageOps.mirror, gop=75)),
    "letterboxed": Alteration("letterbox", _plain(change=partial(boxed, down=0.17), gop=75)),
    "pillarboxed": Alteration("letterbox", _plain(change=partial(boxed, across=0.4), gop=75)),
    "fps_up": Alteration("frame_rate", _plain(fps=30, gop=75)),
    "fps_down": Alteration("frame_rate", _plain(fps=15, gop=75)),
    "caption_over": Alteration("caption", _plain(change=caption_over, gop=75)),
    "caption_bar": Alteration("caption", _plain(change=caption_bar, gop=75)),
    "faster_5": Alteration("speed", _plain(speed=1.05, gop=75)),
    "slower_5": Alteration("speed", _plain(speed=0.95, gop=75)),
    "greyscale": Alteration("colour", _plain(change=greyscale, gop=75)),
    "brighter": Alteration("colour", _plain(change=brighter, gop=75)),
    "logo": Alteration("logo", _plain(change=logo, gop=75)),
    "cropped_5": Alteration("crop", _plain(change=partial(cropped, share=0.05), gop=75)),
    "cropped_15": Alteration("crop", _plain(change=partial(cropped, share=0.15), gop=75)),
    "clip_30_cropped_15": Alteration(
        "crop", partial(clip, share=0.3, gop=75, change=partial(cropped, share=0.15)), share=0.3
    ),
    "clip_30_captioned": Alteration("caption", partial(clip, share=0.3, gop=75, change=caption_over), share=0.3),
    "filled_tall": Alteration("fill", _plain(change=partial(in_blurred_fill, aspect=9 / 16), gop=75)),
    "filled_wide": Alteration("fill", _plain(change=partial(in_blurred_fill, aspect=2.4), gop=75)),
    "compilation": Alteration("compilation", compilation, share=0.3),
    "with_intro": Alteration("intro", with_intro),
}
"""By name. Of a film of a few minutes, all but `clip_10` show most of a minute or more."""

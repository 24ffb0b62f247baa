"""Sample videos: real photos in motion, with cuts and fades, of any length, size and coding. No tests here.

A film is a function of time, so that it can be shot at any frame rate. Films with different numbers show different
parts of photos, for the first FILMS numbers. How their files are altered is in videos.py.
"""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from math import ceil, pi, sin
from pathlib import Path
from typing import Any, Final, NamedTuple

import av
import numpy as np
from PIL import Image, ImageDraw

from tests.support.media import photo

PHOTOS: Final = (
    "astronaut.png", "brick.png", "chelsea.png", "coffee.png", "grass.png", "gravel.png", "hubble_deep_field.jpg",
    "ihc.png", "motorcycle_left.png", "retina.jpg", "rocket.jpg", "camera.png", "clock_motion.png", "coins.png",
    "color.png", "moon.png", "page.png", "logo.png",
)  # fmt: skip
TILES_ACROSS, TILES_DOWN = 3, 2
SCENES: Final = 6
FILMS: Final = len(PHOTOS) * TILES_ACROSS * TILES_DOWN // SCENES
"""Films with the numbers 0 to FILMS - 1 have no part of a photo in common."""

Size = tuple[int, int]
BILINEAR = Image.Resampling.BILINEAR
SIZE: Final[Size] = (480, 270)
FPS: Final = 25

CODINGS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    # x264's tree of macroblocks makes other files of the same frames from run to run.
    "h264": ("libx264", {"preset": "veryfast", "crf": "23", "x264-params": "no-mbtree=1"}),
    "hevc": ("libx265", {"preset": "ultrafast", "crf": "28", "x265-params": "log-level=none"}),
    "mpeg4": ("mpeg4", {"qmin": "4", "qmax": "8"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "crf": "36", "b": "0"}),
    "mjpeg": ("mjpeg", {"qmin": "6", "qmax": "8"}),
    "mpeg2": ("mpeg2video", {"qmin": "4", "qmax": "8"}),
    "flv1": ("flv", {"qmin": "4", "qmax": "8"}),
}
"""The encoder and its options, by the codec's name."""


class Scene(NamedTuple):
    """A stretch of a film. `kind` is pan, zoom, slide (nothing moves), object (one thing moves), handheld or noisy.
    `path` is where the camera begins and ends, as shares of the room around the frame."""

    begin_s: float
    end_s: float
    kind: str
    tile: int
    path: tuple[float, float, float, float]
    faded_s: float


KINDS: Final = ("pan", "zoom", "slide", "object", "handheld", "noisy")


@cache
def _tile(number: int) -> Image.Image:
    number %= len(PHOTOS) * TILES_ACROSS * TILES_DOWN
    image = photo(PHOTOS[number % len(PHOTOS)])
    part = number // len(PHOTOS)
    width, height = image.width // TILES_ACROSS, image.height // TILES_DOWN
    left, top = part % TILES_ACROSS * width, part // TILES_ACROSS * height
    return image.crop((left, top, left + width, top + height))


class Film:
    """A film of a given length. The same number always makes the same film."""

    def __init__(self, number: int, duration_s: float) -> None:
        self.duration_s = duration_s
        rng = np.random.default_rng(number)
        self.scenes: list[Scene] = []
        at_s, order = 0.0, rng.permutation(SCENES)
        while at_s < duration_s:
            count = len(self.scenes)
            length_s = float(rng.uniform(3, 9))
            tile = number * SCENES + int(order[count % SCENES])
            kind = KINDS[(count + number) % len(KINDS)]
            path = tuple(float(each) for each in rng.uniform(0, 1, 4))
            faded_s = 0.8 if rng.uniform() < 0.3 and count else 0.0
            self.scenes.append(Scene(at_s, at_s + length_s, kind, tile, path, faded_s))  # type: ignore[arg-type]
            at_s += length_s
        self._ready: dict[tuple[int, Size], Image.Image] = {}
        self._number = number

    def tile(self, number: int) -> Image.Image:
        """The picture that a scene shows parts of. Films of other photos override this."""
        return _tile(number)

    def picture(self, at_s: float, size: Size = SIZE) -> Image.Image:
        """The frame at a time."""
        number = next((n for n, scene in enumerate(self.scenes) if at_s < scene.end_s), len(self.scenes) - 1)
        scene = self.scenes[number]
        shown = self._shot(scene, at_s, size)
        if scene.faded_s and at_s - scene.begin_s < scene.faded_s:
            before = self._shot(self.scenes[number - 1], scene.begin_s, size)
            shown = Image.blend(before, shown, (at_s - scene.begin_s) / scene.faded_s)
        return shown

    def _large(self, tile: int, size: Size) -> Image.Image:
        """A tile that is at least 1.6 times as wide and as high as the frame."""
        if (tile, size) not in self._ready:
            image = self.tile(tile)
            factor = max(size[0] / image.width, size[1] / image.height) * 1.6
            self._ready[tile, size] = image.resize((ceil(image.width * factor), ceil(image.height * factor)), BILINEAR)
        return self._ready[tile, size]

    def _shot(self, scene: Scene, at_s: float, size: Size) -> Image.Image:
        large = self._large(scene.tile, size)
        done = min(1.0, max(0.0, (at_s - scene.begin_s) / (scene.end_s - scene.begin_s)))
        moved = done if scene.kind in ("pan", "noisy") else 0.0
        zoomed = 1.0 - 0.35 * done if scene.kind == "zoom" else 1.0
        width, height = size[0] * zoomed, size[1] * zoomed
        across = scene.path[0] + (scene.path[2] - scene.path[0]) * moved
        down = scene.path[1] + (scene.path[3] - scene.path[1]) * moved
        if scene.kind == "handheld":
            across = min(1.0, max(0.0, across + 0.03 * sin(5 * at_s)))
            down = min(1.0, max(0.0, down + 0.03 * sin(3.3 * at_s + 1)))
        left, top = across * (large.width - width), down * (large.height - height)
        shown = large.resize(size, BILINEAR, box=(left, top, left + width, top + height))
        if scene.kind == "object":
            self._add_object(shown, scene, done)
        if scene.kind == "noisy":
            shown = self._grainy(shown, at_s)
        return shown

    def _add_object(self, shown: Image.Image, scene: Scene, done: float) -> None:
        side = shown.height // 3
        thing = self.tile(scene.tile).resize((side, side), BILINEAR).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        across = round(done * (shown.width - side))
        down = round((0.5 + 0.4 * sin(2 * pi * done)) * (shown.height - side))
        shown.paste(thing, (across, down))

    def _grainy(self, shown: Image.Image, at_s: float) -> Image.Image:
        rng = np.random.default_rng([self._number, round(at_s * 1000)])
        grain = rng.normal(0, 6, (shown.height, shown.width, 1)).astype(np.float32)
        return Image.fromarray(np.clip(np.asarray(shown, np.float32) + grain, 0, 255).astype(np.uint8))

    def pictures(self, size: Size = SIZE, fps: float = FPS) -> Iterator[Image.Image]:
        for number in range(round(self.duration_s * fps)):
            yield self.picture(number / fps, size)


def encode(
    target: Path,
    pictures: Iterable[Image.Image],
    *,
    fps: float = FPS,
    codec: str = "h264",
    gop: int = 250,
    faststart: bool = True,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    rotation_degrees: int = 0,
    sound: bool = False,
) -> Path:
    """Writes pictures of one size as a video file. The target's suffix determines the container.

    `rotation_degrees` is written into the container: players turn the frames by it, anticlockwise. `sound` adds a track
    with a tone.
    """
    encoder, defaults = CODINGS[codec]
    muxing = dict(container_options or {})
    if target.suffix in (".mp4", ".mov") and faststart and "movflags" not in muxing:
        muxing["movflags"] = "faststart"
    with av.open(str(target), "w", options=muxing) as container:
        stream: Any = None
        for number, picture in enumerate(pictures):
            if stream is None:
                rate = round(fps) if float(fps).is_integer() else round(fps * 1000)
                stream = container.add_stream(encoder, rate=rate if float(fps).is_integer() else _fraction(fps))
                stream.width, stream.height = picture.size
                stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
                stream.options = {**defaults, **(options or {})}
                stream.gop_size = gop
                stream.codec_context.thread_count = 1
                if rotation_degrees:
                    stream.set_display_rotation(rotation_degrees)
                tone = _Tone(container) if sound else None
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            frame.pts = number
            frame.time_base = 1 / _fraction(fps)
            container.mux(stream.encode(frame))
            if tone:
                tone.until((number + 1) / fps)
        container.mux(stream.encode(None))
        if tone:
            tone.end()
    return target


def _fraction(fps: float) -> Any:
    from fractions import Fraction

    return Fraction(fps).limit_denominator(1001)


class _Tone:
    """An audio track with a tone."""

    RATE = 48_000

    def __init__(self, container: Any) -> None:
        self._container = container
        self._stream = container.add_stream("libopus" if container.format.name == "webm" else "aac", rate=self.RATE)
        self._stream.layout = "mono"
        self._samples = 0

    def until(self, at_s: float) -> None:
        while (self._samples + 1024) / self.RATE <= at_s:
            wave = np.sin(np.arange(self._samples, self._samples + 1024) * (2 * pi * 440 / self.RATE)) * 0.3
            frame = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), format="fltp", layout="mono")
            frame.rate, frame.pts = self.RATE, self._samples
            self._samples += 1024
            self._container.mux(self._stream.encode(frame))

    def end(self) -> None:
        self._container.mux(self._stream.encode(None))


@cache
def folder() -> Path:
    """The folder of this process's sample videos, removed when the process ends."""
    directory = tempfile.TemporaryDirectory(prefix="mediasieve-films-")
    atexit.register(directory.cleanup)
    return Path(directory.name)


_CACHED_FILES: dict[str, Path] = {}


def cached_file(name: str, make: Callable[[Path], object]) -> Path:
    """The file of that name in the folder. The first call makes it."""
    if name not in _CACHED_FILES:
        target = folder() / name
        make(target)
        _CACHED_FILES[name] = target
    return _CACHED_FILES[name]


def film(
    number: int = 0,
    duration_s: float = 12.0,
    *,
    size: Size = SIZE,
    fps: float = FPS,
    suffix: str = ".mp4",
    **coding: Any,
) -> Path:
    """The file of a film, made once in a test session; do not change it. `coding` goes to `encode`."""
    settings = "-".join(f"{key}={value}" for key, value in sorted(coding.items())).replace("/", "_")
    name = f"film{number}-{duration_s:g}s-{size[0]}x{size[1]}-{fps:g}fps-{settings}{suffix}"
    return cached_file(
        name, lambda target: encode(target, Film(number, duration_s).pictures(size, fps), fps=fps, **coding)
    )


def slides(colours: Sequence[tuple[int, int, int]], size: Size = SIZE, each_s: float = 2.0) -> Iterator[Image.Image]:
    """Plain pictures, each of one colour."""
    for colour in colours:
        picture = Image.new("RGB", size, colour)
        yield from (picture for _ in range(round(each_s * FPS)))


def captioned(picture: Image.Image, words: str, at: tuple[int, int]) -> Image.Image:
    """A copy with white words on a dark background."""
    copy = picture.copy()
    draw = ImageDraw.Draw(copy)
    box = draw.textbbox(at, words, font_size=max(10, picture.height // 14))
    draw.rectangle((box[0] - 4, box[1] - 3, box[2] + 4, box[3] + 3), fill=(0, 0, 0))
    draw.text(at, words, fill=(255, 255, 255), font_size=max(10, picture.height // 14))
    return copy

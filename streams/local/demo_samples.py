"""The media of the demo: real photos, copies altered as people alter them before another upload, videos, broken files.

The photos come with scikit-image and are read from its folder. Without scikit-image, pictures are drawn instead. All
files are the same at every run.
"""

from __future__ import annotations

import importlib.util
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from streams.local.demo_videos import write_videos

PHOTOS = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
)
DRAWING_COUNT = 8
MAX_SIDE_PX = 640
ORIGINAL, EXACT_COPY, BROKEN = "the photo", "exact copy", "broken"
VIDEO, CLIP = "a video", "a clip of a video"


@dataclass(frozen=True, slots=True)
class DemoSample:
    """One file, the photo or video that it was made from, and how it was altered."""

    path: Path
    original_name: str
    alteration: str


def write_samples(folder: Path) -> list[DemoSample]:
    """Write all samples below `folder`: photos/, videos/, uploads/ and broken/.

    Raises:
        OSError: the folder cannot be written.
    """
    samples: list[DemoSample] = []
    photos = list(_photos())
    for name, photo in photos:
        original = _jpeg(photo, 92)
        samples.append(_write(folder / "photos" / f"{name}.jpg", original, name, ORIGINAL))
        for number in (1, 2):
            path = folder / "uploads" / f"{name} ({number}).jpg"
            samples.append(_write(path, original, name, EXACT_COPY))
        decoded = Image.open(BytesIO(original)).convert("RGB")
        for alteration, (suffix, alter) in ALTERATIONS.items():
            slug = alteration.replace(" ", "-").replace("%", "percent")
            path = folder / "uploads" / f"{name}-{slug}.{suffix}"
            samples.append(_write(path, alter(decoded), name, alteration))
    film, clip, other = write_videos(folder / "videos", [photo for _, photo in photos])
    samples += [DemoSample(film, "film", VIDEO), DemoSample(clip, "film", CLIP), DemoSample(other, "other", VIDEO)]
    first_photo = (folder / "photos" / f"{samples[0].original_name}.jpg").read_bytes()
    for name, content in _broken(first_photo).items():
        samples.append(_write(folder / "broken" / name, content, "", BROKEN))
    return samples


def _photos() -> Iterator[tuple[str, Image.Image]]:
    package = importlib.util.find_spec("skimage")
    folders = package.submodule_search_locations if package else None
    paths = [Path(folders[0], "data", name) for name in PHOTOS] if folders else []
    installed = [path for path in paths if path.is_file()]
    for path in installed:
        with Image.open(path) as opened:
            photo = opened.convert("RGB")
        photo.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
        yield path.stem.split("_")[0], photo
    if not installed:
        for number in range(DRAWING_COUNT):
            yield f"drawing{number}", _drawing(number)


def _drawing(seed: int) -> Image.Image:
    """Soft clouds of colour with a few shapes: enough structure to tell the drawings apart."""
    random = np.random.default_rng(seed)
    clouds = Image.fromarray(random.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    picture = clouds.resize((640, 480), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(6):
        x, y, w, h = (int(value) for value in random.integers((0, 0, 40, 40), (560, 400, 220, 220)))
        colour = tuple(int(value) for value in random.integers(0, 255, 3))
        draw.ellipse((x, y, x + w, y + h), fill=colour, outline="black")
    return picture


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    return _encoded(picture, "JPEG", quality=quality)


def _encoded(picture: Image.Image, form: str, **options: int) -> bytes:
    written = BytesIO()
    picture.save(written, form, **options)
    return written.getvalue()


def _half(picture: Image.Image) -> bytes:
    return _jpeg(picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS), 85)


def _cropped(picture: Image.Image) -> bytes:
    x, y = picture.width // 20, picture.height // 20
    return _jpeg(picture.crop((x, y, picture.width - x, picture.height - y)), 90)


def _bordered(picture: Image.Image) -> bytes:
    return _jpeg(ImageOps.expand(picture, border=picture.width // 12, fill="black"), 90)


#: The alterations of every photo: name, file suffix, and the function that makes the file.
ALTERATIONS: dict[str, tuple[str, Callable[[Image.Image], bytes]]] = {
    "JPEG quality 50": ("jpg", lambda picture: _jpeg(picture, 50)),
    "WebP": ("webp", lambda picture: _encoded(picture, "WEBP", quality=80)),
    "half size": ("jpg", _half),
    "mirrored": ("jpg", lambda picture: _jpeg(ImageOps.mirror(picture), 90)),
    "cropped 10 %": ("jpg", _cropped),
    "black border": ("jpg", _bordered),
}


def _broken(photo: bytes) -> dict[str, bytes]:
    return {
        "truncated.jpg": photo[: len(photo) // 3],
        "notes.jpg": b"Dear diary, this is a text file that somebody named .jpg.\n",
        "empty.jpg": b"",
        "gigantic.png": _png_header(100_000, 100_000),
        "noise.png": np.random.default_rng(7).bytes(4096),
    }


def _png_header(width: int, height: int) -> bytes:
    """A PNG of about 60 bytes that claims to have width × height pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def _write(path: Path, content: bytes, original_name: str, alteration: str) -> DemoSample:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return DemoSample(path, original_name, alteration)

"""Media for tests and benchmarks: the photos of scikit-image, and files made from them."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps

EXIF_ORIENTATION = 0x0112
PHOTOS = (
    "astronaut.png",
    "brick.png",
    "chelsea.png",
    "coffee.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
)


@cache
def photo_folder() -> Path:
    """The folder of the photos in scikit-image's wheel. scikit-image is not imported, nothing is downloaded."""
    spec = find_spec("skimage")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "data"


@cache
def _photo(name: str) -> Image.Image:
    with Image.open(photo_folder() / name) as image:
        pixels = image.convert("RGB")
    pixels.info = {}  # otherwise every encoded file would contain its profiles
    return pixels


def photo(name: str = "chelsea.png", size: tuple[int, int] | None = None) -> Image.Image:
    """A fresh copy of a photo in RGB, resized to `size` if given."""
    image = _photo(name)
    return image.resize(size, Image.Resampling.LANCZOS) if size else image.copy()


def encode(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    """The bytes of the image as a file. Options are those of Pillow's `save`; `HEIF` is written by pillow-heif."""
    file = BytesIO()
    if form == "HEIF":
        _save_heif(image, file, **options)
    else:
        image.save(file, form, **options)
    return file.getvalue()


def _save_heif(image: Image.Image, file: BytesIO, **options: Any) -> None:
    """As pillow-heif's plugin, which writes an EXIF orientation as HEIF has it; Pillow's registry stays as it is."""
    from pillow_heif import as_plugin

    image = image.copy()
    if "exif" in options:
        options["exif"] = options["exif"].tobytes()
    image.encoderinfo = options
    as_plugin._save_heif(image, file, "")


def jpeg(name: str = "chelsea.png", size: tuple[int, int] = (640, 480), **options: Any) -> bytes:
    """A photo as JPEG."""
    return encode(photo(name, size), "JPEG", **{"quality": 85, **options})


def noise(size: tuple[int, int] = (256, 256), seed: int = 0) -> Image.Image:
    """Coarse random patches, smoothly enlarged. Pictures of different seeds are different."""
    patches = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


def animation(form: str, frames: int = 5, size: tuple[int, int] = (120, 90)) -> bytes:
    """An animated GIF, PNG, WEBP or AVIF (or TIFF of pages) whose frames all differ."""
    pictures = [noise(size, seed) for seed in range(frames)]
    options = {"GIF": {"duration": 40}, "TIFF": {}}.get(form, {"duration": 40, "loop": 0})
    return encode(pictures[0], form, save_all=True, append_images=pictures[1:], **options)


UPRIGHT_TO_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def oriented(image: Image.Image, orientation: int, form: str = "PNG", **options: Any) -> bytes:
    """A file that stores the image turned, with the EXIF orientation (1 to 8) that turns it upright again."""
    transposition = UPRIGHT_TO_STORED[orientation]
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    return encode(image.transpose(transposition) if transposition is not None else image, form, exif=exif, **options)


def thing_on_even_ground(shift: int = 0, colour: str = "#7a4a2a") -> Image.Image:
    """A thing with texture on an even ground, on a little more than half of the picture."""
    image = Image.new("RGB", (640, 480), "#e6e4df")
    cat = photo("chelsea.png", (440, 400)).convert("L")
    shape = Image.new("L", cat.size)
    ImageDraw.Draw(shape).rounded_rectangle((0, 0, 439, 399), 90, fill=255)
    image.paste(ImageOps.colorize(cat, "black", "white", mid=colour), (100 + shift, 40), shape)
    return image

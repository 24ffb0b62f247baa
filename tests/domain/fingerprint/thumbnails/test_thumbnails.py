"""Previews, and thumbnails that are made of them, show the medium as it looks, are never enlarged, carry nothing else.

Fingerprints do not notice them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint.formats import HEAD_BYTES, video_format_of
from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.fingerprint.sequence.fingerprint import fingerprint_sequence, has_several_pictures
from streams.domain.fingerprint.thumbnails.frames import MAX_KEPT, FrameKeeper
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from streams.domain.fingerprint.thumbnails.preview import is_jpeg, thumbnail_of
from streams.domain.fingerprint.thumbnails.sizes import PREVIEW, SIZES
from streams.domain.fingerprint.thumbnails.webp import encode_webp, is_plain_webp
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.records import MediaFacts
from tests.support import films
from tests.support.media import animation, encode, jpeg, noise, oriented, photo

QUARTERS = (200, 30, 40), (40, 180, 60), (50, 60, 200), (220, 200, 40)


def facts_of(data: bytes, maker: ThumbnailMaker | None = None) -> MediaFacts:
    if video_format_of(data[:HEAD_BYTES]):
        return fingerprint_video(data, thumbnails=maker)
    if has_several_pictures(data):
        return fingerprint_sequence(data, thumbnails=maker)
    return fingerprint_image(data, thumbnails=maker)


def files_of(data: bytes) -> dict[str, bytes]:
    """The thumbnails of a file, by way of its preview. Its facts are the same with and without them."""
    made = worker_files(data)
    preview = made.pop(PREVIEW)
    files = {f"{side}.webp": thumbnail_of(preview, side) for side in SIZES} | made
    assert all(map(is_plain_webp, files.values()))
    return files


def worker_files(data: bytes) -> dict[str, bytes]:
    """What a worker makes of a file."""
    maker = ThumbnailMaker()
    assert facts_of(data, maker) == facts_of(data)
    files = maker.make()
    assert maker.make() == {}
    assert is_jpeg(files[PREVIEW])
    return files


def pictures_of(data: bytes) -> dict[str, Image.Image]:
    return {name.removesuffix(".webp"): Image.open(BytesIO(file)) for name, file in files_of(data).items()}


def quarters(size: tuple[int, int] = (800, 600)) -> Image.Image:
    """Four colours, a corner each: red, green, blue, yellow."""
    tiles = Image.new("RGB", (2, 2))
    tiles.putdata(QUARTERS)
    return tiles.resize(size, Image.Resampling.NEAREST)


def corners(picture: Image.Image) -> list[tuple[int, ...]]:
    width, height = picture.size
    shown = picture.convert("RGB")
    places = [(x, y) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return [tuple(np.asarray(shown)[y, x].tolist()) for x, y in places]


def looks_like_quarters(picture: Image.Image, levels: int = 12) -> bool:
    return bool(np.abs(np.array(corners(picture)) - np.array(QUARTERS)).max() <= levels)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1920, 1080), {"600": (600, 338), "300": (300, 169), "150": (150, 85)}),
        ((1080, 1920), {"600": (338, 600), "300": (169, 300), "150": (85, 150)}),
        ((3000, 3000), {"600": (600, 600), "300": (300, 300), "150": (150, 150)}),
        ((4000, 200), {"600": (600, 30), "300": (300, 15), "150": (150, 8)}),
        ((400, 300), {"600": (400, 300), "300": (300, 225), "150": (150, 113)}),
        ((90, 120), {"600": (90, 120), "300": (90, 120), "150": (90, 120)}),
        ((4000, 3), {"600": (600, 1), "300": (300, 1), "150": (150, 1)}),
    ],
)
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_the_longer_side_has_the_size_unless_the_picture_is_smaller(
    form: str, size: tuple[int, int], expected: dict[str, tuple[int, int]]
) -> None:
    found = pictures_of(encode(noise(size), form))
    assert {name: picture.size for name, picture in found.items()} == expected


FILES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encode(quarters(), quality=92),
    "jpeg_444": lambda: encode(quarters(), quality=92, subsampling=0),
    "jpeg_progressive": lambda: encode(quarters(), quality=92, progressive=True),
    "jpeg_large": lambda: encode(quarters((4000, 3000)), quality=92),
    "jpeg_cmyk": lambda: encode(quarters().convert("CMYK"), quality=92),
    "png": lambda: encode(quarters(), "PNG"),
    "png_palette": lambda: encode(quarters().convert("P", palette=Image.Palette.ADAPTIVE), "PNG"),
    "png_alpha": lambda: encode(quarters().convert("RGBA"), "PNG"),
    "webp": lambda: encode(quarters(), "WEBP", quality=92),
    "gif": lambda: encode(quarters(), "GIF"),
    "bmp": lambda: encode(quarters(), "BMP"),
    "tiff": lambda: encode(quarters(), "TIFF"),
    "avif": lambda: encode(quarters(), "AVIF"),
    "jpeg2000": lambda: encode(quarters(), "JPEG2000"),
    **{f"turned_{number}": partial(oriented, quarters(), number, "JPEG", quality=92) for number in range(1, 9)},
}


@pytest.mark.parametrize("name", FILES)
def test_colours_and_corners_are_those_of_the_picture(name: str) -> None:
    found = pictures_of(FILES[name]())
    assert all(looks_like_quarters(picture, 30 if name == "jpeg_cmyk" else 12) for picture in found.values())


@pytest.mark.parametrize(
    "make",
    [
        lambda: jpeg()[: len(jpeg()) * 4 // 5],
        lambda: jpeg(progressive=True)[: len(jpeg(progressive=True)) * 4 // 5],
        lambda: jpeg()[: len(jpeg()) * 4 // 5] + b"\xff\xd9",
        lambda: encode(photo(size=(640, 480)).convert("L")),
        lambda: encode(photo(size=(640, 480)), quality=85, keep_rgb=True),
        lambda: encode(_with_black_rows()),
        lambda: encode(noise((9000, 1000))),
    ],
    ids=["cut", "cut_progressive", "cut_with_an_end", "grey", "rgb", "black_rows", "wide"],
)
def test_jpegs_that_are_decoded_otherwise_have_the_same_facts_and_thumbnails_too(make: Callable[[], bytes]) -> None:
    assert set(files_of(make())) == {"150.webp", "300.webp", "600.webp"}


def _with_black_rows() -> Image.Image:
    picture = photo(size=(640, 480))
    picture.paste(0, (0, 400, 640, 480))
    return picture


@pytest.mark.parametrize("size", [(640, 480), (300, 200), (640, 5)])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_nothing_but_pixels_is_written(form: str, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    more = {"comment": b"what I think"} if form == "JPEG" else {}
    told = encode(photo(size=size), form, exif=exif, icc_profile=b"profile" * 100, **more)
    (preview,) = worker_files(told).values()
    assert JPEG_HEADER.match(preview)
    assert preview.count(b"\xff\xc0") == 1 and not any(word in preview for word in (b"live", b"profile", b"think"))
    for file in files_of(told).values():
        with Image.open(BytesIO(file)) as picture:
            assert not {"exif", "icc_profile", "xmp", "comment"} & set(picture.info)


JPEG_HEADER = re.compile(rb"\xff\xd8\xff\xe0\0\x10JFIF\0.{9}\xff\xdb", re.DOTALL)
"""The start, the version and the density, and then what the pixels need."""


def test_white_art_on_transparency_is_shown_on_black() -> None:
    grey = photo(size=(400, 300)).convert("L")
    art = Image.merge("LA", (Image.new("L", grey.size, 255), grey.point(lambda level: 255 if level > 120 else 0)))
    found = pictures_of(encode(art, "PNG"))
    assert np.asarray(found["300"].convert("L")).min() < 30


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_an_animation_has_a_poster_and_a_strip(form: str) -> None:
    found = pictures_of(animation(form, frames=5, size=(120, 90)))
    assert {name: picture.size for name, picture in found.items() if name != "strip"} == {
        "150": (120, 90), "300": (120, 90), "600": (120, 90)}  # fmt: skip
    assert found["strip"].height == 90 and found["strip"].width in range(120, 601, 120)


def test_a_video_has_a_poster_and_a_strip_in_the_order_of_time() -> None:
    path = films.cached_file(
        "thumbnail-colours.mp4", lambda target: films.encode(target, [_shade(at) for at in range(250)])
    )
    found = pictures_of(path.read_bytes())
    assert found["600"].size == (320, 180)
    strip = np.asarray(found["strip"].convert("RGB"))
    assert strip.shape == (84, 1350, 3)
    reds = [float(part[..., 0].mean()) for part in np.split(strip, 9, axis=1)]
    assert reds == sorted(reds) and reds[-1] - reds[0] > 150


def _shade(number: int) -> Image.Image:
    """Structure that brightens from frame to frame."""
    picture = noise((320, 180)).point(lambda level: level // 8)
    return Image.merge("RGB", (Image.new("L", picture.size, number), *picture.split()[1:]))


def test_frames_of_a_long_video_are_spread_and_their_number_is_bounded() -> None:
    keeper = FrameKeeper()
    grey = np.zeros((8, 8), np.uint8)
    for second in range(5_000):
        keeper.see(1000 * second, grey, partial(_red, second // 20))
        assert len(keeper.spread()) <= 9 and len(keeper._kept) <= MAX_KEPT
    reds = [frame.getpixel((0, 0))[0] for frame in keeper.spread()]  # type: ignore[index]
    assert len(reds) == 9
    assert np.abs(np.diff(reds) - 250 / 9).max() < 14


def _red(level: int, _: int) -> Image.Image:
    return Image.new("RGB", (16, 9), (level, 0, 0))


def test_a_frame_without_colours_is_passed_over() -> None:
    def fails(_: int) -> Image.Image:
        raise MemoryError

    keeper = FrameKeeper()
    keeper.see(0, np.zeros((8, 8), np.uint8), fails)
    assert (keeper.poster, keeper.spread()) == (None, [])


@pytest.mark.parametrize(
    "data", [b"", b"RIFF" + bytes(40), encode(noise((64, 64)), "WEBP", lossless=True), encode(noise((64, 64)), "PNG")]
)
def test_other_files_are_no_thumbnails(data: bytes) -> None:
    assert not is_plain_webp(data)
    assert is_plain_webp(encode(noise((64, 64)), "WEBP"))


def test_a_preview_is_as_large_as_the_largest_thumbnail() -> None:
    (preview,) = worker_files(encode(noise((1920, 1080)), "PNG")).values()
    assert Image.open(BytesIO(preview)).size == (600, 338)


def test_a_thumbnail_looks_like_the_picture_itself() -> None:
    """What goes by way of a JPEG is hardly further from the picture than what does not."""
    picture = photo("coffee.png", (1200, 800))
    for name, found in pictures_of(encode(picture, "PNG")).items():
        plain = picture.resize(found.size, Image.Resampling.BOX)
        direct = Image.open(BytesIO(encode_webp(plain, plain.size)))
        assert _error(found, plain) < 1.15 * _error(direct, plain), name


def _error(one: Image.Image, other: Image.Image) -> float:
    levels = [np.asarray(each.convert("RGB"), np.float64) for each in (one, other)]
    return float(np.sqrt(np.mean((levels[0] - levels[1]) ** 2)))


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", b"\xff\xd8\xff\xe0", encode(noise((64, 64)), "PNG"), jpeg(size=(601, 400)), jpeg()[:2000]],
    ids=["empty", "bytes", "start", "png", "larger", "cut"],
)
def test_no_thumbnail_is_made_of_what_is_no_preview(data: bytes) -> None:
    with pytest.raises(Exception):  # noqa: B017 - whatever Pillow says
        thumbnail_of(data, 150)

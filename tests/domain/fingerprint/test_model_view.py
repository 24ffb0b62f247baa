"""What a model sees: the upright picture in colour, or the poster, in the size that it takes; never an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.fingerprint.model_view import ModelView, ViewSize
from streams.domain.fingerprint.sequence.fingerprint import fingerprint_sequence
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from tests.support import films
from tests.support.media import animation, encode, oriented, photo

SQUARE = ViewSize(32, 32)


def seen(data: bytes, size: ViewSize = SQUARE, fingerprint: Any = fingerprint_image) -> ModelView:
    maker, view = ThumbnailMaker(), ModelView(size)
    fingerprint(data, thumbnails=maker)
    maker.show(view)
    return view


def pixels(view: ModelView) -> Any:
    return np.frombuffer(view.pixels, np.uint8).reshape(view.size.height, view.size.width, 3).astype(int)


def differs(view: ModelView, picture: Image.Image) -> float:
    """The mean difference in levels from a picture scaled in the plain way."""
    wanted = picture.convert("RGB").resize((view.size.width, view.size.height), Image.Resampling.BILINEAR)
    return float(np.abs(pixels(view) - np.asarray(wanted).astype(int)).mean())


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_picture_is_seen_whole_and_in_its_colours(form: str) -> None:
    picture = photo("chelsea.png", (900, 600))
    view = seen(encode(picture, form))
    assert view.at_ms == 0
    assert differs(view, picture) < 4 < differs(view, picture.convert("L"))
    assert seen(encode(picture, form), ViewSize(48, 16)).size == ViewSize(48, 16)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_seen_upright(orientation: int) -> None:
    picture = photo("chelsea.png", (400, 300))
    assert differs(seen(oriented(picture, orientation)), picture) < 4


def test_crop_keeps_the_shape_and_leaves_the_sides_out() -> None:
    picture = photo("coffee.png", (600, 400))
    view = seen(encode(picture, "PNG"), ViewSize(32, 32, "crop"))
    assert differs(view, picture.crop((100, 0, 500, 400))) < 4 < differs(view, picture)
    upright = photo("coffee.png", (300, 800))
    assert differs(seen(encode(upright, "PNG"), ViewSize(64, 32, "crop")), upright.crop((0, 325, 300, 475))) < 4


def test_what_is_transparent_is_seen_on_its_ground() -> None:
    clear = Image.new("RGBA", (200, 200), (255, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (50, 50, 150, 150))
    assert pixels(seen(encode(clear, "PNG")))[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("fit", ["stretch", "crop"])
@pytest.mark.parametrize("size", [(1, 1), (3, 5000), (60_000, 2)])
def test_pictures_of_any_shape_are_seen(size: tuple[int, int], fit: Any) -> None:
    view = seen(encode(Image.new("RGB", size, (10, 200, 30)), "PNG"), ViewSize(224, 224, fit))
    assert pixels(view).reshape(-1, 3).tolist() == [[10, 200, 30]] * (224 * 224)


def test_of_a_video_its_poster_is_seen() -> None:
    film = films.film(3, 12.0, size=(320, 180), options={"crf": "12"}).read_bytes()
    maker, view = ThumbnailMaker(), ModelView(SQUARE)
    fingerprint_video(film, thumbnails=maker)
    poster = maker.frames.poster
    assert poster is not None
    maker.show(view)
    assert differs(view, poster) == 0 and view.at_ms == maker.frames.poster_ms
    moving = seen(animation("GIF", frames=4), fingerprint=fingerprint_sequence)
    assert len(moving.pixels) == SQUARE.size_bytes


def test_without_a_picture_nothing_is_seen() -> None:
    view = ModelView(SQUARE)
    ThumbnailMaker().show(view)
    assert view.pixels == b""


@pytest.mark.parametrize(("given", "at_ms"), [(b"\x00" * 3071, 0), (b"\x00" * 3073, 0), (b"\x00" * 3072, -1),
                                              (b"\x00" * 3072, 1 << 32)])  # fmt: skip
def test_pixels_of_another_size_are_not_taken(given: bytes, at_ms: int) -> None:
    view = ModelView(SQUARE)
    view.fill(given, at_ms)
    assert view.pixels == b"" and view.at_ms == 0

"""The boxes of the views of a picture, and its whole views in all orientations."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.fingerprint.image.inspection import oriented_views, view_boxes
from streams.domain.hashes.orientation import LEFT_RIGHT, ORIENTATION_COUNT, TOP_BOTTOM, TRANSPOSED
from streams.domain.hashes.views import FRAMED, FULL, OBJECT, TRIMMED, VIEW_CODES, VIEWS
from streams.errors import BadInput
from tests.support.media import encode, oriented, photo

CAT = photo("chelsea.png", (480, 320))


def turned(image: Image.Image, orientation: int) -> Image.Image:
    image = image.transpose(Image.Transpose.TRANSPOSE) if orientation & TRANSPOSED else image
    image = ImageOps.mirror(image) if orientation & LEFT_RIGHT else image
    return ImageOps.flip(image) if orientation & TOP_BOTTOM else image


def test_oriented_views_have_the_hashes_of_the_turned_pictures() -> None:
    forms = oriented_views(encode(CAT, "PNG"))

    assert [(form.view, form.orientation) for form in forms] == [
        (FULL, orientation) for orientation in range(ORIENTATION_COUNT)
    ]
    for form in forms:
        hashes = fingerprint_image(encode(turned(CAT, form.orientation), "PNG")).hashes
        assert form.hash64 == int(hashes["phash64:1"], 16)
        assert form.hash256 == int(hashes["phash256:1"], 16)


def test_the_inside_of_a_border_has_the_hash_of_the_picture_without_border() -> None:
    bordered = encode(ImageOps.expand(CAT, (0, 64), "black"), "PNG")
    upright = {form.view: form for form in oriented_views(bordered) if form.orientation == 0}
    plain = int(fingerprint_image(encode(CAT, "PNG")).hashes["phash256:1"], 16)

    assert (upright[TRIMMED].hash256 ^ plain).bit_count() <= 8
    assert (upright[FULL].hash256 ^ plain).bit_count() > 40


def test_a_picture_without_structure_has_no_oriented_views() -> None:
    assert oriented_views(encode(Image.new("RGB", (64, 64), "red"), "PNG")) == []


def test_each_view_has_its_box() -> None:
    places = view_boxes(encode(CAT, "PNG"))

    assert places[FULL] == (0, 0, 1, 1)
    assert TRIMMED not in places and FRAMED not in places
    assert places[VIEW_CODES["top_left_80"]] == (0, 0, 0.8, 0.8)
    assert places[VIEW_CODES["square"]] == pytest.approx((1 / 6, 0, 5 / 6, 1), abs=0.02)


def test_the_box_inside_a_border_is_that_of_the_picture() -> None:
    bordered = ImageOps.expand(CAT, (40, 80), "black")
    left, top, right, bottom = view_boxes(encode(bordered, "PNG"))[TRIMMED]

    assert (left, right) == pytest.approx((40 / 560, 520 / 560), abs=0.01)
    assert (top, bottom) == pytest.approx((80 / 480, 400 / 480), abs=0.01)


def test_a_thing_on_a_plain_ground_has_no_border_that_the_views_lie_in() -> None:
    image = Image.new("RGB", (480, 320), "#d8d4cc")
    shape = Image.new("L", (200, 200))
    ImageDraw.Draw(shape).polygon(((100, 0), (199, 100), (100, 199), (0, 100)), fill=255)
    image.paste(CAT.resize((200, 200)), (140, 60), shape)
    places = view_boxes(encode(image, "PNG"))

    assert TRIMMED not in places and FRAMED not in places
    assert places[OBJECT] == pytest.approx((140 / 480, 60 / 320, 340 / 480, 260 / 320), abs=0.02)
    assert places[VIEW_CODES["top_left_80"]] == (0, 0, 0.8, 0.8)


def test_boxes_are_those_of_the_upright_picture() -> None:
    bordered = ImageOps.expand(CAT, (0, 80), "black")
    for orientation in (1, 6):
        left, top, right, bottom = view_boxes(oriented(bordered, orientation))[TRIMMED]
        assert (left, right) == pytest.approx((0, 1), abs=0.01)
        assert (top, bottom) == pytest.approx((1 / 6, 5 / 6), abs=0.01)


def test_every_box_lies_within_the_picture() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (97, 61, 3), dtype=np.uint8)
    for image in (Image.fromarray(noise), CAT.resize((900, 40)), ImageOps.expand(CAT, 200, "white")):
        for code, (left, top, right, bottom) in view_boxes(encode(image, "PNG")).items():
            assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1, VIEWS[code].name


@pytest.mark.parametrize("ask", [view_boxes, oriented_views])
def test_bytes_that_are_not_a_picture_are_bad_input(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(BadInput):
        ask(b"Dear diary")

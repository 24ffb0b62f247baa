"""The drawing of two pictures: outlines, orientation, and every kind of picture that can be fingerprinted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from streams.config.settings import load_settings
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.drawing.save import save_drawing
from streams.drawing.side_by_side import MARK
from streams.services.explain.pictures import explain_pictures
from streams.services.media_files import read_picture
from tests.support.media import animation, encode, jpeg, oriented, photo

CAT = photo("chelsea.png", (450, 300))


@pytest.fixture
def files(folder: Path) -> Path:
    """cat.png, altered copies, and other pictures."""
    for name, data in {
        "cat.png": encode(CAT, "PNG"),
        "mirrored.jpg": encode(ImageOps.mirror(CAT), "JPEG", quality=80),
        "cropped.jpg": encode(CAT.crop((45, 30, 405, 270)), "JPEG", quality=90),
        "coffee.jpg": jpeg("coffee.png"),
        "red.png": encode(Image.new("RGB", (300, 200), (200, 10, 10)), "PNG"),
    }.items():
        (folder / name).write_bytes(data)
    return folder


def drawn(known: str, submitted: str) -> Image.Image:
    a, b = (read_picture(Path(name), load_settings(), DEFAULT_POLICY) for name in (known, submitted))
    save_drawing(explain_pictures(a, b, DEFAULT_POLICY), Path("out.png"))
    with Image.open("out.png") as image:
        assert (image.format, image.mode, image.width) == ("PNG", "RGB", 1600)
        return image.copy()


def marked(image: Image.Image, box: tuple[int, int, int, int]) -> int:
    """The number of pixels in a box that have the colour of the outlines."""
    return int((np.asarray(image.crop(box)) == MARK).all(axis=2).sum())


def test_the_drawing_shows_both_pictures_and_how_one_is_turned(files: Path) -> None:
    image = drawn("cat.png", "mirrored.jpg")

    rows = np.flatnonzero((np.asarray(image)[:, 100] == MARK).all(axis=1))  # the upper and the lower edge in A
    top, bottom = int(rows[0]), int(rows[-1])
    inside = top + 12, top + 50
    assert marked(image, (56, inside[0], 110, inside[1])) > 100  # the dot in A
    assert marked(image, (730, inside[0], 780, inside[1])) == 0
    assert marked(image, (824, inside[0], 870, inside[1])) == 0
    assert marked(image, (1490, inside[0], 1544, inside[1])) > 100  # and where it is in B
    seen = np.asarray(image, float)[top + 60 : bottom - 20]
    assert np.abs(seen[:, 80:750] - seen[:, 1600 - 750 : 1600 - 80][:, ::-1]).mean() < 12


def test_the_drawing_of_a_crop_outlines_the_same_part_in_both(files: Path) -> None:
    image = drawn("cat.png", "cropped.jpg")

    left = np.flatnonzero((np.asarray(image)[420, 40:784] == MARK).all(axis=1)) + 40
    right = np.flatnonzero((np.asarray(image)[420, 810:1560] == MARK).all(axis=1)) + 810
    assert 0.7 < (left[-1] - left[0]) / 736 < 0.9
    assert (right[-1] - right[0]) / 736 > 0.9


def test_unrelated_and_incomparable_pictures_are_drawn_too(files: Path) -> None:
    assert marked(drawn("cat.png", "coffee.jpg"), (0, 0, 1600, 900)) > 0
    assert marked(drawn("cat.png", "red.png"), (0, 0, 1600, 900)) == 0


STRANGE = {
    "transparent.png": encode(photo("coffee.png", (300, 200)).convert("RGBA").rotate(45), "PNG"),
    "palette.gif": encode(CAT.convert("P"), "GIF"),
    "animated.webp": animation("WEBP"),
    "cmyk.jpg": encode(CAT.convert("CMYK"), "JPEG"),
    "sixteen.png": encode(Image.fromarray(np.asarray(CAT.convert("L")).astype(np.uint16) * 257), "PNG"),
    "float.tiff": encode(CAT.convert("F"), "TIFF"),
    "oriented.jpg": oriented(CAT, 6, "JPEG"),
    "one line.png": encode(CAT.resize((3000, 2)), "PNG"),
    "one column.png": encode(CAT.resize((1, 500)), "PNG"),
    "one pixel.png": encode(CAT.resize((1, 1)), "PNG"),
    "grey and alpha.png": encode(CAT.convert("LA"), "PNG"),
    "Fußgänger 行人.png": encode(CAT, "PNG"),
    f"{'long' * 50}.png": encode(CAT, "PNG"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_every_fingerprinted_picture_can_be_drawn(files: Path, name: str) -> None:
    (files / name).write_bytes(STRANGE[name])

    image = drawn("cat.png", name)

    assert image.height > 400


def test_a_photo_with_exif_orientation_is_drawn_upright(files: Path) -> None:
    (files / "oriented.jpg").write_bytes(oriented(CAT, 6, "JPEG", quality=95))

    seen = np.asarray(drawn("cat.png", "oriented.jpg"), float)[300:600]

    assert np.abs(seen[:, 80:750] - seen[:, 848:1518]).mean() < 12

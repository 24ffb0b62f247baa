"""The drawing of two pictures: outlines, orientation, and every kind of picture that can be fingerprinted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from streams.config.settings import load_settings
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.drawing.evidence import BLOCKS_LEFT, EMPTY
from streams.drawing.evidence import HEIGHT as EVIDENCE_HEIGHT
from streams.drawing.evidence import PANEL_HEIGHT as EVIDENCE_PANEL
from streams.drawing.evidence import PANEL_WIDTH as EVIDENCE_WIDTH
from streams.drawing.save import save_drawing
from streams.drawing.side_by_side import GRID, MARK
from streams.services.explain.pictures import explain_pictures
from streams.services.media_files import read_picture
from tests.support.lookalikes import captioned, shirt
from tests.support.media import animation, encode, jpeg, oriented, photo

CAT = photo("chelsea.png", (450, 300))


@pytest.fixture
def files(folder: Path) -> Path:
    """cat.png, altered copies, and other pictures."""
    for name, data in {
        "cat.png": encode(CAT, "PNG"),
        "mirrored.jpg": encode(ImageOps.mirror(CAT), "JPEG", quality=80),
        "cropped.jpg": encode(CAT.crop((45, 30, 405, 270)), "JPEG", quality=90),
        "captioned.jpg": encode(captioned(CAT), "JPEG", quality=90),
        "shirt.png": encode(shirt(1), "PNG"),
        "other shirt.png": encode(shirt(2), "PNG"),
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


def blocks_of(image: Image.Image) -> np.ndarray[tuple[int, int, int], np.dtype[np.float64]]:
    """The panel with the blocks of B, in the row of evidence, which lies between outlines and hashes."""
    top = image.height - EVIDENCE_HEIGHT - GRID - 110 + 34
    return np.asarray(image.crop((BLOCKS_LEFT, top, BLOCKS_LEFT + EVIDENCE_WIDTH, top + EVIDENCE_PANEL)), float)


def share_of_red(blocks: np.ndarray[tuple[int, int, int], np.dtype[np.float64]]) -> float:
    """The share of pixels that are more red than green."""
    return float((blocks[..., 0] > blocks[..., 1] + 40).mean())


def share_of_green(blocks: np.ndarray[tuple[int, int, int], np.dtype[np.float64]]) -> float:
    return float((blocks[..., 1] > blocks[..., 0] + 40).mean())


def test_the_evidence_of_a_copy_is_green_and_that_of_a_look_alike_is_red(files: Path) -> None:
    copy, look_alike = blocks_of(drawn("cat.png", "mirrored.jpg")), blocks_of(drawn("shirt.png", "other shirt.png"))

    assert share_of_green(copy) > 0.4
    assert share_of_red(copy) < 0.02
    assert share_of_red(look_alike) > 0.15


def test_a_caption_is_red_or_marked_and_the_rest_is_green(files: Path) -> None:
    blocks = blocks_of(drawn("cat.png", "captioned.jpg"))

    shown = np.flatnonzero((np.abs(blocks - EMPTY).max(axis=2) > 30).any(axis=1))
    above, below = blocks[shown[0] : shown[0] + len(shown) // 2], blocks[shown[-1] - len(shown) // 9 : shown[-1]]
    assert share_of_green(above) > 0.4
    assert share_of_green(below) < share_of_green(above) / 3


def test_a_drawing_without_a_candidate_has_no_evidence(files: Path) -> None:
    with_evidence, without = drawn("shirt.png", "other shirt.png"), drawn("shirt.png", "cat.png")
    assert with_evidence.height > without.height
    assert share_of_green(blocks_of(without)) < 0.01


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

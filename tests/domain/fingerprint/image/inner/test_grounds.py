"""A cut-out on a plain ground is found and set on another; photos have no such ground."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint.image.inner.grounds import find_cut_out, on_other_ground
from streams.domain.fingerprint.image.luminance import BLACK, WHITE
from tests.support.cut_outs import flattened, logo, sticker
from tests.support.finders import HOSTILE, PHOTOS, pasted, reduced, shown

MAX_FIRED_PERCENT = 3


@pytest.mark.parametrize("ground", [0, 60, 128, 200])
def test_the_ground_becomes_white(ground: int) -> None:
    art = sticker()
    found = find_cut_out(reduced(flattened(art, (ground,) * 3)))
    assert found is not None
    on_white = reduced(flattened(art, (255, 255, 255))).astype(int)
    difference = np.abs(found.pixels.astype(int) - on_white)
    assert (difference > 40).mean() < 0.05
    left, top, right, bottom = found.box
    height, width = on_white.shape
    inside = np.argwhere(np.asarray(art.getchannel("A").resize((width, height))) > 128)
    expected = (*inside.min(axis=0)[::-1], *(inside.max(axis=0)[::-1] + 1))
    assert np.abs(np.subtract((left, top, right, bottom), expected)).max() <= 3


def test_white_art_is_set_on_black() -> None:
    found = find_cut_out(reduced(flattened(logo((255, 255, 255)), (120, 120, 120))))
    assert found is not None
    assert (int(found.pixels[0, 0]), int(found.pixels.max())) == (0, 255)


@pytest.mark.parametrize(("ink", "ground"), [((20, 20, 20), (255, 255, 255)), ((255, 255, 255), (0, 0, 0))])
def test_a_ground_that_is_good_already_is_left(ink: tuple[int, int, int], ground: tuple[int, int, int]) -> None:
    assert find_cut_out(reduced(flattened(logo(ink), ground))) is None


def test_a_picture_in_a_border_is_no_cut_out() -> None:
    assert find_cut_out(reduced(pasted(shown(), (640, 520), (80, 80), 0))) is None


def test_a_few_specks_are_no_cut_out() -> None:
    pixels = np.full((200, 200), 100, np.uint8)
    pixels[::40, ::40] = 250
    assert find_cut_out(pixels) is None


@pytest.mark.parametrize("name", PHOTOS[:4])
def test_a_photo_is_no_cut_out(name: str) -> None:
    assert find_cut_out(reduced(shown(name))) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures_have_a_cut_out_or_none(name: str) -> None:
    pixels = HOSTILE[name]
    found = find_cut_out(pixels)
    if found is not None:
        left, top, right, bottom = found.box
        assert 0 <= left < right <= pixels.shape[1]
        assert 0 <= top < bottom <= pixels.shape[0]
        assert found.pixels.shape == pixels.shape


def test_the_other_ground_is_seen_through_what_is_transparent() -> None:
    pixels = np.array([[255, 155, 200]], np.uint8)
    alpha = np.array([[0, 128, 255]], np.uint8)
    other = on_other_ground(pixels, alpha, WHITE)
    assert other is not None
    assert other.tolist() == [[0, 28, 200]]
    back = on_other_ground(other, alpha, BLACK)
    assert back is not None
    assert back.tolist() == pixels.tolist()
    assert on_other_ground(pixels, np.full_like(pixels, 250), WHITE) is None


def test_photos_of_garments_are_no_cut_outs(shared_data: Path) -> None:
    files = sorted((shared_data / "garments").glob("*.jpg"))[::5]
    if not files:
        pytest.skip("the data folder has no garments")
    fired = 0
    for file in files:
        with Image.open(file) as image:
            fired += find_cut_out(reduced(image)) is not None
    assert fired * 100 <= MAX_FIRED_PERCENT * len(files)

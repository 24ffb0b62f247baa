"""The picture in a screenshot is found; photos, pages and drawings have none."""

from __future__ import annotations

import numpy as np
import pytest

from streams.domain.fingerprint.image.inner.screenshot import inside_of_screenshot
from tests.support.alterations import phone_screenshot
from tests.support.finders import HOSTILE, PHOTOS, reduced, shown
from tests.support.papers import KINDS


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", PHOTOS)
def test_the_picture_in_a_screenshot_is_found(name: str, dark: bool) -> None:
    image = shown(name)
    screen = phone_screenshot(image, np.random.default_rng(3), dark=dark)
    pixels = reduced(screen)
    found = inside_of_screenshot(pixels)
    assert found is not None
    left, top, right, bottom = found
    height = 540 * image.height / image.width / 1170
    assert (right - left) / pixels.shape[1] > 0.9
    assert abs((bottom - top) / pixels.shape[0] - height) < 0.03


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png"])
def test_a_photo_is_no_screenshot(name: str) -> None:
    assert inside_of_screenshot(reduced(shown(name))) is None


@pytest.mark.parametrize("kind", ["text_page", "form", "invoice", "table"])
def test_a_page_holds_no_picture(kind: str) -> None:
    assert inside_of_screenshot(reduced(KINDS[kind](1).convert("RGB"))) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures_have_an_inside_or_none(name: str) -> None:
    pixels = HOSTILE[name]
    found = inside_of_screenshot(pixels)
    if found is not None:
        left, top, right, bottom = found
        assert 0 <= left < right <= pixels.shape[1]
        assert 0 <= top < bottom <= pixels.shape[0]

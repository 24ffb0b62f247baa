"""The panels of a collage are found where they lie, and ordinary pictures are no collage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint.image.inner.panels import find_panels
from streams.domain.hashes.views import MAX_PANELS
from tests.support.finders import HOSTILE, PHOTOS, Box, reduced, shares, shown
from tests.support.hard_alterations import in_collage
from tests.support.papers import KINDS

MAX_FIRED_PERCENT = 3


def near(found: Box, expected: Box) -> bool:
    return all(abs(one - other) <= 0.015 for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)])
@pytest.mark.parametrize("margin", [True, False])
@pytest.mark.parametrize(("columns", "rows"), [(2, 1), (1, 2), (2, 2), (3, 1), (3, 2)])
def test_every_panel_of_a_grid_is_found(columns: int, rows: int, margin: bool, colour: tuple[int, int, int]) -> None:
    image = shown("coffee.png")
    collage = in_collage(image, np.random.default_rng(2), columns=columns, rows=rows, colour=colour, margin=margin)
    pixels = reduced(collage)
    gutter = round(0.02 * image.width * columns)
    edge = gutter if margin else 0
    width = columns * image.width + (columns - 1) * gutter + 2 * edge
    height = rows * image.height + (rows - 1) * gutter + 2 * edge
    expected = [
        (left / width, top / height, (left + image.width) / width, (top + image.height) / height)
        for top in range(edge, height - image.height + 1, image.height + gutter)
        for left in range(edge, width - image.width + 1, image.width + gutter)
    ]
    found = [shares(box, pixels) for box in find_panels(pixels)]
    assert len(found) == columns * rows
    assert all(any(near(box, one) for box in found) for one in expected)


def test_panels_of_different_sizes_are_found() -> None:
    canvas = Image.new("RGB", (620, 400), "white")
    canvas.paste(shown("chelsea.png", (300, 400)), (0, 0))
    canvas.paste(shown("coffee.png", (300, 190)), (320, 0))
    canvas.paste(shown("rocket.jpg", (300, 190)), (320, 210))
    pixels = reduced(canvas)
    expected = [(0, 0, 300 / 620, 1), (320 / 620, 0, 1, 190 / 400), (320 / 620, 210 / 400, 1, 1)]
    found = [shares(box, pixels) for box in find_panels(pixels)]
    assert len(found) == 3
    assert all(any(near(box, one) for box in found) for one in expected)


def test_more_panels_than_are_looked_up_are_none() -> None:
    collage = in_collage(shown(size=(200, 150)), np.random.default_rng(1), columns=4, rows=2)
    assert MAX_PANELS < 8
    assert find_panels(reduced(collage)) == []


def test_two_pictures_far_apart_are_no_collage() -> None:
    canvas = Image.new("RGB", (800, 300), "white")
    canvas.paste(shown("chelsea.png", (250, 300)), (0, 0))
    canvas.paste(shown("coffee.png", (250, 300)), (550, 0))
    assert find_panels(reduced(canvas)) == []


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_is_no_collage(name: str) -> None:
    assert find_panels(reduced(shown(name))) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_no_collage(kind: str) -> None:
    assert find_panels(reduced(KINDS[kind](1).convert("RGB"))) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures_have_few_panels_inside_them(name: str) -> None:
    pixels = HOSTILE[name]
    panels = find_panels(pixels)
    assert len(panels) <= MAX_PANELS
    for left, top, right, bottom in panels:
        assert 0 <= left < right <= pixels.shape[1]
        assert 0 <= top < bottom <= pixels.shape[0]


def test_photos_of_garments_are_no_collages(shared_data: Path) -> None:
    files = sorted((shared_data / "garments").glob("*.jpg"))[::5]
    if not files:
        pytest.skip("the data folder has no garments")
    fired = 0
    for file in files:
        with Image.open(file) as image:
            fired += bool(find_panels(reduced(image)))
    assert fired * 100 <= MAX_FIRED_PERCENT * len(files)

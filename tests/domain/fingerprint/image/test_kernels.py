"""The kernels equal their slow twins, on pictures that are near every threshold."""

from __future__ import annotations

import random

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.domain.fingerprint.image import phash
from streams.domain.fingerprint.image.canonical import ViewFrequencies, view_entries
from streams.domain.fingerprint.image.dct import SCALE, STEP, _cosines, box_frequencies
from streams.domain.fingerprint.image.inner.borders import has_straight_edges, inside_of_borders
from streams.domain.fingerprint.image.inner.screenshot import inside_of_screenshot
from streams.domain.fingerprint.image.views import derived_views
from streams.domain.hashes.views import Box, views_of_level
from tests.support import plain_views as slow
from tests.support.media import PHOTOS, photo

SYMMETRIC = ("noise", "stripes", "ramp", "mirrored", "flat")


def picture(kind: str, side: int, seed: int) -> slow.Pixels:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (side, side), dtype=np.uint8)
    if kind == "stripes":
        pixels[:] = pixels[0]
    elif kind == "ramp":
        pixels[:] = np.arange(side) * (1 + seed % 3)
    elif kind == "mirrored":
        pixels = np.minimum(pixels, pixels[::-1])
    elif kind == "flat":
        pixels[:] = 100
        pixels[side // 3, side // 4] = 110 + seed
    return pixels


def exact_frequencies(pixels: slow.Pixels, box: Box) -> NDArray[np.float64]:
    """By Python's whole numbers."""
    left, top, right, bottom = box
    down, across = (_cosines(interval).astype(np.int64).astype(object) for interval in ((top, bottom), (left, right)))
    sums = down @ pixels.astype(object) @ across.T
    return np.asarray(np.rint(sums.astype(np.float64) / (STEP * SCALE * SCALE)) * STEP)


@pytest.mark.parametrize("kind", SYMMETRIC)
def test_frequencies_of_boxes_are_exact(kind: str) -> None:
    boxes = tuple(view.box for view in views_of_level("deep") if not view.oval and not view.aspect)
    boxes += ((0.3, 0.0, 0.7, 1.0), (0.0, 0.0, 0.02, 1.0), (0.1, 0.125, 0.35, 0.22))
    pixels = picture(kind, 64, 3)
    for box, block in zip(boxes, box_frequencies(pixels, boxes), strict=True):
        assert np.array_equal(block, exact_frequencies(pixels, box)), box


@pytest.mark.parametrize("kind", SYMMETRIC)
@pytest.mark.parametrize("side", [32, 64])
def test_hashes_have_a_bit_for_each_frequency_above_the_median(kind: str, side: int) -> None:
    for seed in range(20):
        block = phash.lowest_frequencies(picture(kind, side, seed))
        assert int.from_bytes(phash.hash_bytes(block[None]).tobytes()) == slow.hash_of(block)


@pytest.mark.parametrize("kind", SYMMETRIC)
def test_entries_are_those_of_the_slow_twin(kind: str) -> None:
    for seed in range(12):
        small, large = picture(kind, 32, seed), picture(kind, 64, seed)
        whole = ViewFrequencies(
            (0,), True, phash.lowest_frequencies(small)[None], phash.lowest_frequencies(large)[None]
        )
        boxed = derived_views((8, 9), box_frequencies(large, ((0.0, 0.0, 1.0, 0.85), (0.0, 0.15, 1.0, 1.0))))
        entries = view_entries([whole, boxed])
        found = [
            (
                int(each["view"]),
                int(each["orientation"]),
                int(each["hash64"]),
                int.from_bytes(each["hash256"].tobytes()),
            )
            for each in entries
        ]
        assert found == slow.view_entries([whole, boxed])


def test_entries_that_are_not_required_are_left_out() -> None:
    views = [derived_views((8, 9), box_frequencies(picture("noise", 64, 1), ((0.0, 0.0, 1.0, 0.85),) * 2))]
    required = np.zeros((256, 256), np.bool_)
    required[9] = True
    every = view_entries(views)
    assert view_entries(views, required).tobytes() == every[every["view"] == 9].tobytes()


def framed(rng: random.Random) -> slow.Pixels:
    """A photo between uniform or nearly uniform bars, or with blank lines through it."""
    width, height = rng.randint(8, 200), rng.randint(8, 200)
    inside = np.array(photo(rng.choice(PHOTOS), (width, height)).convert("L"))
    background = rng.choice((0, 255, 12, 243, 128))
    bars = [rng.choice((0, 0, 1, 3, 20, 90)) for _ in range(4)]
    canvas = np.full((height + bars[0] + bars[1], width + bars[2] + bars[3]), background, np.uint8)
    canvas[bars[0] : bars[0] + height, bars[2] : bars[2] + width] = inside
    for _ in range(rng.choice((0, 0, 2, 4))):
        at, level = rng.randrange(len(canvas)), rng.choice((background, 255 - background, 140))
        canvas[at : at + rng.randint(1, 12)] = level
    noise = np.random.default_rng(rng.getrandbits(32)).integers(-13, 14, canvas.shape)
    share = rng.choice((0.0, 0.0, 0.01, 0.03, 1.0))
    noisy = canvas + np.where(np.random.default_rng(1).random(canvas.shape) < share, noise, 0)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def test_borders_and_screenshots_are_those_of_the_slow_twin() -> None:
    rng, borders, screenshots, straight = random.Random(2), 0, 0, 0
    for _ in range(600):
        pixels = framed(rng)
        found = inside_of_borders(pixels), inside_of_screenshot(pixels)
        assert found == (slow.inside_of_borders(pixels), slow.inside_of_screenshot(pixels))
        for part in filter(None, found):
            assert has_straight_edges(pixels, part) == slow.has_straight_edges(pixels, part)
            straight += has_straight_edges(pixels, part)
        borders, screenshots = borders + (found[0] is not None), screenshots + (found[1] is not None)
    assert 100 < borders < 500
    assert 100 < screenshots < 500
    assert 100 < straight < borders + screenshots - 20

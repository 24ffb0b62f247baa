"""The compiled kernels of evidence equal their plain twin, number for number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from streams.domain.evidence.align import align, correlation
from streams.domain.evidence.normalise import normalised_levels, three_quarters
from streams.domain.evidence.thumbnail import SIDE, THUMBNAIL_BYTES, decode_thumbnail, encode_thumbnail
from tests.reference import evidence as slow
from tests.support.media import PHOTOS, photo


def thumbnail(name: str, box: tuple[float, float, float, float] = (0, 0, 1, 1)) -> NDArray[np.uint8]:
    """A part of a photo as a thumbnail, read back from its bytes."""
    image = photo(name).convert("L")
    left, top, right, bottom = box
    part = left * image.width, top * image.height, right * image.width, bottom * image.height
    return decode_thumbnail(encode_thumbnail(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX, box=part))))


def random_pixels(seed: int, contrast: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, contrast, (SIDE, SIDE), dtype=np.int64).astype(np.uint8)


@given(seed=st.integers(0, 2**32), contrast=st.sampled_from([1, 2, 9, 256]))
def test_thumbnails_are_encoded_and_decoded_as_by_the_twin(seed: int, contrast: int) -> None:
    pixels = random_pixels(seed, contrast)

    packed = encode_thumbnail(pixels)

    assert len(packed) == THUMBNAIL_BYTES == 1152
    assert packed == slow.encoded(pixels)
    assert (decode_thumbnail(packed) == slow.decoded(packed)).all()


@given(seed=st.integers(0, 2**32), contrast=st.sampled_from([1, 2, 9, 256]))
def test_levels_are_normalised_as_by_the_twin(seed: int, contrast: int) -> None:
    pixels = random_pixels(seed, contrast)

    for found, expected in (
        (normalised_levels(pixels), slow.levels(pixels)),
        (normalised_levels(three_quarters(pixels)), slow.levels(slow.three_quarters(pixels))),
    ):
        assert [len(level) for level in found] == [len(level) for level in expected]
        assert all((one == other).all() for one, other in zip(found, expected, strict=True))


@settings(max_examples=60)
@given(
    entries=st.lists(st.integers(-6000, 6000), min_size=4, max_size=4),
    shift=st.tuples(st.integers(-90_000, 90_000), st.integers(-90_000, 90_000)),
    step=st.sampled_from([1, 2, 3]),
)
def test_correlation_is_the_twins_under_any_map(entries: list[int], shift: tuple[int, int], step: int) -> None:
    known, query = normalised_levels(thumbnail("chelsea.png")), normalised_levels(thumbnail("coffee.png"))
    m = [entries[0], entries[1], shift[0], entries[2], entries[3], shift[1]]

    for one, other in zip(known[:3], query[:3], strict=True):
        assert correlation(one, other, np.array(m, np.int64), step) == slow.correlation(one, other, m, step)


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"])
@pytest.mark.parametrize("box", [(0, 0, 1, 1), (0.04, 0.02, 0.97, 1), (0.1, 0, 1, 0.9)])
def test_alignment_is_the_twins(name: str, box: tuple[float, float, float, float]) -> None:
    known, query = normalised_levels(thumbnail(name)), normalised_levels(thumbnail(name, box))
    start = [4096, 0, 0, 0, 4096, 0]
    m = np.array(start, np.int64)

    score = align(*known[2::-1], *query[2::-1], m)

    assert (score, m.tolist()) == slow.aligned(known[2::-1], query[2::-1], start)
    assert score > 490


def test_different_photos_do_not_align() -> None:
    levels = [normalised_levels(thumbnail(name)) for name in PHOTOS]
    for known in levels:
        for query in levels:
            m = np.array([4096, 0, 0, 0, 4096, 0], np.int64)
            assert (align(*known[2::-1], *query[2::-1], m) > 300) == (known is query)

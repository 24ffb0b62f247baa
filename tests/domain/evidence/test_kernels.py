"""The compiled kernels of evidence equal their plain twin, number for number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from streams.domain.evidence.alignment.affine import invert
from streams.domain.evidence.alignment.align import align, correlation, least_shown
from streams.domain.evidence.alignment.sampling import grid_of
from streams.domain.evidence.evidence import EDGE, Evidence, Thumbnail
from streams.domain.evidence.prepared import HALF_SIZE, SIDES, SMALLER_SIZE, WHOLE_SIZE, level, pixels
from streams.domain.evidence.thumbnail import SIDE, THUMBNAIL_BYTES, decode_thumbnail, encode_thumbnail
from streams.domain.hashes.views import FULL
from tests.reference import evidence as slow
from tests.reference.verification import inverted
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


def evidence_of(pixels: NDArray[np.uint8]) -> Evidence:
    return Evidence(640, 480, (Thumbnail(FULL, (0, 0, EDGE, EDGE), encode_thumbnail(pixels)),))


def level_of(evidence: Evidence, size: int) -> NDArray[np.int16]:
    """A level that the compiled code keeps as pairs of pixels: the left one of each, which is its lower half."""
    pairs: NDArray[np.int32] = level(evidence.prepared, 0, size)
    return (pairs & 0xFFFF).astype(np.uint16).view(np.int16)


@given(seed=st.integers(0, 2**32), contrast=st.sampled_from([1, 2, 9, 256]))
def test_thumbnails_are_encoded_and_decoded_as_by_the_twin(seed: int, contrast: int) -> None:
    pixels = random_pixels(seed, contrast)

    packed = encode_thumbnail(pixels)

    assert len(packed) == THUMBNAIL_BYTES == 1152
    assert packed == slow.encoded(pixels)
    assert (decode_thumbnail(packed) == slow.decoded(packed)).all()


@given(seed=st.integers(0, 2**32), contrast=st.sampled_from([1, 2, 9, 256]))
def test_all_sizes_and_levels_are_the_twins(seed: int, contrast: int) -> None:
    evidence = evidence_of(random_pixels(seed, contrast))
    whole = slow.decoded(evidence.thumbnails[0].packed)
    smaller = slow.three_quarters(whole)

    for size, (side, expected) in enumerate(zip(SIDES, slow.levels(whole) + slow.levels(smaller)[:3], strict=True)):
        assert expected.shape == (side, side)
        assert (level_of(evidence, size) == expected).all()
    assert (pixels(evidence.prepared, 0, SMALLER_SIZE) == smaller).all()
    assert (pixels(evidence.prepared, 0, HALF_SIZE) == slow.halved(whole)).all()


@settings(max_examples=60)
@given(
    entries=st.lists(st.integers(-6000, 6000), min_size=4, max_size=4),
    shift=st.tuples(st.integers(-90_000, 90_000), st.integers(-90_000, 90_000)),
    step=st.sampled_from([1, 2, 3]),
    sign=st.sampled_from([1, -1]),
)
def test_correlation_is_the_twins_under_any_map(
    entries: list[int], shift: tuple[int, int], step: int, sign: int
) -> None:
    known, query = evidence_of(thumbnail("chelsea.png")), evidence_of(thumbnail("coffee.png"))
    m = [entries[0], entries[1], shift[0], entries[2], entries[3], shift[1]]

    for size in range(3):
        grid, least = grid_of(level(known.prepared, 0, size), step), least_shown(SIDES[size], step)
        found = correlation(grid, level(query.prepared, 0, size), np.array(m, np.int64), sign, least)
        assert found == slow.correlation(level_of(known, size), level_of(query, size), m, step, sign)


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"])
@pytest.mark.parametrize("box", [(0, 0, 1, 1), (0.04, 0.02, 0.97, 1), (0.1, 0, 1, 0.9)])
@pytest.mark.parametrize("finest", [WHOLE_SIZE, SMALLER_SIZE])
def test_alignment_is_the_twins(name: str, box: tuple[float, float, float, float], finest: int) -> None:
    known, query = evidence_of(thumbnail(name)), evidence_of(thumbnail(name, box))
    start = [4096, 0, 0, 0, 4096, 0]
    m = np.array(start, np.int64)

    score = align(known.prepared, 0, finest, query.prepared, 0, finest, 1, m)

    known_levels, query_levels = (
        [level_of(side, finest + coarser) for coarser in (2, 1, 0)] for side in (known, query)
    )
    assert (score, m.tolist()) == slow.aligned(known_levels, query_levels, start)
    assert score > 490


def test_different_photos_do_not_align() -> None:
    evidence = [evidence_of(thumbnail(name)) for name in PHOTOS]
    for known in evidence:
        for query in evidence:
            m = np.array([4096, 0, 0, 0, 4096, 0], np.int64)
            assert (align(known.prepared, 0, 0, query.prepared, 0, 0, 1, m) > 300) == (known is query)


@given(
    entries=st.lists(st.integers(-6000, 6000), min_size=4, max_size=4),
    shift=st.tuples(st.integers(-90_000, 90_000), st.integers(-90_000, 90_000)),
)
def test_a_map_is_inverted_as_by_the_twin_or_not_at_all(entries: list[int], shift: tuple[int, int]) -> None:
    m, inverse = [entries[0], entries[1], shift[0], entries[2], entries[3], shift[1]], np.empty(6, np.int64)

    expected = inverted(m)

    assert invert(np.array(m, np.int64), inverse) == (expected is not None)
    if expected is not None:
        assert inverse.tolist() == expected

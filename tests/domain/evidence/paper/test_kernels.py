"""The compiled kernels of paper equal their plain twin, number for number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streams.domain.evidence.alignment.affine import PIXEL
from streams.domain.evidence.paper.align import MARGIN, best_shift
from streams.domain.evidence.paper.blocks import block_percentiles
from streams.domain.evidence.paper.cells import compare_cells, own_cells, rank_cells
from streams.domain.evidence.paper.compare import _compare
from streams.domain.evidence.paper.correlate import correlation, lay_over, quads_of, samples_of
from streams.domain.evidence.paper.extract import extract_page
from streams.domain.evidence.paper.ink import (
    SHAPES_PERCENT,
    WORDS_PERCENT,
    is_dark,
    measure_ink,
    measure_paper,
    strongest_around,
)
from streams.domain.evidence.paper.levels import page_levels
from streams.domain.evidence.paper.page import Page
from streams.domain.evidence.paper.paper_rule import RULE_PERCENTS, is_paper
from streams.domain.evidence.paper.transform import decode_ink, encode_ink
from tests.reference import page_code
from tests.reference import paper as slow
from tests.support.papers import ALTERATIONS, KINDS

NO_STARTS = np.empty((0, 6), np.int64)


def page_of(kind: str, seed: int, alteration: str = "") -> Page:
    image = KINDS[kind](seed)
    page = extract_page(ALTERATIONS[alteration](image) if alteration else image, must_be_paper=False)
    assert page is not None
    return page


def random_pixels(seed: int, height: int, width: int, contrast: int) -> NDArray[np.uint8]:
    """Noise and a few dark strokes."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(255 - contrast, 256, (height, width)).astype(np.uint8)
    for _ in range(20):
        y, x = rng.integers(height), rng.integers(width)
        pixels[y : y + 2, x : x + 15] = rng.integers(0, 120)
    return pixels


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(24, 70),
    width=st.integers(24, 70),
    contrast=st.sampled_from([0, 1, 20, 255]),
    least_percent=st.sampled_from([SHAPES_PERCENT, WORDS_PERCENT]),
)
def test_ink_and_the_paper_rule_are_the_twins(
    seed: int, height: int, width: int, contrast: int, least_percent: int
) -> None:
    pixels = random_pixels(seed, height, width, contrast)
    ink, darker = np.empty_like(pixels), np.empty(pixels.shape, np.int32)
    percentiles = block_percentiles(pixels, np.array(RULE_PERCENTS))

    found = measure_paper(pixels, percentiles[1], darker)
    measure_ink(darker, strongest_around(darker), found, least_percent, ink)

    expected, expected_contrast = slow.ink(pixels, least_percent)
    assert found == expected_contrast
    assert (ink == expected).all()
    for needs_words in (False, True):
        assert is_paper(pixels, percentiles, ink, found, needs_words) == slow.is_paper(pixels, ink, found, needs_words)
    assert is_dark(pixels) == slow.is_dark(pixels)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), height=st.integers(24, 70), width=st.integers(24, 70))
def test_levels_and_cells_are_the_twins(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (rng.integers(0, 239, (height, width)).astype(np.uint8) for _ in range(2))
    known, query = page_levels(one), page_levels(other)
    assert all((fast == plain).all() for fast, plain in zip(known, slow.levels(one), strict=True))

    laid = query.full.copy()
    laid[: seed % 4] = -1
    laid[:, width - seed % 5 :] = -1
    cells = np.empty((height // 6, width // 12), np.int64)
    compare_cells(known.full, laid, 1, cells)

    expected = slow.cells(known.full.astype(np.int64), laid.astype(np.int64), 1)
    assert (cells == expected).all()
    own = own_cells(known.full)
    assert (own == slow.own(known.full.astype(np.int64))).all()
    assert tuple(rank_cells(cells, own)) == slow.ranked(expected, own)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(24, 60),
    width=st.integers(24, 60),
    step=st.sampled_from([1, 16, 192, 4080]),
    blank=st.booleans(),
)
def test_the_code_of_ink_is_the_twins(seed: int, height: int, width: int, step: int, blank: bool) -> None:
    rng = np.random.default_rng(seed)
    ink = rng.integers(0, 239, (height, width)).astype(np.uint8)
    ink[: height if blank else height // 2, 20:] = 238 if seed % 2 else 0

    packed = encode_ink(ink, step, 1 << 15)

    assert packed == page_code.encoded(ink, step)
    decoded = decode_ink(packed, step, height, width)
    assert (decoded == page_code.decoded(packed, step, height, width)).all()
    assert encode_ink(ink, step, len(packed) - 1) is None


@settings(max_examples=30)
@given(packed=st.binary(max_size=300), step=st.integers(1, 4080))
def test_any_bytes_are_some_ink_for_both(packed: bytes, step: int) -> None:
    assert (decode_ink(packed, step, 40, 30) == page_code.decoded(packed, step, 40, 30)).all()


@settings(max_examples=40)
@given(
    entries=st.lists(st.integers(-6000, 6000), min_size=4, max_size=4),
    shift=st.tuples(st.integers(-90_000, 90_000), st.integers(-90_000, 90_000)),
    step=st.sampled_from([1, 2, 3]),
)
def test_maps_are_applied_as_by_the_twin(entries: list[int], shift: tuple[int, int], step: int) -> None:
    one, other = page_of("receipt", 1).ink, page_of("invoice", 1).ink
    known, query = page_levels(one).quarter, page_levels(other).quarter
    plain_known, plain_query = slow.levels(one)[2], slow.levels(other)[2]
    m = [entries[0], entries[1], shift[0], entries[2], entries[3], shift[1]]
    laid, moved, kernel_map = np.empty_like(known), np.array(m, np.int64), np.array(m, np.int64)
    height, width = query.shape
    samples, quads = samples_of(known, step), quads_of(query, 0)
    placed = np.empty((5, samples_of(known, 2).shape[1]), np.int32)

    aligned = lay_over(known, quads, width, height, kernel_map, laid)
    score = best_shift(samples_of(known, 2), quads_of(query, MARGIN), query, moved, placed)

    assert (laid == slow.laid_over(plain_known, plain_query, m)).all()
    assert aligned == slow.correlation(plain_known, plain_query, m, 1)
    assert correlation(samples, quads, width, height, kernel_map) == slow.correlation(plain_known, plain_query, m, step)
    assert (score, moved.tolist()) == slow.best_shift(plain_known, plain_query, m)


@pytest.mark.parametrize("number", range(6))
def test_a_map_whose_places_need_more_than_32_bits_shows_nothing(number: int) -> None:
    known, query = page_levels(page_of("receipt", 1).ink).full, page_levels(page_of("invoice", 1).ink).full
    m, laid = np.array([PIXEL, 0, 0, 0, PIXEL, 0], np.int64), np.zeros_like(known)
    m[number] = 1 << 40

    height, width = query.shape
    assert correlation(samples_of(known, 1), quads_of(query, 0), width, height, m) == 0
    assert lay_over(known, quads_of(query, 0), width, height, m, laid) == 0
    assert (laid == -1).all()


@pytest.mark.parametrize("kind", ["text_page", "receipt", "line_chart"])
@pytest.mark.parametrize(("seed", "alteration"), [(1, "turned -2"), (1, "blurred"), (2, "")])
def test_comparisons_are_the_twins(kind: str, seed: int, alteration: str) -> None:
    known, query = page_of(kind, 1), page_of(kind, seed, alteration)
    start = [PIXEL + 40, 30, -900, -30, PIXEL - 40, 2000]

    for starts in (NO_STARTS, np.array([start], np.int64)):
        cells = np.empty((known.ink.shape[0] // 6, known.ink.shape[1] // 12), np.int64)
        found = _compare(*known.levels, *query.levels, starts, known.own_cells, cells)
        expected, expected_cells = slow.compared(slow.levels(known.ink), slow.levels(query.ink), starts.tolist())
        assert list(found) == expected
        assert expected_cells is None or (cells == expected_cells).all()

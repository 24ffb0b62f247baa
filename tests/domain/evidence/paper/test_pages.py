"""Pages of one layout are different pages, and copies of a page are the page."""

from __future__ import annotations

import json
import struct
import zlib
from functools import cache
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streams.domain.evidence.evidence import EDGE
from streams.domain.evidence.geometry import ONE
from streams.domain.evidence.paper.compare import Geometry, PageComparison, compare_pages
from streams.domain.evidence.paper.extract import extract_page
from streams.domain.evidence.paper.page import MAX_BYTES, Page, pack_page, unpack_page
from streams.errors import BadInput
from tests.support.media import photo
from tests.support.papers import ALTERATIONS, KINDS, form, sheet

WHOLE = (0, 0, EDGE, EDGE)


def extracted(image: Image.Image) -> Page:
    """A page, read back from its bytes."""
    page = extract_page(image)
    assert page is not None
    stored = unpack_page(pack_page(page))
    assert stored is not None
    return stored


def grains(size: tuple[int, int], seed: int) -> Image.Image:
    """Every pixel another random grey level."""
    levels = np.random.default_rng(seed).normal(128, 90, size[::-1])
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


@cache
def page_of(kind: str, seed: int) -> Page:
    return extracted(KINDS[kind](seed))


@pytest.mark.parametrize("kind", KINDS)
def test_different_pages_of_one_layout_are_different(kind: str) -> None:
    for one, other in permutations(range(3), 2):
        assert not compare_pages(page_of(kind, one), page_of(kind, other)).same


@pytest.mark.parametrize("kind", ["text_page", "invoice", "table"])
@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_copies_of_a_page_are_the_page(kind: str, alteration: str) -> None:
    copy = extracted(ALTERATIONS[alteration](KINDS[kind](1)))

    assert is_found(page_of(kind, 1), copy)
    assert not compare_pages(page_of(kind, 2), copy).same


def is_found(known: Page, copy: Page) -> bool:
    """One copy in ten of invoices and tables loses so much in a place that a person should look."""
    found = compare_pages(known, copy)
    return found.same or (found.is_changed and found.has_few_other_words)


def test_pages_with_other_words_all_over_have_more_than_few() -> None:
    assert not compare_pages(page_of("text_page", 1), page_of("text_page", 2)).has_few_other_words
    assert not compare_pages(page_of("slide", 1), page_of("slide", 2)).has_few_other_words


@pytest.mark.parametrize("kind", ["text_page", "form", "receipt", "table", "slide"])
@pytest.mark.parametrize("alteration", ["jpeg 30", "half size", "contrast", "blurred", "border", "letterbox"])
def test_the_page_is_found_where_the_copy_is_known(kind: str, alteration: str) -> None:
    copy = extracted(ALTERATIONS[alteration](KINDS[kind](1)))

    assert is_found(copy, page_of(kind, 1))
    assert is_found(page_of(kind, 1), copy)


def test_pages_of_other_layouts_are_told_apart_on_small_levels() -> None:
    compared = compare_pages(page_of("receipt", 1), page_of("line_chart", 1))

    assert compared.refused_early
    assert not compared.same
    assert not compared.has_few_other_words
    assert not compare_pages(page_of("receipt", 1), page_of("receipt", 1)).refused_early


def test_a_blank_form_is_not_the_filled_form() -> None:
    blank, filled = extracted(form(1, filled=0)), extracted(form(1))

    assert not compare_pages(blank, filled).same
    assert not compare_pages(filled, blank).same


def test_the_upper_quarter_of_a_page_is_not_the_page() -> None:
    page = KINDS["text_page"](1)
    part = extracted(page.crop((0, 0, page.width, page.height // 4)))
    quarter = Geometry(np.array([ONE, 0, 0, 0, 4 * ONE, 0], np.int64), WHOLE, WHOLE)

    assert not compare_pages(page_of("text_page", 1), part, [quarter]).same


def test_a_given_geometry_finds_a_page_that_is_upside_down() -> None:
    page = KINDS["text_page"](1)
    copy = extracted(page.transpose(Image.Transpose.ROTATE_180))
    upside_down = Geometry(np.array([-ONE, 0, ONE, 0, -ONE, ONE], np.int64), WHOLE, WHOLE)

    assert compare_pages(page_of("text_page", 1), copy, [upside_down]).same
    assert not compare_pages(page_of("text_page", 1), copy).same


def test_a_given_geometry_minds_the_boxes_that_the_pages_fill() -> None:
    """The geometry is of whole pictures; the page fills part of one of them."""
    page = KINDS["text_page"](1)
    copy = extracted(ALTERATIONS["letterbox"](page.transpose(Image.Transpose.ROTATE_90)))
    left, _, right, _ = copy.box
    share = (right - left) / EDGE
    turned = Geometry(np.array([0, round(share * ONE), round(left / EDGE * ONE), -ONE, 0, ONE], np.int64), WHOLE, WHOLE)

    assert share < 0.8
    assert compare_pages(page_of("text_page", 1), copy, [turned]).same


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg"])
def test_photos_are_not_paper(name: str) -> None:
    assert extract_page(photo(name).convert("L")) is None


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_page_is_no_evidence(level: int) -> None:
    assert extract_page(sheet(ground=level)[0]) is None


@pytest.mark.parametrize("size", [(1, 10_000), (10_000, 1), (50, 50), (160, 160)])
@pytest.mark.parametrize("seed", range(5))
def test_noise_of_any_size_is_not_paper(size: tuple[int, int], seed: int) -> None:
    picture = grains(size, seed)

    assert extract_page(picture) is None
    page = extract_page(picture, must_be_paper=False)
    assert page is None or len(pack_page(page)) <= MAX_BYTES


@pytest.mark.parametrize("size", [(1, 10_000), (10_000, 1), (2_000, 10)])
def test_a_strip_without_room_for_a_line_of_words_has_no_ink(size: tuple[int, int]) -> None:
    """Of 400 strips of noise one pixel high, five passed for paper."""
    assert extract_page(grains(size, 1), must_be_paper=False) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_stored_in_few_bytes_and_is_nearly_the_same(kind: str) -> None:
    page = extract_page(KINDS[kind](1), must_be_paper=False)
    assert page is not None
    packed = pack_page(page)
    stored = unpack_page(packed)

    assert stored is not None
    assert len(packed) <= MAX_BYTES
    assert stored.box == page.box
    error = stored.levels.full.astype(float) - page.levels.full
    assert float(np.square(error).mean()) < 0.04 * float(page.levels.full.var())


def test_what_is_full_of_ink_is_stored_more_coarsely_or_not_at_all() -> None:
    rng = np.random.default_rng(1)
    full = Page(WHOLE, rng.integers(0, 239, (160, 160)).astype(np.uint8))
    half = Page(WHOLE, np.where(np.arange(160) < 100, full.ink, 0).astype(np.uint8))

    assert pack_page(full) == b""
    assert pack_page(half)[1] > pack_page(page_of("receipt", 1))[1]


def packed_levels(page: Page) -> bytes:
    """A page as version 1 stored it: eight levels of ink, two pixels a byte."""
    levels = np.append((page.ink.ravel() + 17) // 34, np.zeros(page.ink.size & 1, np.uint8)).astype(np.uint8)
    body = zlib.compress((levels[::2] | levels[1::2] << np.uint8(4)).tobytes())
    return struct.pack(">3B4H", 1, *page.ink.shape, *page.box) + body


@pytest.mark.parametrize("kind", ["text_page", "invoice", "table"])
def test_pages_of_version_1_are_still_read(kind: str) -> None:
    first, second = (extract_page(KINDS[kind](seed)) for seed in (1, 2))
    assert first is not None and second is not None
    stored = unpack_page(packed_levels(first))

    assert stored is not None
    assert is_found(stored, page_of(kind, 1))
    assert is_found(page_of(kind, 1), stored)
    assert not compare_pages(stored, page_of(kind, 2)).same


def test_bytes_that_are_not_a_page_are_refused() -> None:
    packed, levels = pack_page(page_of("receipt", 1)), packed_levels(page_of("receipt", 1))

    assert unpack_page(b"") is None
    assert unpack_page(b"\x09" + packed[1:]) is None
    for broken in (packed[:5], packed[:2] + b"\x05" + packed[3:], packed[:4] + b"\xff\xff" + packed[6:]):
        with pytest.raises(BadInput):
            unpack_page(broken)
    for broken in (levels[:5], levels[:-9], levels[:1] + b"\x05" + levels[2:], levels[:20] + b"\0\0\0" + levels[23:]):
        with pytest.raises(BadInput):
            unpack_page(broken)


@pytest.mark.parametrize("report", ["04_text_pages", "07_memes"])
def test_reported_cases_are_decided_as_expected(shared_data: Path, report: str) -> None:
    """The memes are half photo, and are compared by their ink all the same."""
    folder = shared_data / "reports" / report
    if not folder.is_dir():
        pytest.skip(f"no reports at {folder}")
    expected = json.loads((folder / "expected.json").read_text())

    def compared(one: str, other: str) -> PageComparison:
        pages = []
        for name in (one, other):
            with Image.open(folder / name) as image:
                page = extract_page(image.convert("L"), must_be_paper=False)
            assert page is not None
            pages.append(page)
        return compare_pages(pages[0], pages[1])

    for group in expected["groups"]:
        for one, other in permutations(group, 2):
            assert compared(one, other).same, (one, other)
    for group in expected["not_groups"]:
        for one, other in permutations(group, 2):
            assert not compared(one, other).same, (one, other)

"""Words on photos: found where they are, kept as bytes, and other words are no copy."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from streams.domain.evidence.evidence import Evidence, pack_evidence, unpack_evidence
from streams.domain.evidence.judge import judge
from streams.domain.evidence.verify import MatchedViews
from streams.domain.evidence.words.compare import has_other_words
from streams.domain.evidence.words.find import _PERCENTS, _find, find_words
from streams.domain.evidence.words.words import MAX_BYTES, Words, is_words, pack_words, unpack_words
from streams.domain.fingerprint import fingerprint_image
from streams.errors import BadInput
from tests.reference import words as slow
from tests.support.alterations import ALTERATIONS
from tests.support.media import encode, photo

ONE = 65536
IDENTITY = np.array([ONE, 0, 0, 0, ONE, 0], np.int64)
WHOLE = [MatchedViews(0, 8, 0, 8)]
ONE_TEXT = ("the harbour in winter", "forty letters home", "a road of white stone", "nobody asked the river")
OTHER_TEXT = ("evening trains return", "under a paper moon", "the market was young", "seven gardens burning")
MILD = ("JPEG q50", "resized 50%", "centre crop 5%", "brightness 140%", "greyscale", "mirrored")


def saying(lines: tuple[str, ...], size: int = 40, *, colour: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """Lines of words on a dimmed photo."""
    image = photo("chelsea.png", (720, 540)).convert("RGB")
    image = image.point(lambda value: value * 0.5 + (110 if sum(colour) == 0 else 0))
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        pen.text((360, 140 + 80 * number), line, colour, ImageFont.load_default(size), anchor="mm")
    return image


def evidence_of(file: bytes) -> Evidence:
    found = unpack_evidence(b64decode(fingerprint_image(file).evidence))
    assert found is not None
    return found


def words_of(image: Image.Image) -> Words:
    found = find_words(image.convert("L"))
    assert found is not None
    return found


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)])
def test_words_are_found_where_they_are(colour: tuple[int, int, int]) -> None:
    found = words_of(saying(ONE_TEXT, colour=colour))
    rows = sorted({int(row) for row, _ in np.argwhere(found.places)})
    assert found.light == (colour == (255, 255, 255))
    assert found.places.sum() >= 10
    assert rows[0] >= 3 and rows[-1] <= 16, "lines are at 140 to 380 of 540 pixels, of 20 rows"


def test_a_photo_without_words_has_none() -> None:
    assert find_words(photo("coffee.png", (720, 540)).convert("L").filter(ImageFilter.GaussianBlur(2))) is None
    assert find_words(Image.new("L", (500, 500), 128)) is None
    assert find_words(photo("coffee.png", (100, 80)).convert("L")) is None, "too small to read"


@pytest.mark.parametrize("size", [34, 40, 48])
def test_other_words_on_a_photo_are_no_copy(size: int) -> None:
    one, other = (evidence_of(encode(saying(text, size), "JPEG", quality=90)) for text in (ONE_TEXT, OTHER_TEXT))
    assert one.words and other.words
    for known, query in ((one, other), (other, one)):
        assert judge(known, query, WHOLE, 5, 20).confidence != "certain"


@pytest.mark.parametrize("alteration", MILD)
def test_copies_with_the_same_words_are_certain(alteration: str) -> None:
    image = saying(ONE_TEXT)
    known = evidence_of(encode(image, "JPEG", quality=92))
    query = evidence_of(ALTERATIONS[alteration].apply(image, seed=3))
    views = [MatchedViews(0, 8, 0, 9)] if alteration == "mirrored" else WHOLE
    assert known.words and query.words and not known.page
    assert judge(known, query, views, 5, 20).confidence == "certain"


def test_another_number_on_a_photo_is_no_copy() -> None:
    def score(told: str) -> Evidence:
        image = photo("rocket.jpg", (800, 500)).convert("RGB")
        pen = ImageDraw.Draw(image)
        pen.rectangle((500, 400, 770, 470), (20, 30, 70))
        pen.text((515, 415), told, (255, 255, 255), ImageFont.load_default(34))
        return evidence_of(encode(image, "JPEG", quality=90))

    one, other = score("ROMA 4 : 0 OSLO"), score("ROMA 1 : 8 OSLO")
    assert one.words and other.words
    assert judge(one, one, WHOLE, 0, 0).confidence == "certain"
    assert judge(one, other, WHOLE, 0, 8).confidence != "certain"


def test_words_in_few_places_on_both_decide_nothing() -> None:
    empty = Words(True, np.zeros((20, 13), np.bool_), np.zeros((120, 160), np.uint8))
    assert not has_other_words(empty, words_of(saying(ONE_TEXT)), IDENTITY)


def test_dark_and_light_words_are_not_compared() -> None:
    light, other = words_of(saying(ONE_TEXT)), words_of(saying(OTHER_TEXT))
    assert has_other_words(light, other, IDENTITY)
    assert not has_other_words(light, replace(other, light=False), IDENTITY)


def test_words_come_back_from_their_bytes() -> None:
    found = words_of(saying(ONE_TEXT))
    packed = pack_words(found)
    again = unpack_words(packed)
    assert again is not None
    assert len(packed) <= MAX_BYTES
    assert (again.light, again.places.tolist()) == (found.light, found.places.tolist())
    assert np.abs(again.ink.astype(int) - found.ink).mean() < 10
    assert is_words(packed)


def test_evidence_has_words_and_says_which_are_unreadable() -> None:
    evidence = evidence_of(encode(saying(ONE_TEXT), "JPEG", quality=90))
    packed = pack_evidence(evidence)
    assert unpack_evidence(packed) == evidence
    cut = Evidence(evidence.width, evidence.height, evidence.thumbnails, words=evidence.words[:9])
    with pytest.raises(BadInput, match="words"):
        unpack_evidence(pack_evidence(cut))
    later = Evidence(evidence.width, evidence.height, evidence.thumbnails, words=b"\x63" + evidence.words)
    assert unpack_evidence(pack_evidence(later)) == Evidence(evidence.width, evidence.height, evidence.thumbnails)


@given(st.binary(max_size=80).map(lambda tail: b"\1" + tail))
@example(b"\1\1\x0c\x18\x18\0")
def test_any_bytes_are_words_or_refused(packed: bytes) -> None:
    try:
        found = unpack_words(packed)
    except BadInput:
        return
    assert found is not None
    assert found.places.shape == (found.ink.shape[0] // 6, found.ink.shape[1] // 12)


def random_pixels(seed: int, height: int, width: int, contrast: int) -> NDArray[np.uint8]:
    """Noise with strokes beside one another, as letters have them."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(200 - contrast, 201, (height, width)).astype(np.uint8)
    for _ in range(6):
        y, x = int(rng.integers(height)), int(rng.integers(width))
        pixels[y : y + 6, x : x + 40 : int(rng.integers(2, 5))] = rng.integers(0, 100)
    return pixels


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(24, 90),
    width=st.integers(24, 120),
    contrast=st.sampled_from([1, 20, 200]),
)
def test_words_are_found_as_by_the_twin(seed: int, height: int, width: int, contrast: int) -> None:
    pixels = random_pixels(seed, height, width, contrast)
    ink, places = np.zeros_like(pixels), np.zeros((height // 6, width // 12), np.bool_)
    count = _find(pixels, _PERCENTS, ink, places)
    expected_ink, expected = slow.found(pixels)
    assert places.tolist() == expected.tolist()
    assert count == expected.sum()
    if count:
        assert ink.tolist() == expected_ink.tolist()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), turn=st.integers(-3000, 3000), zoom=st.integers(-4000, 4000), same=st.booleans())
def test_words_are_compared_as_by_the_twin(seed: int, turn: int, zoom: int, same: bool) -> None:
    def some(number: int) -> Words:
        pixels = random_pixels(number, 96, 144, 20)
        ink, places = np.zeros_like(pixels), np.zeros((16, 12), np.bool_)
        _find(pixels, _PERCENTS, ink, places)
        return Words(True, places, ink)

    known, query = some(seed), some(seed if same else seed + 1)
    shares = np.array([ONE + zoom, turn, -zoom // 2, -turn, ONE + zoom, turn], np.int64)
    assert has_other_words(known, query, shares) == slow.has_others(known, query, [int(each) for each in shares])

"""What is judged is what the plain twin judges."""

from __future__ import annotations

from base64 import b64decode
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.evidence.colours.chroma import colour_distance, is_coloured, is_grey
from streams.domain.evidence.colours.tones import outline_distance, outline_distance_in_other_light, tone_distance
from streams.domain.evidence.evidence import Evidence, unpack_evidence
from streams.domain.evidence.judge import judge
from streams.domain.evidence.verify import MatchedViews
from streams.domain.fingerprint import fingerprint_image
from streams.domain.hashes.views import CUT_OUT, FULL, OTHER_GROUND
from tests.reference import judge as slow
from tests.support.alterations import ALTERATIONS
from tests.support.cut_outs import BLACK, RED, WHITE, flattened, logo, sticker, two_faced
from tests.support.media import encode, photo, thing_on_even_ground
from tests.support.papers import KINDS

PICTURES = ("coffee.png", "chelsea.png", "receipt", "line_chart")
ALTERED = ("JPEG q50", "mirrored", "centre crop 10%", "meme text", "greyscale", "border white 5%", "rotated 2°")
NEAR = (MatchedViews(0, 0, 0, 0), MatchedViews(0, 1, 0, 0), MatchedViews(2, 0, 0, 0))


@cache
def evidence_of(name: str, alteration: str) -> Evidence:
    if name == "thing":
        image = thing_on_even_ground()
    else:
        image = KINDS[name](1).convert("RGB") if name in KINDS else photo(name, (480, 360))
    file = ALTERATIONS[alteration].apply(image, seed=2) if alteration else encode(image, "PNG")
    evidence = unpack_evidence(b64decode(fingerprint_image(file).evidence))
    assert evidence is not None
    return evidence


@pytest.mark.parametrize("alteration", ALTERED)
@pytest.mark.parametrize("name", PICTURES)
def test_copies_are_judged_as_by_the_twin(name: str, alteration: str) -> None:
    known, query = evidence_of(name, ""), evidence_of(name, alteration)
    for bits in (10, 80):
        assert judge(known, query, NEAR, 5, bits) == slow.judged(known, query, NEAR, 5, bits)


@pytest.mark.parametrize(("one", "other"), [("coffee.png", "chelsea.png"), ("receipt", "line_chart")])
def test_other_pictures_are_judged_as_by_the_twin(one: str, other: str) -> None:
    for pair in ((one, other), (other, one)):
        known, query = (evidence_of(name, "JPEG q50") for name in pair)
        assert judge(known, query, NEAR, 5, 20) == slow.judged(known, query, NEAR, 5, 20)
        assert judge(known, query, [], 5, 20) == slow.judged(known, query, [], 5, 20)


@cache
def evidence_of_art(name: str, form: str) -> Evidence:
    art = {
        "sticker": sticker(),
        "logo": logo(BLACK),
        "white logo": logo(WHITE),
        "faces": two_faced(photo("chelsea.png", (360, 300)), photo("coffee.png", (360, 300))),
    }[name]
    shown = {
        "png": art,
        "half": art.resize((art.width // 2, art.height // 2)),
        "black": flattened(art.convert("RGBA"), BLACK),
        "white": flattened(art.convert("RGBA"), WHITE),
        "red": flattened(art.convert("RGBA"), RED),
    }[form]
    evidence = unpack_evidence(b64decode(fingerprint_image(encode(shown, "PNG")).evidence))
    assert evidence is not None
    return evidence


@pytest.mark.parametrize("form", ["png", "half", "black", "white", "red"])
@pytest.mark.parametrize("name", ["sticker", "logo", "white logo", "faces"])
def test_art_on_other_grounds_is_judged_as_by_the_twin(name: str, form: str) -> None:
    known, query = evidence_of_art(name, "png"), evidence_of_art(name, form)
    grounds = (FULL, OTHER_GROUND, CUT_OUT)
    for one in grounds:
        for other in grounds:
            views = [MatchedViews(one, 0, other, 0)]
            assert judge(known, query, views, 2, 10) == slow.judged(known, query, views, 2, 10)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    spread=st.integers(0, 127),
    entries=st.lists(st.integers(-100_000, 100_000), min_size=6, max_size=6),
)
def test_colours_are_compared_as_by_the_twin(seed: int, spread: int, entries: list[int]) -> None:
    rng = np.random.default_rng(seed)
    one, other = (rng.integers(128 - spread, 129 + spread, 128).astype(np.uint8).tobytes() for _ in range(2))
    for known, query in ((one, other), (other, _faded(other))):
        for may_fade in (False, True):
            found = colour_distance(known, query, np.array(entries, np.int64), may_fade=may_fade)
            assert found == slow.colour_distance(known, query, tuple(entries), may_fade)
    assert is_coloured(one) is (slow.saturation(one) >= 512)
    assert is_grey(one) is slow.has_no_colour(one)


def _faded(chroma: bytes) -> bytes:
    return bytes(128 + (value - 128) // 2 for value in chroma)


def test_colours_that_are_weaker_everywhere_are_the_same() -> None:
    chroma = bytes([70, 190] * 40 + [180, 128] * 24)
    whole = np.array(slow.IDENTITY, np.int64)
    distance = colour_distance(chroma, _faded(chroma), whole)
    assert distance is not None and distance >= 48
    assert colour_distance(chroma, _faded(chroma), whole, may_fade=True) == 0
    grey, other_hue = bytes([128] * 128), bytes([190, 70] * 40 + [180, 128] * 24)
    for query in (grey, other_hue):
        assert colour_distance(chroma, query, whole, may_fade=True) == colour_distance(chroma, query, whole)


def test_tones_are_compared_as_by_the_twin() -> None:
    known, query = evidence_of("receipt", ""), evidence_of("receipt", "centre crop 10%")
    one, other = known.thumbnails[0].pixels, query.thumbnails[0].pixels
    assert tone_distance(one, other) == slow.tone_distance(one, other)
    assert outline_distance(one, other) == slow.outline_distance(one, other)
    assert tone_distance(one, one) == outline_distance(one, one) == 0


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), light=st.integers(20, 500), middle=st.integers(0, 255), noise=st.integers(0, 40))
def test_one_factor_of_light_or_contrast_is_found_as_by_the_twin(
    seed: int, light: int, middle: int, noise: int
) -> None:
    rng = np.random.default_rng(seed)
    known = np.kron(rng.integers(0, 256, (8, 8)), np.ones((8, 8), int)).astype(np.uint8)
    levels = middle + (known.astype(int) - middle) * light // 256 + rng.integers(-noise, noise + 1, (64, 64))
    query = np.clip(levels, 0, 255).astype(np.uint8)
    found = outline_distance_in_other_light(known, query)
    assert (1000 if found is None else found) == slow.relit_distance(known, query)


@pytest.mark.parametrize("name", ["brightness 60%", "contrast 60%", "greyscale"])
def test_things_in_other_light_are_judged_as_by_the_twin(name: str) -> None:
    known, query = evidence_of("thing", ""), evidence_of("thing", name)
    assert judge(known, query, NEAR, 5, 10) == slow.judged(known, query, NEAR, 5, 10)
    assert judge(known, query, NEAR, 5, 10).confidence == "certain"

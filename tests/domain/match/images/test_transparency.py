"""Cut-outs and white art: one content on every ground, and no other content."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import permutations
from typing import Any

import orjson
import pytest
from PIL import Image

from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.match.batch import MatchInput
from streams.domain.records import Fingerprint, MediaFacts, Origin
from tests.support.cut_outs import BLACK, GREY, RED, TEAL, WHITE, flattened, logo, sticker, two_faced
from tests.support.media import encode, photo
from tests.support.partition import Partition

NOW = "2026-01-01T00:00:00.000Z"


@cache
def facts_of(file: bytes) -> MediaFacts:
    return fingerprint_image(file)


def decided(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The decisions about files that come one after the other."""
    partition, decisions = Partition(), {}
    for number, (name, file) in enumerate(files.items()):
        made = Fingerprint(
            f"#{name}", 0, name, "c", "auto", NOW, NOW, Origin("media.submissions", 0, number), facts_of(file), None
        )
        (answer,) = partition.decide([MatchInput.of(made, number)])
        decisions[name] = orjson.loads(answer.value)
    return decisions


def in_forms(art: Image.Image) -> dict[str, bytes]:
    return {
        "png": encode(art, "PNG"),
        "webp": encode(art, "WEBP", quality=85),
        "lossless": encode(art, "WEBP", lossless=True),
        "palette": encode(art.quantize(64, method=Image.Quantize.FASTOCTREE), "PNG"),
        "gif": encode(art, "GIF"),
        "white": encode(flattened(art, WHITE), "JPEG", quality=88),
        "black": encode(flattened(art, BLACK), "JPEG", quality=88),
        "red": encode(flattened(art, RED), "JPEG", quality=88),
        "grey": encode(flattened(art, GREY), "PNG"),
    }


ART = {"sticker": sticker(), "white logo": logo(WHITE), "black logo": logo(BLACK), "teal logo": logo(TEAL)}
LEFT_BLANK = {"white logo": {"white"}, "black logo": {"black"}, "teal logo": {"red"}}
"""Grounds on which nothing of the art is left to see, or nothing in grey."""
DOUBTFUL = {"teal logo": {"black"}}
"""Grounds on which the art looks much darker, or lighter: a person looks at it beside the others."""


@pytest.mark.parametrize("first", ["png", "white", "black"])
@pytest.mark.parametrize("name", ART)
def test_a_cut_out_is_one_content_in_every_format_and_on_every_ground(name: str, first: str) -> None:
    forms = {form: file for form, file in in_forms(ART[name]).items() if form not in LEFT_BLANK.get(name, set())}
    if first not in forms:
        pytest.skip("nothing is left of it there")
    files = {first: forms.pop(first), **forms}
    for form, decision in list(decided(files).items())[1:]:
        assert decision["match"] is not None, form
        if form not in ("red", "grey") and not {form, first} & DOUBTFUL.get(name, set()):
            assert (decision["action"], decision["match"]["confidence"]) == ("reuse", "certain"), form


@pytest.mark.parametrize("colour", [WHITE, BLACK, RED])
def test_different_logos_of_one_colour_are_not_one_content(colour: tuple[int, int, int]) -> None:
    files = {str(number): encode(logo(colour, number), "PNG") for number in range(3)}
    assert all(decision["action"] != "reuse" for decision in decided(files).values())


def test_white_art_is_not_a_blank_picture() -> None:
    files = {
        "blank": encode(Image.new("RGB", (400, 300), WHITE), "PNG"),
        "nothing": encode(Image.new("RGBA", (400, 300)), "PNG"),
        "logo": encode(logo(WHITE), "PNG"),
    }
    assert decided(files)["logo"]["action"] == "process"


def test_what_transparent_pixels_hide_counts_for_nothing() -> None:
    art = sticker()
    alpha = art.getchannel("A").point(lambda value: 255 if value > 127 else 0)
    art.putalpha(alpha)
    hiding = photo("coffee.png", art.size).convert("RGBA")
    hiding.paste(art, mask=alpha)
    hiding.putalpha(alpha)
    decision = decided({"art": encode(art, "PNG"), "hiding": encode(hiding, "PNG")})["hiding"]
    assert (decision["action"], decision["match"]["score"], decision["match"]["differs"]) == ("reuse", 1000, 0.0)


@pytest.mark.parametrize("order", list(permutations(("two-faced", "cat", "coffee"))))
def test_a_picture_that_shows_another_thing_on_black_is_certainly_neither(order: tuple[str, ...]) -> None:
    size = (360, 300)
    cat, coffee = photo("chelsea.png", size), photo("coffee.png", size)
    files = {
        "two-faced": encode(two_faced(cat, coffee), "PNG"),
        "cat": encode(cat.convert("L").point(lambda level: level * 110 / 255 + 145), "PNG"),
        "coffee": encode(coffee.convert("L").point(lambda level: level * 110 / 255), "PNG"),
    }
    for decision in decided({name: files[name] for name in order}).values():
        assert decision["action"] in ("process", "review")


def test_a_two_faced_picture_is_found_in_another_format() -> None:
    art = two_faced(photo("chelsea.png", (360, 300)), photo("coffee.png", (360, 300)))
    other = two_faced(photo("chelsea.png", (360, 300)), photo("rocket.jpg", (360, 300)))
    decisions = decided(
        {
            "png": encode(art, "PNG"),
            "webp": encode(art.convert("RGBA"), "WEBP", quality=95),
            "other": encode(other, "PNG"),
        }
    )
    assert decisions["webp"]["match"]["media_id"] == "png"
    assert decisions["other"]["action"] != "reuse"

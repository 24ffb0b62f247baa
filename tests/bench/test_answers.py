"""The bench asks the product: a copy is reused, a captioned one goes to a person, another photo is not answered."""

from __future__ import annotations

import pytest

from streams.domain.fingerprint import fingerprint_image
from tests.bench.answers import ADDS_NOTHING, LISTS, NONE, REUSE, REVIEW, Answered, Answerer, Shares, reach
from tests.support.alterations import ALTERATIONS
from tests.support.media import encode, photo

NAMES = ("coffee.png", "chelsea.png")


@pytest.fixture(scope="module")
def answerer() -> Answerer:
    return Answerer([fingerprint_image(encode(photo(name, (480, 360)), "JPEG", quality=92)) for name in NAMES])


@pytest.mark.parametrize(
    ("alteration", "answer"), [("JPEG q50", REUSE), ("mirrored", REUSE), ("caption below", REVIEW)]
)
def test_a_copy_is_answered_as_the_product_decides(answerer: Answerer, alteration: str, answer: str) -> None:
    for number, name in enumerate(NAMES):
        copy = ALTERATIONS[alteration].apply(photo(name, (480, 360)), number)
        assert answerer.answer(fingerprint_image(copy), number) == answer


def test_another_photo_is_not_answered(answerer: Answerer) -> None:
    assert answerer.answer(fingerprint_image(encode(photo("rocket.jpg", (480, 360)), "PNG")), 0) == NONE


def test_lists_are_those_of_the_targets() -> None:
    assert [len(LISTS["mild"]), len(LISTS["hard"])] == [53, 39]
    assert {"JPEG q50", "mirrored", "centre crop 10%", "greyscale"} <= set(ADDS_NOTHING) <= set(LISTS["mild"])
    assert not {"meme text", "letterbox", "screenshot, dark"} & set(ADDS_NOTHING)


def test_a_row_that_is_missed_is_named() -> None:
    rows = {name: Shares(1.0, 0.0, 0.0, 0.0) for name in LISTS["hard"]}
    rows |= {"emoji": Shares(0.1, 0.4, 0.5, 0.0), "turned 12° and cropped": Shares(0.0, 0.0, 1.0, 0.0)}
    figures = {each.name: each for each in reach(Answered(10, {"hard": rows}))}
    worst = figures["hard copies found, worst row (emoji)"]
    assert (worst.measured, worst.met) == (50.0, False)
    assert figures["hard copies found, mean"].met

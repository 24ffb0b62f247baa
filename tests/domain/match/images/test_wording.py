"""Sentences about matches: what was done to the picture, what differs and where, and how sure that is."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from streams.domain.hashes.transformation import TRANSFORMATION_WORDS
from streams.domain.match.images.wording import match_in_sentence, percent_of_picture, refusal_in_words
from streams.domain.records.decision import Confidence

MIN_SCORE = 490
SAME = ["========"] * 8


def changed(rows: Sequence[str], *places: tuple[int, int], state: str = "x") -> list[str]:
    """A map with blocks, by row and column, in this state."""
    grid = [list(row) for row in rows]
    for row, column in places:
        grid[row][column] = state
    return ["".join(row) for row in grid]


def box(top: int, left: int, bottom: int, right: int) -> list[tuple[int, int]]:
    return [(row, column) for row in range(top, bottom) for column in range(left, right)]


def sentence(rows: Sequence[str], transformation: str = "none", confidence: Confidence = "certain") -> str:
    differs = sum(row.count("x") + row.count("+") for row in rows) / 64
    return match_in_sentence(transformation, confidence, rows, differs)


def test_a_copy_in_which_nothing_differs_is_the_same_picture() -> None:
    assert sentence(SAME) == "The same picture."
    assert sentence(SAME, "mirrored+cropped") == "The same picture, mirrored left to right, then cropped."
    assert sentence(["...=...."] * 8) == "The same picture."


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (changed(SAME, (0, 0)), "but a small part in the top left differs (2 % of it)"),
        (changed(SAME, *box(0, 5, 3, 8)), "but a part in the top right differs (14 % of it)"),
        (changed(SAME, *box(3, 3, 5, 5)), "but a part in the middle differs (6 % of it)"),
        (changed(SAME, *box(2, 0, 7, 3)), "but a large part on the left differs (23 % of it)"),
        (changed(SAME, *box(6, 0, 8, 8)), "but a strip at the bottom differs, such as a caption (25 % of it)"),
        ([*SAME[:7], "xxxx=xxx"], "but a strip at the bottom differs, such as a caption (11 % of it)"),
        (changed(SAME, *box(0, 1, 1, 7)), "but a strip at the top differs, such as a caption (9 % of it)"),
        (changed(SAME, *box(4, 0, 5, 8)), "but a strip in the middle differs, such as a caption (12 % of it)"),
        (
            changed(SAME, *box(0, 0, 2, 2), (7, 7)),
            "but a part in the top left and a small part in the bottom right differ (8 % of it)",
        ),
        (
            changed(SAME, (0, 0), (0, 7), (7, 0), *box(6, 6, 8, 8)),
            "but several parts differ, the largest in the bottom right (11 % of it)",
        ),
        (changed(SAME, *box(0, 0, 8, 5)), "but most of it differs (62 % of it)"),
    ],
)
def test_a_part_that_differs_is_named_with_its_size_place_and_share(rows: Sequence[str], says: str) -> None:
    assert sentence(rows) == f"The same picture, {says}."


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            changed(SAME, *box(7, 0, 8, 8), state="+"),
            "with a strip added at the bottom, such as a caption (12 % of it)",
        ),
        ([*SAME[:7], "..++++.."], "with a strip added at the bottom, such as a caption (6 % of it)"),
        (
            changed(SAME, *box(0, 0, 8, 2), *box(0, 6, 8, 8), state="+"),
            "with something added on the left and on the right (50 % of it)",
        ),
        (
            changed(SAME, *box(0, 0, 1, 8), *box(7, 0, 8, 8), state="+"),
            "with something added at the top and at the bottom (25 % of it)",
        ),
        (["++++++++", *["+======+"] * 6, "++++++++"], "with other surroundings (44 % of it)"),
        (changed(SAME, *box(0, 0, 2, 2), state="+"), "with a part in the top left added (6 % of it)"),
    ],
)
def test_what_lies_beyond_the_known_picture_was_added(rows: Sequence[str], says: str) -> None:
    assert sentence(rows) == f"The same picture, {says}."


def test_transformation_addition_and_difference_stand_in_one_sentence() -> None:
    rows = changed(changed(SAME, *box(7, 0, 8, 8), state="+"), (1, 1))
    assert sentence(rows, "mirrored") == (
        "The same picture, mirrored left to right, with a strip added at the bottom, such as a caption, "
        "but a small part in the top left differs (14 % of it)."
    )


def test_the_map_replaces_what_a_transformation_says_less_exactly() -> None:
    assert sentence(SAME, "retouched") == "The same picture, changed in places."
    assert sentence(changed(SAME, (0, 0)), "mirrored+retouched").startswith(
        "The same picture, mirrored left to right, but a small part"
    )
    assert sentence(changed(SAME, *box(0, 0, 8, 1), state="+"), "extended") == (
        "The same picture, with something added on the left (12 % of it)."
    )


def test_a_match_that_leaves_doubt_says_perhaps_and_why() -> None:
    assert match_in_sentence("cropped", "likely", SAME, 0.0, score=431, needed_score=MIN_SCORE) == (
        f"Perhaps the same picture, cropped: the detail agrees less than in a copy (score 431, {MIN_SCORE} needed)."
    )
    assert match_in_sentence("none", "likely", changed(SAME, (0, 0)), 1 / 64, score=900, needed_score=MIN_SCORE) == (
        "Perhaps the same picture, but a small part in the top left differs (2 % of it): a person should look."
    )


def test_a_match_in_doubt_in_which_nothing_differs_names_what_the_map_cannot_show() -> None:
    assert match_in_sentence("none", "likely", SAME, 0.0, score=900, needed_score=MIN_SCORE) == (
        "Perhaps the same picture: there is too little to see to be sure, or colours or words are others."
    )


def test_hashes_speak_where_there_is_no_evidence() -> None:
    bits = "18 of 256 bits differ, 24 may"
    assert match_in_sentence("mirrored", "unverified", bits=bits) == (
        f"Perhaps the same picture, mirrored left to right: {bits}. "
        "Only their hashes were compared, since there is no evidence of one of the two."
    )
    assert match_in_sentence("mirrored", "", bits=bits) == f"The same picture, mirrored left to right: {bits}."
    assert match_in_sentence("none", "exact") == "The same bytes."


def test_a_refusal_names_the_score_or_the_share() -> None:
    assert refusal_in_words(212, MIN_SCORE) == "the same outline, the detail differs (score 212, 490 needed)"
    assert "cannot be laid on each other (score 0," in refusal_in_words(0, MIN_SCORE)
    assert refusal_in_words(MIN_SCORE, MIN_SCORE, 0.48, max_differs=0.35) == (
        "only a part is the same, and 48 % of the picture differs (35 % may)"
    )
    assert refusal_in_words(MIN_SCORE, MIN_SCORE, 0.2, max_differs=0.35).startswith("the same shapes")


def test_a_share_that_is_not_0_is_not_shown_as_0() -> None:
    assert [percent_of_picture(share) for share in (0.0, 0.001, 0.0156, 0.5, 1.0)] == [
        "0 %", "1 %", "2 %", "50 %", "100 %",
    ]  # fmt: skip


def test_every_map_has_one_sentence_without_gaps() -> None:
    rng = random.Random(15)
    for _ in range(2_000):
        states = rng.choice(("=x", "=x+.", "x", "+", ".+", "==========x", "=======+x."))
        rows = ["".join(rng.choice(states) for _ in range(8)) for _ in range(8)]
        code = rng.choice([*TRANSFORMATION_WORDS, "mirrored+retouched", "of_a_later_version"])
        said = sentence(rows, code, rng.choice(("certain", "likely", "unverified", "")))
        assert said.endswith(".")
        assert not any(gap in said for gap in ("  ", ",,", " ,", ",.", "()", "None", ": ."))
        assert ("differ" in said) == any("x" in row for row in rows)
        assert ("added" in said or "surroundings" in said) >= any("+" in row for row in rows)

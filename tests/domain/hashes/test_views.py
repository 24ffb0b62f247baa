"""What the tables of views promise to the stages that make, keep and look up entries."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from streams.domain.hashes.orientation import ORIENTATION_NAMES, compose, inverse
from streams.domain.hashes.views import (
    AS_DERIVED,
    AS_WHOLE,
    CANONICAL,
    ENTRY,
    EXTRA_UPRIGHT,
    GROUP_ASPECT,
    GROUP_CROPS,
    GROUP_WHOLE,
    LEVEL_NUMBERS,
    LEVELS,
    QUERY_GROUPS,
    SEARCH_GROUPS,
    STORED_GROUPS,
    TRANSFORMATION_WORDS,
    VIEW_CODES,
    VIEW_PAIRS,
    VIEWS,
    Level,
    describe_transformation,
    pack_entries,
    query_groups,
    stored_groups,
    transformation_between,
    unpack_entries,
    views_of_level,
)
from streams.errors import BadInput, Reason
from tests.domain.hashes.test_orientation import turned


def entry(view: str, orientation: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    return np.array([(VIEW_CODES[view], orientation, 5, (1, 2, 3, 4))], ENTRY)


def test_codes_are_positions_and_names_are_different() -> None:
    assert [view.code for view in VIEWS] == list(range(len(VIEWS)))
    assert len(VIEW_CODES) == len(VIEWS)
    for view in VIEWS:
        left, top, right, bottom = view.box
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


def test_entries_are_packed_as_documented() -> None:
    packed = pack_entries(np.array([(3, 9, 0x0102030405060708, (1, 2, 3, 1 << 63))], ENTRY))
    assert packed == "0309" + "0102030405060708" + "".join(f"{word:016x}" for word in (1, 2, 3, 1 << 63))
    (found,) = unpack_entries(packed)
    assert (int(found["view"]), int(found["orientation"]), int(found["hash64"])) == (3, 9, 0x0102030405060708)
    assert found["hash256"].tolist() == [1, 2, 3, 1 << 63]
    assert len(unpack_entries("")) == 0


@pytest.mark.parametrize("packed", ["0", "zz", "00" * 41, "00" * 43])
def test_what_is_no_hex_of_whole_entries_is_refused(packed: str) -> None:
    with pytest.raises(BadInput, match="views:1") as refused:
        unpack_entries(packed)
    assert refused.value.reason is Reason.BAD_FIELD


@pytest.mark.parametrize("level", LEVELS)
def test_a_pair_is_compared_as_whole_if_both_are(level: Level) -> None:
    for one, other in product(VIEWS, repeat=2):
        how = VIEW_PAIRS[LEVEL_NUMBERS[level], one.code, other.code]
        if how:
            assert how == (AS_WHOLE if one.whole and other.whole else AS_DERIVED)


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_compared_is_stored_asked_for_and_made(level: Level) -> None:
    number = LEVEL_NUMBERS[level]
    made = {view.code for view in views_of_level(level)}
    for one, other in product(VIEWS, repeat=2):
        if VIEW_PAIRS[number, one.code, other.code]:
            assert STORED_GROUPS[number, other.code, CANONICAL] == SEARCH_GROUPS[other.code] > 0
            assert QUERY_GROUPS[number, one.code, 0] & SEARCH_GROUPS[other.code]
            assert {one.code, other.code} <= made


def test_each_level_compares_all_that_the_level_below_does() -> None:
    for lower, higher in pairwise(VIEW_PAIRS):
        assert np.all((lower == 0) | (lower == higher))


@pytest.mark.parametrize("level", LEVELS)
def test_forms_that_are_not_kept_and_unknown_views_are_not_stored(level: Level) -> None:
    number = LEVEL_NUMBERS[level]
    assert not STORED_GROUPS[number, :, 1:CANONICAL].any()
    assert not STORED_GROUPS[number, len(VIEWS) :].any()
    assert not QUERY_GROUPS[number, len(VIEWS) :].any()
    assert stored_groups(entry("full", 1), level).tolist() == [0]
    assert stored_groups(entry("full", 1 | CANONICAL), level).tolist() == [GROUP_WHOLE]


def test_an_upright_form_that_is_no_canonical_one_is_asked_of_whole_pictures_alone_and_only_where_it_is_kept() -> None:
    upright = entry("full", EXTRA_UPRIGHT)
    assert (query_groups(upright, "deep").tolist(), stored_groups(upright, "deep").tolist()) == (
        [GROUP_WHOLE],
        [GROUP_WHOLE],
    )
    assert (query_groups(upright, "plain").tolist(), stored_groups(upright, "plain").tolist()) == ([0], [0])
    assert (query_groups(upright, "standard").tolist(), stored_groups(upright, "standard").tolist()) == ([0], [0])
    assert query_groups(entry("full", 1), "standard").tolist() == [GROUP_WHOLE | GROUP_CROPS | GROUP_ASPECT]


def test_an_upright_form_that_is_an_alternate_is_kept_where_upright_forms_are() -> None:
    assert [int(stored_groups(entry("full", 0), level)[0]) for level in LEVELS] == [0, 0, GROUP_WHOLE]
    assert stored_groups(entry("centre_80", 0), "deep").tolist() == [0]


@pytest.mark.parametrize(
    ("query", "stored", "code"),
    [
        (("full", 0), ("full", 0), "none"),
        (("full", 3), ("full", 3), "none"),
        (("full", 1), ("full", 0), "mirrored"),
        (("full", 6 | CANONICAL), ("full", 0 | CANONICAL), "turned_90"),
        (("trimmed", 0), ("full", 0), "border_added"),
        (("full", 0), ("trimmed", 0), "border_removed"),
        (("trimmed", 0), ("trimmed", 0), "border_changed"),
        (("framed", 1), ("trimmed", 0), "mirrored+frame_added"),
        (("trimmed", 0), ("centre_80", 0), "border_added+cropped"),
        (("full", 0), ("centre_80", 2), "flipped+cropped"),
        (("centre_89", 0), ("full", 0), "extended"),
        (("centre_80", 5), ("centre_80", 5), "retouched"),
        (("top_left_80", 0), ("top_right_80", 1), "mirrored+retouched"),
        (("top_left_80", 0), ("bottom_right_80", 3), "turned_180+retouched"),
        (("top_left_80", 0), ("bottom_right_80", 0), "shifted"),
        (("bottom_right_89", 0), ("bottom_right_80", 0), "cropped"),
        (("top_right_89", 5), ("bottom_right_80", 0), "turned_270+cropped"),
        (("full", 0), ("square", 0), "cropped"),
        (("square", 0), ("full", 0), "extended"),
        (("top_85", 0), ("full", 0), "extended"),
        (("round_left", 0), ("round", 0), "tilted"),
        (("round", 0), ("round", 1), "mirrored+retouched"),
    ],
)
def test_what_was_undone(query: tuple[str, int], stored: tuple[str, int], code: str) -> None:
    assert transformation_between(VIEW_CODES[query[0]], query[1], VIEW_CODES[stored[0]], stored[1]) == code


CORNERS = ("top_left", "top_right", "bottom_left", "bottom_right")


@pytest.mark.parametrize("corner", range(4))
@pytest.mark.parametrize("done", range(8))
def test_a_corner_kept_is_a_crop_however_the_copy_is_turned_and_whatever_form_is_compared(
    done: int, corner: int
) -> None:
    where = turned(np.arange(4, dtype=np.uint8).reshape(2, 2), done)
    copys_corner = int(np.flatnonzero(where.ravel() == corner)[0])
    query, stored = VIEW_CODES[f"{CORNERS[copys_corner]}_89"], VIEW_CODES[f"{CORNERS[corner]}_80"]
    for form in range(8):
        copys_form = compose(form, inverse(done))
        expected = "cropped" if done == 0 else f"{ORIENTATION_NAMES[done]}+cropped"
        assert transformation_between(query, copys_form, stored, form) == expected


def test_all_that_can_be_undone_has_words() -> None:
    for one, other, orientation in product(VIEWS, VIEWS, range(8)):
        for part in transformation_between(one.code, 0, other.code, orientation).split("+"):
            assert part in TRANSFORMATION_WORDS
    assert describe_transformation("mirrored+cropped") == "mirrored left to right, then cropped"
    assert describe_transformation("none") == "as it is"
    assert describe_transformation("something_later") == "something_later"

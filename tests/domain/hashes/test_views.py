"""What the tables of views promise to the stages that make, store and look up entries."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from streams.domain.hashes.levels import LEVEL_NUMBERS, LEVELS, Level
from streams.domain.hashes.packing import CANONICAL, ENTRY, EXTRA_UPRIGHT
from streams.domain.hashes.views import (
    AS_DERIVED,
    AS_WHOLE,
    GROUP_ASPECT,
    GROUP_CROPS,
    GROUP_WHOLE,
    QUERY_GROUPS,
    SEARCH_GROUPS,
    STORED_GROUPS,
    VIEW_CODES,
    VIEW_PAIRS,
    VIEWS,
    query_groups,
    stored_groups,
    views_of_level,
)


def entry(view: str, orientation: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    return np.array([(VIEW_CODES[view], orientation, 5, (1, 2, 3, 4))], ENTRY)


def test_codes_are_positions_and_names_are_different() -> None:
    assert [view.code for view in VIEWS] == list(range(len(VIEWS)))
    assert len(VIEW_CODES) == len(VIEWS)
    for view in VIEWS:
        left, top, right, bottom = view.box
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


@pytest.mark.parametrize("level", LEVELS)
def test_a_pair_is_compared_as_whole_if_both_are(level: Level) -> None:
    for one, other in product(VIEWS, repeat=2):
        how = VIEW_PAIRS[LEVEL_NUMBERS[level], one.code, other.code]
        if how:
            assert how == (AS_WHOLE if one.whole and other.whole else AS_DERIVED)


@pytest.mark.parametrize("level", LEVELS)
def test_views_that_are_compared_are_stored_looked_up_and_in_fingerprints(level: Level) -> None:
    number = LEVEL_NUMBERS[level]
    made = {view.code for view in VIEWS if view in views_of_level(level) or view.of_frames}
    for one, other in product(VIEWS, repeat=2):
        if VIEW_PAIRS[number, one.code, other.code]:
            assert STORED_GROUPS[number, other.code, CANONICAL] == SEARCH_GROUPS[other.code] > 0
            assert QUERY_GROUPS[number, one.code, 0] & SEARCH_GROUPS[other.code]
            assert {one.code, other.code} <= made


def test_each_level_compares_all_that_the_level_below_does() -> None:
    for lower, higher in pairwise(VIEW_PAIRS):
        assert np.all((lower == 0) | (lower == higher))


@pytest.mark.parametrize("level", LEVELS)
def test_alternates_and_unknown_views_are_not_stored(level: Level) -> None:
    number = LEVEL_NUMBERS[level]
    assert not STORED_GROUPS[number, :, 1:CANONICAL].any()
    assert not STORED_GROUPS[number, len(VIEWS) :].any()
    assert not QUERY_GROUPS[number, len(VIEWS) :].any()
    assert stored_groups(entry("full", 1), level).tolist() == [0]
    assert stored_groups(entry("full", 1 | CANONICAL), level).tolist() == [GROUP_WHOLE]


def test_an_extra_upright_entry_is_looked_up_among_whole_pictures_at_levels_that_store_it() -> None:
    upright = entry("full", EXTRA_UPRIGHT)
    assert (query_groups(upright, "deep").tolist(), stored_groups(upright, "deep").tolist()) == (
        [GROUP_WHOLE],
        [GROUP_WHOLE],
    )
    assert (query_groups(upright, "plain").tolist(), stored_groups(upright, "plain").tolist()) == ([0], [0])
    assert (query_groups(upright, "standard").tolist(), stored_groups(upright, "standard").tolist()) == ([0], [0])
    assert query_groups(entry("full", 1), "standard").tolist() == [GROUP_WHOLE | GROUP_CROPS | GROUP_ASPECT]


def test_an_upright_alternate_is_stored_at_levels_that_store_upright_entries() -> None:
    assert [int(stored_groups(entry("full", 0), level)[0]) for level in LEVELS] == [0, 0, GROUP_WHOLE]
    assert stored_groups(entry("centre_80", 0), "deep").tolist() == [0]

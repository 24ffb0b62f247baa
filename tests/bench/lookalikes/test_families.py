"""The generators: the same seed gives the same bytes, and members of a family are different pictures."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from tests.bench.lookalikes.drawing import Member
from tests.bench.lookalikes.families import FAMILIES, Family, decoded, drawn, garments
from tests.support.media import jpeg

MEMBERS = 6
MIN_DIFFERENT_SHARE = 0.0005
"""The share of pixels of two members that must differ by more than MIN_DIFFERENCE in a channel."""

MIN_DIFFERENCE = 40

families = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


@families
def test_the_same_seed_gives_the_same_bytes(family: Family) -> None:
    assert drawn(family, count=2, seed=5).files == drawn(family, count=2, seed=5).files


@families
def test_a_member_does_not_depend_on_how_many_are_drawn(family: Family) -> None:
    assert drawn(family, count=3).files[:2] == drawn(family, count=2).files


@families
def test_another_seed_gives_other_pictures(family: Family) -> None:
    if family.name == "arrows":
        pytest.skip("there are only so many arrows")
    assert not set(drawn(family, count=3, seed=1).files) & set(drawn(family, count=3, seed=2).files)


@families
def test_members_differ_in_what_a_person_sees(family: Family) -> None:
    pictures = [np.asarray(decoded(file), np.int16) for file in drawn(family, count=MEMBERS).files]
    for one, other in combinations(pictures, 2):
        assert one.shape == other.shape
        different = (np.abs(one - other).max(axis=2) > MIN_DIFFERENCE).mean()
        assert different >= MIN_DIFFERENT_SHARE


@pytest.mark.parametrize("name", ["flags", "icons", "products"])
def test_no_combination_is_drawn_twice(name: str) -> None:
    family = next(each for each in FAMILIES if each.name == name)
    files = drawn(family, count=120).files
    assert len(set(files)) == 120


def test_combinations_run_through_all_choices() -> None:
    seen = {tuple(Member("any", 0, number).combination(3, 4)) for number in range(12)}
    assert len(seen) == 12


def test_garments_are_left_out_where_the_data_folder_lacks_them(tmp_path: Path) -> None:
    assert garments(tmp_path, count=10) is None
    (tmp_path / "abcd-1.jpg").write_bytes(jpeg())
    shown = garments(tmp_path, count=10)
    assert shown is not None
    assert len(shown.files) == 1

"""Everything that a decision can say has words for people."""

from __future__ import annotations

from dataclasses import replace

from streams.domain.hashes.views import VIEWS
from streams.errors import Reason
from streams.services.wording import REASON_WORDS, match_in_words, percent, reason_in_words, view_in_words
from tests.support.stories import decision


def test_every_reason_has_words() -> None:
    assert set(REASON_WORDS) == set(Reason)
    assert reason_in_words("of_a_later_version") == "of a later version"


def test_only_exactly_1_is_shown_as_100_percent() -> None:
    assert [percent(each) for each in (1.0, 0.9999, 0.9766, 0.0)] == ["100 %", "99.9 %", "97.7 %", "0.0 %"]


def test_every_view_has_words() -> None:
    found = [view_in_words(view.name) for view in VIEWS]

    assert len(set(found)) == len(VIEWS)
    assert not any("_" in each for each in found)
    assert view_in_words("bottom_left_80") == "bottom left 80\u00a0%"


def test_a_match_in_doubt_says_perhaps_and_one_that_differs_says_how_much() -> None:
    made = decision(2, content=1, outcome="near_duplicate").match
    assert made is not None
    assert match_in_words(made) == "93.8 %, mirrored left to right"
    assert match_in_words(replace(made, confidence="certain", differs=0.125)) == (
        "93.8 %, mirrored left to right, 12 % of it differs"
    )
    assert match_in_words(replace(made, confidence="likely", transformation="none")) == "perhaps: 93.8 %"

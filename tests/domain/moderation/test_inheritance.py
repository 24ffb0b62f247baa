"""What a decision says about the verdicts that its copy does not inherit."""

from __future__ import annotations

import pytest

from streams.domain.moderation.inheritance import EVERY_STATUS, inherited_statuses, told_inheritance
from streams.domain.policy.policy import Policy
from streams.domain.records.verdict import Inheritance
from streams.domain.state.content import MAX_DRIFT_BLOCKS
from streams.services.wording import inheritance_in_words


@pytest.mark.parametrize(
    ("drift_blocks", "told", "words"),
    [
        (0, None, ""),
        (1, None, ""),
        (
            2,
            Inheritance(["review", "blocked"], "changed", 0.0312),
            "inherits only review and blocked: 3 % of the picture may differ from the first of its group",
        ),
        (
            5,
            Inheritance([], "changed", 0.0781),
            "inherits no verdict: 8 % of the picture may differ from the first of its group",
        ),
    ],
)
def test_a_changed_picture_says_what_passes_and_how_far_it_has_drifted(
    drift_blocks: int, told: Inheritance | None, words: str
) -> None:
    statuses = inherited_statuses(drift_blocks, Policy())
    assert told_inheritance(statuses, drift_blocks, is_video=False, is_reviewed=False) == told
    assert told is None or inheritance_in_words(told) == words


def test_a_clip_and_a_match_for_review_say_so() -> None:
    statuses = inherited_statuses(MAX_DRIFT_BLOCKS, Policy())
    clip = told_inheritance(statuses, MAX_DRIFT_BLOCKS, is_video=True, is_reviewed=False)
    review = told_inheritance(EVERY_STATUS, 0, is_video=False, is_reviewed=True)
    assert (clip, review) == (Inheritance([], "clip"), Inheritance([], "review"))
    assert clip is not None
    assert "a part of a video" in inheritance_in_words(clip)
    assert review is not None
    assert "a person has looked" in inheritance_in_words(review)

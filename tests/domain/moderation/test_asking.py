"""Which decisions bring a content that a moderator is to be asked about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streams.domain.moderation.asking import is_saved, is_stale, occasion_of
from streams.domain.records import Decision, Outcome, Verdict
from streams.domain.records.verdict import Inheritance
from tests.support.stories import decision

COPY: Outcome = "near_duplicate"


def near(**match: Any) -> Decision:
    made = decision(5, content=1, outcome=COPY)
    assert made.match is not None
    return replace(made, match=replace(made.match, **match))


SAID = Verdict("allowed", by="ann", kind="person")


@pytest.mark.parametrize(
    ("made", "occasion"),
    [
        (decision(1), "unique"),
        (replace(decision(1), verdict=SAID), None),
        (replace(decision(1), revision=1), None),  # a verdict was taken back
        (decision(2, content=1, outcome="duplicate"), None),
        (decision(3, outcome="failed"), None),
        (near(differs=0.0), None),
        (near(differs=0.02), None),
        (near(differs=0.03), "changed"),
        (near(differs=None), None),
        (near(relation="clip_of"), "changed"),
        (replace(near(differs=0.018), inheritance=Inheritance(["review", "blocked"], "changed", 0.0313)), "changed"),
        (replace(near(differs=0.03), inheritance=Inheritance(["allowed"], "changed", 0.0313)), None),
        (replace(near(differs=0.3), action="review"), "review"),
        (near(relation="contains", group_content_id=decision(5).content_id), "review"),
        (replace(near(), revision=1, action="process"), "unique"),  # somebody split it from its group
        (replace(near(), revision=1), None),
    ],
)
def test_a_content_is_asked_about_on_these_occasions(made: Decision, occasion: str | None) -> None:
    assert occasion_of(made, allowed_differs=0.02) == occasion


@pytest.mark.parametrize(
    ("verdict", "stale"),
    [
        ({"version": "1"}, "safety"),
        ({"version": None}, "safety"),
        ({"version": "2"}, None),
        ({"version": "1", "by": "other"}, None),
        ({"version": "1", "content_id": decision(9).content_id}, None),
        ({"version": "1", "status": "pending"}, "safety"),
    ],
)
def test_a_verdict_of_another_version_on_this_very_content_is_stale(verdict: dict[str, Any], stale: str | None) -> None:
    made = decision(2, content=1, outcome="duplicate")
    told = {"status": "allowed", "by": "safety", "kind": "model", "content_id": made.content_id, **verdict}
    if told["status"] == "pending":
        told, stale = {"status": "pending"}, None
    made = replace(made, verdict=Verdict(**told))
    assert is_stale(made, {"safety"}, lambda _: "2") == stale
    assert is_stale(made, set(), lambda _: "2") is None
    assert is_stale(made, {"safety"}, lambda _: None) is None


def test_first_decisions_about_copies_save_calls() -> None:
    copy = decision(2, content=1, outcome="duplicate")
    assert is_saved(copy)
    assert is_saved(near())
    assert not is_saved(decision(1))
    assert not is_saved(replace(copy, revision=1))
    assert not is_saved(replace(near(), action="review"))

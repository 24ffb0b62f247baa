"""Which decisions show the effect of an event, and how names on the command line become ids."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

import pytest

from streams.config.settings import load_settings
from streams.domain.records import Decision, ModerationEvent, Verdict, VerdictSource
from streams.domain.records.moderation import EventName
from streams.errors import BadInput, Reason
from streams.services.moderation.verdicts import ModerationRequest, is_content_id, publish_event, shows_effect
from tests.support.stories import decision, moderation_event

ANN = VerdictSource("person", "ann")


def about(decided: Decision, event: ModerationEvent, **changes: Any) -> Decision:
    """A revised decision with the verdict of an event."""
    said = Verdict("blocked", event.by.name, None, event.at, None, event.by.kind, None, [], event.content_id)
    return replace(decided, revision=1, verdict=replace(said, **changes))


def test_a_decision_with_this_very_verdict_shows_it() -> None:
    event = moderation_event(1)
    shown = about(decision(0), event)

    assert shows_effect(shown, event)
    assert shows_effect(replace(shown, revision=0), event)
    assert not shows_effect(replace(shown, collection="other"), event)
    assert not shows_effect(about(decision(5), event), event)
    assert not shows_effect(about(decision(0), event, at="2026-01-01T00:00:00.000Z"), event)
    assert not shows_effect(about(decision(0), event, status="allowed"), event)
    assert not shows_effect(about(decision(0), event, by="bob"), event)
    assert not shows_effect(decision(0), event)
    assert not shows_effect(decision(8, outcome="failed"), event)


def test_only_a_decision_that_says_so_shows_a_deletion() -> None:
    event = replace(moderation_event(1), event="deletion", status=None, labels=[])
    gone = replace(decision(0), outcome="deleted", action="forget", revision=2)

    assert shows_effect(gone, event)
    assert not shows_effect(replace(decision(0), revision=2), event)
    assert shows_effect(gone, replace(event, media_id="photos/0.jpg"))
    assert not shows_effect(gone, replace(event, media_id="photos/1.jpg"))
    assert shows_effect(gone, replace(event, content_id=None, media_id="photos/0.jpg"))
    assert not shows_effect(gone, replace(event, content_id=f"sha256:{5:064x}", media_id="photos/0.jpg"))


def test_an_event_that_names_a_medium_shows_in_decisions_about_it() -> None:
    event = replace(moderation_event(1), content_id=None, media_id="photos/0.jpg")

    assert shows_effect(about(decision(0), event), event)
    assert not shows_effect(about(decision(1), event), event)


def test_a_revised_decision_without_the_sources_verdict_shows_its_withdrawal() -> None:
    event = moderation_event(1, event="withdrawal")

    assert shows_effect(replace(decision(0), revision=2), event)
    assert shows_effect(about(decision(0), event, by="bob"), event)
    assert not shows_effect(about(decision(0), event), event)
    assert not shows_effect(decision(0), event)


@pytest.mark.parametrize("name", ["split", "merge", "undo"])
def test_a_revised_decision_about_either_content_shows_a_correction(name: EventName) -> None:
    event = moderation_event(1, event=name)

    assert shows_effect(replace(decision(0), revision=1), event)
    assert shows_effect(replace(decision(1), revision=1), event)
    assert not shows_effect(decision(1), event)
    assert not shows_effect(replace(decision(2), revision=1), event)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("sha256:" + "0" * 64, True), ("sha256-parts:" + "f" * 64, True), ("cat.jpg", False), ("sha256:00", False)],
)
def test_a_content_id_is_told_from_a_media_id(text: str, expected: bool) -> None:
    assert is_content_id(text) is expected


def test_corrections_without_groups_are_refused_before_anything_is_published() -> None:
    def no_clickhouse() -> NoReturn:
        raise AssertionError("nothing is looked up")

    request = ModerationRequest("split", "sha256:" + "0" * 64, ANN, "sha256:" + "1" * 64)
    with pytest.raises(BadInput, match="no groups to change") as refused:
        publish_event(load_settings(broker="127.0.0.1:1"), request, "fast", near=False, connect=no_clickhouse)
    assert refused.value.reason == Reason.BAD_FIELD


@pytest.mark.parametrize(
    ("request_", "mentions"),
    [
        (ModerationRequest("verdict", "cat.jpg", ANN, status="blocked", reason=""), "'reason'"),
        (ModerationRequest("verdict", "", ANN, status="blocked"), "'media_id'"),
        (ModerationRequest("verdict", "cat.jpg", VerdictSource("person", "x" * 200), status="blocked"), "'by.name'"),
        (ModerationRequest("split", "sha256:" + "0" * 64, ANN, "sha256:" + "0" * 64), "the same content"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_published(request_: ModerationRequest, mentions: str) -> None:
    with pytest.raises(BadInput, match=mentions):
        publish_event(load_settings(broker="127.0.0.1:1"), request_, "shop", near=True, connect=lambda: pytest.fail())

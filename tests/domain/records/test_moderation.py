"""Moderation events on the wire, shown by tests/examples: what they mean, and what is refused, with the field named."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from streams.domain.records import Headers, Label, ModerationEvent, Origin, VerdictSource, decode_moderation_event
from streams.domain.records.moderation import EVENT_NAMES, PAIR_EVENTS
from streams.errors import BadInput, Reason
from streams.kafka.topics import VERDICTS
from tests.support.examples import example_params, load_example, load_examples

ORIGIN = Origin(VERDICTS, 3, 41)
RECEIVED_MS = 1769851800125
CONTENT = f"sha256:{7:064x}"


def decode(value: object, headers: Headers = ()) -> ModerationEvent:
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    return decode_moderation_event(value=raw, headers=headers, origin=ORIGIN, timestamp_ms=RECEIVED_MS)


def example(stem: str = "1_verdict", **changes: Any) -> dict[str, Any]:
    document = load_example(VERDICTS, stem) | changes
    return {name: value for name, value in document.items() if value is not ...}


def test_there_is_an_example_of_every_event() -> None:
    assert [document["event"] for document in load_examples(VERDICTS, "[0-9]*").values()] == list(EVENT_NAMES)


@pytest.mark.parametrize("document", example_params(VERDICTS, "[0-9]*"))
def test_an_event_has_what_the_example_says_and_survives_media_fingerprints(document: dict[str, Any]) -> None:
    event = decode(document)

    assert (event.event, event.event_id) == (document["event"], "media.verdicts/3/41")
    assert (event.content_id, event.media_id) == (document.get("content_id"), document.get("media_id"))
    assert event.subject == document.get("content_id", document.get("media_id"))
    assert event.by == VerdictSource(**document["by"])
    assert event.labels == [Label(**label) for label in document.get("labels", [])]
    assert (event.reason, event.status) == (document.get("reason"), document.get("status"))
    assert (event.other_content_id is not None) == (event.event in PAIR_EVENTS)
    assert ModerationEvent.from_json(event.to_json()) == event


def test_cloudevents_headers_name_an_event_and_its_time() -> None:
    headers = [("ce_id", b"7"), ("ce_source", b"/model"), ("ce_time", b"2026-02-01T01:00:00+01:00")]

    event = decode(example(at=...), headers)

    assert (event.event_id, event.at) == ("/model#7", "2026-02-01T00:00:00.000Z")


def test_the_time_of_the_record_replaces_a_missing_one() -> None:
    assert decode(example(at=...)).at == "2026-01-31T09:30:00.125Z"


def test_the_smallest_verdict_holds_for_the_whole_group_of_the_default_collection() -> None:
    event = decode({"media_id": "a", "status": "allowed", "by": {"kind": "rule", "name": "size"}})

    assert (event.event, event.collection, event.scope, event.labels) == ("verdict", "default", "group", [])


def test_null_and_unknown_fields_are_ignored() -> None:
    assert decode(example(media_id=None, reason=None, colour="red")) == decode(example(reason=...))


def test_digits_of_a_content_id_may_be_of_either_case() -> None:
    content_id = example()["content_id"]
    scheme, digits = content_id.split(":")

    assert decode(example(content_id=f"{scheme}:{digits.upper()}")).content_id == content_id


def test_what_belongs_to_verdicts_alone_is_ignored_in_other_events() -> None:
    event = decode(example("3_split", status="blocked", labels="none"))

    assert (event.status, event.labels) == (None, [])


@pytest.mark.parametrize(
    ("changes", "reason", "mentions"),
    [
        ({"event": "erase"}, Reason.BAD_FIELD, "'event' must be one of verdict, withdrawal, split"),
        ({"event": ["verdict"]}, Reason.BAD_FIELD, "'event'"),
        ({"collection": "Not A Name"}, Reason.BAD_COLLECTION, "'collection'"),
        ({"collection": 7}, Reason.BAD_FIELD, "'collection'"),
        ({"content_id": ...}, Reason.MISSING_FIELD, "'content_id' or 'media_id'"),
        ({"content_id": "sha256:00"}, Reason.BAD_FIELD, "'content_id'"),
        ({"content_id": "md5:" + "0" * 64}, Reason.BAD_FIELD, "'content_id'"),
        ({"content_id": 5}, Reason.BAD_FIELD, "'content_id'"),
        ({"content_id": ..., "media_id": ""}, Reason.BAD_FIELD, "'media_id'"),
        ({"content_id": ..., "media_id": "a\0b"}, Reason.BAD_FIELD, "'media_id'"),
        ({"content_id": ..., "media_id": "x" * 1025}, Reason.BAD_FIELD, "'media_id'"),
        ({"status": ...}, Reason.MISSING_FIELD, "'status' is missing"),
        ({"status": "pending"}, Reason.BAD_FIELD, "'status' must be one of allowed, review, blocked"),
        ({"by": ...}, Reason.MISSING_FIELD, "'by'"),
        ({"by": "ann"}, Reason.MISSING_FIELD, "'by'"),
        ({"call": 5}, Reason.BAD_FIELD, "'call' must be an object"),
        ({"call": {"price": 1}}, Reason.MISSING_FIELD, "'call.currency' is missing"),
        ({"call": {"currency": "USD", "price": -1}}, Reason.BAD_FIELD, "'call.price' must be a number from 0"),
        ({"call": {"currency": "USD", "duration_ms": True}}, Reason.BAD_FIELD, "'call.duration_ms'"),
        ({"by": {"name": "ann"}}, Reason.MISSING_FIELD, "'by.kind' is missing"),
        ({"by": {"kind": "god", "name": "ann"}}, Reason.BAD_FIELD, "'by.kind' must be one of person, list"),
        ({"by": {"kind": "person"}}, Reason.MISSING_FIELD, "'by.name' is missing"),
        ({"by": {"kind": "person", "name": "x" * 129}}, Reason.BAD_FIELD, "'by.name'"),
        ({"by": {"kind": "model", "name": "m", "version": 2}}, Reason.BAD_FIELD, "'by.version'"),
        ({"at": "yesterday"}, Reason.BAD_FIELD, "'at'"),
        ({"at": "2026-01-31T09:30:00"}, Reason.BAD_FIELD, "'at' needs a time zone"),
        ({"at": 5}, Reason.BAD_FIELD, "'at'"),
        ({"labels": {"name": "blood"}}, Reason.BAD_FIELD, "'labels' must be a list of at most 64"),
        ({"labels": [{"name": "blood"}] * 65}, Reason.BAD_FIELD, "'labels' must be a list of at most 64"),
        ({"labels": ["blood"]}, Reason.BAD_FIELD, "'labels[0]' must be an object"),
        ({"labels": [{"name": "a"}, {"score": 1}]}, Reason.MISSING_FIELD, "'labels[1].name' is missing"),
        ({"labels": [{"name": "a", "score": 1.01}]}, Reason.BAD_FIELD, "'labels[0].score'"),
        ({"labels": [{"name": "a", "score": True}]}, Reason.BAD_FIELD, "'labels[0].score'"),
        ({"labels": [{"name": "a", "score": "high"}]}, Reason.BAD_FIELD, "'labels[0].score'"),
        ({"labels": [{"name": "a", "parent": 5}]}, Reason.BAD_FIELD, "'labels[0].parent'"),
        ({"reason": ["no"]}, Reason.BAD_FIELD, "'reason'"),
        ({"reason": "x" * 2049}, Reason.BAD_FIELD, "'reason'"),
        ({"scope": "world"}, Reason.BAD_FIELD, "'scope' must be one of group, content"),
        ({"event": "split"}, Reason.MISSING_FIELD, "'other_content_id' is missing"),
        ({"event": "merge", "other_content_id": "photo"}, Reason.BAD_FIELD, "'other_content_id'"),
        ({"event": "undo", "content_id": CONTENT, "other_content_id": CONTENT}, Reason.BAD_FIELD, "the same content"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], reason: Reason, mentions: str) -> None:
    with pytest.raises(BadInput) as refused:
        decode(example(**changes))

    assert refused.value.reason == reason
    assert mentions in refused.value.detail


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"7", b'"verdict"', b"\xff", b"null"])
def test_a_value_that_is_no_object_is_refused(value: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        decode(value)
    assert refused.value.reason == Reason.NOT_JSON


def test_an_event_within_media_fingerprints_has_its_id_and_time() -> None:
    document = orjson.loads(decode(example()).to_json())
    for name in ("event_id", "at"):
        with pytest.raises(BadInput) as refused:
            ModerationEvent.from_json(orjson.dumps({**document, name: None}))
        assert f"'{name}'" in refused.value.detail

"""Events about hash lists on the wire, shown by tests/examples, and what is refused, with the field named."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from streams.domain.records import ListEntry, ListEvent, Origin, decode_list_event
from streams.domain.records.hash_list import MAX_ENTRIES_PER_EVENT, PUBLIC_LIST_EVENTS
from streams.errors import BadInput
from streams.kafka.topics import VERDICTS
from tests.support.examples import example_params, load_example, load_examples

SHA256 = {"algorithm": "sha256", "hash": "0" * 64}
PDQ = {"algorithm": "pdq256", "hash": "f" * 64}


def decode(document: dict[str, Any]) -> ListEvent:
    return decode_list_event(
        value=orjson.dumps(document), headers=(), origin=Origin(VERDICTS, 3, 41), timestamp_ms=1769851800125
    )


def example(stem: str, **changes: Any) -> dict[str, Any]:
    document = load_example(VERDICTS, stem) | changes
    return {name: value for name, value in document.items() if value is not ...}


def test_there_is_an_example_of_every_event() -> None:
    assert [each["event"] for each in load_examples(VERDICTS, "list_*").values()] == list(PUBLIC_LIST_EVENTS)


@pytest.mark.parametrize("document", example_params(VERDICTS, "list_*"))
def test_an_event_has_what_the_example_says_and_survives_media_fingerprints(document: dict[str, Any]) -> None:
    event = decode(document)

    assert (event.event, event.list_name, event.subject) == (document["event"], "known-bad", "known-bad")
    assert event.event_id == "media.verdicts/3/41"
    assert (event.version, event.status) == (document.get("version"), document.get("status"))
    assert [entry.hash for entry in event.entries] == [entry["hash"] for entry in document.get("entries", [])]
    assert ListEvent.from_json(event.to_json()) == event


def test_an_entry_says_for_itself_what_its_list_does_not() -> None:
    first, second = decode(example("list_1_entries")).entries

    assert first == ListEntry("sha256", first.hash)
    assert (second.status, second.bits, second.reason) == ("review", 31, "Seen in three campaigns.")


def test_a_negative_list_needs_no_status() -> None:
    event = decode(example("list_2_effective", negative=True, status=...))

    assert (event.negative, event.status) == (True, None)


@pytest.mark.parametrize(
    ("stem", "changes", "named"),
    [
        ("list_1_entries", {"entries": []}, "'entries' must be a list of 1 to"),
        ("list_1_entries", {"entries": [SHA256] * (MAX_ENTRIES_PER_EVENT + 1)}, "'entries'"),
        ("list_1_entries", {"entries": [SHA256, "x"]}, r"'entries\[1\]' must be an object"),
        ("list_1_entries", {"entries": [SHA256, {**SHA256, "hash": "F" * 64}]}, r"'entries\[1\].hash' must be 64"),
        ("list_1_entries", {"entries": [{**SHA256, "algorithm": "sha1"}]}, r"'entries\[0\].algorithm'"),
        ("list_1_entries", {"entries": [{**SHA256, "bits": 3}]}, "sha256 matches equal bytes only"),
        ("list_1_entries", {"entries": [{**PDQ, "bits": 44}]}, r"'entries\[0\].bits' must be a whole number from 0 to"),
        ("list_1_entries", {"entries": [{**PDQ, "status": "bad"}]}, r"'entries\[0\].status'"),
        ("list_1_entries", {"entries": [{**PDQ, "labels": [{}]}]}, r"'entries\[0\].labels\[0\].name'"),
        ("list_1_entries", {"chunk": -1}, "'chunk'"),
        ("list_1_entries", {"chunk": True}, "'chunk'"),
        ("list_1_entries", {"import_id": "a/b"}, "'import_id'"),
        ("list_1_entries", {"list_name": "a b"}, "'list_name'"),
        ("list_1_entries", {"collection": "A"}, "'collection'"),
        ("list_2_effective", {"status": ...}, "'status' is missing"),
        ("list_2_effective", {"version": ...}, "'version' is missing"),
        ("list_2_effective", {"bits": {"md5": 1}}, "'bits' must be an object"),
        ("list_2_effective", {"bits": {"phash64": 11}}, "'bits.phash64'"),
        ("list_2_effective", {"quarantine_after": 0}, "'quarantine_after'"),
        ("list_2_effective", {"by": ...}, "'by'"),
        ("list_3_drop", {"by": {"kind": "cat", "name": "x"}}, "'by.kind'"),
        ("list_4_release", {"hash": "1"}, "'hash' must be 64"),
    ],
)
def test_what_is_wrong_is_named(stem: str, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        decode(example(stem, **changes))


def test_what_match_writes_itself_is_not_taken_from_outside() -> None:
    with pytest.raises(BadInput, match="'event'"):
        decode(example("list_4_release", event="list_quarantine"))

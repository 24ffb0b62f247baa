"""The AsyncAPI description: valid by the official schema, the one in the repository, and true of the golden records.

schema-3.0.0.json is schemas/3.0.0.json of npm's @asyncapi/specs 6.11.1 without white space; LICENSE is its licence.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft7Validator

from streams.config.settings import load_settings
from streams.kafka.asyncapi import describe_topics
from streams.kafka.cloudevents import DECISION_TYPE, DELETED_TYPE, FINGERPRINT_TYPE, event_headers
from streams.kafka.topics import DECISIONS, SUBMISSIONS, load_topics
from tests.support.examples import load_examples

STORED = Path(__file__).resolve().parents[3] / "docs" / "reference" / "asyncapi.json"
#: What decoding refuses and a JSON Schema cannot say, or says only of the record's other parts.
BEYOND_A_SCHEMA = {"attempt_word", "inline_anonymous", "inline_empty", "inline_metadata", "no_value", "not_json"} | {
    "lone_surrogate", "submitted_at_local", "submitted_at_number", "submitted_at_word", "priority_superscript",
}  # fmt: skip
SCHEMA_OF = {
    "media.decisions": "Decision",
    "media.fingerprints": "Fingerprint",
    "media.jobs": "Job",
    "media.deadletters.acts": "DeadLetterAct",
}


@cache
def official() -> Draft7Validator:
    return Draft7Validator(orjson.loads((Path(__file__).parent / "schema-3.0.0.json").read_bytes()))


def validator(schema: str) -> Draft7Validator:
    """Of a schema of the description, with the others that it names."""
    return Draft7Validator({"$ref": f"#/components/schemas/{schema}", "components": describe_topics()["components"]})


def test_the_stored_description_is_the_one_that_is_made() -> None:
    assert orjson.loads(STORED.read_bytes()) == describe_topics(), "run: python -m streams.kafka.asyncapi"


def test_the_description_is_asyncapi() -> None:
    official().validate(describe_topics())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document["info"].pop("title"),
        lambda document: document["channels"][DECISIONS].update(addres="x"),
        lambda document: document["operations"]["match-sends-media.decisions"].update(action="publish"),
        lambda document: document["components"]["messages"]["Decision"].update(payload=7),
        lambda document: document["channels"][DECISIONS]["bindings"]["kafka"].update(partitions=0),
    ],
    ids=["title", "misspelt", "action", "payload", "partitions"],
)
def test_the_official_schema_notices_mistakes(spoil: Callable[[dict[str, Any]], Any]) -> None:
    document = copy.deepcopy(describe_topics())
    spoil(document)

    assert not official().is_valid(document)


def test_every_reference_leads_somewhere() -> None:
    document = describe_topics()

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                found: Any = document
                for step in node["$ref"].removeprefix("#/").split("/"):
                    found = found[step]
            for entry in node.values():
                follow(entry)
        elif isinstance(node, list):
            for entry in node:
                follow(entry)

    follow(document)
    used = {reference for channel in document["channels"].values() for reference in channel["messages"]}
    assert used == set(document["components"]["messages"]), "a message that no topic has"


def test_channels_are_the_topics_and_operations_their_stages() -> None:
    document, specs = describe_topics(), load_topics()

    assert set(document["channels"]) == set(specs)
    for name, spec in specs.items():
        assert document["channels"][name]["bindings"]["kafka"]["partitions"] == spec.partitions
        for action, roles in (("receives", spec.readers), ("sends", spec.writers)):
            stages = {role for role in roles if role not in ("users", "publish")}
            found = {entry.split("-")[0] for entry in document["operations"] if entry.endswith(f"-{action}-{name}")}
            assert found == stages


@pytest.mark.parametrize("topic", SCHEMA_OF)
def test_golden_records_fit_their_schema(topic: str) -> None:
    for stem, record in load_examples(topic).items():
        value = record.get("value", record)
        assert not list(validator(SCHEMA_OF[topic]).iter_errors(value)), stem
        assert not validator(SCHEMA_OF[topic]).is_valid({**value, "collection": 7, "act": 7}), stem


def test_golden_moderation_events_fit_their_schema() -> None:
    for stem, record in load_examples("media.verdicts").items():
        schema = "PublishedListEvent" if stem.startswith("list_") else "PublishedModerationEvent"
        assert not list(validator(schema).iter_errors(record)), stem
        assert not validator(schema).is_valid({**record, "event": "approve"}), stem


def test_golden_submissions_are_told_apart_by_their_schema() -> None:
    checked = validator("Submission")
    for stem, record in load_examples(SUBMISSIONS).items():
        verdict, _, rest = stem.partition("_")
        if "value" not in record or rest.startswith("inline") or rest in BEYOND_A_SCHEMA:
            continue
        assert checked.is_valid(record["value"]) == (verdict == "valid"), stem


@pytest.mark.parametrize(
    ("message", "event_type"),
    [("Decision", DECISION_TYPE), ("Fingerprint", FINGERPRINT_TYPE), ("Deleted", DELETED_TYPE)],
)
def test_headers_are_those_that_stages_write(message: str, event_type: bytes) -> None:
    written = {name: value.decode() for name, value in event_headers("id", event_type, "photos/1.jpg", "2026-01-31")}
    checked = Draft7Validator(describe_topics()["components"]["messages"][message]["headers"])

    checked.validate(written)
    assert not checked.is_valid({**written, "ce_type": "mediasieve.other.v1"})
    assert not checked.is_valid({name: value for name, value in written.items() if name != "ce_id"})


def test_a_deployment_has_its_own_names() -> None:
    settings = load_settings(broker="kafka.example:9093", topic_prefix="eu.", group_prefix="sieve", replication=3)

    document = describe_topics(settings)

    official().validate(document)
    channel = document["channels"][DECISIONS]
    assert (channel["address"], channel["bindings"]["kafka"]["replicas"]) == ("eu.media.decisions", 3)
    assert document["servers"]["secured"]["variables"]["broker"]["default"] == "kafka.example:9093"
    group = document["operations"]["match-receives-media.fingerprints"]["bindings"]["kafka"]["groupId"]
    assert group["const"] == "eu.sieve-match"


def test_fields_have_the_words_of_the_docstrings() -> None:
    properties = describe_topics()["components"]["schemas"]["ModerationEvent"]["properties"]

    assert properties["collection"]["description"] == "Of the content."

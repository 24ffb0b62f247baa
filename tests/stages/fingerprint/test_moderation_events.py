"""A record of media.verdicts reaches the partition that decides about its content, or becomes a dead letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.config.live_policies import LivePolicies
from streams.domain.records import Headers, ModerationEvent, Origin
from streams.errors import BadInput, Reason
from streams.kafka.cloudevents import MODERATION_TYPE
from streams.kafka.topics import VERDICTS
from streams.stages.fingerprint.moderation_events import route_event

CONTENT, OTHER = (f"sha256:{number:064x}" for number in (1, 2))
BY = {"kind": "person", "name": "ann"}


@dataclass(frozen=True)
class Record:
    value: bytes
    key: bytes | None = b"42"
    headers: Headers = ()
    topic: str = VERDICTS
    partition: int = 3
    offset: int = 7
    timestamp: int = 1_769_851_800_125


@dataclass
class Task:
    record: Any
    digest: str | None = None
    dead: list[Exception] = field(default_factory=list)

    @property
    def origin(self) -> Origin:
        return Origin(VERDICTS, self.record.partition, self.record.offset)

    def now(self) -> str:
        return "2026-01-31T09:30:00.125Z"

    def dead_letter(self, error: Exception) -> BadInput:
        assert isinstance(error, BadInput)
        self.dead.append(error)
        return error


@pytest.fixture
def policies(tmp_path: Path) -> Iterator[LivePolicies]:
    path = tmp_path / "policies.yaml"
    path.write_text("policies: {exact: {near: false}}\ncollections: {fast: exact}\n")
    live = LivePolicies(path)
    yield live
    live.close()


def route(policies: LivePolicies, **document: Any) -> tuple[list[tuple[bytes, bytes, Any]], list[Reason]]:
    task, emitted = Task(Record(orjson.dumps({"by": BY, **document}))), list[tuple[bytes, bytes, Any]]()
    assert route_event(task, policies, lambda *output: emitted.append(output)) is None
    return emitted, [error.reason for error in task.dead if isinstance(error, BadInput)]


@pytest.mark.parametrize(
    ("collection", "named", "key"),
    [
        ("shop", {"media_id": "42"}, b"shop"),
        ("shop", {"content_id": CONTENT}, b"shop"),
        ("fast", {"content_id": CONTENT}, f"fast\0{CONTENT}".encode()),
    ],
)
def test_an_event_gets_the_routing_key_of_its_content(
    policies: LivePolicies, collection: str, named: dict[str, str], key: bytes
) -> None:
    [(routing_key, value, headers)], dead = route(policies, collection=collection, status="blocked", **named)

    assert (routing_key, dead) == (key, [])
    assert ModerationEvent.from_json(value).event_id == "media.verdicts/3/7"
    assert dict(headers)["ce_type"] == MODERATION_TYPE
    assert dict(headers)["ce_subject"] == next(iter(named.values())).encode()


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"collection": "fast", "media_id": "42", "status": "blocked"}, Reason.CONTENT_ID_NEEDED),
        ({"collection": "fast", "event": "split", "content_id": CONTENT, "other_content_id": OTHER}, Reason.BAD_FIELD),
        ({"collection": "shop", "status": "blocked"}, Reason.MISSING_FIELD),
        ({"collection": "shop", "media_id": "42", "status": "nice"}, Reason.BAD_FIELD),
    ],
)
def test_an_event_that_cannot_be_routed_gets_a_dead_letter(
    policies: LivePolicies, document: dict[str, Any], reason: Reason
) -> None:
    assert route(policies, **document) == ([], [reason])

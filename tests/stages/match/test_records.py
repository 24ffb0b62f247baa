"""What the match stage reads and writes beside submissions: moderation events, steps of revisions, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import orjson

from streams import metrics
from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.match.batch import MatchInput, ModerationInput
from streams.domain.moderation.effects import LogPosition, Refusal
from streams.domain.moderation.steps import Continuation, WalkStep
from streams.domain.records import Embedding, ModerationEvent, RawRecord, VerdictSource
from streams.domain.records.embedding import make_embedding
from streams.errors import BadInput, Reason
from streams.kafka.cloudevents import WALK_TYPE
from streams.kafka.topics import FINGERPRINTS, VERDICTS
from streams.stages.match.outputs import count_outcomes, emit_refusals, emit_steps
from streams.stages.match.records import decode_records
from tests.support.media import jpeg
from tests.support.partition import Partition
from tests.support.stories import (
    T0_MS,
    Record,
    facts,
    fingerprint,
    fingerprint_record,
    moderation_event,
    moderation_record,
    walk_record,
)


@dataclass
class Batch:
    records: Sequence[RawRecord] = ()
    dead: list[tuple[Any, BadInput]] = field(default_factory=list)
    emitted: list[tuple[Any, ...]] = field(default_factory=list)

    def dead_letter(self, record: Any, error: BadInput) -> None:
        self.dead.append((record, error))

    def emit(self, *output: Any) -> None:
        self.emitted.append(output)

    def refuse(self, *output: Any) -> None:
        self.emitted.append(output)

    def now(self) -> str:
        return "2026-01-31T09:30:00.125Z"


def test_kinds_of_record_are_told_apart_by_their_type() -> None:
    records = [
        fingerprint_record(fingerprint(1), 0),
        moderation_record(moderation_event(2), 1),
        walk_record(2),
    ]

    submission, event, step = decode_records(Batch(records))

    assert isinstance(submission, MatchInput)
    assert submission.offset == 0
    assert event == ModerationInput(moderation_event(2), LogPosition(1, T0_MS + 26), b"default")
    assert isinstance(step, ModerationInput)
    assert step.event == WalkStep("default", f"sha256:{0:064x}", 1)


def test_a_broken_event_or_step_gets_a_dead_letter() -> None:
    def broken(record: Record, value: object) -> Record:
        return replace(record, value=orjson.dumps(value))

    event, step = moderation_record(moderation_event(2), 1), walk_record(2)
    batch = Batch([
        broken(event, {}),
        broken(step, {"collection": "default", "group_content_id": "sha256:00", "chunk": "1"}),
        broken(step, {"collection": "default", "chunk": 1}),
        broken(step, []),
    ])  # fmt: skip

    assert decode_records(batch) == []
    assert [error.reason for _, error in batch.dead] == [
        *(Reason.MISSING_FIELD, Reason.BAD_FIELD, Reason.MISSING_FIELD, Reason.NOT_JSON)
    ]


def test_the_next_step_goes_to_the_end_of_the_log_under_the_routing_key_of_the_first() -> None:
    batch = Batch()
    emit_steps(batch, [Continuation(WalkStep("shop", f"sha256:{0:064x}", 4), b"shop")])

    [(topic, key, value, headers)] = batch.emitted
    assert (topic, key, dict(headers)["ce_type"]) == (FINGERPRINTS, b"shop", WALK_TYPE)
    assert WalkStep.from_json(value) == WalkStep("shop", f"sha256:{0:064x}", 4)


def test_a_refused_event_can_be_replayed_to_media_verdicts() -> None:
    batch, event, error = Batch(), moderation_event(1), BadInput(Reason.TOO_MANY_SPLITS, "enough")
    emit_refusals(batch, [Refusal(event, error)])

    [(topic, key, value, refused)] = batch.emitted
    assert (topic, key, refused) == (VERDICTS, event.subject.encode(), error)
    assert ModerationEvent.from_json(value) == event


def test_every_kind_of_move_is_counted() -> None:
    def value(name: str, **labels: str) -> float:
        return metrics.REGISTRY.get_sample_value(f"mediasieve_{name}", labels) or 0.0

    def moves() -> dict[str, float]:
        return {
            "applied": value("moderation_events_total", event="verdict", result="applied"),
            "unchanged": value("moderation_events_total", event="withdrawal", result="unchanged"),
            "waiting": value("moderation_events_total", event="verdict", result="waiting"),
            "repeated": value("moderation_events_total", event="verdict", result="repeated"),
            "refused": value("moderation_events_total", event="split", result="refused"),
            "deleted": value("moderation_events_total", event="deletion", result="applied"),
            "inherited": value("inherited_verdicts_total", status="blocked"),
            "outcome revised": value("outcomes_total", outcome="revised"),
            "outcome deleted": value("outcomes_total", outcome="deleted"),
        }

    verdict, withdrawal = (
        moderation_event(1),
        replace(moderation_event(2), event="withdrawal", by=VerdictSource("list", "x")),
    )
    deletion = replace(moderation_event(4), event="deletion", media_id="photos/8.jpg")
    content_id = verdict.content_id
    split = replace(
        moderation_event(3, event="split"), content_id=None, media_id="photos/0.jpg", other_content_id=content_id
    )
    copy = replace(fingerprint(8), facts=facts(0))
    records: list[Record] = [
        fingerprint_record(fingerprint(0), 0),
        *(moderation_record(each, 1 + at) for at, each in enumerate((verdict, verdict, withdrawal, split))),
        moderation_record(moderation_event(5, content=70), 5),
        fingerprint_record(copy, 6),
        moderation_record(deletion, 7),
    ]
    before = moves()

    count_outcomes(Partition().process(decode_records(Batch(records))))

    assert {name: count - before[name] for name, count in moves().items()} == dict.fromkeys(before, 1.0)


def test_an_embedding_changes_no_decision_and_is_not_kept() -> None:
    pictures = [jpeg(), jpeg(), jpeg(size=(320, 240)), jpeg("coffee.png")]
    plain = [replace(fingerprint(at), facts=fingerprint_image(picture)) for at, picture in enumerate(pictures)]

    def decided(embedding: Embedding | None) -> tuple[list[Any], Partition]:
        told = [each if embedding is None or each.facts is None
                else replace(each, facts=each.facts.with_embedding(embedding)) for each in plain]  # fmt: skip
        partition = Partition()
        read = decode_records(Batch([fingerprint_record(each, at) for at, each in enumerate(told)]))
        return list(partition.process(read).decisions), partition

    expected, state = decided(None)
    assert [orjson.loads(each.value)["outcome"] for each in expected] == [
        "unique", "duplicate", "near_duplicate", "unique"]  # fmt: skip
    for embedding in (make_embedding("clip.onnx@0", 0, np.arange(512) - 7.0), Embedding("", -1, "no base64!")):
        found, with_embedding = decided(embedding)
        assert found == expected
        assert with_embedding == state and with_embedding.log == state.log

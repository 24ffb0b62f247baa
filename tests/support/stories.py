"""Kafka records for tests of rows: small and valid. A test changes the fields that it tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from streams.domain.moderation.steps import WalkStep
from streams.domain.records import (
    Decision,
    Failure,
    Fingerprint,
    Label,
    Match,
    MediaFacts,
    ModerationEvent,
    Origin,
    Outcome,
    Verdict,
    VerdictSource,
    decision_id,
    format_timestamp,
)
from streams.domain.records.moderation import PAIR_EVENTS, EventName
from streams.errors import Reason
from streams.kafka.cloudevents import DELETED_TYPE, MODERATION_TYPE, WALK_TYPE

T0_MS = 1_767_225_600_125  # 2026-01-01T00:00:00.125Z


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)


def facts(content: int, size_bytes: int = 1000) -> MediaFacts:
    hashes = {"phash64:1": f"{content:016x}", "phash256:1": f"{content:064x}"}
    return MediaFacts(f"sha256:{content:064x}", "image", "jpeg", size_bytes, 640, 480, 1, 0.75, hashes)


def decision(number: int, *, content: int | None = None, outcome: Outcome = "unique", revision: int = 0) -> Decision:
    """The decision about submission `number`; a copy is one of the medium `photos/<content>.jpg`."""
    submission = f"media.submissions/0/{number}"
    found = None if outcome == "failed" else facts(number if content is None else content)
    match = None
    if found is not None and outcome in ("duplicate", "near_duplicate"):
        first = f"photos/{content}.jpg"
        known, source = found.content_id, f"media.submissions/0/{content}"
        match = Match(known, first, source, known, first, "exact", 1.0, 0, 0, "The same bytes.")
        if outcome == "near_duplicate":
            found = replace(facts(number), size_bytes=found.size_bytes)
            match = replace(
                match,
                method="phash256",
                similarity=0.9375,
                distance_bits=16,
                threshold_bits=80,
                explanation="The same picture, mirrored left to right: 16 of 256 bits differ, 80 may.",
                candidate_distance_bits=2,
                candidate_threshold_bits=10,
                transformation="mirrored",
            )
    return Decision(
        decision_id=decision_id("default", submission, 0, revision),
        revision=revision,
        outcome=outcome,
        action="inspect" if outcome == "failed" else "process" if outcome == "unique" else "reuse",
        collection="default",
        media_id=f"photos/{number}.jpg",
        submission_id=submission,
        attempt=0,
        kind="image",
        content_id=found.content_id if found else None,
        match=match,
        verdict=Verdict(inherited_from=match.media_id if match else None),
        failure=Failure(Reason.NOT_MEDIA, "a text, it seems") if outcome == "failed" else None,
        facts=found,
        metadata={"uploader": "ann", "n": number},
        submitted_at=format_timestamp(T0_MS + number),
        fingerprinted_at=format_timestamp(T0_MS + number + 20),
        versions={"policy": "1"},
    )


def decision_record(decided: Decision, offset: int, *, partition: int = 0, decided_ms: int | None = None) -> Record:
    at_ms = T0_MS + offset + 30 if decided_ms is None else decided_ms
    key = decided.media_id.encode()
    return Record("media.decisions", partition, offset, at_ms, key, decided.to_json())


def deleted(first: Decision, offset: int) -> Record:
    """The record that says that a submission was deleted, after one revision."""
    identity = decision_id(first.collection, first.submission_id, 0, 2)
    told = replace(first, decision_id=identity, revision=2, outcome="deleted", action="forget", match=None)
    told = replace(told, verdict=Verdict(), facts=None, failure=None, metadata={}, versions={})
    return replace(decision_record(told, offset), headers=[("ce_type", DELETED_TYPE)])


def decision_records(count: int, *, partitions: int = 3) -> list[Record]:
    """`count` decisions: every third is a copy of the second before it, every tenth failed."""
    outcome_if_failed: dict[bool, Outcome] = {True: "failed", False: "unique"}
    records = []
    for number in range(count):
        is_copy = number % 3 == 2
        decided = (
            decision(number, content=number - 2, outcome="duplicate")
            if is_copy
            else decision(number, outcome=outcome_if_failed[number % 10 == 0])
        )
        records.append(decision_record(decided, number // partitions, partition=number % partitions))
    return records


def fingerprint(number: int, *, failed: bool = False) -> Fingerprint:
    return Fingerprint(
        submission_id=f"media.submissions/0/{number}",
        attempt=0,
        media_id=f"photos/{number}.jpg",
        collection="default",
        kind="auto",
        submitted_at=format_timestamp(T0_MS + number),
        fingerprinted_at=format_timestamp(T0_MS + number + 20),
        origin=Origin("media.submissions", 0, number),
        facts=None if failed else facts(number),
        failure=Failure(Reason.TRUNCATED_MEDIA, "it ends early") if failed else None,
        metadata={"uploader": "ann"},
        fetch_ms=12.5,
        decode_ms=3.25,
    )


def fingerprint_record(fingerprinted: Fingerprint, offset: int, *, partition: int = 0) -> Record:
    return Record("media.fingerprints", partition, offset, T0_MS + offset + 25, b"default", fingerprinted.to_json())


def moderation_event(number: int, *, content: int = 0, event: EventName = "verdict") -> ModerationEvent:
    """What `ann` says about a content: that it is blocked, or something about it and the next content."""
    is_verdict = event == "verdict"
    return ModerationEvent(
        event_id=f"/test#{number}",
        event=event,
        collection="default",
        by=VerdictSource("person", "ann", None),
        at=format_timestamp(T0_MS + number),
        content_id=facts(content).content_id,
        other_content_id=facts(content + 1).content_id if event in PAIR_EVENTS else None,
        status="blocked" if is_verdict else None,
        labels=[Label("weapon", "violence", 0.5), Label("blood")] if is_verdict else [],
        reason="seen",
    )


def moderation_record(event: ModerationEvent, offset: int) -> Record:
    headers: list[tuple[str, bytes | None]] = [("ce_type", MODERATION_TYPE)]
    return Record("media.fingerprints", 0, offset, T0_MS + offset + 25, b"default", event.to_json(), headers)


def walk_record(offset: int) -> Record:
    """The next chunk of a revision."""
    headers: list[tuple[str, bytes | None]] = [("ce_type", WALK_TYPE)]
    value = WalkStep("default", facts(0).content_id, 1).to_json()
    return Record("media.fingerprints", 0, offset, T0_MS + offset + 25, b"default", value, headers)


def dead_letter(offset: int, *, value: bytes = b"{broken", origin_offset: int = 7) -> Record:
    headers: list[tuple[str, bytes | None]] = [
        ("ce_id", b"1"),
        ("x-trace", b"\xff\x00"),
        ("x-empty", None),
        ("dl_reason", b"not_json"),
        ("dl_detail", "the value is no JSON: é".encode()),
        ("dl_stage", b"fingerprint"),
        ("dl_at", b"2026-01-01T00:00:01.000Z"),
        ("dl_origin_topic", b"media.submissions"),
        ("dl_origin_partition", b"3"),
        ("dl_origin_offset", str(origin_offset).encode()),
    ]
    return Record("media.deadletters", 0, offset, T0_MS + offset, b"photos/7.jpg", value, headers)

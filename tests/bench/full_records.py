"""The match stage as deployed, on real records: Fingerprint JSON in, Decision JSON out, half of them duplicates."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Message

from streams.domain.records import Fingerprint, MediaFacts, Origin, routing_key
from streams.kafka.topics import DECISIONS, FINGERPRINTS, SUBMISSIONS
from tests.bench.contest import Result, watch
from tests.bench.deployment import SPREAD, SPREADING, Deployment
from tests.bench.workload import Workload, check_answers, fast_producer, flush, produce, shuffled_contents

NAME = "mediasieve match stage, full records"


def preload_fingerprints(deployment: Deployment, records: int, *, repeated: float = 0.5, seed: int = 1) -> Workload:
    """Fill media.fingerprints with photos as the fingerprint stage would report them."""
    topic = deployment.wire(FINGERPRINTS)
    order = shuffled_contents(records, repeated=repeated, seed=seed)
    producer = fast_producer(deployment.bootstrap)
    for position, content in enumerate(order):
        fingerprint = fingerprint_of(content, position)
        produce(producer, topic, routing_key(fingerprint), fingerprint.to_json())
    flush(producer)
    return Workload(topic, records, len(set(order)))


def fingerprint_of(content: int, position: int) -> Fingerprint:
    digest = sha256(b"%d" % content).hexdigest()
    facts = MediaFacts(
        content_id=f"sha256:{digest}",
        kind="image",
        format="JPEG",
        size_bytes=200_000 + content,
        width=1920,
        height=1080,
        frames=1,
        quality=0.875,
        hashes={"phash64:1": digest[:16], "phash256:1": digest},
    )
    return Fingerprint(
        submission_id=f"uploads#{position:012d}",
        attempt=0,
        media_id=f"photos/2026/01/{position:012d}.jpg",
        collection=SPREAD,
        kind="image",
        submitted_at="2026-01-31T09:30:00.125Z",
        fingerprinted_at="2026-01-31T09:30:00.250Z",
        origin=Origin(SUBMISSIONS, position % 8, position),
        facts=facts,
        failure=None,
        metadata={"user": "u-1029", "album": "summer"},
        fetch_ms=12.5,
        decode_ms=7.25,
        policy=SPREADING,
    )


def classify(record: Message) -> tuple[bytes, bool] | None:
    decision: Mapping[str, Any] = orjson.loads(record.value() or b"null") or {}
    if decision.get("outcome") not in ("unique", "duplicate"):
        return None
    return str(decision["content_id"]).encode(), decision["outcome"] == "unique"


def run(deployment: Deployment, records: int) -> Result:
    """Decide `records` preloaded fingerprints with one worker; its state and topics stay for who measures on."""
    workload = preload_fingerprints(deployment, records)
    decisions = deployment.wire(DECISIONS)
    worker = deployment.worker("match")
    try:
        cpu_us = watch(NAME, worker.process, worker.log, deployment.bootstrap, decisions, records)
    finally:
        worker.stop()
    answers = check_answers(deployment.bootstrap, workload, decisions, classify)
    return Result(NAME, answers.outputs, answers.outputs / answers.seconds, cpu_us, answers.wrong)


def run_in(bootstrap: str, work_dir: Path, name: str, records: int) -> Result:
    with Deployment(bootstrap, work_dir, name) as deployment:
        return run(deployment, records)

"""Every submission gets a record, whatever is wrong with it; our own failures are never blamed on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.config.live_policies import LivePolicies
from streams.domain.policy.policy import DEFAULT_POLICY, Policy
from streams.domain.records import Fingerprint, Headers, Submission
from streams.errors import BadInput, BrokenInfrastructure, ConfigurationError, Reason
from streams.runtime.context import StageContext
from streams.runtime.runners.concurrent import RecordTask
from streams.stages.fingerprint.fingerprinter import Fingerprinter
from streams.stages.fingerprint.submissions import fingerprint_submission
from tests.support.fetchers import settings
from tests.support.media import jpeg

PHOTO = jpeg(size=(400, 300))
NOW = "2026-01-31T09:30:00.125Z"


@dataclass(frozen=True)
class Record:
    value: bytes | None
    key: bytes | None = b"photo-1"
    headers: Headers = (("content-type", b"image/jpeg"),)
    topic: str = "media.submissions"
    partition: int = 3
    offset: int = 7
    timestamp: int = 1_769_851_800_125


@dataclass
class Stub:
    """A fingerprinter that raises `error`: at once, or once it is awaited."""

    error: Exception
    at_once: bool = False
    asked: list[Submission] = field(default_factory=list)

    def cached(self, submission: Submission, policy: Policy, content_id: str | None) -> None:
        self.asked.append(submission)
        if self.at_once:
            raise self.error

    async def fingerprint(self, submission: Submission, policy: Policy, content_id: str | None) -> None:
        await asyncio.sleep(0)
        raise self.error


async def run(record: Record, fingerprinter: Any) -> tuple[list[Fingerprint], list[bytes]]:
    """The fingerprint records, and the reasons of the dead letters."""
    loop = asyncio.get_running_loop()
    context = StageContext("fingerprint", frozenset(), settings(), None, loop, lambda _: None, 1 << 20)  # type: ignore[arg-type]
    task = RecordTask(context, record)
    emitted: list[Fingerprint] = []
    policies = LivePolicies(None)
    try:
        work = fingerprint_submission(task, fingerprinter, policies, emitted.append)
        if work is not None:
            await work
    finally:
        policies.close()
    return emitted, [dict(headers or [])["dl_reason"] for _, _, _, headers in task.outputs]


async def test_a_picture_becomes_facts(tmp_path: Path) -> None:
    fingerprinter = Fingerprinter(settings(data_dir=tmp_path, decoders="threads"))
    try:
        (first,), letters = await run(Record(PHOTO), fingerprinter)
        (again,), _ = await run(Record(PHOTO), fingerprinter)
    finally:
        await fingerprinter.close()
    assert letters == []
    assert (first.media_id, first.policy, first.cached, again.cached) == ("photo-1", DEFAULT_POLICY, False, True)
    assert first.facts is not None
    assert first.facts == again.facts


@pytest.mark.parametrize("at_once", [True, False])
async def test_bad_input_is_answered_with_a_failure_and_a_dead_letter(at_once: bool) -> None:
    stub = Stub(BadInput(Reason.CORRUPT_MEDIA, "broken"), at_once)
    (failed,), letters = await run(Record(PHOTO), stub)
    assert failed.failure is not None
    assert (failed.failure.reason, failed.failure.detail, failed.facts) == (Reason.CORRUPT_MEDIA, "broken", None)
    assert letters == [b"corrupt_media"]


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_fault_of_ours_that_an_input_triggers_does_not_stop_its_partition(at_once: bool) -> None:
    (failed,), letters = await run(Record(PHOTO), Stub(ZeroDivisionError("ours"), at_once))
    assert failed.failure is not None
    assert (failed.failure.reason, failed.failure.detail) == (Reason.INTERNAL_ERROR, "ZeroDivisionError('ours')")
    assert letters == [b"internal_error"]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("error", [BrokenInfrastructure("the disk is gone"), ConfigurationError("no pdqhash")])
async def test_a_failure_of_the_worker_is_raised_and_never_blamed_on_the_input(error: Exception, at_once: bool) -> None:
    with pytest.raises(type(error)):
        await run(Record(PHOTO), Stub(error, at_once))


async def test_a_record_that_does_not_decode_fails_under_its_media_id() -> None:
    value = orjson.dumps({"media_id": "photo-2", "collection": "shop"})
    (failed,), letters = await run(Record(value, headers=()), Stub(AssertionError("not asked")))
    assert failed.failure is not None
    assert (failed.media_id, failed.collection, failed.failure.reason) == ("photo-2", "shop", Reason.NO_SOURCE)
    assert (failed.submission_id, failed.submitted_at) == ("media.submissions/3/7", NOW)
    assert letters == [b"no_source"]


async def test_a_record_without_any_media_id_gets_only_a_dead_letter() -> None:
    emitted, letters = await run(Record(b"{", key=None, headers=()), Stub(AssertionError("not asked")))
    assert (emitted, letters) == ([], [b"not_json"])

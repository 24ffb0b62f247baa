"""media.submissions → fetch, decode, hash → media.fingerprints; media.verdicts → check, route → media.fingerprints."""

from __future__ import annotations

from functools import partial

from streams.config.live_policies import LivePolicies
from streams.config.settings import Settings
from streams.domain.fingerprint.image.fingerprint import compute_content_id
from streams.domain.records import Fingerprint, routing_key
from streams.kafka.cloudevents import FINGERPRINT_TYPE, event_headers
from streams.kafka.topics import DEAD_LETTERS, FINGERPRINTS, SUBMISSIONS, VERDICTS
from streams.runtime.runners.concurrent import ConcurrentStage, RecordTask, Work
from streams.stages.fingerprint.fingerprinter import Fingerprinter
from streams.stages.fingerprint.shared import close_fingerprinter, open_fingerprinter
from streams.stages.fingerprint.submissions import fingerprint_submission
from streams.stages.fingerprint.verdicts import VerdictRouter


def fingerprint(
    fingerprinter: Fingerprinter, policies: LivePolicies, route: VerdictRouter | None, task: RecordTask
) -> Work | None:
    """One record in, one record out: at once for verdicts and known media, else once the medium is decoded."""
    if route is not None and task.topic == VERDICTS:
        return route(task, partial(task.emit, FINGERPRINTS))

    def emit(result: Fingerprint) -> None:
        event_id = f"{result.submission_id}/{result.attempt}"
        headers = event_headers(event_id, FINGERPRINT_TYPE, result.media_id, result.fingerprinted_at)
        task.emit(FINGERPRINTS, routing_key(result), result.to_json(), headers)

    return fingerprint_submission(task, fingerprinter, policies, emit)


def stage(settings: Settings) -> ConcurrentStage:
    fingerprinter, policies = open_fingerprinter(settings), LivePolicies(settings.paths.policy_file)

    async def close() -> None:
        policies.close()
        await close_fingerprinter(settings)

    return ConcurrentStage(
        name="fingerprint",
        reads=(SUBMISSIONS, VERDICTS),
        writes=(FINGERPRINTS, DEAD_LETTERS),
        open=fingerprinter.prepare,
        close=close,
        handle=partial(fingerprint, fingerprinter, policies, VerdictRouter(settings, policies)),
        digest=compute_content_id,
    )

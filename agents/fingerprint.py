"""media.submissions → fetch, decode, hash → media.fingerprints; a failure becomes a record there and a dead letter."""

from __future__ import annotations

from functools import partial

from streams.config.live_policies import LivePolicies
from streams.config.settings import Settings
from streams.domain.fingerprint.image.fingerprint import compute_content_id
from streams.domain.records import Fingerprint, routing_key
from streams.kafka.cloudevents import FINGERPRINT_TYPE, event_headers
from streams.kafka.topics import DEAD_LETTERS, FINGERPRINTS, SUBMISSIONS
from streams.runtime.runners.concurrent import ConcurrentStage, RecordTask, Work
from streams.stages.fingerprint.fingerprinter import Fingerprinter
from streams.stages.fingerprint.submissions import fingerprint_submission


def fingerprint(task: RecordTask, fingerprinter: Fingerprinter, policies: LivePolicies) -> Work | None:
    """One submission in, one fingerprint record out: at once where the medium is known, else once it is decoded."""

    def emit(result: Fingerprint) -> None:
        event_id = f"{result.submission_id}/{result.attempt}"
        headers = event_headers(event_id, FINGERPRINT_TYPE, result.media_id, result.fingerprinted_at)
        task.emit(FINGERPRINTS, routing_key(result), result.to_json(), headers)

    return fingerprint_submission(task, fingerprinter, policies, emit)


def stage(settings: Settings) -> ConcurrentStage:
    fingerprinter = Fingerprinter(settings)
    policies = LivePolicies(settings.paths.policy_file)

    async def close() -> None:
        policies.close()
        await fingerprinter.close()

    return ConcurrentStage(
        name="fingerprint",
        reads=(SUBMISSIONS,),
        writes=(FINGERPRINTS, DEAD_LETTERS),
        open=fingerprinter.prepare,
        close=close,
        handle=partial(fingerprint, fingerprinter=fingerprinter, policies=policies),
        digest=compute_content_id,
    )

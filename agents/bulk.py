"""media.submissions.bulk → as the fingerprint stage, whenever live submissions leave room → media.fingerprints."""

from __future__ import annotations

import asyncio
from functools import partial

from agents.fingerprint import fingerprint
from streams.config.live_policies import LivePolicies
from streams.config.settings import Settings
from streams.domain.fingerprint.image.fingerprint import compute_content_id
from streams.kafka.readers.match_progress import MatchProgressReader
from streams.kafka.topics import BULK_SUBMISSIONS, DEAD_LETTERS, FINGERPRINTS
from streams.runtime.runners.bulk import BulkStage
from streams.stages.fingerprint.bulk_admission import BulkAdmission
from streams.stages.fingerprint.fingerprinter import Fingerprinter
from streams.stages.fingerprint.limits import BULK_RECORDS
from streams.stages.fingerprint.shared import close_fingerprinter, open_fingerprinter


def stage(settings: Settings) -> BulkStage:
    live = open_fingerprinter(settings)
    fingerprinter, policies = Fingerprinter(settings, live), LivePolicies(settings.paths.policy_file)
    progress = MatchProgressReader(settings)
    admission = BulkAdmission(live, progress.read, settings.runtime.bulk_window)

    async def close() -> None:
        admission.close()
        policies.close()
        await fingerprinter.close()
        await close_fingerprinter(settings)
        await asyncio.to_thread(progress.close)

    return BulkStage(
        name="bulk",
        reads=(BULK_SUBMISSIONS,),
        writes=(FINGERPRINTS, DEAD_LETTERS),
        open=fingerprinter.prepare,
        close=close,
        handle=partial(fingerprint, fingerprinter, policies, None),
        digest=compute_content_id,
        admission=admission,
        max_records=BULK_RECORDS,
    )

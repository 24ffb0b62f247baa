"""The demo: decide about the sample media, and compare the totals with ClickHouse."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.moderation.saved_calls import SavedCalls, saved_calls
from streams.analytics.queries.moderation.verdicts import CurrentVerdict, current_verdicts
from streams.domain.records import Decision
from streams.errors import ConfigurationError
from streams.local.demo_moderator import FORBIDDEN
from streams.local.demo_samples import CLIP, ORIGINAL, VIDEO, DemoSample
from streams.local.system import System
from streams.services.await_decision import FileDecisions, WaitOptions, decide_files
from streams.services.progress import TrackProgress
from streams.services.submit.files import find_files, media_id_of
from streams.services.submit.records import Envelope
from streams.services.submit.submitter import SubmitListener

COLLECTION = "demo"
SOURCE = "/mediasieve/demo"
#: Marks a folder that the next demo may replace.
MARK = "made-by-mediasieve-demo"
POLL_EVERY_S = 0.2
SETTLED_S = 3.0


@dataclass(frozen=True, slots=True)
class DemoDecisions:
    """Samples with their decisions, how many decisions had which outcome, and how many samples have none."""

    decided: list[tuple[DemoSample, Decision]]
    outcomes: Counter[str]
    undecided: int


@dataclass(frozen=True, slots=True)
class SampleVerdict:
    """A sample with the verdict that it has now."""

    sample: DemoSample
    verdict: CurrentVerdict


def await_verdicts(client: Client, collection: str, *, timeout_s: float) -> SavedCalls:
    """Where verdicts come from, as soon as none is pending or nothing changes any more, else at the end of the timeout.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    deadline, changed_at, before = time.monotonic() + timeout_s, time.monotonic(), None
    while True:
        found = saved_calls(client, collection)
        if found != before:
            changed_at, before = time.monotonic(), found
        is_settled = found.own > 0 and time.monotonic() - changed_at > SETTLED_S
        if not found.pending or is_settled or time.monotonic() > deadline:
            return found
        time.sleep(POLL_EVERY_S)


def current_of_samples(client: Client, samples: list[DemoSample]) -> list[SampleVerdict]:
    """The photo that the moderator blocks and its copies, with their verdicts.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    names = [sample.original_name for sample in samples if sample.alteration == ORIGINAL]
    shown = FORBIDDEN if FORBIDDEN in names else names[0]
    found = []
    for sample in samples:
        if sample.original_name == shown and sample.alteration not in (VIDEO, CLIP):
            verdicts = current_verdicts(client, COLLECTION, media_id_of(sample.path), limit=1)
            found += [SampleVerdict(sample, verdict) for verdict in verdicts]
    return found


def make_demo_folder(folder: Path) -> None:
    """Makes an empty folder; one of an earlier demo is replaced.

    Raises:
        ConfigurationError: the folder has other files, or cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            if not (folder / MARK).is_file():
                raise ConfigurationError(f"{folder} is not empty; choose another folder for the demo with --data-dir.")
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).write_text("The next demo replaces this folder.\n")
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be used: {error.strerror}.") from error


def decide_samples(
    system: System,
    samples: list[DemoSample],
    *,
    listener: SubmitListener,
    track_progress: TrackProgress,
    wait: WaitOptions,
) -> DemoDecisions:
    """Submits the originals, waits for their decisions, then does the same with the altered copies.

    Raises:
        BrokerError: the broker is away.
    """

    def decide(some: list[DemoSample]) -> FileDecisions:
        return decide_files(
            system.settings,
            list(find_files(sample.path for sample in some)),
            Envelope(COLLECTION, source=SOURCE),
            inline=True,
            listener=listener,
            track_progress=track_progress,
            wait=wait,
        )

    rounds = [
        decide([sample for sample in samples if sample.alteration in (ORIGINAL, VIDEO)]),
        decide([sample for sample in samples if sample.alteration not in (ORIGINAL, VIDEO)]),
    ]
    decisions = [record.decision for found in rounds for record in found.decisions]
    by_media_id = {decision.media_id: decision for decision in decisions}
    named = [(sample, media_id_of(sample.path)) for sample in samples]
    return DemoDecisions(
        decided=[(sample, by_media_id[media_id]) for sample, media_id in named if media_id in by_media_id],
        outcomes=Counter(decision.outcome for decision in decisions),
        undecided=sum(len(found.missing) + found.unpublished for found in rounds),
    )

"""Publishes files and waits until every file has a decision."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from streams.config.settings import Settings
from streams.errors import BrokerError
from streams.kafka.publisher import Receipt
from streams.kafka.readers.decision_reader import DecisionReader, DecisionRecord
from streams.services.progress import Progress, TrackProgress
from streams.services.submit.files import FoundFile, UnreadablePath
from streams.services.submit.records import Envelope
from streams.services.submit.submitter import SubmitListener, Submitter


@dataclass(frozen=True, slots=True)
class FileDecisions:
    """The decisions about some files in order of arrival, and the files that have none.

    `missing` maps submission ids to media ids; `unpublished` counts the files that Kafka did not take.
    """

    decisions: list[DecisionRecord]
    missing: dict[str, str]
    unpublished: int

    @property
    def complete(self) -> bool:
        return not self.missing and not self.unpublished


@dataclass(frozen=True, slots=True)
class WaitOptions:
    """How to wait for decisions.

    `patience_s` ends the wait when no decision has come for so long. `on_decision` gets the first decision about every
    submission as it comes. `on_idle` is called a few times a second, and may raise. `on_broker_away` is called once
    when the broker stops answering.
    """

    patience_s: float
    on_decision: Callable[[DecisionRecord], None]
    on_idle: Callable[[], None]
    on_broker_away: Callable[[], None] | None = None


def decide_files(
    settings: Settings,
    files: list[FoundFile | UnreadablePath],
    envelope: Envelope,
    *,
    inline: bool | None,
    listener: SubmitListener,
    track_progress: TrackProgress,
    wait: WaitOptions,
) -> FileDecisions:
    """Publishes files and waits for their decisions.

    Args:
        inline: publish bytes, references, or (None) bytes where they fit into a record.

    Raises:
        BrokerError: the broker is away, or has no such topics.
    """
    with DecisionReader(settings, "end", on_broker_away=wait.on_broker_away) as reader:
        with track_progress("publishing", len(files)) as progress:
            collector = _MediaIdCollector(listener)
            submitter = Submitter(settings, envelope, collector, progress)
            submitter.submit_files(files, inline=inline)
            submitted = submitter.finish()
        missing = collector.media_ids
        with track_progress("deciding", len(missing)) as progress:
            decisions = _await(reader, missing, wait, progress)
    return FileDecisions(decisions, missing, submitted.failed)


def _await(
    reader: DecisionReader, missing: dict[str, str], wait: WaitOptions, progress: Progress
) -> list[DecisionRecord]:
    """Removes decided submissions from `missing`."""
    decisions = []
    heard_at = time.monotonic()
    while missing and time.monotonic() - heard_at < wait.patience_s:
        try:
            records = reader.read()
        except BrokerError:
            wait.on_idle()  # may raise a better explanation
            raise
        for record in records:
            if missing.pop(record.decision.submission_id, None) is not None:
                heard_at = time.monotonic()
                decisions.append(record)
                wait.on_decision(record)
                progress.advance()
        if not records:
            wait.on_idle()
    return decisions


class _MediaIdCollector:
    """Notes the media id of every published submission, by submission id."""

    def __init__(self, listener: SubmitListener) -> None:
        self.media_ids: dict[str, str] = {}
        self._listener = listener

    def on_published(self, receipt: Receipt) -> None:
        self.media_ids[receipt.record.submission_id] = receipt.record.media_id
        self._listener.on_published(receipt)

    def on_failed(self, name: str, error: str) -> None:
        self._listener.on_failed(name, error)

    def on_too_large_to_inline(self, file: FoundFile, max_bytes: int) -> None:
        self._listener.on_too_large_to_inline(file, max_bytes)

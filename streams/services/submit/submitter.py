"""Publishes files, URLs and lines of JSON as submissions, and counts what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from streams.config.settings import Settings
from streams.errors import BadInput
from streams.kafka.publisher import Publisher, Receipt
from streams.services.progress import Progress
from streams.services.submit.files import FoundFile, UnreadablePath
from streams.services.submit.records import (
    LANES,
    Envelope,
    max_inline_bytes,
    record_from_file,
    record_from_json_line,
    record_from_url,
)


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """What became of the submissions of one run. `size_bytes` counts the values of the published records."""

    published: int
    by_reference: int
    failed: int
    size_bytes: int


class SubmitListener(Protocol):
    """Hears of every submission."""

    def on_published(self, receipt: Receipt) -> None: ...

    def on_failed(self, name: str, error: str) -> None:
        """`name` is a media id, a path, a URL or `line 7`."""

    def on_too_large_to_inline(self, file: FoundFile, max_bytes: int) -> None:
        """Called for the first file that is published by reference because it does not fit into a record."""


class Submitter:
    """One run of submissions; for one thread. Call `finish` or `cancel` at the end.

    Raises:
        BrokerError: the broker is away, or has no such topic.
    """

    def __init__(self, settings: Settings, envelope: Envelope, listener: SubmitListener, progress: Progress) -> None:
        self._envelope = envelope
        self._progress = progress
        self._listener = listener
        self._published = self._by_reference = self._failed = self._size_bytes = 0
        self._publisher = Publisher(settings, self._on_receipt, topic=LANES[envelope.lane])

    def submit_files(self, files: Iterable[FoundFile | UnreadablePath], *, inline: bool | None = None) -> None:
        """Publishes files: their bytes, file:// URLs, or (`inline` is None) bytes where they fit into a record."""
        max_bytes = max_inline_bytes()
        told = False
        for file in files:
            if isinstance(file, UnreadablePath):
                self._fail(str(file.path), file.error)
                continue
            fits = file.size_bytes <= max_bytes
            if inline is None and not fits and not told:
                told = True
                self._listener.on_too_large_to_inline(file, max_bytes)
            try:
                record = record_from_file(file, self._envelope, inline=fits if inline is None else inline)
            except BadInput as error:
                self._fail(file.media_id, error.detail)
            except OSError as error:
                self._fail(file.media_id, error.strerror or str(error))
            else:
                self._publisher.send(record)

    def submit_urls(self, urls: Iterable[str]) -> None:
        for url in urls:
            try:
                record = record_from_url(url, self._envelope)
            except BadInput as error:
                self._fail(url, error.detail)
            else:
                self._publisher.send(record)

    def submit_json_lines(self, lines: Iterable[bytes]) -> None:
        """Publishes submissions in JSON, one a line; empty lines are skipped."""
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = record_from_json_line(line, self._envelope)
            except BadInput as error:
                self._fail(f"line {number}", error.detail)
            else:
                self._publisher.send(record)

    def poll(self) -> None:
        """Passes on the receipts that have arrived; call it while waiting for more to submit."""
        self._publisher.poll()

    def finish(self) -> SubmitResult:
        """Waits until Kafka has answered for every submission."""
        self._publisher.finish()
        return self._result()

    def cancel(self) -> SubmitResult:
        """Gives up the submissions that Kafka does not have yet."""
        self._publisher.cancel()
        return self._result()

    def _on_receipt(self, receipt: Receipt) -> None:
        if receipt.error is not None:
            self._fail(receipt.record.media_id, receipt.error)
            return
        self._published += 1
        self._by_reference += receipt.record.by_reference
        self._size_bytes += len(receipt.record.value)
        self._progress.advance(1, len(receipt.record.value))
        self._listener.on_published(receipt)

    def _fail(self, name: str, error: str) -> None:
        self._failed += 1
        self._listener.on_failed(name, error)

    def _result(self) -> SubmitResult:
        return SubmitResult(self._published, self._by_reference, self._failed, self._size_bytes)

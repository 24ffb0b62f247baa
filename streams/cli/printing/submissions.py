"""What `publish`, `scan` and `demo` print while they submit: the first failures, and a summary."""

from __future__ import annotations

from streams.cli.progress import Tracker
from streams.cli.terminal import data_stream, say, write_json_line
from streams.kafka.publisher import Receipt
from streams.services.submit.files import FoundFile
from streams.services.submit.submitter import SubmitResult
from streams.services.text import human_bytes, printable

MAX_FAILURES_PRINTED = 20


class SubmitPrinter:
    """A `SubmitListener` that prints the first failures and counts the others.

    Args:
        receipts: print the receipts as JSON lines on stdout.
    """

    def __init__(self, *, receipts: bool = False) -> None:
        self._receipts = receipts
        self._failures = 0

    def on_published(self, receipt: Receipt) -> None:
        if self._receipts:
            ids = {"media_id": receipt.record.media_id, "submission_id": receipt.record.submission_id}
            write_json_line({**ids, "partition": receipt.partition, "offset": receipt.offset})
            data_stream().flush()

    def on_failed(self, name: str, error: str) -> None:
        self._failures += 1
        if self._failures <= MAX_FAILURES_PRINTED:
            say(f"not published: {printable(name)}: {error}")
        elif self._failures == MAX_FAILURES_PRINTED + 1:
            say("… further failures are only counted")

    def on_too_large_to_inline(self, file: FoundFile, max_bytes: int) -> None:
        say(
            f"{printable(file.media_id)} has {human_bytes(file.size_bytes)} and goes by reference, as all above "
            f"{human_bytes(max_bytes)}: workers must find it at this path, and be allowed to read it "
            "(MEDIASIEVE_FILE_ROOTS). Where they cannot, publish a URL of it (--url)."
        )


def submit_summary(result: SubmitResult, tracker: Tracker) -> str:
    """`published 120 (3 by reference), 31.2 MB in 0.4 s, 300/s, 78.0 MB/s; 2 failed`"""
    by_reference = f" ({result.by_reference:,} by reference)" if result.by_reference else ""
    failed = f"; {result.failed:,} failed" if result.failed else ""
    volume = f", {human_bytes(result.size_bytes)} in {tracker.elapsed_s:.1f} s, {tracker.rate()}"
    return f"published {result.published:,}{by_reference}{volume}{failed}"

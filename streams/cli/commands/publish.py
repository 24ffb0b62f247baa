"""`mediasieve publish`: submit files, folders, URLs and lines of JSON."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from io import UnsupportedOperation
from pathlib import Path
from select import select
from typing import IO, Any

import click
import orjson

from streams.cli.options import broker_option, collection_option, data_dir_option
from streams.cli.progress import Tracker, tracking
from streams.cli.terminal import data_stream, human_bytes, say, shown
from streams.domain.records import KINDS, Kind
from streams.errors import BadInput
from streams.local.data_dir import load_command_settings
from streams.services.files import FoundFile, Unreadable, find_files
from streams.services.outgoing import (
    DEFAULT_SOURCE,
    Envelope,
    Outgoing,
    from_file,
    from_json_line,
    from_url,
    inline_limit_bytes,
)
from streams.services.publisher import Publisher, Receipt

MAX_COMPLAINTS = 20
LOOK_EVERY_S = 0.1
READ_BYTES = 64 << 10
MOST_LINE_BYTES = 1 << 20


class Tally:
    """What became of a run of submissions; complains about the first failures and counts the rest."""

    def __init__(self, tracker: Tracker, on_sent: Callable[[Receipt], None] | None = None) -> None:
        self.tracker = tracker
        self.sent = 0
        self.by_reference = 0
        self.failed = 0
        self._on_sent = on_sent

    def receipt(self, receipt: Receipt) -> None:
        if receipt.error is not None:
            self.complain(receipt.sent.media_id, receipt.error)
            return
        self.sent += 1
        self.by_reference += receipt.sent.by_reference
        self.tracker.advance(1, len(receipt.sent.value))
        if self._on_sent is not None:
            self._on_sent(receipt)

    def complain(self, what: str, why: str) -> None:
        self.failed += 1
        if self.failed <= MAX_COMPLAINTS:
            say(f"not published: {shown(what)}: {why}")
        elif self.failed == MAX_COMPLAINTS + 1:
            say("… further failures are only counted")

    def summary(self) -> str:
        tracker = self.tracker
        kinds = f" ({self.by_reference:,} by reference)" if self.by_reference else ""
        failed = f"; {self.failed:,} failed" if self.failed else ""
        volume = f", {human_bytes(tracker.size_bytes)} in {tracker.elapsed_s:.1f} s, {tracker.rate()}"
        return f"published {self.sent:,}{kinds}{volume}{failed}"


def _metadata(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> dict[str, Any]:
    if value is None:
        return {}
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"no JSON: {error}.") from error
    if not isinstance(document, dict):
        raise click.BadParameter("must be a JSON object.")
    return document


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--url", "urls", multiple=True, help="A URL for workers to fetch; may be given again.")
@click.option("--ndjson", type=click.File("rb"), help="Submissions as JSON, one a line; - is standard input.")
@collection_option
@click.option("--kind", type=click.Choice(KINDS), default="auto", show_default=True)
@click.option("--priority", type=click.IntRange(0, 9), default=0, help="0 to 9.")
@click.option("--metadata", metavar="JSON", callback=_metadata, help="A small JSON object, returned with the decision.")
@click.option("--source", default=DEFAULT_SOURCE, show_default=True, help="CloudEvents source of the submissions.")
@click.option(
    "--inline/--by-reference",
    "inline",
    default=None,
    help="Send bytes, or file:// URLs that workers must be able to read. Else bytes, where they fit into a record.",
)
@click.option("--json", "as_json", is_flag=True, help="One receipt a line on stdout: ids and place in Kafka.")
@broker_option
@data_dir_option
def command(
    paths: tuple[Path, ...],
    urls: tuple[str, ...],
    ndjson: IO[bytes] | None,
    collection: str,
    kind: Kind,
    priority: int,
    metadata: dict[str, Any],
    source: str,
    inline: bool | None,
    as_json: bool,
    broker: str | None,
    data_dir: Path | None,
) -> int:
    """Submit files, folders (all files below them), URLs or lines of JSON.

    A file's media id is its path as given here, a URL's the URL. Exit code 1 if any could not be published.
    """
    if not (paths or urls or ndjson):
        raise click.UsageError("Say what to publish: files, folders, --url or --ndjson.", click.get_current_context())
    for url in urls:
        if ":" not in url:
            raise click.BadParameter(f"{shown(url)} has no scheme, such as https:.", param_hint="--url")
    settings = load_command_settings(broker=broker, data_dir=data_dir)
    envelope = Envelope(collection, kind, priority, metadata, source)
    files = list(find_files(paths))
    total = None if ndjson else len(files) + len(urls)
    with tracking("publishing", total) as tracker:
        tally = Tally(tracker, _print_receipt if as_json else None)
        publisher = Publisher(settings, tally.receipt)
        try:
            lines = lines_as_they_come(ndjson, publisher.look) if ndjson else ()
            for outgoing in _all(files, urls, lines, envelope, inline, tally):
                publisher.send(outgoing)
            publisher.finish()
        except (KeyboardInterrupt, BrokenPipeError) as error:
            publisher.cancel()
            say(f"stopped: {tally.summary()}")
            if isinstance(error, KeyboardInterrupt):
                raise
            return 1
    say(tally.summary())
    return 1 if tally.failed else 0


def _all(
    files: list[FoundFile | Unreadable],
    urls: tuple[str, ...],
    lines: Iterable[bytes],
    envelope: Envelope,
    inline: bool | None,
    tally: Tally,
) -> Iterator[Outgoing]:
    yield from outgoing_files(files, envelope, tally, inline=inline)
    for url in urls:
        try:
            yield from_url(url, envelope)
        except BadInput as error:
            tally.complain(url, error.detail)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield from_json_line(line, envelope)
            except BadInput as error:
                tally.complain(f"line {number}", error.detail)


def lines_as_they_come(file: IO[bytes], meanwhile: Callable[[], None]) -> Iterator[bytes]:
    """The lines of a pipe or a file; while none come, `meanwhile` is called ten times a second.

    What is longer than any submission comes in pieces.
    """
    left = b""
    try:
        descriptor = file.fileno()
    except UnsupportedOperation:  # it is in memory
        yield from file
        return
    while True:
        while not select([descriptor], [], [], LOOK_EVERY_S)[0]:
            meanwhile()
        part = os.read(descriptor, READ_BYTES)
        *lines, left = (left + part).split(b"\n")
        yield from lines
        if not part or len(left) > MOST_LINE_BYTES:
            yield left
            left = b""
        if not part:
            return


def outgoing_files(
    files: list[FoundFile | Unreadable], envelope: Envelope, tally: Tally, *, inline: bool | None = None
) -> Iterator[Outgoing]:
    """Files as submissions: as told, or with their bytes where those fit into a record, else by reference."""
    limit = inline_limit_bytes()
    noticed = False
    for file in files:
        if isinstance(file, Unreadable):
            tally.complain(str(file.path), file.why)
            continue
        fits = file.size_bytes <= limit
        if inline is None and not fits and not noticed:
            noticed = True
            say(
                f"{shown(file.media_id)} has {human_bytes(file.size_bytes)} and goes by reference, as all above "
                f"{human_bytes(limit)}: workers must find it at this path, and be allowed to read it "
                "(MEDIASIEVE_FILE_ROOTS). Where they cannot, publish a URL of it (--url)."
            )
        try:
            yield from_file(file, envelope, inline=fits if inline is None else inline)
        except BadInput as error:
            tally.complain(file.media_id, error.detail)
        except OSError as error:
            tally.complain(file.media_id, error.strerror or str(error))


def _print_receipt(receipt: Receipt) -> None:
    place = {"partition": receipt.partition, "offset": receipt.offset}
    ids = {"media_id": receipt.sent.media_id, "submission_id": receipt.sent.submission_id}
    data_stream().write(orjson.dumps({**ids, **place}) + b"\n")
    data_stream().flush()

"""`mediasieve publish`: submit files, folders, URLs and lines of JSON."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import click
import orjson

from streams.cli.json_lines import read_lines
from streams.cli.options import broker_option, collection_option, data_dir_option, user_name
from streams.cli.printing.submissions import SubmitPrinter, submit_summary
from streams.cli.progress import track_progress
from streams.cli.remote import api_option
from streams.cli.remote.publish import RemoteSubmissions, publish_by_api
from streams.cli.terminal import say
from streams.domain.records import KINDS, Kind, Lane
from streams.domain.records.job import LANE_NAMES
from streams.local.data_dir import load_command_settings
from streams.services.jobs import announce_job, close_job
from streams.services.submit.files import find_files
from streams.services.submit.records import DEFAULT_SOURCE, Envelope
from streams.services.submit.submitter import Submitter
from streams.services.text import printable


def _parse_metadata(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> dict[str, Any]:
    if value is None:
        return {}
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"not valid JSON: {error}.") from error
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
@click.option(
    "--metadata", metavar="JSON", callback=_parse_metadata, help="A small JSON object, returned with the decision."
)
@click.option(
    "--lane",
    type=click.Choice(LANE_NAMES),
    help="bulk submissions leave live ones the way. By default live, and bulk with --job.",
)
@click.option("--reference", is_flag=True, help="Add them to a reference collection; others are compared with it.")
@click.option("--job", metavar="NAME", help="Follow these submissions as a job: see `mediasieve jobs`.")
@click.option("--source", default=DEFAULT_SOURCE, show_default=True, help="CloudEvents source of the submissions.")
@click.option(
    "--inline/--by-reference",
    "inline",
    default=None,
    help="Send bytes, or file:// URLs that workers must be able to read. By default bytes, if they fit into a record.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one receipt a line: ids and place in Kafka.")
@api_option
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
    lane: Lane | None,
    reference: bool,
    job: str | None,
    source: str,
    inline: bool | None,
    as_json: bool,
    api_url: str | None,
    broker: str | None,
    data_dir: Path | None,
) -> int:
    """Submit files, folders (all files below them), URLs or lines of JSON.

    A file's media id is its path as given here, a URL's the URL. Exit code 1 if any could not be published. With --job,
    `mediasieve jobs` shows how many are decided, how long the rest takes, and what failed.
    """
    if not (paths or urls or ndjson):
        raise click.UsageError("Say what to publish: files, folders, --url or --ndjson.", click.get_current_context())
    for url in urls:
        if ":" not in url:
            raise click.BadParameter(f"{printable(url)} has no scheme, such as https:.", param_hint="--url")
    files = list(find_files(paths))
    lane = lane or ("bulk" if job else "live")
    if api_url:
        if reference or inline is False or source != DEFAULT_SOURCE or (lane == "bulk" and not job):
            raise click.UsageError(
                "An API takes neither --reference, --by-reference nor --source, and --lane only with --job."
            )
        lines = read_lines(ndjson, lambda: None) if ndjson else ()
        return publish_by_api(
            api_url,
            RemoteSubmissions(files, urls, lines, collection, kind, priority, metadata, job, lane, as_json),
        )
    settings = load_command_settings(broker=broker, data_dir=data_dir)
    total = None if ndjson else len(files) + len(urls)
    announced = None
    if job:
        announced = announce_job(settings, job, collection, lane, expected=total, by=user_name())
        say(f"job {announced.job_id}: follow it with `mediasieve jobs watch {announced.job_id}`")
    with track_progress("publishing", total) as tracker:
        job_id = announced.job_id if announced else None
        envelope = Envelope(collection, kind, priority, metadata, source, lane=lane, job_id=job_id, reference=reference)
        submitter = Submitter(settings, envelope, SubmitPrinter(receipts=as_json), tracker)
        try:
            submitter.submit_files(files, inline=inline)
            submitter.submit_urls(urls)
            if ndjson:
                submitter.submit_json_lines(read_lines(ndjson, submitter.poll))
            result = submitter.finish()
        except (KeyboardInterrupt, BrokenPipeError) as error:
            result = submitter.cancel()
            say(f"stopped: {submit_summary(result, tracker)}")
            if announced:
                close_job(settings, announced, result.published, state="cancelled")
            if isinstance(error, KeyboardInterrupt):
                raise
            return 1
    say(submit_summary(result, tracker))
    if announced:
        close_job(settings, announced, result.published)
    return 1 if result.failed else 0

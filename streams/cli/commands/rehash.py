"""`mediasieve rehash`: submit known pictures again whose fingerprint an earlier version made."""

from __future__ import annotations

from pathlib import Path

import click

from streams.analytics.client import connect
from streams.cli.options import broker_option, clickhouse_option, data_dir_option, policy_option
from streams.cli.printing.rehash import rehash_summary
from streams.cli.progress import track_progress
from streams.cli.terminal import say
from streams.config.policy_file import load_policies
from streams.local.data_dir import load_command_settings
from streams.services.rehash import count_contents, rehash
from streams.services.text import printable

MAX_FAILURES_PRINTED = 20


@click.command()
@click.option("--collection", default="", help="Only contents of this collection.")
@click.option("--limit", type=click.IntRange(1), help="So many contents at most.")
@click.option(
    "--rate", type=click.FloatRange(0.1, 10_000), default=50.0, show_default=True, help="Submissions a second at most."
)
@click.option("--dry-run", is_flag=True, help="Publish nothing; say what would be published.")
@policy_option
@clickhouse_option
@broker_option
@data_dir_option
def command(
    collection: str,
    limit: int | None,
    rate: float,
    dry_run: bool,
    policy_file: Path | None,
    clickhouse: str | None,
    broker: str | None,
    data_dir: Path | None,
) -> int:
    """Submit pictures again that an earlier version fingerprinted, so that they get evidence.

    ClickHouse knows them. They are fetched from their URL, or taken from Kafka while media.submissions keeps them; the
    others are counted. Each is decided as a duplicate of itself, under a submission id that begins with
    /mediasieve/rehash; no group changes. Safe to repeat, and to stop. Exit code 1 if any could not be published.
    """
    settings = load_command_settings(broker=broker, clickhouse=clickhouse, data_dir=data_dir)
    policies = load_policies(policy_file or settings.paths.policy_file)
    with connect(settings) as client:
        total = count_contents(client, collection, limit)
        with track_progress("looking" if dry_run else "submitting again", total) as tracker:
            result = rehash(
                settings, client, policies, tracker,
                collection=collection, limit=limit, per_second=rate, dry_run=dry_run,
            )  # fmt: skip
    for error in result.errors[:MAX_FAILURES_PRINTED]:
        say(f"not published: {printable(error)}")
    say(rehash_summary(result, total, dry_run=dry_run))
    return 1 if result.failed else 0

"""`mediasieve delete`: delete a medium, or all media of a content, for good."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import click

from streams.analytics.client import connect
from streams.cli.commands.moderation.verdict import ONE, event_options, load_event_context, person
from streams.cli.printing.deletions import plan_in_words, result_in_words
from streams.cli.remote.moderation import delete_by_api
from streams.cli.terminal import say, write_json_line
from streams.services.moderation.deletions import DeletionPlan, delete, plan_deletion
from streams.services.moderation.verdicts import WaitForEffect


@click.command()
@click.argument("subject", metavar=ONE)
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@event_options
def command(subject: str, dry_run: bool, yes: bool, by: str | None, reason: str | None, **options: Any) -> int:
    """Delete all that is kept of a medium, or of all media of a content. It cannot be taken back.

    Decisions, hashes, evidence and rows go. What copies inherited stays with them: their verdicts, and the name of
    their group. Exit code 1 if --wait saw no effect in time.
    """

    def confirm(plan: DeletionPlan) -> None:
        if yes:
            return
        say(plan_in_words(plan, subject))
        if not sys.stdin.isatty():
            raise click.UsageError("A deletion cannot be taken back: say --yes, or see what goes with --dry-run.")
        click.confirm("Delete it for good?", abort=True, err=True)

    if options["api_url"]:
        return delete_by_api(options["api_url"], subject, by, reason, options, dry_run=dry_run, confirm=confirm)
    settings, policy = load_event_context(options)
    plan = plan_deletion(lambda: connect(settings), subject, options["collection"], near=policy.near)
    as_json = options["as_json"]
    if dry_run and as_json:
        write_json_line(asdict(plan))
    elif dry_run:
        say(plan_in_words(plan, subject))
    if dry_run:
        return 0
    confirm(plan)
    wait = WaitForEffect(options["timeout_s"]) if options["wait"] else None
    published = delete(settings, plan, person(by), reason, wait)
    if as_json:
        for each in published:
            write_json_line(asdict(each) | {"effect": each.effect and each.effect.decision})
    else:
        say(result_in_words(published, is_awaited=wait is not None))
    return 0 if wait is None or all(each.effect is not None for each in published) else 1

"""`mediasieve split`, `merge` and `undo`: say that two contents are not the same, or are."""

from __future__ import annotations

import click

from streams.cli.commands.moderation.verdict import ONE, event_options, run_event
from streams.domain.records.moderation import EventName
from streams.services.moderation.verdicts import ModerationRequest

Subjects = tuple[str, str]


def _publish(event: EventName, one: str, other: str, by: str | None, reason: str | None, **options: object) -> int:
    return run_event(lambda source: ModerationRequest(event, one, source, other, reason=reason), by, **options)


@click.command()
@click.argument("one", metavar=ONE)
@click.argument("other", metavar=ONE)
@event_options
def split(one: str, other: str, by: str | None, reason: str | None, **options: object) -> int:
    """Say that two contents are not the same.

    They are never matched again, neither with each other nor through others of their groups. A content that had joined
    the group of the other leaves it, and its submissions get revised decisions.
    """
    return _publish("split", one, other, by, reason, **options)


@click.command()
@click.argument("one", metavar=ONE)
@click.argument("other", metavar=ONE)
@event_options
def merge(one: str, other: str, by: str | None, reason: str | None, **options: object) -> int:
    """Say that two contents are the same: their groups become one, with the verdicts of both."""
    return _publish("merge", one, other, by, reason, **options)


@click.command()
@click.argument("one", metavar=ONE)
@click.argument("other", metavar=ONE)
@event_options
def undo(one: str, other: str, by: str | None, reason: str | None, **options: object) -> int:
    """Take a split of two contents back, after which they are in one group, or else a merge."""
    return _publish("undo", one, other, by, reason, **options)

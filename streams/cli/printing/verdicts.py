"""Prints moderation events and the verdicts on a content."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from streams.services.moderation.verdicts import PublishedEvent, SubjectVerdicts
from streams.services.text import printable

if TYPE_CHECKING:
    from rich.table import Table

    from streams.analytics.queries.moderation.verdicts import ModerationAct

STATUS_STYLES = {"allowed": "green", "review": "yellow", "blocked": "red"}


def published_in_words(published: PublishedEvent, topic: str) -> str:
    event = published.event
    what = f"{event.event} {event.status}" if event.status else event.event
    place = f"{topic}, partition {published.partition}, offset {published.offset}"
    return f"Published: {what} about {printable(event.subject)} by {printable(event.by.name)} ({place})."


def effect_in_words(published: PublishedEvent) -> str:
    """What the decision says that somebody waited for."""
    assert published.effect is not None
    decision = published.effect.decision
    verdict, medium = decision.verdict, printable(decision.media_id)
    said = verdict.status if verdict.by is None else f"{verdict.status} by {printable(verdict.by)}"
    since = f", inherited from {printable(verdict.inherited_from)}" if verdict.inherited_from else ""
    return f"In effect: {medium} is {said}{since}; action {decision.action}, revision {decision.revision}."


def verdicts_table(found: SubjectVerdicts) -> Table:
    """The verdicts of the submissions, the latest first."""
    from streams.cli.tables import cell, plain_table

    table = plain_table(
        "Submissions", texts=("decided", "media id", "verdict", "by", "inherited from", "action", "revision")
    )
    for row in found.current:
        status = cell(row.verdict_status, STATUS_STYLES.get(row.verdict_status, ""))
        by = _source(row.verdict_by, row.verdict_kind, row.verdict_version)
        inherited = cell(row.verdict_inherited_from)
        medium, revision = cell(row.media_id), str(row.revision)
        table.add_row(_time(row.decided_at), medium, status, cell(by), inherited, row.action, revision)
    return table


def acts_table(found: SubjectVerdicts) -> Table:
    """The moderation events, the latest first."""
    from streams.cli.tables import cell, plain_table

    table = plain_table("What was said", texts=("at", "event", "about", "by", "reason"))
    for act in found.acts:
        by = _source(act.by_name, act.by_kind, act.by_version)
        what = f"{act.event} {act.status}" if act.status else act.event
        table.add_row(_time(act.at), cell(what), cell(_about(act)), cell(by), cell(act.reason))
    return table


def _about(act: ModerationAct) -> str:
    return " and ".join(name for name in (act.media_id or act.content_id, act.other_content_id) if name)


def _source(name: str, kind: str, version: str) -> str:
    return f"{name} {version} ({kind})" if version else f"{name} ({kind})" if name else ""


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"

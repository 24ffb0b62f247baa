"""Verdicts, corrections and deletions by way of the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from streams.analytics.queries.moderation.deletions import DeletedMedium
from streams.analytics.queries.moderation.verdicts import CurrentVerdict, ModerationAct
from streams.cli.printing.deletions import plan_in_words
from streams.cli.remote.connection import api_client, read_as
from streams.cli.terminal import say, write_json_line
from streams.services.moderation.deletions import DeletionPlan, DeletionTarget
from streams.services.moderation.verdicts import ModerationRequest, SubjectVerdicts
from streams.services.text import printable


def send_event(url: str, request: ModerationRequest, by: str | None, options: dict[str, Any]) -> int:
    """Gives an event to the API, and prints the answer; `options` are those of `event_options`."""
    wait_s = options["timeout_s"] if options["wait"] else 0.0
    said: dict[str, Any] = {"reason": request.reason, "by": by, "wait_s": wait_s}
    with api_client(url, options["collection"]) as client:
        if request.event == "verdict":
            assert request.status is not None
            labels = [asdict(label) for label in request.labels]
            scope = request.scope
            answer = client.give_verdict(request.subject, request.status, labels=labels, scope=scope, **said)
        elif request.event == "withdrawal":
            answer = client.withdraw_verdict(request.subject, **said)
        else:
            act = {"split": client.split, "merge": client.merge, "undo": client.undo}[request.event]
            answer = act(request.subject, request.other or "", **said)
    if options["as_json"]:
        write_json_line(answer)
    else:
        say(f"Published: {answer['event']} about {printable(request.subject)} by {printable(answer['by'])}.")
    if not options["wait"]:
        return 0
    effect = answer["effect"]
    if effect is None:
        say("No decision shows its effect yet. It is published and will be applied; ask again with `verdict show`.")
        return 1
    if not options["as_json"]:
        verdict = effect["verdict"]
        by_whom = f" by {printable(verdict['by'])}" if verdict["by"] else ""
        say(f"In effect: {printable(effect['media_id'])} is {verdict['status']}{by_whom}; action {effect['action']}.")
    return 0


def read_verdicts(url: str, subject: str, collection: str, limit: int) -> SubjectVerdicts:
    """The newest verdicts and acts about a content or medium."""
    with api_client(url, collection) as client:
        found = client.verdicts(subject)
    current = read_as(tuple[CurrentVerdict, ...], found["current"][:limit])
    return SubjectVerdicts(current, read_as(tuple[ModerationAct, ...], found["acts"][:limit]))


def delete_by_api(
    url: str,
    subject: str,
    by: str | None,
    reason: str | None,
    options: dict[str, Any],
    *,
    dry_run: bool,
    confirm: Callable[[DeletionPlan], None],
) -> int:
    """Deletes, unless it is a dry run, and prints the answer.

    Args:
        url: of the API.
        subject: a content id, or else a media id.
        by: who says so; without it the name of the key.
        reason: for people.
        options: those of `event_options`.
        dry_run: deletes nothing.
        confirm: is shown what would go, and raises if it must stay.
    """
    as_json, wait_s = options["as_json"], options["timeout_s"] if options["wait"] else 0.0
    with api_client(url, options["collection"]) as client:
        planned = client.delete(subject, dry_run=True)
        plan = DeletionPlan(
            planned["collection"],
            read_as(tuple[DeletionTarget, ...], planned["targets"]),
            read_as(tuple[DeletedMedium, ...], planned["media"]),
            is_counted=True,
        )
        if dry_run and as_json:
            write_json_line(planned)
        elif dry_run:
            say(plan_in_words(plan, subject))
        if dry_run:
            return 0
        confirm(plan)
        answer = client.delete(subject, by=by, reason=reason, wait_s=wait_s)
    if as_json:
        write_json_line(answer)
    else:
        say(f"Published: the deletion of {printable(subject)}, {len(answer['media']):,} media.")
    return 0 if not options["wait"] or all(event["effect"] for event in answer["events"]) else 1

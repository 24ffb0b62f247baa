"""`mediasieve verdict`: say whether a content is allowed, take it back, or show who said what."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import click

from streams.analytics.client import connect
from streams.cli.app import OneLineGroup
from streams.cli.options import broker_option, collection_option, data_dir_option, policy_option
from streams.cli.printing.verdicts import acts_table, effect_in_words, published_in_words, verdicts_table
from streams.cli.remote import api_option
from streams.cli.remote.moderation import read_verdicts, send_event
from streams.cli.terminal import make_console, say, write_json_line
from streams.config.policy_file import load_policies
from streams.config.settings import Settings
from streams.domain.policy.policy import Policy
from streams.domain.records import Label, VerdictSource
from streams.domain.records.moderation import SCOPES, Scope
from streams.domain.records.verdict import GIVEN_STATUSES, GivenStatus
from streams.kafka.topics import VERDICTS, wire_name
from streams.local.data_dir import load_command_settings
from streams.services.moderation.verdicts import ModerationRequest, WaitForEffect, publish_event, show_verdicts
from streams.services.text import printable

Function = TypeVar("Function", bound=Callable[..., Any])

ONE: Final = "CONTENT_ID|MEDIA_ID"
clickhouse_option = click.option(
    "--clickhouse", metavar="URL", help="Else MEDIASIEVE_CLICKHOUSE, else what `mediasieve up` runs here."
)


def event_options(function: Function) -> Function:
    """The options of every command that publishes a moderation event."""
    options = (
        click.option("--by", metavar="NAME", help="The person who says so; else the user of this system."),
        click.option("--reason", help="For people; decisions and ClickHouse show it."),
        collection_option,
        click.option("--wait", is_flag=True, help="Wait for a decision that shows the effect."),
        click.option("--timeout", "timeout_s", type=click.FloatRange(0.1), default=30.0, show_default=True,
                     metavar="SECONDS", help="How long to wait for it."),
        click.option("--json", "as_json", is_flag=True, help="Print one object: the event, its place, and its effect."),
        api_option,
        policy_option,
        broker_option,
        clickhouse_option,
        data_dir_option,
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def run_event(request: Callable[[VerdictSource], ModerationRequest], by: str | None, **options: Any) -> int:
    """Publish what `request` makes of a source, and print the result; `options` are those of `event_options`."""
    if options["api_url"]:
        return send_event(options["api_url"], request(VerdictSource("person", by or "key")), by, options)
    settings, policy = load_event_context(options)
    collection, wait, as_json = options["collection"], options["wait"], options["as_json"]
    published = publish_event(
        settings,
        request(person(by)),
        collection,
        near=policy.near,
        connect=lambda: connect(settings),
        wait=WaitForEffect(options["timeout_s"]) if wait else None,
    )
    if as_json:
        document = asdict(published) | {"effect": published.effect and published.effect.decision}
        write_json_line(document)
    else:
        say(published_in_words(published, wire_name(settings, VERDICTS)))
    if not wait:
        return 0
    if published.effect is None:
        say(
            f"No decision shows its effect within {options['timeout_s']:g} s. It is published and will be applied: a "
            "medium that is not known yet is waited for, and a weaker verdict changes nothing while a stronger is in "
            "force. `mediasieve verdict show` tells more; media.deadletters says if it was refused."
        )
        return 1
    if not as_json:
        say(effect_in_words(published))
    return 0


def load_event_context(options: dict[str, Any]) -> tuple[Settings, Policy]:
    """The settings, and the policy of the collection; `options` are those of `event_options`."""
    settings = load_command_settings(
        broker=options["broker"], clickhouse=options["clickhouse"], data_dir=options["data_dir"]
    )
    return settings, load_policies(options["policy_file"] or settings.paths.policy_file).of(options["collection"])


def person(name: str | None) -> VerdictSource:
    """A person as a source; without a name the user of this system."""
    try:
        return VerdictSource("person", name or getpass.getuser())
    except (KeyError, OSError) as error:  # a container without a user of this number
        raise click.UsageError("Say who says so with --by.") from error


def _parse_labels(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> list[Label]:
    return [_parse_label(value) for value in values]


def _parse_label(value: str) -> Label:
    """`name` or `name=score`."""
    name, equals, score = value.rpartition("=")
    if not equals:
        return Label(value)
    try:
        return Label(name, None, float(score))
    except ValueError as error:
        raise click.BadParameter(f"{printable(value)} is neither NAME nor NAME=SCORE.") from error


@click.group(cls=OneLineGroup)
def command() -> None:
    """Say whether a content is allowed, take it back, or show who said what."""


@command.command("set")
@click.argument("subject", metavar=ONE)
@click.argument("status", type=click.Choice(GIVEN_STATUSES))
@click.option("--label", "labels", multiple=True, metavar="NAME[=SCORE]", callback=_parse_labels,
              help="What was found, and how sure that is, from 0 to 1; may be given again.")  # fmt: skip
@click.option("--scope", type=click.Choice(SCOPES), default="group", show_default=True,
              help="For the whole group as far as copies inherit, or for this content alone.")  # fmt: skip
@event_options
def set_(
    subject: str, status: str, labels: list[Label], scope: str, by: str | None, reason: str | None, **options: Any
) -> int:
    """Say whether a content is allowed, blocked or for review. Its copies inherit it, past and future.

    A person overrules a list, a list a model, a model a rule. Exit code 1 if --wait saw no effect in time.
    """
    given, reach = cast(GivenStatus, status), cast(Scope, scope)
    return run_event(
        lambda source: ModerationRequest("verdict", subject, source, None, given, labels, reason, reach), by, **options
    )


@command.command()
@click.argument("subject", metavar=ONE)
@event_options
def withdraw(subject: str, by: str | None, reason: str | None, **options: Any) -> int:
    """Take back what the same person said about a content. What others said about it counts again."""
    return run_event(lambda source: ModerationRequest("withdrawal", subject, source, reason=reason), by, **options)


@command.command()
@click.argument("subject", metavar=ONE)
@collection_option
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="The newest N of both.")
@click.option("--json", "as_json", is_flag=True, help="Print one object: `current` verdicts, and the `acts`.")
@api_option
@clickhouse_option
@data_dir_option
def show(
    subject: str,
    collection: str,
    limit: int,
    as_json: bool,
    api_url: str | None,
    clickhouse: str | None,
    data_dir: Path | None,
) -> int:
    """Show the verdict of a content's or medium's submissions, and who said what about it. Asks ClickHouse."""
    if api_url:
        found = read_verdicts(api_url, subject, collection, limit)
    else:
        with connect(load_command_settings(clickhouse=clickhouse, data_dir=data_dir)) as client:
            found = show_verdicts(client, subject, collection, limit=limit)
    if as_json:
        write_json_line(asdict(found))
        return 0
    console = make_console(stderr=False)
    if found.current:
        console.print(verdicts_table(found))
    else:
        where = "The API" if api_url else "ClickHouse"
        say(f"{where} knows no submission of {printable(subject)} in the collection {collection}.")
    if found.acts:
        console.print(acts_table(found))
    return 0

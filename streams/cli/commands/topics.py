"""`mediasieve topics`: show topics.yaml, compare it with the broker, and change the broker."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from streams.cli.app import OneLineGroup
from streams.cli.options import broker_option, data_dir_option
from streams.cli.terminal import make_console, say, write_json_line
from streams.kafka.acls import DEFAULT_PRINCIPAL, AclRule, apply_acls, expected_acls
from streams.kafka.topic_admin import TopicPlan, apply_plan, plan_topics
from streams.kafka.topics import load_topics, wire_name
from streams.local.data_dir import load_command_settings

#: By the kind of change: the verb before it is made, and after.
VERBS = {"create": ("create", "created"), "add_partitions": ("grow", "grew"), "alter_config": ("alter", "altered")}


@click.group(cls=OneLineGroup)
def command() -> None:
    """Compare topics.yaml with the broker, and change the broker."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one topic a line on stdout.")
@data_dir_option
def list_topics(as_json: bool, data_dir: Path | None) -> None:
    """Show the topics that topics.yaml declares, without asking a broker."""
    settings = load_command_settings(data_dir=data_dir)
    specs = load_topics()
    if as_json:
        for spec in specs.values():
            write_json_line({"wire_name": wire_name(settings, spec.name), **asdict(spec)})
        return
    from streams.cli.tables import plain_table

    table = plain_table(texts=("topic", "key", "value", "partitions", "writers → readers", "about"))
    for spec in specs.values():
        flow = f"{', '.join(spec.writers)} → {', '.join(spec.readers)}"
        name = wire_name(settings, spec.name)
        table.add_row(name, spec.key, spec.value, str(spec.partitions), flow, spec.about)
    make_console(stderr=False).print(table)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print the plan as one JSON object on stdout.")
@broker_option
@data_dir_option
def plan(as_json: bool, broker: str | None, data_dir: Path | None) -> int:
    """Show the differences on the broker, and change nothing. Exit code 1 if `apply` would refuse."""
    settings = load_command_settings(broker=broker, data_dir=data_dir)
    found = plan_topics(settings)
    if as_json:
        write_json_line(asdict(found))
    elif found.up_to_date:
        click.echo(f"The topics on {settings.kafka.bootstrap_servers} are as topics.yaml says.")
    else:
        _print_changes(found, done=False)
        if found.changes and not found.refusals:
            say("Do it with `mediasieve topics apply`.")
    _say_refusals(found)
    return 1 if found.refusals else 0


@command.command()
@broker_option
@data_dir_option
def apply(broker: str | None, data_dir: Path | None) -> int:
    """Change the broker's topics to match topics.yaml. If one change is refused, nothing is changed."""
    settings = load_command_settings(broker=broker, data_dir=data_dir)
    found = plan_topics(settings)
    if found.refusals:
        _say_refusals(found)
        say("Nothing was changed.")
        return 1
    apply_plan(settings, found)
    _print_changes(found, done=True)
    if found.up_to_date:
        click.echo(f"The topics on {settings.kafka.bootstrap_servers} are as topics.yaml says; nothing to do.")
    return 0


@command.command()
@click.option("--principal", default=DEFAULT_PRINCIPAL, show_default=True, help="The Kafka principal of a role.")
@click.option("--apply", "change", is_flag=True, help="Create the rights that the broker does not have.")
@click.option("--json", "as_json", is_flag=True, help="Print one right a line on stdout.")
@broker_option
@data_dir_option
def acls(principal: str, change: bool, as_json: bool, broker: str | None, data_dir: Path | None) -> None:
    """Show the rights that stages, publishers and readers need, as topics.yaml names them; no broker is asked."""
    settings = load_command_settings(broker=broker, data_dir=data_dir)
    rules = expected_acls(settings, principal)
    if change:
        rules = apply_acls(settings, rules)
        if not rules:
            say("The broker has all of these rights; nothing to do.")
    for rule in rules:
        if as_json:
            write_json_line(asdict(rule))
        else:
            click.echo(_as_words(rule))


@command.command()
@broker_option
@data_dir_option
def asyncapi(broker: str | None, data_dir: Path | None) -> None:
    """Print the AsyncAPI 3.0 description of the topics, with this deployment's names; no broker is asked."""
    from streams.kafka.asyncapi import describe_topics

    write_json_line(describe_topics(load_command_settings(broker=broker, data_dir=data_dir)))


def _as_words(rule: AclRule) -> str:
    return f"{rule.principal} may {rule.operation} {rule.resource} {rule.name}"


def _print_changes(plan: TopicPlan, *, done: bool) -> None:
    for change in plan.changes:
        click.echo(f"{VERBS[change.kind][done]} {change.target.name}: {change.what}")


def _say_refusals(plan: TopicPlan) -> None:
    for refusal in plan.refusals:
        say(f"! {refusal.topic} has {refusal.what}. {refusal.why}")

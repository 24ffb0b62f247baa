"""`mediasieve policy`: whether the policy file is right, and what it says about a collection."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from streams.cli.app import OneLineGroup
from streams.cli.terminal import data_stream, say, shown
from streams.config.policy_file import PolicyFileError, load_policies
from streams.config.settings import load_settings
from streams.domain.policy.collections import CollectionPolicies
from streams.domain.policy.policy import RULE_NAMES, Policy
from streams.domain.records import COLLECTION_REGEX

ALL_OTHERS = "every other collection"


@click.group(cls=OneLineGroup)
def command() -> None:
    """Check the policy file, and show what applies to a collection."""


@command.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check(file: Path | None) -> int:
    """Read FILE, else MEDIASIEVE_POLICY_FILE, as a worker does. Exit code 2 if something in it is wrong."""
    path = file or load_settings().paths.policy_file
    if path is None:
        raise click.UsageError("Name a file, or set MEDIASIEVE_POLICY_FILE")
    try:
        policies = load_policies(path)
    except PolicyFileError as error:
        for line in error.lines:
            say(shown(line))
        return 2
    forms = len(policies.collections)
    click.echo(f"{path}: ok; {len(_uses(policies))} policies in use, {forms} collections or patterns named")
    return 0


@command.command()
@click.option("--file", type=click.Path(path_type=Path), help="A policy file; else MEDIASIEVE_POLICY_FILE.")
@click.option("--collection", help="Only what applies to this one.")
@click.option("--json", "as_json", is_flag=True, help="One policy a line, on stdout.")
def show(file: Path | None, collection: str | None, as_json: bool) -> None:
    """Show the policies in force with all their rules, and the collections they apply to."""
    if collection is not None and not COLLECTION_REGEX.fullmatch(collection):
        raise click.BadParameter(f"no collection is called {collection!r}.", param_hint="--collection")
    policies = load_policies(file or load_settings().paths.policy_file)
    uses = _uses(policies)
    if collection is not None:
        uses = {policies.of(collection): [collection]}
    for policy, collections in uses.items():
        if as_json:
            document = {"collections": collections, "policy": policy}
            data_stream().write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
        else:
            _print(policy, collections)


def _uses(policies: CollectionPolicies) -> dict[Policy, list[str]]:
    """Every policy with the names and patterns that have it, the default one first."""
    found: dict[Policy, list[str]] = {policies.default: [ALL_OTHERS]}
    for form, policy in policies.collections:
        found.setdefault(policy, []).append(form)
    return found


def _print(policy: Policy, collections: list[str]) -> None:
    """In the notation of the file, from which it may be copied."""
    click.echo(f"# {policy.version}: {', '.join(collections)}")
    click.echo(f"{policy.name}:")
    for rule in RULE_NAMES:
        if rule != "name":
            click.echo(f"  {rule}: {orjson.dumps(getattr(policy, rule)).decode()}")

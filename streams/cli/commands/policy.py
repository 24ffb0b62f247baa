"""`mediasieve policy`: check the policy file, and show the policy of a collection."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from streams.cli.app import OneLineGroup
from streams.cli.terminal import say, write_json_line
from streams.config.policy_file import PolicyFileError, load_policies
from streams.config.settings import load_settings
from streams.domain.policy.collections import CollectionPolicies
from streams.domain.policy.policy import RULE_NAMES, Policy
from streams.domain.records import COLLECTION_REGEX
from streams.services.text import printable

ALL_OTHERS = "every other collection"


@click.group(cls=OneLineGroup)
def command() -> None:
    """Check the policy file, and show the policy of a collection."""


@command.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check(file: Path | None) -> int:
    """Read FILE, or else MEDIASIEVE_POLICY_FILE, as a worker does. Exit code 2 if the file has a mistake."""
    path = file or load_settings().paths.policy_file
    if path is None:
        raise click.UsageError("Name a file, or set MEDIASIEVE_POLICY_FILE")
    try:
        policies = load_policies(path)
    except PolicyFileError as error:
        for line in error.lines:
            say(printable(line))
        return 2
    patterns = len(policies.collections)
    click.echo(
        f"{path}: ok; {len(_policies_in_use(policies))} policies in use, {patterns} collections or patterns named"
    )
    return 0


@command.command()
@click.option("--file", type=click.Path(path_type=Path), help="A policy file; else MEDIASIEVE_POLICY_FILE.")
@click.option("--collection", help="Only the policy of this collection.")
@click.option("--json", "as_json", is_flag=True, help="Print one policy a line on stdout.")
def show(file: Path | None, collection: str | None, as_json: bool) -> None:
    """Show the policies in force with all their rules, and the collections they apply to."""
    if collection is not None and not COLLECTION_REGEX.fullmatch(collection):
        raise click.BadParameter(f"no collection is called {collection!r}.", param_hint="--collection")
    policies = load_policies(file or load_settings().paths.policy_file)
    in_use = _policies_in_use(policies)
    if collection is not None:
        in_use = {policies.of(collection): [collection]}
    for policy, collections in in_use.items():
        if as_json:
            write_json_line({"collections": collections, "policy": policy})
        else:
            _print(policy, collections)


def _policies_in_use(policies: CollectionPolicies) -> dict[Policy, list[str]]:
    """The policies in use, the default first, with the names and patterns of their collections."""
    in_use: dict[Policy, list[str]] = {policies.default: [ALL_OTHERS]}
    for pattern, policy in policies.collections:
        in_use.setdefault(policy, []).append(pattern)
    return in_use


def _print(policy: Policy, collections: list[str]) -> None:
    """Prints a policy in the notation of the policy file, ready to be copied."""
    click.echo(f"# {policy.version}: {', '.join(collections)}")
    click.echo(f"{policy.name}:")
    for rule in RULE_NAMES:
        if rule != "name":
            click.echo(f"  {rule}: {orjson.dumps(getattr(policy, rule)).decode()}")

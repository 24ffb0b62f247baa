"""`mediasieve keys`: make a key of the HTTP API, and check a file of keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import click

from streams.cli.app import OneLineGroup
from streams.cli.terminal import say
from streams.config.api_keys import ROLES, Role, load_keys, make_key
from streams.config.settings import load_settings
from streams.errors import ConfigurationError


@click.group(cls=OneLineGroup)
def command() -> None:
    """Make a key of the HTTP API, and check a file of keys."""


@command.command()
@click.argument("name")
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), default=("read",), show_default=True,
              help="What the key may do; may be given again. admin may do everything.")  # fmt: skip
@click.option("--collection", "collections", multiple=True, required=True, metavar="NAME|PATTERN",
              help="A collection, or a pattern with * and ?; may be given again.")  # fmt: skip
@click.option("--rate", metavar="N/second|minute|hour|day", help="Its own rate; else MEDIASIEVE_API_RATE.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="The first day on which the key is refused.")
@click.option("--keys", "key_file", type=click.Path(dir_okay=False, path_type=Path),
              help="Add the entry to this file; else MEDIASIEVE_API_KEYS, else it is printed.")  # fmt: skip
def new(
    name: str, roles: tuple[str, ...], collections: tuple[str, ...], rate: str | None, expires: datetime | None,
    key_file: Path | None,
) -> int:  # fmt: skip
    """Make a key, and print it once on stdout. Only its hash is kept, in the file of keys."""
    given = frozenset(cast(Role, role) for role in roles)
    made = make_key(name, given, collections, rate=rate, expires=expires.date() if expires else None)
    path = key_file or load_settings().api.key_file
    if path is None:
        say("Add this entry to the list `keys` of the file that MEDIASIEVE_API_KEYS names:")
        say("keys:\n" + made.as_yaml().rstrip())
    else:
        _append(path, made.as_yaml(), name)
        say(f"{path} has the hash of the key; a running API reads it within seconds. The key is shown only here:")
    click.echo(made.key)
    return 0


@command.command("list")
@click.option("--keys", "key_file", type=click.Path(dir_okay=False, path_type=Path), help="Else MEDIASIEVE_API_KEYS.")
def list_(key_file: Path | None) -> int:
    """Check the file of keys, and show its entries."""
    path = key_file or load_settings().api.key_file
    if path is None:
        raise ConfigurationError("Name the file of keys with --keys or MEDIASIEVE_API_KEYS.")
    for key in load_keys(path).values():
        expired = bool(key.expires and datetime.now(UTC).date() >= key.expires)
        parts: list[Any] = [",".join(sorted(key.roles)), ",".join(key.collections), key.rate or "-"]
        click.echo(
            "  ".join(
                [key.name, *parts, "expired" if expired else f"until {key.expires}" if key.expires else ""]
            ).rstrip()
        )
    return 0


def _append(path: Path, entry: str, name: str) -> None:
    """Adds an entry to a file, which is made if absent; a file with mistakes is left alone."""
    if path.exists():
        if any(key.name == name for key in load_keys(path).values()):
            raise ConfigurationError(f"{path} has a key called {name}; choose another name, or remove that entry.")
        text = path.read_text()
    else:
        text = "keys:\n"
    written = path.with_name(f"{path.name}.new")
    written.write_text(text.rstrip("\n") + "\n" + entry)
    written.chmod(0o600 if not path.exists() else path.stat().st_mode & 0o777)
    load_keys(written)
    written.replace(path)

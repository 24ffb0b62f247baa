"""`mediasieve moderators`: check the moderation file, and ask the moderators about one picture."""

from __future__ import annotations

from pathlib import Path

import click

from streams.cli.app import OneLineGroup
from streams.cli.options import MEDIA_FILE, collection_option
from streams.cli.terminal import say
from streams.config.settings import Settings, load_settings
from streams.moderation.moderation_file import ModerationFileError
from streams.services.moderation.moderators import Asked, ask_moderators, check_moderators
from streams.services.text import printable
from streams.services.wording import reason_in_words

ASK_TIMEOUT_S = 30.0


@click.group(cls=OneLineGroup)
def command() -> None:
    """Check the moderation file, and ask moderators about a picture."""


@command.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check(file: Path | None) -> int:
    """Read FILE, or else MEDIASIEVE_MODERATION_FILE, as a worker does. Exit code 2 if the file has a mistake."""
    settings = load_settings()
    path = _path(file, settings)
    try:
        found = check_moderators(path, settings)
    except ModerationFileError as error:
        for line in error.lines:
            say(printable(line))
        return 2
    names = ", ".join(found.moderators)
    click.echo(f"{path}: ok; moderators {names}; {len(found.collections)} collections or patterns named")
    return 0


@command.command()
@click.argument("picture", type=MEDIA_FILE)
@click.option("--file", type=click.Path(path_type=Path), help="A moderation file; else MEDIASIEVE_MODERATION_FILE.")
@click.option("--url", help="Where moderators that get URLs find the picture.")
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(min=0.1), default=ASK_TIMEOUT_S, show_default=True,
    help="Seconds for each moderator.",
)  # fmt: skip
@collection_option
def ask(picture: Path, file: Path | None, url: str | None, timeout_s: float, collection: str) -> int:
    """Ask the moderators of a collection about PICTURE, as a worker would. Costs a call; publishes nothing.

    Exit code 1 if a moderator fails.
    """
    settings = load_settings()
    path = _path(file, settings)
    found = ask_moderators(path, settings, picture, collection, url=url, metadata={}, timeout_s=timeout_s)
    for asked in found:
        click.echo(printable(_line(asked)))
    return 1 if found[-1].failure is not None else 0


def _path(file: Path | None, settings: Settings) -> Path:
    path = file or settings.paths.moderation_file
    if path is None:
        raise click.UsageError("Name a file, or set MEDIASIEVE_MODERATION_FILE")
    return path


def _line(asked: Asked) -> str:
    """One moderator's answer in a line."""
    if asked.failure is not None:
        return f"{asked.moderator}: {reason_in_words(asked.failure.reason)}: {asked.failure.detail}"
    answer = asked.given.answer if asked.given is not None else None
    if asked.given is None or answer is None:
        return f"{asked.moderator}: nothing to say"
    labels = ", ".join(
        label.name if label.score is None else f"{label.name} {label.score:.2f}" for label in answer.labels
    )
    return (
        f"{asked.moderator}: {answer.status} ({labels or answer.reason or 'no labels'}), {asked.given.call_ms:.0f} ms"
    )

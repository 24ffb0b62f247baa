"""The command group: imports only the command that is called, and turns every ending into one exit code.

0 done · 1 failed, a line says why · 2 wrong usage or configuration · 130 Ctrl-C · 143 terminated.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from streams.errors import ConfigurationError, MediasieveError

#: By command: its file, with its name there unless that is `command`, and its line in `mediasieve --help`, which then
#: imports no command.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("streams.cli.commands.demo", "See it work: sample media in, decisions out, ClickHouse filled."),
    "scan": ("streams.cli.commands.scan", "Find the copies among files, here and now."),
    "up": ("streams.cli.commands.up", "Run everything on this machine."),
    "publish": ("streams.cli.commands.publish", "Submit files, folders, URLs or NDJSON."),
    "decisions": ("streams.cli.commands.decisions", "Read decisions, as a table or as JSON lines."),
    "similar": ("streams.cli.commands.similar", "Show the known media that are most like a file."),
    "explain": ("streams.cli.commands.explain", "Say whether one file is a copy or a part of another, and why."),
    "rehash": ("streams.cli.commands.rehash", "Submit again what an earlier version fingerprinted."),
    "verdict": (
        "streams.cli.commands.moderation.verdict",
        "Say what a content is: allowed, blocked or for review.",
    ),
    "split": ("streams.cli.commands.moderation.corrections:split", "Say that two contents are not the same."),
    "merge": ("streams.cli.commands.moderation.corrections:merge", "Say that two contents are the same."),
    "undo": ("streams.cli.commands.moderation.corrections:undo", "Take a split or a merge of two contents back."),
    "lists": ("streams.cli.commands.lists.lists", "Contents that are known by their hashes: import, show, drop."),
    "delete": ("streams.cli.commands.moderation.delete", "Delete a medium, or all media of a content, for good."),
    "stats": ("streams.cli.commands.tracking.stats", "Show throughput, copies, lag, latency, and what copies saved."),
    "jobs": ("streams.cli.commands.tracking.jobs", "Follow imports: progress, rate, time left, failures."),
    "deadletters": ("streams.cli.commands.tracking.deadletters", "Show, replay and drop what could not be processed."),
    "moderators": (
        "streams.cli.commands.moderation.moderators",
        "Check the moderation file, and ask moderators about a picture.",
    ),
    "worker": ("streams.cli.commands.worker", "Run stages of the stream in this process."),
    "api": ("streams.cli.commands.api", "Serve the HTTP API."),
    "keys": ("streams.cli.commands.keys", "Make keys of the HTTP API."),
    "topics": ("streams.cli.commands.topics", "Compare topics.yaml with the broker, and change the broker."),
    "clickhouse": ("streams.cli.commands.clickhouse", "Apply and show the migrations of ClickHouse."),
    "policy": ("streams.cli.commands.policy", "Check the policy file, and show the policy of a collection."),
    "doctor": ("streams.cli.commands.doctor", "Check this set-up and say what to do."),
}


class ReaderGone(Exception):
    """The reader of our stdout has closed it. click would treat that like an error."""


class OneLineGroup(click.Group):
    """A group whose commands return their exit code, and whose errors are one line on stderr."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **{"no_args_is_help": False, **attributes})

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> Any:  # type: ignore[override]
        extra.pop("standalone_mode", None)
        try:
            code = super().main(args, prog_name, standalone_mode=False, **extra)
            code = code if isinstance(code, int) else 0
        except click.UsageError as error:
            code = _print_error(_usage_line(error, prog_name), 2)
        except click.ClickException as error:
            code = _print_error(error.format_message(), error.exit_code)
        except ConfigurationError as error:
            code = _print_error(str(error), 2)
        except MediasieveError as error:
            code = _print_error(str(error), 1)
        except (click.Abort, KeyboardInterrupt):
            code = 130
        except ReaderGone:
            code = 0
        except OSError as error:
            code = _print_error(str(error), 1)
        _end_quietly()
        sys.exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error
        return code


class LazyGroup(OneLineGroup):
    """Imports a command's file when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name or "command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    invoke_without_command=True,
)
@click.version_option(package_name="mediasieve", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Recognise every copy in a stream of media, once.

    Begin with `mediasieve demo`, or with `mediasieve scan FOLDER`.
    Settings are MEDIASIEVE_* variables or a .env file.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _usage_line(error: click.UsageError, prog_name: str | None) -> str:
    path = error.ctx.command_path if error.ctx else prog_name or "mediasieve"
    message = error.format_message().replace("\n", " ").strip()
    return f"{message.rstrip('.')}. See `{path} --help`."


def _print_error(message: str, code: int) -> int:
    with contextlib.suppress(BrokenPipeError):
        click.echo(f"mediasieve: {message}", err=True)
    return code


def _end_quietly() -> None:
    """Keeps the interpreter from complaining about a closed or full stdout when it shuts down."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""`mediasieve explain`: would one medium be called a copy of another, and why?"""

from __future__ import annotations

from pathlib import Path

import click

from streams.cli.options import MEDIA_FILE, collection_option, policy_option
from streams.cli.printing.explain.explanation import print_explanation
from streams.cli.terminal import say, write_json_line
from streams.config.policy_file import load_policies
from streams.config.settings import load_settings
from streams.services.explain.pair import explain_pair
from streams.services.media_files import read_media_file
from streams.services.text import printable


@click.command()
@click.argument("known", metavar="A", type=MEDIA_FILE)
@click.argument("submitted", metavar="B", type=MEDIA_FILE)
@policy_option
@collection_option
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), metavar="PNG", help="Draw it to this file.")
@click.option("--all", "all_pairs", is_flag=True, help="Show every pair of views or frames, not only the nearest.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON with all of it, and nothing else.")
def command(
    known: Path,
    submitted: Path,
    policy_file: Path | None,
    collection: str,
    picture: Path | None,
    all_pairs: bool,
    as_json: bool,
) -> int:
    """Say whether B would be called a copy or a part of A if A were known, and why.

    A and B are pictures or videos. They are compared by all hashes and frames that the collection's policy uses.
    Nothing needs to run, and nothing is sent anywhere. The exit code is 0 for copies and others alike.
    """
    settings = load_settings()
    policy = load_policies(policy_file or settings.paths.policy_file).of(collection)
    a, b = (read_media_file(path, settings, policy) for path in (known, submitted))
    pair = explain_pair(a, b, policy, collection)
    if picture is not None:
        from streams.drawing.save import save_drawing

        save_drawing(pair.forward, picture)
    if as_json:
        write_json_line(pair.as_json())
        return 0
    print_explanation(pair, all_pairs=all_pairs)
    if picture is not None:
        say(f"drawn: {printable(str(picture))}")
    return 0

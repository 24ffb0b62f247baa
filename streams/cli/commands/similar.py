"""`mediasieve similar`: which known media are most like a file, whether close enough for a candidate or not?

ClickHouse has the hashes of whole pictures only, and no evidence: `mediasieve explain` says whether two are copies. A
content that FILE was cropped from may be far down the list, or missing: the match stage finds it by views that only its
state has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import click

from streams.analytics.client import connect
from streams.cli.options import MEDIA_FILE, collection_option, data_dir_option, policy_option
from streams.cli.printing.looks import print_looks
from streams.cli.printing.similar import contents_table, remark_in_words, videos_table
from streams.cli.remote import api_option
from streams.cli.remote.similar import print_similar
from streams.cli.terminal import make_console, say, write_json_line
from streams.config.policy_file import load_policies
from streams.domain.fingerprint import ImageLimits
from streams.local.data_dir import load_command_settings
from streams.services.find.file_looks import looks_of_file
from streams.services.media_files import VideoFile, read_media_file
from streams.services.search import SimilarVideo, search_by_picture, search_by_video
from streams.services.text import printable

MAX_TOP = 1000
Likeness = Literal["copy", "visual", "model"]


@click.command()
@click.argument("file", type=MEDIA_FILE)
@collection_option
@click.option("--top", type=click.IntRange(1, MAX_TOP), default=10, show_default=True, help="How many contents.")
@click.option(
    "--likeness",
    type=click.Choice(["copy", "visual", "model"]),
    default="copy",
    show_default=True,
    help="`copy`: what may be a copy. `visual`: what looks alike, copies or not. `model`: what the picture model says.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one content a line on stdout, and nothing else.")
@policy_option
@click.option("--clickhouse", metavar="URL", help="Else MEDIASIEVE_CLICKHOUSE, else what `mediasieve up` runs here.")
@api_option
@data_dir_option
def command(
    file: Path,
    collection: str,
    top: int,
    likeness: Likeness,
    as_json: bool,
    policy_file: Path | None,
    clickhouse: str | None,
    api_url: str | None,
    data_dir: Path | None,
) -> int:
    """Show the contents of a collection that are most like FILE, the nearest first, even if none is near.

    FILE is compared in all mirrored and quarter-turned orientations, also without its border or frame, with the whole
    pictures that ClickHouse has; a content that FILE was cropped from may be missing. Contents within the policy's
    thresholds are candidates; whether one is a copy, `mediasieve explain` says. Videos that show FILE follow. For
    a video, the videos that share frames with FILE. Nothing is submitted. An API judges what it finds as decisions
    would, and shows no more than 100.

    With --likeness visual or model, the contents that look most like FILE are shown, copies or not, as a search of the
    HTTP API does. Edges, their directions and brightness count for visual; model needs a picture model.
    """
    if api_url:
        print_similar(api_url, file, collection, top, likeness, as_json=as_json)
        return 0
    settings = load_command_settings(clickhouse=clickhouse, data_dir=data_dir)
    policy = load_policies(policy_file or settings.paths.policy_file).of(collection)
    medium = read_media_file(file, settings, policy)
    with connect(settings) as client:
        if likeness != "copy":
            looks = looks_of_file(
                client, file, medium.facts, settings, policy, likeness, collection=collection, limit=top
            )
            print_looks([asdict(look) for look in looks], printable(medium.name), collection, as_json=as_json)
            return 0
        if isinstance(medium, VideoFile):
            videos = search_by_video(client, medium.facts, policy, collection=collection, limit=top)
            _print_videos(videos, as_json=as_json, of_picture=False)
            if not videos and not as_json:
                name = printable(medium.name)
                say(f"ClickHouse knows no video of the collection {collection} with a frame of {name}.")
            return 0
        limits = ImageLimits(max_pixels=settings.limits.max_pixels)
        result = search_by_picture(
            client, medium.data, medium.facts, policy, collection=collection, limit=top, image_limits=limits
        )
    if as_json:
        for content in result.contents:
            write_json_line(asdict(content))
    elif result.contents:
        make_console(stderr=False).print(contents_table(result.contents, medium))
    _print_videos(result.videos, as_json=as_json, of_picture=True)
    remark = remark_in_words(result.remark, medium, policy, collection)
    if remark and not as_json:
        say(remark)
    return 0


def _print_videos(videos: Sequence[SimilarVideo], *, as_json: bool, of_picture: bool) -> None:
    if as_json:
        for video in videos:
            write_json_line(asdict(video))
    elif videos:
        make_console(stderr=False).print(videos_table(videos, of_picture=of_picture))

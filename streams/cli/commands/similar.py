"""`mediasieve similar`: what a running system knows that is most like a file, near enough for a copy or not.

Asks ClickHouse, which holds the hash of each whole picture. What FILE was cropped from, the match stage finds by views
that only its state has; here it may stand far down. What is said of videos is similar_videos.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import orjson
from rich.table import Table
from rich.text import Text

from streams.analytics.client import connect
from streams.cli.commands.similar_videos import table_of
from streams.cli.options import collection_option, data_dir_option
from streams.cli.terminal import cell, data_stream, human_bytes, make_console, say, shown
from streams.config.policy_file import load_policies
from streams.domain.fingerprint import ImageLimits
from streams.domain.hashes.views import describe_transformation
from streams.domain.policy.policy import Policy
from streams.local.data_dir import load_command_settings
from streams.services.pictures import PictureFile
from streams.services.search import (
    HASH_BITS,
    SearchRemark,
    SimilarContent,
    SimilarVideo,
    search_by_picture,
    search_by_video,
)
from streams.services.videos import MEDIA_FILE, VideoFile, read_media_file
from streams.services.wording import OUTCOME_STYLES, OUTCOME_WORDS, percent

MEDIA_SHOWN = 3
MOST_TOP = 1000


@click.command()
@click.argument("file", type=MEDIA_FILE)
@collection_option
@click.option("--top", type=click.IntRange(1, MOST_TOP), default=10, show_default=True, help="So many contents.")
@click.option("--json", "as_json", is_flag=True, help="One content a line on stdout, and nothing else.")
@click.option("--policy", "policy_file", type=click.Path(path_type=Path), help="A file; else MEDIASIEVE_POLICY_FILE.")
@click.option("--clickhouse", metavar="URL", help="Else MEDIASIEVE_CLICKHOUSE, else what `mediasieve up` runs here.")
@data_dir_option
def command(
    file: Path,
    collection: str,
    top: int,
    as_json: bool,
    policy_file: Path | None,
    clickhouse: str | None,
    data_dir: Path | None,
) -> int:
    """Show the contents of a collection that are most like FILE, the nearest first, each once.

    Also when none is near: then those that come nearest. FILE is compared in all mirror and quarter-turn forms, also
    without its border or frame, with whole pictures as ClickHouse has them; what it was cropped from may be missing.
    Videos that show it are told too; of a video, the videos that have frames of it. Nothing is submitted.
    """
    settings = load_command_settings(clickhouse=clickhouse, data_dir=data_dir)
    policy = load_policies(policy_file or settings.paths.policy_file).of(collection)
    medium = read_media_file(file, settings, policy)
    with connect(settings) as client:
        if isinstance(medium, VideoFile):
            videos = search_by_video(client, medium.facts, policy, collection=collection, limit=top)
            _tell_videos(videos, as_json=as_json, of_picture=False)
            if not videos and not as_json:
                say(f"ClickHouse knows no video of the collection {collection} with a frame of {shown(medium.name)}.")
            return 0
        limits = ImageLimits(max_pixels=settings.limits.max_pixels)
        result = search_by_picture(
            client, medium.data, medium.facts, policy, collection=collection, limit=top, image_limits=limits
        )
    if as_json:
        for each in result.contents:
            data_stream().write(orjson.dumps(asdict(each), option=orjson.OPT_APPEND_NEWLINE))
    elif result.contents:
        make_console(stderr=False).print(_table(result.contents, medium))
    _tell_videos(result.videos, as_json=as_json, of_picture=True)
    if not as_json and result.remark:
        say(_remark(result.remark, medium, policy, collection))
    return 0


def _tell_videos(videos: Sequence[SimilarVideo], *, as_json: bool, of_picture: bool) -> None:
    if as_json:
        for each in videos:
            data_stream().write(orjson.dumps(asdict(each), option=orjson.OPT_APPEND_NEWLINE))
    elif videos:
        make_console(stderr=False).print(table_of(videos, of_picture=of_picture))


def _table(found: Sequence[SimilarContent], picture: PictureFile) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (f"of {HASH_BITS} bits", "of 64", "alike"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("media ids", "what FILE is of it", "decided as", "of the group of", "picture"):
        table.add_column(heading, overflow="fold")
    for each in found:
        near = each.within_thresholds
        about = f"{each.format}, {each.width:,} × {each.height:,}, {human_bytes(each.size_bytes)}"
        table.add_row(
            Text(str(each.distance_bits), style="" if near is None else "green" if near else "red"),
            str(each.near_distance_bits),
            percent(each.similarity),
            cell(_media(each)),
            Text(_what(each, picture)),
            Text(OUTCOME_WORDS.get(each.first_outcome, ""), style=OUTCOME_STYLES.get(each.first_outcome, "")),
            cell("" if each.group_content_id == each.content_id else each.group_media_id),
            about,
        )
    return table


def _media(each: SimilarContent) -> str:
    """`a.jpg, b.jpg and 3 more`; media that were submitted again count once."""
    names = ", ".join(each.media_ids[:MEDIA_SHOWN])
    more = len(each.media_ids) - MEDIA_SHOWN
    return names if more <= 0 else f"{names} and {more:,} more"


def _what(each: SimilarContent, picture: PictureFile) -> str:
    if each.content_id == picture.facts.content_id:
        return "the same bytes"
    if not each.within_thresholds:
        return ""
    return "a copy" if each.transformation == "none" else f"a copy, {describe_transformation(each.transformation)}"


def _remark(remark: SearchRemark, picture: PictureFile, policy: Policy, collection: str) -> str:
    """What the numbers do not say."""
    if remark == "too_little_structure":
        name, quality = shown(picture.name), picture.facts.quality
        return f"There is too little to see in {name} (quality {quality:.2f}): only equal bytes would match it."
    if remark == "no_comparable_picture":
        return f"ClickHouse knows no picture of the collection {collection} that could be compared."
    if remark == "other_hash":
        return f"The policy {policy.version} compares by {policy.hash}, and not by these hashes."
    limits = f"{policy.confirm_bits} of {HASH_BITS} and {policy.radius_bits} of 64 bits may differ"
    return f"None is near enough for a copy ({limits} between whole pictures); these come nearest."

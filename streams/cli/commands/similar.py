"""`mediasieve similar`: what a running system knows that is most like a file, near enough for a copy or not.

Asks ClickHouse, which holds the hash of each whole picture. What FILE was cropped from, the match stage finds by views
that only its state has; here it may stand far down. What is said of videos is similar_videos.py's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import orjson
from rich.table import Table
from rich.text import Text

from streams.analytics.client import connect
from streams.analytics.queries.queries import ask
from streams.cli.commands.similar_videos import SimilarVideo, table_of, videos_like, videos_showing
from streams.cli.options import collection_option, data_dir_option
from streams.cli.terminal import cell, data_stream, human_bytes, make_console, say, shown
from streams.config.policy_file import load_policies
from streams.config.settings import Settings
from streams.domain.fingerprint import ImageLimits
from streams.domain.fingerprint.image.inspection import OrientedView, oriented_views
from streams.domain.hashes.algorithms import current_algorithm
from streams.domain.hashes.transformation import describe_transformation, transformation_between
from streams.domain.hashes.views import FULL
from streams.domain.policy.policy import Policy
from streams.local.data_dir import load_command_settings
from streams.services.pictures import PictureFile
from streams.services.videos import MEDIA_FILE, VideoFile, read_media_file
from streams.services.wording import OUTCOME_STYLES, OUTCOME_WORDS, percent

BITS = 256
MEDIA_SHOWN = 3
MOST_TOP = 1000


@dataclass(frozen=True, slots=True)
class Similar:
    """One content of the collection, with what stands of it in ClickHouse.

    Distances are to that form of the picture that is nearest; `transformation` is what was done to the content to
    make it. `within_thresholds` says whether the policy takes such whole pictures for copies; None where it compares
    by another hash.
    """

    content_id: str
    distance_bits: int
    near_distance_bits: int
    similarity: float
    transformation: str
    within_thresholds: bool | None
    first_outcome: str
    group_content_id: str
    group_media_id: str
    explanation: str
    submissions: int
    media_ids: list[str] = field(default_factory=list)
    format: str = ""
    width: int = 0
    height: int = 0
    size_bytes: int = 0


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
    if isinstance(medium, VideoFile):
        videos = videos_like(settings, medium, policy, collection, top)
        _tell_videos(videos, as_json=as_json, of_picture=False)
        if not videos and not as_json:
            say(f"ClickHouse knows no video of the collection {collection} with a frame of {shown(medium.name)}.")
        return 0
    found = list(find_similar(settings, medium, policy, collection, top))
    if as_json:
        for each in found:
            data_stream().write(orjson.dumps(asdict(each), option=orjson.OPT_APPEND_NEWLINE))
    elif found:
        make_console(stderr=False).print(_table(found, medium))
    _tell_videos(videos_showing(settings, medium, policy, collection, top), as_json=as_json, of_picture=True)
    if not as_json:
        for line in _remarks(found, medium, policy, collection):
            say(line)
    return 0


def _tell_videos(videos: list[SimilarVideo], *, as_json: bool, of_picture: bool) -> None:
    if as_json:
        for each in videos:
            data_stream().write(orjson.dumps(asdict(each), option=orjson.OPT_APPEND_NEWLINE))
    elif videos:
        make_console(stderr=False).print(table_of(videos, of_picture=of_picture))


def find_similar(
    settings: Settings, picture: PictureFile, policy: Policy, collection: str, top: int
) -> Iterator[Similar]:
    """The contents of a collection, the nearest first; none if the picture says nothing at all.

    Raises:
        SinkError: ClickHouse is away or refuses.
    """
    forms = oriented_views(picture.data, ImageLimits(max_pixels=settings.limits.max_pixels))
    if not forms:
        return
    client = connect(settings)
    try:
        rows = ask(
            settings,
            client,
            "similar",
            collection=collection,
            forms=[f"{form.hash256:064x}" for form in forms],
            version=str(current_algorithm("phash256").version),
            content_id=picture.facts.content_id,
            min_quality=policy.min_quality,
            limit=top,
        )
    finally:
        client.close()
    for row in rows:
        yield _similar(row, forms, policy)


def _similar(row: dict[str, Any], forms: list[OrientedView], policy: Policy) -> Similar:
    near, confirm = row.pop("near_hash"), int(row.pop("confirm_hash"), 16)
    form = min(forms, key=lambda each: ((each.hash256 ^ confirm).bit_count(), (each.hash64 ^ near).bit_count()))
    near_bits = (form.hash64 ^ near).bit_count()
    within = None
    if policy.compares_views:
        within = near_bits <= policy.radius_bits and row["distance_bits"] <= policy.confirm_bits
    return Similar(
        near_distance_bits=near_bits,
        similarity=round(1 - row["distance_bits"] / BITS, 4),
        transformation=transformation_between(form.view, form.orientation, FULL, 0),
        within_thresholds=within,
        **row,
    )


def _table(found: list[Similar], picture: PictureFile) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (f"of {BITS} bits", "of 64", "alike"):
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


def _media(each: Similar) -> str:
    """`a.jpg, b.jpg and 3 more`; media that were submitted again count once."""
    names = ", ".join(each.media_ids[:MEDIA_SHOWN])
    more = len(each.media_ids) - MEDIA_SHOWN
    return names if more <= 0 else f"{names} and {more:,} more"


def _what(each: Similar, picture: PictureFile) -> str:
    if each.content_id == picture.facts.content_id:
        return "the same bytes"
    if not each.within_thresholds:
        return ""
    return "a copy" if each.transformation == "none" else f"a copy, {describe_transformation(each.transformation)}"


def _remarks(found: list[Similar], picture: PictureFile, policy: Policy, collection: str) -> Iterator[str]:
    """What the numbers do not say."""
    name, quality = shown(picture.name), picture.facts.quality
    if quality < policy.min_quality:
        yield f"There is too little to see in {name} (quality {quality:.2f}): only equal bytes would match it."
    elif not found:
        yield f"ClickHouse knows no picture of the collection {collection} that could be compared."
    elif policy.near and not policy.compares_views:
        yield f"The policy {policy.version} compares by {policy.hash}, and not by these hashes."
    elif not any(each.within_thresholds or each.content_id == picture.facts.content_id for each in found):
        limits = f"{policy.confirm_bits} of {BITS} and {policy.radius_bits} of 64 bits may differ"
        yield f"None is near enough for a copy ({limits} between whole pictures); these come nearest."

"""Prints the result of `mediasieve similar`: contents, videos, and a remark."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from streams.cli.tables import OUTCOME_STYLES, cell, plain_table
from streams.domain.hashes.transformation import describe_transformation
from streams.domain.policy.policy import Policy
from streams.services.media_files import PictureFile
from streams.services.search import HASH_BITS, SearchRemark, SimilarContent, SimilarVideo
from streams.services.text import human_bytes, printable
from streams.services.wording import OUTCOME_WORDS, clock, percent

MAX_MEDIA_PRINTED = 3
MAX_PLACES_PRINTED = 3


def contents_table(contents: Sequence[SimilarContent], picture: PictureFile) -> Table:
    table = plain_table(
        numbers=(f"of {HASH_BITS} bits", "of 64", "alike"),
        texts=("media ids", "what FILE is of it", "decided as", "of the group of", "picture"),
    )
    for content in contents:
        within = content.within_thresholds
        outcome = content.first_outcome
        about = f"{content.format}, {content.width:,} × {content.height:,}, {human_bytes(content.size_bytes)}"
        table.add_row(
            Text(str(content.distance_bits), style="" if within is None else "green" if within else "red"),
            str(content.near_distance_bits),
            percent(content.similarity),
            cell(_media_ids(content)),
            Text(_relation(content, picture)),
            Text(_outcome(content), style=OUTCOME_STYLES.get(outcome, "")),
            cell("" if content.group_content_id == content.content_id else content.group_media_id),
            about,
        )
    return table


def videos_table(videos: Sequence[SimilarVideo], *, of_picture: bool) -> Table:
    """Distance, video, and where: `of_picture` is for videos that show a picture."""
    table = plain_table()
    table.add_column("of 256 bits", justify="right", no_wrap=True)
    if not of_picture:
        table.add_column("frames", justify="right", no_wrap=True)
    table.add_column("video", overflow="fold")
    table.add_column("shows it at" if of_picture else "where", overflow="fold")
    for video in videos:
        frames = [] if of_picture else [f"{video.frames_alike} of {video.frames_asked}"]
        where = "the same bytes" if video.same_bytes else _places(video.places, of_picture=of_picture)
        table.add_row(str(video.distance_bits), *frames, cell(video.media_id), where)
    return table


def remark_in_words(remark: SearchRemark, picture: PictureFile, policy: Policy, collection: str) -> str:
    """Says why no copy was found; empty if one was found."""
    match remark:
        case "too_little_structure":
            quality = f"quality {picture.facts.quality:.2f}"
            return (
                f"There is too little to see in {printable(picture.name)} ({quality}): only equal bytes would match it."
            )
        case "no_comparable_picture":
            return f"ClickHouse knows no picture of the collection {collection} that could be compared."
        case "other_hash":
            return f"The policy {policy.version} compares by {policy.hash}, and not by these hashes."
        case "none_near_enough":
            limits = f"{policy.confirm_bits} of {HASH_BITS} and {policy.radius_bits} of 64 bits may differ"
            return f"None is near enough for a candidate ({limits} between whole pictures); these come nearest."
    return ""


def _media_ids(content: SimilarContent) -> str:
    """`a.jpg, b.jpg and 3 more`"""
    names = ", ".join(content.media_ids[:MAX_MEDIA_PRINTED])
    more = len(content.media_ids) - MAX_MEDIA_PRINTED
    return names if more <= 0 else f"{names} and {more:,} more"


def _relation(content: SimilarContent, picture: PictureFile) -> str:
    if content.content_id == picture.facts.content_id:
        return "the same bytes"
    if not content.within_thresholds:
        return ""
    altered = content.transformation
    return "a candidate" if altered == "none" else f"a candidate, {describe_transformation(altered)}"


def _outcome(content: SimilarContent) -> str:
    """The outcome of its first decision; `for review` is a near duplicate that a person must look at."""
    if content.first_outcome == "near_duplicate" and not content.first_is_copy:
        return "for review"
    return OUTCOME_WORDS.get(content.first_outcome, "")


def _places(places: Sequence[tuple[float, float]], *, of_picture: bool) -> str:
    """`00:05, 00:31 and 4 more` for a picture; `00:01 is 00:13 of it, 00:09 is 00:21 of it and 4 more` for a video.

    The places of a picture are the first ones, those of a video are spread over its duration.
    """
    count = min(len(places), MAX_PLACES_PRINTED)
    chosen = places[:count] if of_picture else [places[number * len(places) // count] for number in range(count)]
    words = [clock(known_s) if of_picture else f"{clock(at_s)} is {clock(known_s)} of it" for at_s, known_s in chosen]
    more = len(places) - count
    return ", ".join(words) + (f" and {more} more" if more else "")

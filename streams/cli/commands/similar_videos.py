"""`mediasieve similar` about videos: which of a collection show a picture, or have frames that a video has too.

Asks ClickHouse, which holds the hash of each frame that is compared. Which part of which video is the same is decided
by the match stage, and said by `mediasieve explain`; here frames are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from clickhouse_connect.driver.client import Client
from numpy.typing import NDArray
from rich.table import Table

from streams.analytics.client import connect
from streams.analytics.queries.queries import ask
from streams.cli.terminal import cell
from streams.config.settings import Settings
from streams.domain.fingerprint import ImageLimits
from streams.domain.fingerprint.image.inspection import oriented_views
from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.hashes.selection import comparable_entries, moment_starts
from streams.domain.policy.policy import Policy
from streams.services.pictures import PictureFile
from streams.services.videos import VideoFile
from streams.services.wording import clock

MOST_ASKED = 24
"""Moments of a video that are asked for, spread over all it has: each is a query."""

MOST_OF_ONE = 100
"""Videos that one moment is looked for in: intros are in many."""

PLACES_TOLD = 3


@dataclass(frozen=True, slots=True)
class SimilarVideo:
    """A video of the collection with a frame of FILE, or with FILE among its frames if that is a picture.

    `frames_alike` of the `frames_asked` are within the policy's `confirm_bits`; `distance_bits` is that of the nearest.
    `places` are pairs of seconds, in FILE (0 of a picture) and in this video.
    """

    content_id: str
    media_id: str
    distance_bits: int
    frames_alike: int
    frames_asked: int
    same_bytes: bool
    kind: str = "video"
    places: list[tuple[float, float]] = field(default_factory=list)


def videos_showing(
    settings: Settings, picture: PictureFile, policy: Policy, collection: str, top: int
) -> list[SimilarVideo]:
    """Videos that show a picture, the nearest first.

    Raises:
        SinkError: ClickHouse is away or refuses.
    """
    forms = [
        f"{form.hash256:064x}"
        for form in oriented_views(picture.data, ImageLimits(max_pixels=settings.limits.max_pixels))
    ]
    if not forms or not _compares(policy):
        return []
    client = connect(settings)
    try:
        rows = _ask(settings, client, forms, policy, collection, top)
    finally:
        client.close()
    return [
        SimilarVideo(
            row["content_id"], row["first_media_id"], row["distance_bits"], 1, 1, False,
            places=[(0.0, at_s) for at_s in row["shown_at_s"]],
        )
        for row in rows
    ]  # fmt: skip


def videos_like(settings: Settings, video: VideoFile, policy: Policy, collection: str, top: int) -> list[SimilarVideo]:
    """Videos that have frames of a video: first the same bytes, then those that have most of the frames asked for.

    Raises:
        SinkError: ClickHouse is away or refuses.
    """
    asked = list(_asked(np.frombuffer(comparable_entries(video.facts, policy).entries, FRAME_ENTRY)))
    found: dict[str, list[tuple[float, dict[str, Any]]]] = {}
    client = connect(settings)
    try:
        for at_s, forms in asked:
            for row in _ask(settings, client, forms, policy, collection, MOST_OF_ONE):
                found.setdefault(row["content_id"], []).append((at_s, row))
    finally:
        client.close()
    similar = [
        SimilarVideo(
            content_id,
            rows[0][1]["first_media_id"],
            min(row["distance_bits"] for _, row in rows),
            len(rows),
            len(asked),
            content_id == video.facts.content_id,
            places=[(at_s, row["at_s"]) for at_s, row in rows],
        )
        for content_id, rows in found.items()
    ]
    similar.sort(key=lambda each: (not each.same_bytes, -each.frames_alike, each.distance_bits, each.content_id))
    return similar[:top]


def _asked(entries: NDArray[np.void]) -> Iterator[tuple[float, list[str]]]:
    """Moments, spread, each with when it begins and the hashes of all that is looked up of it."""
    starts = moment_starts(entries)
    count = len(starts) - 1
    for number in range(min(count, MOST_ASKED)):
        at = (2 * number + 1) * count // (2 * min(count, MOST_ASKED))
        rows = entries[starts[at] : starts[at + 1]]
        yield int(rows["from_ms"][0]) / 1000, sorted({row["hash256"].tobytes().hex() for row in rows})


def _ask(
    settings: Settings, client: Client, forms: Sequence[str], policy: Policy, collection: str, limit: int
) -> list[dict[str, Any]]:
    return ask(
        settings,
        client,
        "videos_with_frame",
        collection=collection,
        forms=list(forms),
        min_quality=policy.min_quality,
        confirm_bits=policy.confirm_bits,
        most_bits=policy.confirm_bits,
        limit=limit,
    )


def _compares(policy: Policy) -> bool:
    return policy.compares_views


def table_of(found: Sequence[SimilarVideo], *, of_picture: bool) -> Table:
    """For people: how alike, which video, and where."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("of 256 bits", justify="right", no_wrap=True)
    if not of_picture:
        table.add_column("frames", justify="right", no_wrap=True)
    table.add_column("video", overflow="fold")
    table.add_column("shows it at" if of_picture else "where", overflow="fold")
    for each in found:
        frames = [] if of_picture else [f"{each.frames_alike} of {each.frames_asked}"]
        where = "the same bytes" if each.same_bytes else _places(each.places, of_picture=of_picture)
        table.add_row(str(each.distance_bits), *frames, cell(each.media_id), where)
    return table


def _places(places: Sequence[tuple[float, float]], *, of_picture: bool) -> str:
    """`00:05, 00:31 and 4 more`, `00:01 is 00:13 of it, 00:09 is 00:21 of it and 4 more`; from all over."""
    count = min(len(places), PLACES_TOLD)
    told = places[:count] if of_picture else [places[number * len(places) // count] for number in range(count)]
    said = [clock(known_s) if of_picture else f"{clock(at_s)} is {clock(known_s)} of it" for at_s, known_s in told]
    more = len(places) - count
    return ", ".join(said) + (f" and {more} more" if more else "")

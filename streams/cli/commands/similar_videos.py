"""`mediasieve similar` about videos: which of a collection show a picture, or have frames that a video has too.

Asks ClickHouse, which holds the hash of each frame that is compared. Which part of which video is the same is decided
by the match stage, and said by `mediasieve explain`; here frames are counted.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from streams.cli.terminal import cell
from streams.services.search import SimilarVideo
from streams.services.wording import clock

PLACES_TOLD = 3


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

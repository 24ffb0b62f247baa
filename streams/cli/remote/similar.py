"""A search by a file by way of the API, which also judges the media found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streams.cli.printing.looks import print_looks
from streams.cli.remote.connection import api_client
from streams.cli.terminal import make_console, say, write_json_line
from streams.domain.fingerprint.formats import HEAD_BYTES
from streams.services.submit.files import content_type_of
from streams.services.text import printable
from streams.services.wording import percent

if TYPE_CHECKING:
    from rich.table import Table

MAX_FOUND: Final = 100


def print_similar(url: str, file: Path, collection: str, top: int, likeness: str, *, as_json: bool) -> None:
    """The known media that are like a picture or video, the nearest first."""
    data = file.read_bytes()
    content_type = content_type_of(data[:HEAD_BYTES], file.name)
    with api_client(url, collection) as client:
        limit = min(top, MAX_FOUND)
        found = client.search_picture(data, content_type=content_type, limit=limit, likeness=likeness)
    if likeness != "copy":
        print_looks(found["looks"], printable(str(file)), collection, as_json=as_json)
        return
    contents, videos = found["contents"], found["videos"]
    if as_json:
        for each in (*contents, *videos):
            write_json_line(each)
        return
    if not contents and not videos:
        say(f"The collection {collection} has nothing that is near {printable(str(file))}.")
    if contents:
        make_console(stderr=False).print(_contents_table(contents))
    for video in videos:
        say(f"{printable(video['media_id'])}: {video['distance_bits']} of 256 bits")


def _contents_table(contents: list[dict[str, Any]]) -> Table:
    from streams.cli.tables import cell, plain_table

    table = plain_table(numbers=("of 256 bits", "alike"), texts=("media id", "a decision would say", "verdict"))
    for content in contents:
        match = content["match"]
        said = f"{match['confidence']}: {match['explanation']}" if match else "no copy"
        table.add_row(
            str(content["distance_bits"]),
            percent(content["similarity"]),
            cell(content["media_id"]),
            cell(said if content["verified"] else "not compared"),
            cell(content["verdict"]["status"]),
        )
    return table

"""Finding files below paths, their media ids, and their content types."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from streams.services.submit.files import (
    FoundFile,
    UnreadablePath,
    content_type_of,
    find_files,
    media_id_of,
)


def names(*paths: Path) -> list[str]:
    found = list(find_files(paths))
    assert all(isinstance(each, FoundFile) for each in found)
    return [each.media_id for each in found if isinstance(each, FoundFile)]


def test_all_files_below_a_folder_are_found_in_the_order_of_their_names(folder: Path) -> None:
    for name in ("b.jpg", "a.jpg", "sub/z.jpg", "sub/.hidden", "empty.jpg"):
        (folder / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "photos" / name).write_bytes(b"" if name.startswith("empty") else b"x")

    assert names(Path("photos")) == [
        "photos/a.jpg",
        "photos/b.jpg",
        "photos/empty.jpg",
        "photos/sub/.hidden",
        "photos/sub/z.jpg",
    ]


def test_the_path_as_given_is_the_media_id(folder: Path) -> None:
    (folder / "a.jpg").write_bytes(b"x")

    assert names(Path("a.jpg")) == ["a.jpg"]
    assert names(folder / "a.jpg") == [f"{folder}/a.jpg"]
    assert names(Path("./a.jpg")) == ["a.jpg"]


def test_a_file_named_twice_is_found_once(folder: Path) -> None:
    (folder / "photos").mkdir()
    (folder / "photos" / "a.jpg").write_bytes(b"x")

    assert names(Path("photos/a.jpg"), Path("photos"), folder / "photos") == ["photos/a.jpg"]


def test_links_to_files_count_and_links_to_folders_do_not(folder: Path) -> None:
    (folder / "photos").mkdir()
    (folder / "photos" / "a.jpg").write_bytes(b"x")
    (folder / "photos" / "b.jpg").symlink_to("a.jpg")
    (folder / "photos" / "round").symlink_to(folder / "photos")

    assert names(Path("photos")) == ["photos/a.jpg", "photos/b.jpg"]


def test_pipes_and_sockets_are_skipped(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")

        assert names(Path()) == []


def test_a_dangling_link_is_reported(folder: Path) -> None:
    (folder / "gone.jpg").symlink_to("nowhere")

    assert list(find_files([Path()])) == [UnreadablePath(Path("gone.jpg"), "No such file or directory")]


def test_a_name_that_is_not_utf8_is_spelled_out(folder: Path) -> None:
    Path(os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")

    assert names(Path()) == ["caf\\xe9.jpg"]
    assert media_id_of(Path("Käse.jpg")) == "Käse.jpg"


@pytest.mark.parametrize(
    ("start", "name", "content_type"),
    [
        (b"\xff\xd8\xff\xe0", "a.png", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "a", "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "a.wav", "audio/x-wav"),
        (b"\0\0\0\x18ftypavif", "a", "image/avif"),
        (b"\0\0\0\x18ftypisom", "a", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "a.mp4", "video/quicktime"),
        (b"\0\0\0\x14ftypheic", "a", "image/heic"),
        (b"\0\0\0\x14ftypM4A ", "a.m4a", "audio/mp4"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm", "a", "video/webm"),
        (b"\x1aE\xdf\xa3\xa3B\x86\x81\x01", "a", "video/x-matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "a", "video/x-msvideo"),
        (b"FLV\x01\x05", "a", "video/x-flv"),
        (b"OggS\0\x02", "a", "video/ogg"),
        (b"OggS\0\x02", "a.oga", "audio/ogg"),
        (b"\0\0\1\xba", "a", "video/mpeg"),
        ((b"G" + bytes(187)) * 4, "a.ts", "video/mp2t"),
        (b"plain text", "a.jpg", "image/jpeg"),
        (b"", "a.webp", "image/webp"),
        (b"{}", "a.json", "application/octet-stream"),
        (b"?", "a", "application/octet-stream"),
    ],
)
def test_the_content_type_comes_from_the_first_bytes_or_else_the_name(
    start: bytes, name: str, content_type: str
) -> None:
    assert content_type_of(start, name) == content_type

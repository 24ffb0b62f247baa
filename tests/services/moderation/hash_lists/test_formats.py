"""Entries from the files that people have, and the lines that are wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from streams.domain.records import Label, ListEntry
from streams.errors import BadInput
from streams.services.moderation.hash_lists.formats import (
    MAX_LINE_CHARS,
    MAX_PROBLEM_CHARS,
    BadLine,
    FileEntry,
    FileFormat,
    format_of,
    read_entries,
)
from streams.services.moderation.hash_lists.importing import check_file

MD5, SHA256, PDQ, PHASH = "a" * 32, "b" * 64, "c" * 64, "0123456789abcdef"


def read(tmp_path: Path, text: str, file_format: FileFormat, algorithm: str | None = None) -> list[FileEntry | BadLine]:
    path = tmp_path / "list"
    path.write_text(text)
    return list(read_entries(path, file_format, algorithm))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"sha256\n{SHA256}\n", [(2, ListEntry("sha256", SHA256))]),
        (f"md5,pdq\n{MD5},{PDQ}\n{MD5},\n", [(2, ListEntry("md5", MD5)), (2, ListEntry("pdq256", PDQ)),
                                             (3, ListEntry("md5", MD5))]),
        (f"Algorithm,Hash,Bits\nPDQ, {PDQ.upper()},31\n", [(2, ListEntry("pdq256", PDQ, bits=31))]),
        (f"\ufeffphash,status,labels,reason\n{PHASH},malicious,weapon=0.5;gore,why\n",
         [(2, ListEntry("phash64", PHASH, "blocked", [Label("weapon", None, 0.5), Label("gore")], "why"))]),
        (f"hash\n{MD5}\n", [(2, ListEntry("md5", MD5))]),
    ],
)  # fmt: skip
def test_csv(tmp_path: Path, text: str, expected: list[FileEntry]) -> None:
    assert read(tmp_path, text, "csv") == expected


def test_ndjson(tmp_path: Path) -> None:
    lines = [{"md5": MD5, "labels": ["a", {"name": "b", "score": 1}]}, {"algorithm": "pdq", "hash": PDQ, "bits": 9}]

    assert read(tmp_path, "\n".join(map(json.dumps, lines)), "ndjson") == [
        (1, ListEntry("md5", MD5, labels=[Label("a"), Label("b", None, 1.0)])),
        (2, ListEntry("pdq256", PDQ, bits=9)),
    ]


@pytest.mark.parametrize("wrapped", [True, False])
def test_an_export_of_threatexchange(tmp_path: Path, wrapped: bool) -> None:
    objects = [
        {"id": "1", "indicator": PDQ, "type": "HASH_PDQ", "status": "MALICIOUS", "tags": ["media_type_photo"]},
        {"id": "2", "indicator": MD5, "type": "HASH_MD5", "status": "UNKNOWN", "tags": {"data": [{"text": "x"}]}},
        {"signal_type": "pdq", "signal_value": PDQ},
        {"indicator": "e" * 40, "type": "HASH_SHA1"},
    ]
    text = json.dumps({"data": objects}) if wrapped else "\n".join(map(json.dumps, objects))

    *entries, bad = read(tmp_path, text, "threatexchange")

    assert entries == [
        (1, ListEntry("pdq256", PDQ, "blocked", [Label("media_type_photo")])),
        (2, ListEntry("md5", MD5, None, [Label("x")])),
        (3, ListEntry("pdq256", PDQ)),
    ]
    assert isinstance(bad, BadLine)
    assert "'HASH_SHA1' is not one of the algorithms" in bad.problem


@pytest.mark.parametrize(
    ("text", "file_format", "line", "problem"),
    [
        ("sha256\nxyz\n", "csv", 2, "'hash' must be 64 lower-case hex digits"),
        (f"hash\n{SHA256}\n", "csv", 2, "may be one of sha256, phash256, pdq256"),
        ("colour\nred\n", "csv", 2, "there is no hash"),
        (f"md5\n{MD5},x\n", "csv", 2, "more fields than the header"),
        (f"md5,status\n{MD5},nice\n", "csv", 2, "status 'nice'"),
        (f"md5,labels\n{MD5},a=b\n", "csv", 2, "is not a score"),
        (f"pdq,bits\n{PDQ},999\n", "csv", 2, "'bits' must be a whole number"),
        ("{}\n{ no json", "ndjson", 2, "not JSON"),
        ('["md5"]', "ndjson", 1, "not a JSON object"),
        ('{"md5": 7}', "ndjson", 1, "must be a text"),
        (f"md5\n{MD5}\n" + "f" * (MAX_LINE_CHARS + 1), "csv", 3, "is longer than"),
        ("{}\n" + "f" * (MAX_LINE_CHARS + 1), "ndjson", 2, "is longer than"),
        (f"pdq,bits\n{PDQ},{'9' * 5000}\n", "csv", 2, "'bits' must be a whole number"),
        (f"md5,status\n{MD5},{'x' * 100_000}\n", "csv", 2, "status 'xxx"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, file_format: FileFormat, line: int, problem: str) -> None:
    bad = [each for each in read(tmp_path, text, file_format) if isinstance(each, BadLine) and each.line == line]

    assert problem in bad[0].problem
    assert len(bad[0].problem) <= MAX_PROBLEM_CHARS


def test_a_file_with_a_wrong_line_is_refused_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("md5\n" + f"{MD5}\n" * 50 + "x\n" * 30)

    with pytest.raises(BadInput, match="30 lines are wrong, so nothing was imported") as refused:
        check_file(path, format_of(path))

    assert "line 52: " in str(refused.value)
    assert "and 10 more" in str(refused.value)


@pytest.mark.parametrize(("text", "problem"), [("", "no entries"), ("md5\n", "no entries"), (None, "not a file")])
def test_what_holds_no_entries_is_no_list(tmp_path: Path, text: str | None, problem: str) -> None:
    path = tmp_path / "list.csv"
    if text is None:
        os.mkfifo(path)
    else:
        path.write_text(text)

    with pytest.raises(BadInput, match=problem):
        check_file(path, "csv")


def test_the_same_entries_have_the_same_digest(tmp_path: Path) -> None:
    csv, ndjson = tmp_path / "a.csv", tmp_path / "a.ndjson"
    csv.write_text(f"md5,pdq\n{MD5},{PDQ}\n")
    ndjson.write_text(json.dumps({"md5": MD5}) + "\n" + json.dumps({"pdq": PDQ}))

    assert check_file(csv, "csv") == check_file(ndjson, "ndjson")
    assert check_file(csv, "csv").algorithms == {"md5": 1, "pdq256": 1}


def test_a_file_without_a_known_ending_needs_a_format(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="name the format"):
        format_of(tmp_path / "list.txt")

"""Entries of hash lists in files: CSV, NDJSON, and exports of ThreatExchange and HMA. Every error has its line.

CSV has a header. A column may be named like a hash (`md5`, `sha256`, `phash`, `pdq` …), or there are columns
`algorithm` and `hash`; `status`, `labels`, `reason` and `bits` are optional. NDJSON has the same names. ThreatExchange
and HMA write JSON objects with `indicator` and `type` (`HASH_PDQ`), or `signal_value` and `signal_type` (`pdq`), and
`tags`; either one object a line, or all in one document as `data`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TextIO, get_args

import orjson

from streams.domain.records import ListEntry
from streams.domain.records.hash_list import ALGORITHM_BITS, LIST_ALGORITHMS, decode_entry
from streams.errors import BadInput, Reason

FileFormat = Literal["csv", "ndjson", "threatexchange"]
FILE_FORMATS: Final[tuple[FileFormat, ...]] = get_args(FileFormat)

MAX_LINE_CHARS: Final = 1 << 20
TOO_LONG: Final = f"the line is longer than {MAX_LINE_CHARS} characters; the rest of the file was not read"
MAX_PROBLEM_CHARS: Final = 300
MAX_BITS_DIGITS: Final = 9
MAX_DOCUMENT_BYTES: Final = 512 << 20
"""Of an export that is one JSON document."""

ALGORITHM_NAMES: Final[dict[str, str]] = {
    **{str(name): str(name) for name in LIST_ALGORITHMS},
    **{"pdq": "pdq256", "phash": "phash64", "sha2": "sha256", "sha-256": "sha256"},
    **{"hash_pdq": "pdq256", "hash_md5": "md5", "hash_sha256": "sha256", "hash_video_md5": "md5"},
    **{"video_md5": "md5", "photo_md5": "md5", "raw_md5": "md5"},
}
"""What files call the algorithms, in lower case."""

STATUS_NAMES: Final = {
    **{"allowed": "allowed", "review": "review", "blocked": "blocked"},
    **{"malicious": "blocked", "suspicious": "review", "non_malicious": "allowed"},
}
"""What files call verdicts, in lower case; ThreatExchange's `UNKNOWN` says nothing."""


class FileEntry(NamedTuple):
    """An entry and its line; of an export in one document, the number of its object."""

    line: int
    entry: ListEntry


class BadLine(NamedTuple):
    """A mistake in a line. The problem quotes what the file says, and is cut at MAX_PROBLEM_CHARS."""

    line: int
    problem: str


def format_of(path: Path) -> FileFormat:
    """By the ending of a file's name.

    Raises:
        BadInput: bad_field, for an unknown ending.
    """
    match path.suffix.lower():
        case ".csv" | ".tsv":
            return "csv"
        case ".ndjson" | ".jsonl":
            return "ndjson"
        case ".json":
            return "threatexchange"
    raise BadInput(Reason.BAD_FIELD, f"{path.name}: name the format of the file: {', '.join(FILE_FORMATS)}")


def read_entries(path: Path, file_format: FileFormat, algorithm: str | None = None) -> Iterator[FileEntry | BadLine]:
    """All entries and mistakes of a file, in the order of its lines.

    Args:
        path: of the file, UTF-8.
        file_format: of the file.
        algorithm: of hashes whose line names none.

    Raises:
        OSError: the file cannot be read.
    """
    lines = _csv_rows(path) if file_format == "csv" else _json_objects(path, file_format)
    for number, document in lines:
        if isinstance(document, str):
            yield BadLine(number, document)
            continue
        try:
            for entry in entries_of(document, algorithm):
                yield FileEntry(number, entry)
        except BadInput as error:
            yield BadLine(number, error.detail[:MAX_PROBLEM_CHARS])


def entries_of(document: Mapping[str, Any], algorithm: str | None = None) -> list[ListEntry]:
    """The entries that one row or object has: one for each of its hashes.

    Raises:
        BadInput: missing_field or bad_field.
    """
    lower = {str(name).strip().lower(): value for name, value in document.items() if value not in (None, "")}
    said = {
        "status": _status(lower.get("status") or lower.get("verdict")),
        "labels": _labels(lower["labels"] if "labels" in lower else lower.get("tags")),
        "reason": lower.get("reason") or lower.get("description"),
        "bits": _bits(lower.get("bits")),
    }
    hashes = [(ALGORITHM_NAMES[name], value) for name, value in lower.items() if name in ALGORITHM_NAMES]
    written = lower.get("hash") or lower.get("indicator") or lower.get("signal_value") or lower.get("signal_str")
    if written is not None:
        named = lower.get("algorithm") or lower.get("type") or lower.get("signal_type") or algorithm
        hashes.append((_algorithm(named, written), written))
    if not hashes:
        raise BadInput(Reason.MISSING_FIELD, f"there is no hash; name a column or field {', '.join(LIST_ALGORITHMS)}")
    return [_entry(name, value, said) for name, value in hashes]


def _entry(algorithm: str, value: object, said: dict[str, Any]) -> ListEntry:
    if not isinstance(value, str):
        raise BadInput(Reason.BAD_FIELD, f"the {algorithm} must be a text of hexadecimal digits")
    own = {name: entry for name, entry in said.items() if entry is not None}
    if algorithm in ("md5", "sha256"):
        own.pop("bits", None)
    return decode_entry({"algorithm": algorithm, "hash": value.strip().lower(), **own}, "")


def _algorithm(named: object, value: object) -> str:
    if isinstance(named, str) and named.strip().lower() in ALGORITHM_NAMES:
        return ALGORITHM_NAMES[named.strip().lower()]
    if named is not None:
        raise BadInput(Reason.BAD_FIELD, f"{named!r} is not one of the algorithms {', '.join(LIST_ALGORITHMS)}")
    fitting = [name for name, bits in ALGORITHM_BITS.items() if isinstance(value, str) and len(value) == bits // 4]
    if len(fitting) == 1:
        return fitting[0]
    raise BadInput(
        Reason.MISSING_FIELD,
        f"the hash may be one of {', '.join(fitting or LIST_ALGORITHMS)}; add a column 'algorithm', or name it for all",
    )


def _status(value: object) -> str | None:
    if value is None or (isinstance(value, str) and value.strip().lower() == "unknown"):
        return None
    if isinstance(value, str) and value.strip().lower() in STATUS_NAMES:
        return STATUS_NAMES[value.strip().lower()]
    raise BadInput(Reason.BAD_FIELD, f"status {value!r} is not one of {', '.join(STATUS_NAMES)}")


def _labels(value: object) -> list[Any] | None:
    """Labels as records have them, from `weapon;nudity=0.9`, a list of names, or a list of objects."""
    if value is None:
        return None
    if isinstance(value, dict):  # of ThreatExchange: {"data": [{"text": "…"}]}
        value = value.get("data")
    if isinstance(value, str):
        value = [part.strip() for part in value.split(";") if part.strip()]
    if not isinstance(value, list):
        raise BadInput(Reason.BAD_FIELD, "labels must be a text such as weapon;nudity=0.9, or a list")
    return [_label(each) for each in value]


def _label(value: object) -> object:
    if isinstance(value, dict):
        return {"name": value["text"]} if "text" in value else value
    if not isinstance(value, str):
        raise BadInput(Reason.BAD_FIELD, f"label {value!r} must be a text or an object")
    name, _, score = value.partition("=")
    if not score:
        return {"name": name}
    try:
        return {"name": name, "score": float(score)}
    except ValueError as error:
        raise BadInput(Reason.BAD_FIELD, f"label {value!r}: {score!r} is not a score from 0 to 1") from error


def _bits(value: object) -> object:
    """A whole number, which CSV has as text."""
    is_number = isinstance(value, str) and value.strip().isdecimal() and len(value) <= MAX_BITS_DIGITS
    return int(value) if isinstance(value, str) and is_number else value


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        reader = csv.DictReader(_csv_lines(file), delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        try:
            for row in reader:
                if None in row:
                    yield reader.line_num, "the line has more fields than the header"
                else:
                    yield reader.line_num, row
        except csv.Error as error:
            yield reader.line_num + 1, f"not CSV: {error}"


def _json_objects(path: Path, file_format: FileFormat) -> Iterator[tuple[int, dict[str, Any] | str]]:
    if file_format == "threatexchange":
        document = _whole_document(path)
        if document is not None:
            yield from enumerate(document, 1)
            return
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_CHARS + 1):
            number += 1
            if len(line) > MAX_LINE_CHARS:
                yield number, TOO_LONG
                return
            if not line.strip():
                continue
            try:
                document = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                yield number, f"not JSON: {error}"
                continue
            yield number, document if isinstance(document, dict) else "not a JSON object"


def _whole_document(path: Path) -> list[dict[str, Any] | str] | None:
    """The objects of an export in one document; None if the file is not one JSON document."""
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        return None
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return None
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        document = document["data"]
    objects = document if isinstance(document, list) else [document]
    return [each if isinstance(each, dict) else "not a JSON object" for each in objects]


def _csv_lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(MAX_LINE_CHARS + 1):
        if len(line) > MAX_LINE_CHARS:
            raise csv.Error(TOO_LONG)
        yield line

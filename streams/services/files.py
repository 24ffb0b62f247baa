"""Files as submissions: which there are below some paths, how they are named, and what type their bytes have.

Whether a file is media is for the fingerprint stage to find out; here every regular file counts.
"""

from __future__ import annotations

import mimetypes
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from streams.domain.fingerprint.formats import media_type_of
from streams.domain.records.submission import JSON_TYPES

UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file; `media_id` is its path as text, whatever bytes the path is made of."""

    path: Path
    media_id: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A path that cannot be looked at, and why."""

    path: Path
    why: str


def find_files(paths: Iterable[Path]) -> Iterator[FoundFile | Unreadable]:
    """Every regular file at or below the paths, each once, in the order of the paths and then of names.

    Links to files are followed, links to folders are not; sockets, pipes and devices are passed over.
    """
    seen: set[str] = set()
    for path in paths:
        for entry in _below(path):
            if isinstance(entry, Unreadable):
                yield entry
                continue
            place = str(entry.absolute())
            if place in seen:
                continue
            seen.add(place)
            try:
                status = entry.stat()
            except OSError as error:
                yield Unreadable(entry, error.strerror or str(error))
                continue
            if stat.S_ISREG(status.st_mode):
                yield FoundFile(entry, media_id_of(entry), status.st_size)


def media_id_of(path: Path) -> str:
    """The path with `/` between its parts; bytes that are no UTF-8 are spelled out in hex."""
    return os.fsencode(os.path.normpath(path)).decode("utf-8", "backslashreplace").replace(os.sep, "/")


def content_type_of(start: bytes, name: str) -> str:
    """The media type that the first bytes show, else what the name promises; never JSON, which means something else.

    Args:
        start: the first HEAD_BYTES, or all there are.
        name: of the file. It tells sound from video, which have the same containers.
    """
    promised = mimetypes.guess_type(name, strict=False)[0]
    found = media_type_of(start)
    if found and not (found.startswith("video/") and (promised or "").startswith("audio/")):
        return found
    return promised if promised and promised not in JSON_TYPES else UNKNOWN_TYPE


def _below(path: Path) -> Iterator[Path | Unreadable]:
    if not path.is_dir():
        yield path
        return
    problems: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=problems.append):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))
        while problems:
            yield _unreadable_folder(problems.pop(), path)
    while problems:
        yield _unreadable_folder(problems.pop(), path)


def _unreadable_folder(error: OSError, path: Path) -> Unreadable:
    return Unreadable(Path(error.filename or path), error.strerror or str(error))

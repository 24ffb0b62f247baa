"""Finds the files to submit, and names their media id and content type.

Every regular file counts. The fingerprint stage finds out which of them are media.
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
    """A regular file. `media_id` is its path as text, whatever bytes the path is made of."""

    path: Path
    media_id: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class UnreadablePath:
    """A path that cannot be read, and why."""

    path: Path
    error: str


def find_files(paths: Iterable[Path]) -> Iterator[FoundFile | UnreadablePath]:
    """Every regular file at or below the paths, once, in the order of the paths and then of names.

    Links to files are followed, links to folders are not. Sockets, pipes and devices are skipped.
    """
    seen: set[str] = set()
    for path in paths:
        for entry in _below(path):
            if isinstance(entry, UnreadablePath):
                yield entry
                continue
            absolute = str(entry.absolute())
            if absolute in seen:
                continue
            seen.add(absolute)
            try:
                status = entry.stat()
            except OSError as error:
                yield UnreadablePath(entry, error.strerror or str(error))
                continue
            if stat.S_ISREG(status.st_mode):
                yield FoundFile(entry, media_id_of(entry), status.st_size)


def media_id_of(path: Path) -> str:
    """The path with `/` between its parts. Bytes that are not UTF-8 are spelled out in hex."""
    return os.fsencode(os.path.normpath(path)).decode("utf-8", "backslashreplace").replace(os.sep, "/")


def content_type_of(head: bytes, name: str) -> str:
    """The content type that the first bytes show, else the one that the file's name suggests.

    Never JSON, which marks a submission by reference.

    Args:
        head: the first HEAD_BYTES, or fewer if the file is shorter.
        name: of the file. It tells sound from video, for both use the same containers.
    """
    suggested = mimetypes.guess_type(name, strict=False)[0]
    content_type = media_type_of(head)
    if content_type and not (content_type.startswith("video/") and (suggested or "").startswith("audio/")):
        return content_type
    return suggested if suggested and suggested not in JSON_TYPES else UNKNOWN_TYPE


def _below(path: Path) -> Iterator[Path | UnreadablePath]:
    if not path.is_dir():
        yield path
        return
    errors: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=errors.append):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))
        while errors:
            yield _unreadable_folder(errors.pop(), path)
    while errors:
        yield _unreadable_folder(errors.pop(), path)


def _unreadable_folder(error: OSError, path: Path) -> UnreadablePath:
    return UnreadablePath(Path(error.filename or path), error.strerror or str(error))

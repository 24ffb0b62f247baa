"""Bytes from file:// URLs, only below the configured roots. Reads on threads, for file systems can hang."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from streams.config.settings import Settings
from streams.domain.records import Kind
from streams.errors import BadInput, Reason
from streams.sources.media_kind import HEAD_BYTES, READ_WHOLE_MAX_BYTES, check_kind
from streams.sources.patience import Reserve
from streams.sources.video.file_parts import LocalVideo, identity_of

_REASONS = {
    errno.ENOENT: Reason.SOURCE_NOT_FOUND,
    errno.ENOTDIR: Reason.SOURCE_NOT_FOUND,
    errno.ENAMETOOLONG: Reason.SOURCE_NOT_FOUND,
    errno.EACCES: Reason.SOURCE_FORBIDDEN,
    errno.EPERM: Reason.SOURCE_FORBIDDEN,
    errno.ELOOP: Reason.SOURCE_FORBIDDEN,
    errno.ENXIO: Reason.SOURCE_FORBIDDEN,
}


class FileSource:
    """Reads regular files whose real path, all symbolic links resolved, is below one of the roots."""

    def __init__(self, settings: Settings, threads: Executor) -> None:
        self._roots = tuple(Path(os.path.realpath(root)) for root in settings.source.file_roots)
        self._max_bytes = settings.source.max_bytes
        self._max_video_bytes = settings.source.max_video_bytes
        self._threads = threads

    async def open(self, url: str, kind: Kind, reserve: Reserve) -> bytes | LocalVideo:
        """The file's bytes, or the file, open, if it begins as videos do.

        Raises:
            BadInput: bad_url or one of the source_ reasons, and as `check_kind`.
        """
        path = _path_of(url)
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._look, path, kind)
        if isinstance(found, LocalVideo):
            return found
        await reserve(found)
        return await loop.run_in_executor(self._threads, self._load, path, found)

    def _look(self, path: str, kind: Kind) -> int | LocalVideo:
        """The size of what is to be read as a whole, or a video."""
        with self._opened(path) as file:
            status = os.fstat(file)
            if not check_kind(kind, os.pread(file, HEAD_BYTES, 0)):
                self._check_size(status.st_size, self._max_bytes)
                return status.st_size
            self._check_size(status.st_size, self._max_video_bytes)
            if (
                status.st_size <= READ_WHOLE_MAX_BYTES
            ):  # as small ones of the web: what a content is called must be the same
                return status.st_size
            identity = identity_of(status, time.time_ns())
            return LocalVideo(os.dup(file), "file", cheap_to_read=False, identity=identity)

    def _check_size(self, size_bytes: int, most: int) -> None:
        if size_bytes > most:
            raise BadInput(Reason.SOURCE_TOO_LARGE, f"{size_bytes:,} bytes are more than {most:,}")

    def _load(self, path: str, size_bytes: int) -> bytes:
        with self._opened(path) as file, open(file, "rb", closefd=False, buffering=0) as reader:
            parts = []
            missing = size_bytes + 1
            while missing and (part := reader.read(missing)):
                parts.append(part)
                missing -= len(part)
        if not missing:
            raise BadInput(Reason.SOURCE_UNREACHABLE, "the file grew while it was read")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    @contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        """A descriptor of the file, reached from its root without following any symbolic link.

        The links were resolved before; whoever puts one in the way in between gets it refused, not followed.
        """
        if not self._roots:
            raise BadInput(Reason.SOURCE_FORBIDDEN, "file URLs are off: no root is configured")
        try:
            real = Path(os.path.realpath(path))
            root = next((root for root in self._roots if real.is_relative_to(root)), None)
            if root is None:
                raise BadInput(Reason.SOURCE_FORBIDDEN, "the file is below none of the configured roots")
            file = _open_below(root, real.relative_to(root).parts)
        except OSError as error:
            raise _as_bad_input(error) from error
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise BadInput(Reason.SOURCE_FORBIDDEN, "not a regular file")
            yield file
        except OSError as error:
            raise _as_bad_input(error) from error
        finally:
            os.close(file)


def _open_below(root: Path, parts: tuple[str, ...]) -> int:
    """A descriptor; O_NONBLOCK so that opening a pipe does not wait for its writer."""
    opened = os.open(root, os.O_RDONLY | os.O_DIRECTORY) if parts else os.open(root, os.O_RDONLY | os.O_NONBLOCK)
    for position, part in enumerate(parts, 1):
        kind = os.O_NONBLOCK if position == len(parts) else os.O_DIRECTORY
        try:
            following = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | kind, dir_fd=opened)
        finally:
            os.close(opened)
        opened = following
    return opened


def _as_bad_input(error: OSError) -> BadInput:
    reason = _REASONS.get(error.errno or 0, Reason.SOURCE_UNREACHABLE)
    return BadInput(reason, f"the file cannot be read: {error.strerror}")


def _path_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BadInput(Reason.BAD_URL, str(error)) from error
    if parts.netloc not in ("", "localhost"):
        raise BadInput(Reason.BAD_URL, "a file URL names no host: file:///path")
    if parts.query or parts.fragment:
        raise BadInput(Reason.BAD_URL, "write ? and # in a file URL as %3F and %23")
    path = os.fsdecode(unquote_to_bytes(parts.path))
    if not path.startswith("/") or "\0" in path:
        raise BadInput(Reason.BAD_URL, "a file URL has an absolute path")
    return path

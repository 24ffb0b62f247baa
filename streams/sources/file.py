"""Files from file:// URLs, only below the configured roots. Reads on threads, because file systems can hang."""

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
from streams.domain.fingerprint.formats import HEAD_BYTES
from streams.domain.records import Kind
from streams.errors import BadInput, Reason
from streams.sources.deadline import Reserve
from streams.sources.media_kind import READ_WHOLE_MAX_BYTES, check_kind
from streams.sources.video.local_video import LocalVideo, file_identity

_REASON_BY_ERRNO = {
    errno.ENOENT: Reason.SOURCE_NOT_FOUND,
    errno.ENOTDIR: Reason.SOURCE_NOT_FOUND,
    errno.ENAMETOOLONG: Reason.SOURCE_NOT_FOUND,
    errno.EACCES: Reason.SOURCE_FORBIDDEN,
    errno.EPERM: Reason.SOURCE_FORBIDDEN,
    errno.ELOOP: Reason.SOURCE_FORBIDDEN,
    errno.ENXIO: Reason.SOURCE_FORBIDDEN,
}


class FileSource:
    """Reads regular files. Their real path, with all symbolic links resolved, must be below one of the roots."""

    def __init__(self, settings: Settings, threads: Executor) -> None:
        self._roots = tuple(Path(os.path.realpath(root)) for root in settings.source.file_roots)
        self._max_bytes = settings.source.max_bytes
        self._max_video_bytes = settings.source.max_video_bytes
        self._threads = threads

    async def open(self, url: str, kind: Kind, reserve: Reserve) -> bytes | LocalVideo:
        """The bytes of a picture, or an open video. The first bytes of the file tell which.

        Raises:
            BadInput: bad_url, one of the source_ reasons, or as `check_kind`.
        """
        path = _parse_file_url(url)
        loop = asyncio.get_running_loop()
        size_or_video = await loop.run_in_executor(self._threads, self._inspect, path, kind)
        if isinstance(size_or_video, LocalVideo):
            return size_or_video
        await reserve(size_or_video)
        return await loop.run_in_executor(self._threads, self._read_whole, path, size_or_video)

    def _inspect(self, path: str, kind: Kind) -> int | LocalVideo:
        """The size in bytes of a file to read whole, or an open video."""
        with self._open_confined(path) as file:
            status = os.fstat(file)
            if not check_kind(kind, os.pread(file, HEAD_BYTES, 0)):
                self._check_size(status.st_size, self._max_bytes)
                return status.st_size
            self._check_size(status.st_size, self._max_video_bytes)
            # As from the web: a small video gets the same content id from every source.
            if status.st_size <= READ_WHOLE_MAX_BYTES:
                return status.st_size
            identity = file_identity(status, time.time_ns())
            return LocalVideo(os.dup(file), "file", cheap_to_read=False, identity=identity)

    def _check_size(self, size_bytes: int, max_bytes: int) -> None:
        if size_bytes > max_bytes:
            raise BadInput(Reason.SOURCE_TOO_LARGE, f"{size_bytes:,} bytes are more than {max_bytes:,}")

    def _read_whole(self, path: str, size_bytes: int) -> bytes:
        with self._open_confined(path) as file, open(file, "rb", closefd=False, buffering=0) as reader:
            parts = []
            missing = size_bytes + 1  # the last byte shows whether the file has grown
            while missing and (part := reader.read(missing)):
                parts.append(part)
                missing -= len(part)
        if not missing:
            raise BadInput(Reason.SOURCE_UNREACHABLE, "the file grew while it was read")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    @contextmanager
    def _open_confined(self, path: str) -> Iterator[int]:
        """A descriptor of the file, opened from its root without following any symbolic link.

        `realpath` has resolved the links before. A link that is put into the path after that is refused, not followed.
        """
        if not self._roots:
            raise BadInput(Reason.SOURCE_FORBIDDEN, "file URLs are off; MEDIASIEVE_FILE_ROOTS permits folders")
        try:
            real = Path(os.path.realpath(path))
            root = next((root for root in self._roots if real.is_relative_to(root)), None)
            if root is None:
                raise BadInput(Reason.SOURCE_FORBIDDEN, "the file is outside of MEDIASIEVE_FILE_ROOTS")
            file = _open_below(root, real.relative_to(root).parts)
        except OSError as error:
            raise _bad_input(error) from error
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise BadInput(Reason.SOURCE_FORBIDDEN, "it is not a regular file")
            yield file
        except OSError as error:
            raise _bad_input(error) from error
        finally:
            os.close(file)


def _open_below(root: Path, parts: tuple[str, ...]) -> int:
    """A descriptor of the file. O_NONBLOCK keeps the opening of a pipe from waiting for its writer."""
    current = os.open(root, os.O_RDONLY | os.O_DIRECTORY) if parts else os.open(root, os.O_RDONLY | os.O_NONBLOCK)
    for position, part in enumerate(parts, 1):
        flag = os.O_NONBLOCK if position == len(parts) else os.O_DIRECTORY
        try:
            child = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | flag, dir_fd=current)
        finally:
            os.close(current)
        current = child
    return current


def _bad_input(error: OSError) -> BadInput:
    reason = _REASON_BY_ERRNO.get(error.errno or 0, Reason.SOURCE_UNREACHABLE)
    return BadInput(reason, f"the file cannot be read: {error.strerror}")


def _parse_file_url(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BadInput(Reason.BAD_URL, str(error)) from error
    if parts.netloc not in ("", "localhost"):
        raise BadInput(Reason.BAD_URL, "a file URL must not name a host; write file:///path")
    if parts.query or parts.fragment:
        raise BadInput(Reason.BAD_URL, "write ? and # in a file URL as %3F and %23")
    path = os.fsdecode(unquote_to_bytes(parts.path))
    if not path.startswith("/") or "\0" in path:
        raise BadInput(Reason.BAD_URL, "a file URL needs an absolute path: file:///path")
    return path

"""A video in a local file that is read in parts: below the permitted roots, or a spooled download."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from streams.errors import BadInput, Reason
from streams.sources.video.open_video import OpenVideo, Way, reading_abandoned

#: A change within one tick of the file system's clock leaves no trace. A file this old is past that.
MIN_SETTLED_AGE_NS = 2_000_000_000


class LocalVideo(OpenVideo):
    """Reads parts of a file through a descriptor, and closes it.

    `close` never waits for a `read` under way, which may hang with its file system. That read then closes the
    descriptor itself, because the number must not be given to another file before.

    Args:
        file: the descriptor of a regular file. It is closed even if this raises.
        way: `file`, or `download` for a spooled file that nobody else changes.
        identity, content_id: as of `OpenVideo`.

    Raises:
        OSError: the file has no readable status.
    """

    def __init__(
        self, file: int, way: Way, *, cheap_to_read: bool, identity: str | None = None, content_id: str | None = None
    ) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._reading = False
        self._closing = False
        self._closed = False
        try:
            self._status = os.fstat(file)
        except OSError:
            self.close()
            raise
        self.way = way
        self.cheap_to_read = cheap_to_read
        super().__init__(self._status.st_size, identity, content_id)

    def read(self, n: int, /) -> bytes:
        length = min(n, self._size - self._position)
        if length <= 0:
            return b""
        with self._descriptor() as file:
            data = os.pread(file, length, self._position)
        if not data:
            raise self._fail(BadInput(Reason.SOURCE_CHANGED, "the file became shorter while it was read"))
        self._position += len(data)
        self.read_bytes += len(data)
        return data

    @property
    def fetched_bytes(self) -> int:
        return self._size if self.way == "download" else self.read_bytes

    @contextmanager
    def _descriptor(self) -> Iterator[int]:
        """The descriptor, which stays open during the block."""
        with self._lock:
            if self.failure is not None:
                raise self.failure
            if self._closing:
                raise reading_abandoned()
            self._reading = True
        try:
            yield self._file
        except OSError as error:
            failure = BadInput(Reason.SOURCE_UNREACHABLE, f"the file cannot be read: {error.strerror}")
            raise self._fail(failure) from error
        finally:
            self._done_reading()

    def _done_reading(self) -> None:
        with self._lock:
            self._reading = False
            if self._closing:
                self._close_descriptor()

    def _fail(self, failure: BadInput) -> BadInput:
        self.failure = failure
        return failure

    def close(self) -> None:
        with self._lock:
            self._closing = True
            if not self._reading:
                self._close_descriptor()

    def __del__(self) -> None:
        self.close()  # a video that was opened for a task that has been cancelled

    def _close_descriptor(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self._file)

    def check_unchanged(self) -> None:
        """As of `OpenVideo`. Call it on the reading thread, because it asks the file system."""
        with self._descriptor() as file:
            now, before = os.fstat(file), self._status
        # Not the ctime: a file that is renamed meanwhile, as uploads are, has not changed.
        if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise self._fail(BadInput(Reason.SOURCE_CHANGED, "the file changed while it was read"))


def file_identity(status: os.stat_result, now_ns: int) -> str | None:
    """A key for exactly the bytes of a file: device, inode, size and times. None for a file that has just changed.

    The key includes the time of change (ctime), which the writer of a file cannot set.
    """
    if now_ns - max(status.st_mtime_ns, status.st_ctime_ns) < MIN_SETTLED_AGE_NS:
        return None
    times = f"{status.st_mtime_ns} {status.st_ctime_ns}"
    return f"file {status.st_dev} {status.st_ino} {status.st_size} {times}"

"""A local file read in places: one below the permitted roots, or what was spooled of a download."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from streams.errors import BadInput, Reason
from streams.sources.video.opened import OpenVideo, Way, given_up

#: A change within the tick of a file system's clock leaves no trace; a file this old is past that.
SETTLED_NS = 2_000_000_000


class LocalVideo(OpenVideo):
    """Reads a descriptor, which is closed at the end, at places.

    `end` never waits for a `read` under way, which may hang with its file system; that one closes the descriptor then,
    for its number must not become another file's in the meantime.

    Args:
        file: descriptor of a regular file; closed in the end, even where this raises.
        way: `file`, or `download` of one that is ours and nobody else changes.
        identity, content: as everywhere.

    Raises:
        OSError: it cannot be looked at.
    """

    def __init__(
        self, file: int, way: Way, *, cheap_to_read: bool, identity: str | None = None, content: str | None = None
    ) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._reading = False
        self._ended = False
        self._closed = False
        try:
            self._status = os.fstat(file)
        except OSError:
            self.end()
            raise
        self.way = way
        self.cheap_to_read = cheap_to_read
        super().__init__(self._status.st_size, identity, content)

    def read(self, n: int, /) -> bytes:
        wanted = min(n, self._size - self._position)
        if wanted <= 0:
            return b""
        with self._descriptor() as file:
            data = os.pread(file, wanted, self._position)
        if not data:
            raise self._failed(BadInput(Reason.SOURCE_CHANGED, "the file became shorter while it was read"))
        self._position += len(data)
        self.read_bytes += len(data)
        return data

    @property
    def fetched_bytes(self) -> int:
        return self._size if self.way == "download" else self.read_bytes

    @contextmanager
    def _descriptor(self) -> Iterator[int]:
        """The file, open as long as this lasts."""
        with self._lock:
            if self.failure is not None:
                raise self.failure
            if self._ended:
                raise given_up()
            self._reading = True
        try:
            yield self._file
        except OSError as error:
            failure = BadInput(Reason.SOURCE_UNREACHABLE, f"the file cannot be read: {error.strerror}")
            raise self._failed(failure) from error
        finally:
            self._done_reading()

    def _done_reading(self) -> None:
        with self._lock:
            self._reading = False
            if self._ended:
                self._close()

    def _failed(self, failure: BadInput) -> BadInput:
        self.failure = failure
        return failure

    def end(self) -> None:
        with self._lock:
            self._ended = True
            if not self._reading:
                self._close()

    def __del__(self) -> None:
        self.end()  # one that nobody came to use, since who asked for it was cancelled

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self._file)

    def check(self) -> None:
        """As everywhere; on the reading thread, for it asks the file system."""
        with self._descriptor() as file:
            now, then = os.fstat(file), self._status
        # Not the ctime: giving it another name meanwhile, as uploads do, does not change it.
        if (now.st_size, now.st_mtime_ns) != (then.st_size, then.st_mtime_ns):
            raise self._failed(BadInput(Reason.SOURCE_CHANGED, "the file changed while it was read"))


def identity_of(status: os.stat_result, now_ns: int) -> str | None:
    """A name for a file's very bytes: its place on the disk, size and times; None if it has changed only just now.

    The time of change (ctime) cannot be set by who writes the file.
    """
    if now_ns - max(status.st_mtime_ns, status.st_ctime_ns) < SETTLED_NS:
        return None
    times = f"{status.st_mtime_ns} {status.st_ctime_ns}"
    return f"file {status.st_dev} {status.st_ino} {status.st_size} {times}"

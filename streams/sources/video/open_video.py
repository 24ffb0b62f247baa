"""The common base of videos that are open for reading parts: RangeVideo over HTTP, LocalVideo in a file."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

from streams.errors import BadInput, Reason

Way = Literal["ranges", "download", "file"]


class OpenVideo(ABC):
    """A `VideoSource`. One decode thread reads it, while the event loop may close it at any time.

    Attributes:
        way: how its bytes are read.
        size_bytes: of the whole video.
        identity: a key for exactly these bytes, under which facts may be cached; None if the source guarantees nothing.
        content_id: known if all bytes were read while the video was opened.
        read_bytes: the bytes that the reader asked for so far.
        cheap_to_read: whether reading the whole file costs almost nothing.
        failure: the error that ended the reading, if any. Results of an incomplete reading must be discarded.
    """

    way: Way
    cheap_to_read: bool

    def __init__(self, size_bytes: int, identity: str | None, content_id: str | None = None) -> None:
        self.size_bytes: int | None = size_bytes
        self.identity = identity or content_id
        self.content_id = content_id
        self.read_bytes = 0
        self.failure: BadInput | None = None
        self._size = size_bytes
        self._position = 0

    @abstractmethod
    def read(self, n: int, /) -> bytes:
        """Up to n bytes from the current position: at least one, or none at the end.

        Raises:
            BadInput: one of the source_ reasons. All later calls raise the same error.
        """

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """As `io.IOBase.seek`. Returns the new position, which may be past the end."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a position before the beginning")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def plan(self, extents: Sequence[tuple[int, int]], /) -> None:
        """A hint that these (offset, length) will be read next, in this order. Sources with quick reads ignore it."""
        return

    @property
    def waited_s(self) -> float:
        """The time that the reader has waited for the source, including a wait under way."""
        return 0.0

    @property
    def fetched_bytes(self) -> int:
        """The bytes that have arrived so far, read or not."""
        return self.read_bytes

    @abstractmethod
    def close(self) -> None:
        """Releases everything. Called on the thread of the loop; a `read` under way and later reads raise at once."""

    def check_unchanged(self) -> None:
        """Checks that reading has not failed, and that all bytes came from one version of the source.

        Raises:
            BadInput: one of the source_ reasons.
        """
        if self.failure is not None:
            raise self.failure


def reading_abandoned() -> BadInput:
    """The error for a reader whose video has been closed."""
    return BadInput(Reason.SOURCE_UNREACHABLE, "reading was abandoned")

"""A source as the file that FFmpeg reads: what is asked for is counted, bounded and kept to what was planned.

FFmpeg and PyAV swallow or rewrap what a Python file raises, so nothing is ever raised to them: the first exception is
kept, the file seems to end, and the exception is raised when they return.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from io import SEEK_CUR
from typing import Final

from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.fingerprint.video.source import VideoSource
from streams.errors import BadInput, Reason

BUFFER_BYTES: Final = 1 << 15
"""What FFmpeg asks for when it does not know how much it will need."""

UNPLANNED_BYTES: Final = 1 << 12
"""What it then gets, where nothing is known to be needed: packets are picked, and more would be read in vain."""

COUNTS: Final = ((b"stsz", 8), (b"stz2", 8), (b"trun", 4))
"""Boxes of an MP4 that tell FFmpeg for how many frames to take memory, and where, behind their name, they do."""

BOX_BYTES: Final = 16
MOST_BOXES: Final = 256


class FFmpegInput:
    """What PyAV is given to read.

    Attributes:
        asked_bytes: read for FFmpeg; depends on nothing but the file's bytes and what is read of it.
        failed: what is to be raised as soon as FFmpeg returns.
        opening: an index is being read, whose size is checked.
    """

    name = "video"

    def __init__(self, source: VideoSource, limits: VideoLimits, expired: Callable[[], bool]) -> None:
        self.source = source
        self.asked_bytes = 0
        self.failed: BaseException | None = None
        self.opening = True
        self._limits = limits
        self._expired = expired
        self._tail = b""
        self._ahead = b""
        self._extents: list[tuple[int, int]] = []
        self._starts: list[int] = []
        self._exact = False
        self._going_to = 0

    def expect(self, extents: Sequence[tuple[int, int]], *, exact: bool) -> None:
        """Only these (offset, length) will be needed from now on, in this order.

        Args:
            extents: parts of the file.
            exact: what is between them is not needed, for certain. FFmpeg reads on where it could seek, if it is not
                far; it gets zeros then. Else it gets what is there.
        """
        self._extents = sorted(extents)
        self._starts = [offset for offset, _ in self._extents]
        self._exact = exact
        self.source.plan(extents)

    def go_to(self, offset: int) -> None:
        """What FFmpeg reads before it comes there, is not needed."""
        self._going_to = offset

    def check(self) -> None:
        """Raise what the source raised, or that time is up.

        Raises:
            BadInput: decode_timeout.
        """
        if self.failed is None and self._expired():
            self.failed = BadInput(Reason.DECODE_TIMEOUT, "reading and decoding took longer than allowed")
        if self.failed is not None:
            raise self.failed

    def peek(self, n: int) -> bytes:
        """The first n bytes, before anything else is read; they are read again afterwards, at no cost."""
        self._ahead = self.read(n)
        return self._ahead

    def seekable(self) -> bool:
        return self.source.size_bytes is not None

    def tell(self) -> int:
        return self.source.tell() - len(self._ahead)

    def seek(self, offset: int, whence: int = 0) -> int:
        if self.failed is None:
            if whence == SEEK_CUR:
                offset -= len(self._ahead)
            self._ahead = b""
            try:
                before, now = self.source.tell(), self.source.seek(offset, whence)
                if now != before:
                    self._tail = b""  # what is read next does not go on from there
                return now
            except (ValueError, OSError):
                return -1  # FFmpeg asks for places that are not there when a file is broken
            except Exception as error:
                self.failed = error
        return -1

    def read(self, n: int) -> bytes:
        if self.failed is None:
            try:
                return self._read(n)
            except Exception as error:
                self.failed = error
        return b""

    def _read(self, n: int) -> bytes:
        self.check()
        if self._extents:
            at = self.source.tell()
            n, needed = self._needed(at, n)
            if not needed:
                self.source.seek(at + n)
                return bytes(n)
        if self._ahead:
            data, self._ahead = self._ahead[:n], self._ahead[n:]
            return data
        data = self._whole_read(n)
        self.asked_bytes += len(data)
        if self.asked_bytes > self._limits.max_read_bytes:
            raise BadInput(Reason.SOURCE_TOO_LARGE, f"more than {self._limits.max_read_bytes:,} bytes had to be read")
        if self.opening:
            self._check_counts(data)
        return data

    def _whole_read(self, n: int) -> bytes:
        """All n bytes where there are so many: what FFmpeg asks for next must not hang on how they come."""
        data = self.source.read(n)
        while 0 < len(data) < n and (more := self.source.read(n - len(data))):
            data += more
        return data

    def _needed(self, at: int, n: int) -> tuple[int, bool]:
        """How much of what FFmpeg asks for it gets, and whether that has to be read."""
        if at < self._going_to:
            return min(n, self._going_to - at), False
        number = bisect_right(self._starts, at) - 1
        left = sum(self._extents[number]) - at if number >= 0 else 0
        if n > BUFFER_BYTES:
            return n, True
        if left > 0 and self._exact:
            return min(n, left), True
        if self._exact and number + 1 < len(self._starts):
            return min(n, self._starts[number + 1] - at), False
        return min(n, UNPLANNED_BYTES), True

    def _check_counts(self, data: bytes) -> None:
        """Refuse what would have FFmpeg fill memory with the index of frames that are not there."""
        seen = self._tail + data
        for name, behind in COUNTS:
            found = seen.find(name)
            while found >= 0:
                at = found + len(name) + behind
                count = int.from_bytes(seen[at : at + 4], "big") if at + 4 <= len(seen) else 0
                if count > self._limits.max_index_entries:
                    raise BadInput(
                        Reason.TOO_LONG,
                        f"an index of {count:,} frames is more than {self._limits.max_index_entries:,}",
                    )
                found = seen.find(name, found + 1)
        self._tail = seen[-BOX_BYTES:]


def is_cut_short(source: VideoSource) -> bool:
    """Whether an MP4 or MOV ends before one of its boxes does, or has frames without the box that says where they are.

    Only the boxes at the top are looked at, MOST_BOXES at most.
    """
    names, at = set(), 0
    for _ in range(MOST_BOXES):
        source.seek(at)
        head = source.read(BOX_BYTES)
        if len(head) < 8:
            break
        names.add(head[4:8])
        size = int.from_bytes(head[:4], "big")
        if size == 1 and len(head) == BOX_BYTES:
            size = int.from_bytes(head[8:], "big")
        if size < 8:
            break
        at += size
    return (source.size_bytes is not None and at > source.size_bytes) or not {b"moov", b"moof"} & names

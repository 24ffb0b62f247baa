"""The file object that FFmpeg reads through PyAV. It counts and bounds reads, and keeps them to the plan.

FFmpeg and PyAV swallow or rewrap exceptions of a Python file. So this file never raises to them: it keeps the first
exception and pretends to be at its end, and the exception is raised when they return.
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
"""FFmpeg asks for this much when it does not know how much it will need."""

UNPLANNED_BYTES: Final = 1 << 12
"""FFmpeg then gets this much where no plan covers the place: packets are picked, and more would be read for nothing."""

FRAME_COUNTS: Final = ((b"stsz", 8), (b"stz2", 8), (b"trun", 4))
"""Boxes of an MP4 with the number of frames that FFmpeg allocates memory for: the box's name, and the count's distance
from the end of the name."""

BOX_BYTES: Final = 16
MAX_BOXES: Final = 256


class FFmpegInput:
    """The file object that PyAV is given to read.

    Attributes:
        asked_bytes: bytes read for FFmpeg; depends on nothing but the file's bytes and which of them are read.
        failed: the exception to raise as soon as FFmpeg returns.
        opening: the container is being opened, so the size of its index is checked.
    """

    name = "video"

    def __init__(self, source: VideoSource, limits: VideoLimits, is_expired: Callable[[], bool]) -> None:
        self.source = source
        self.asked_bytes = 0
        self.failed: BaseException | None = None
        self.opening = True
        self._limits = limits
        self._is_expired = is_expired
        self._tail = b""
        self._peeked = b""
        self._extents: list[tuple[int, int]] = []
        self._starts: list[int] = []
        self._exact = False
        self._skip_until = 0

    def plan_reads(self, extents: Sequence[tuple[int, int]], *, exact: bool) -> None:
        """From now on only these parts are needed, in this order.

        Args:
            extents: offset and length of the parts.
            exact: nothing between the parts is needed, for certain. FFmpeg reads across a short gap instead of
                seeking; it then gets zeros. If not exact, it gets the real bytes.
        """
        self._extents = sorted(extents)
        self._starts = [offset for offset, _ in self._extents]
        self._exact = exact
        self.source.plan(extents)

    def skip_to(self, offset: int) -> None:
        """Bytes before this offset are not needed: FFmpeg gets zeros for them."""
        self._skip_until = offset

    def check(self) -> None:
        """Raise what the source raised, or decode_timeout if the time is up.

        Raises:
            BadInput: decode_timeout.
        """
        if self.failed is None and self._is_expired():
            self.failed = BadInput(Reason.DECODE_TIMEOUT, "reading and decoding took longer than allowed")
        if self.failed is not None:
            raise self.failed

    def peek(self, n: int) -> bytes:
        """The first n bytes, before all other reads. Reading them again afterwards costs nothing."""
        self._peeked = self.read(n)
        return self._peeked

    def seekable(self) -> bool:
        return self.source.size_bytes is not None

    def tell(self) -> int:
        return self.source.tell() - len(self._peeked)

    def seek(self, offset: int, whence: int = 0) -> int:
        if self.failed is None:
            if whence == SEEK_CUR:
                offset -= len(self._peeked)
            self._peeked = b""
            try:
                before, now = self.source.tell(), self.source.seek(offset, whence)
                if now != before:
                    self._tail = b""  # the next read does not continue the last one
                return now
            except (ValueError, OSError):
                return -1  # in broken files, FFmpeg seeks to places that do not exist
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
            n, needed = self._planned_read(at, n)
            if not needed:
                self.source.seek(at + n)
                return bytes(n)
        if self._peeked:
            data, self._peeked = self._peeked[:n], self._peeked[n:]
            return data
        data = self._read_fully(n)
        self.asked_bytes += len(data)
        if self.asked_bytes > self._limits.max_read_bytes:
            limit = self._limits.max_read_bytes
            raise BadInput(Reason.SOURCE_TOO_LARGE, f"more than {limit:,} bytes would have to be read")
        if self.opening:
            self._check_frame_counts(data)
        return data

    def _read_fully(self, n: int) -> bytes:
        """All n bytes, or all up to the end: FFmpeg's next request must not depend on how the bytes arrive."""
        data = self.source.read(n)
        while 0 < len(data) < n and (more := self.source.read(n - len(data))):
            data += more
        return data

    def _planned_read(self, at: int, n: int) -> tuple[int, bool]:
        """How many of the n bytes at an offset FFmpeg gets, and whether they must be read from the source."""
        if at < self._skip_until:
            return min(n, self._skip_until - at), False
        number = bisect_right(self._starts, at) - 1
        left = sum(self._extents[number]) - at if number >= 0 else 0
        if n > BUFFER_BYTES:
            return n, True
        if left > 0 and self._exact:
            return min(n, left), True
        if self._exact and number + 1 < len(self._starts):
            return min(n, self._starts[number + 1] - at), False
        return min(n, UNPLANNED_BYTES), True

    def _check_frame_counts(self, data: bytes) -> None:
        """Refuse an index that would make FFmpeg fill the memory with frames that the file does not have."""
        searched = self._tail + data
        for name, distance in FRAME_COUNTS:
            found = searched.find(name)
            while found >= 0:
                at = found + len(name) + distance
                count = int.from_bytes(searched[at : at + 4], "big") if at + 4 <= len(searched) else 0
                if count > self._limits.max_index_entries:
                    raise BadInput(
                        Reason.TOO_LONG,
                        f"an index of {count:,} frames exceeds the limit of {self._limits.max_index_entries:,}",
                    )
                found = searched.find(name, found + 1)
        self._tail = searched[-BOX_BYTES:]


def is_cut_short(source: VideoSource) -> bool:
    """Whether an MP4 or MOV ends before one of its boxes does, or lacks the box that says where its frames are.

    Reads the top-level boxes alone, and at most MAX_BOXES of them.
    """
    names, at = set(), 0
    for _ in range(MAX_BOXES):
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

"""What a video is read from: the protocol, which sources of files and HTTP ranges implement, and sources for bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO, Protocol


class VideoSource(Protocol):
    """A binary object with random access, used by one thread at a time. Calls may block.

    `fingerprint_video` raises unchanged whatever a call raises. Sources raise BadInput when they vanish or time out.

    Attributes:
        size_bytes: size of the whole video. None if unknown; then the source can only be read forwards.
        read_bytes: bytes that were asked of the source so far; all of them cost something.
        cheap_to_read: reading everything costs next to nothing, as with bytes in memory.
    """

    @property
    def size_bytes(self) -> int | None: ...
    @property
    def read_bytes(self) -> int: ...
    @property
    def cheap_to_read(self) -> bool: ...

    def read(self, n: int, /) -> bytes:
        """Up to n bytes from the current position: at least one, or none at the end."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As `io.IOBase.seek`: returns the new position."""
        ...

    def tell(self) -> int: ...

    def plan(self, extents: Sequence[tuple[int, int]], /) -> None:
        """A hint: these ranges (offset, length) will be read next, in this order."""
        ...


class FileVideoSource:
    """An open file of known size. `read_bytes` counts all reads, those of the same bytes too."""

    cheap_to_read = False

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self.size_bytes: int | None = size_bytes
        self.read_bytes = 0

    def read(self, n: int, /) -> bytes:
        data = self._file.read(n)
        self.read_bytes += len(data)
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def plan(self, extents: Sequence[tuple[int, int]], /) -> None:
        pass


class BytesVideoSource(FileVideoSource):
    """A whole video in memory."""

    cheap_to_read = True

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), len(data))

"""What a video is read from: the protocol that readers of files and of HTTP ranges fulfil, and the one for bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO, Protocol


class VideoSource(Protocol):
    """A binary object that is read in places, by one thread at a time; calls may block.

    Whatever a call raises comes out of `fingerprint_video` as it is; sources raise BadInput when they vanish or time
    out.

    Attributes:
        size_bytes: of the whole; None where it is not known, which also says that it can only be read onwards.
        read_bytes: how many bytes were asked of the source so far, and will have to be paid for.
        cheap_to_read: reading all of it costs next to nothing, as of bytes in memory.
    """

    @property
    def size_bytes(self) -> int | None: ...
    @property
    def read_bytes(self) -> int: ...
    @property
    def cheap_to_read(self) -> bool: ...

    def read(self, n: int, /) -> bytes:
        """Up to n bytes from where it stands, at least one; none at the end."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As `io.IOBase.seek`; the new position."""
        ...

    def tell(self) -> int: ...

    def plan(self, extents: Sequence[tuple[int, int]], /) -> None:
        """A hint: these (offset, length) will be read next, in this order."""
        ...


class FileVideoSource:
    """An open file of a known size; `read_bytes` counts what was read, again or not."""

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


class BytesSource(FileVideoSource):
    """Bytes in memory."""

    cheap_to_read = True

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), len(data))

"""A file read as from a server: in places, each byte paid for and counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType


class FileSource:
    """A `VideoSource`. `read_bytes` counts what was read, again or not."""

    cheap_to_read = False

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.size_bytes: int | None = path.stat().st_size
        self.read_bytes = 0

    def __enter__(self) -> FileSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

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

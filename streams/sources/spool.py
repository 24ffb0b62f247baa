"""What must be downloaded whole: small bodies in memory, larger ones in a temporary file, bounded either way.

A temporary file has no name as soon as it is open, so it is gone with its process, however that ends. What a kill in
between left behind is removed by the next one.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO

from streams.config.settings import Settings
from streams.errors import BadInput, BrokenInfrastructure, Reason
from streams.sources.patience import Reserve
from streams.sources.video.file_parts import LocalVideo

PREFIX = "download-"
#: Bodies up to here stay in memory.
MEMORY_BYTES = 4 << 20
WRITE_BYTES = 1 << 20
#: Left free on the disk for those who keep their state there.
SPARED_BYTES = 256 << 20


class Spool:
    """Keeps bodies until they are done with.

    Args:
        settings: data_dir, below which its folder is, and video_spool_max_bytes, the most that one body may have.
        threads: where files are written.
    """

    def __init__(self, settings: Settings, threads: Executor) -> None:
        self._folder = settings.paths.data_dir / "spool"
        self._max_bytes = settings.source.max_download_bytes
        self._threads = threads
        self._sweep()

    def _sweep(self) -> None:
        with suppress(OSError):
            for left in self._folder.glob(f"{PREFIX}*"):
                left.unlink(missing_ok=True)

    async def keep(
        self, head: bytes, chunks: AsyncIterator[bytes], declared_bytes: int | None, reserve: Reserve
    ) -> bytes | LocalVideo:
        """The whole of a body.

        Args:
            head: its beginning, which is not in the chunks any more.
            declared_bytes: how much there will be, if that is known.
            reserve: is awaited with the total of bytes before more than that many are kept in memory.

        Raises:
            BadInput: source_too_large, also where the disk has no room for it.
            BrokenInfrastructure: the disk does not take it.
        """
        self._check_size(max(declared_bytes or 0, len(head)))
        loop = asyncio.get_running_loop()
        pending = bytearray(head)
        file = _Growing(self._folder, declared_bytes or 0)
        try:
            await reserve(min(MEMORY_BYTES, declared_bytes or MEMORY_BYTES))
            async for chunk in chunks:
                pending += chunk
                if len(pending) >= (WRITE_BYTES if file.size_bytes else MEMORY_BYTES + 1):
                    self._check_size(file.size_bytes + len(pending))
                    await loop.run_in_executor(self._threads, file.write, bytes(pending))
                    pending.clear()
            self._check_size(file.size_bytes + len(pending))
            if not file.size_bytes:
                return bytes(pending)
            await loop.run_in_executor(self._threads, file.write, bytes(pending))
            return await loop.run_in_executor(self._threads, file.parts)
        finally:
            self._close(file)

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._max_bytes:
            raise BadInput(
                Reason.SOURCE_TOO_LARGE,
                f"its server does not send parts, and more than {self._max_bytes:,} bytes are not downloaded whole",
            )

    def _close(self, file: _Growing) -> None:
        """On a thread, for a write may be under way where this was cancelled."""
        try:
            closing = self._threads.submit(file.close)
        except RuntimeError:  # no more threads: everything ends
            file.close()
        else:
            closing.add_done_callback(lambda done: file.close() if done.cancelled() else None)


class _Growing:
    """A temporary file while it is written, on threads, by one at a time; there is none before the first byte."""

    def __init__(self, folder: Path, declared_bytes: int) -> None:
        self._lock = threading.Lock()
        self._folder = folder
        self._declared_bytes = declared_bytes
        self._hash = sha256()
        self._file: IO[bytes] | None = None
        self._closed = False
        self.size_bytes = 0

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._check_room(self._declared_bytes)
            self._file = tempfile.TemporaryFile(prefix=PREFIX, dir=self._folder, buffering=0)  # noqa: SIM115
        return self._file

    def _check_room(self, size_bytes: int) -> None:
        free_bytes = shutil.disk_usage(self._folder).free
        if size_bytes + SPARED_BYTES > free_bytes:
            raise BadInput(
                Reason.SOURCE_TOO_LARGE,
                f"its server does not send parts, and there is no room to download it: {free_bytes:,} bytes are free",
            )

    def write(self, data: bytes) -> None:
        with self._lock, _disk_errors():
            if self._closed:
                return
            file = self._opened()
            self._check_room(len(data))
            left = memoryview(data)
            while left:
                left = left[file.write(left) :]
            self._hash.update(data)
            self.size_bytes += len(data)

    def parts(self) -> LocalVideo:
        """The file to read from, which lasts when this is closed."""
        with self._lock, _disk_errors():
            content = f"sha256:{self._hash.hexdigest()}"
            return LocalVideo(os.dup(self._opened().fileno()), "download", cheap_to_read=True, content=content)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._file is not None:
                self._file.close()


@contextmanager
def _disk_errors() -> Iterator[None]:
    """A disk that fails is our fault, not that of what was to be kept on it."""
    try:
        yield
    except OSError as error:
        raise BrokenInfrastructure(f"a download cannot be kept on disk: {error}") from error

"""Keeps downloads of videos whose server does not support ranges: small bodies in memory, larger ones on disk.

A temporary file loses its name as soon as it is open, so it disappears with its process, however the process ends. The
next process removes files that a kill between the two steps left.
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
from streams.sources.deadline import Reserve
from streams.sources.video.local_video import LocalVideo

FILE_PREFIX = "download-"
#: Bodies up to this size stay in memory.
MAX_MEMORY_BYTES = 4 << 20
WRITE_BYTES = 1 << 20
#: Left free on the disk, which also has the tables.
MIN_FREE_BYTES = 256 << 20


class Spool:
    """Saves response bodies until their videos are closed.

    Args:
        settings: `paths.data_dir`, which gets the folder `spool`, and `source.max_download_bytes`, the limit of a body.
        threads: write the files.
    """

    def __init__(self, settings: Settings, threads: Executor) -> None:
        self._folder = settings.paths.data_dir / "spool"
        self._max_bytes = settings.source.max_download_bytes
        self._threads = threads
        self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        with suppress(OSError):
            for leftover in self._folder.glob(f"{FILE_PREFIX}*"):
                leftover.unlink(missing_ok=True)

    async def save(
        self, head: bytes, chunks: AsyncIterator[bytes], declared_bytes: int | None, reserve: Reserve
    ) -> bytes | LocalVideo:
        """The whole body: as bytes, or as a video on disk.

        Args:
            head: the bytes before the chunks.
            chunks: the rest of the body.
            declared_bytes: the Content-Length, if known.
            reserve: awaited with a total of bytes before that many are kept in memory.

        Raises:
            BadInput: source_too_large, also if the disk has no room for the body.
            BrokenInfrastructure: the disk does not take the body.
        """
        self._check_size(max(declared_bytes or 0, len(head)))
        loop = asyncio.get_running_loop()
        pending = bytearray(head)
        file = _DownloadFile(self._folder, declared_bytes or 0)
        try:
            await reserve(min(MAX_MEMORY_BYTES, declared_bytes or MAX_MEMORY_BYTES))
            async for chunk in chunks:
                pending += chunk
                if len(pending) >= (WRITE_BYTES if file.size_bytes else MAX_MEMORY_BYTES + 1):
                    self._check_size(file.size_bytes + len(pending))
                    await loop.run_in_executor(self._threads, file.write, bytes(pending))
                    pending.clear()
            self._check_size(file.size_bytes + len(pending))
            if not file.size_bytes:
                return bytes(pending)
            await loop.run_in_executor(self._threads, file.write, bytes(pending))
            return await loop.run_in_executor(self._threads, file.open_video)
        finally:
            self._close(file)

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._max_bytes:
            raise BadInput(
                Reason.SOURCE_TOO_LARGE,
                f"the server does not support ranges, and a download may have {self._max_bytes:,} bytes at most",
            )

    def _close(self, file: _DownloadFile) -> None:
        """Closes on a thread, because a write may still be under way after a cancelled `save`."""
        try:
            closing = self._threads.submit(file.close)
        except RuntimeError:  # the threads are shut down
            file.close()
        else:
            closing.add_done_callback(lambda done: file.close() if done.cancelled() else None)


class _DownloadFile:
    """A temporary file that one thread at a time writes. Created with the first bytes."""

    def __init__(self, folder: Path, declared_bytes: int) -> None:
        self._lock = threading.Lock()
        self._folder = folder
        self._declared_bytes = declared_bytes
        self._hash = sha256()
        self._file: IO[bytes] | None = None
        self._closed = False
        self.size_bytes = 0

    def _open(self) -> IO[bytes]:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._check_room(self._declared_bytes)
            self._file = tempfile.TemporaryFile(prefix=FILE_PREFIX, dir=self._folder, buffering=0)  # noqa: SIM115
        return self._file

    def _check_room(self, size_bytes: int) -> None:
        free_bytes = shutil.disk_usage(self._folder).free
        if size_bytes + MIN_FREE_BYTES > free_bytes:
            raise BadInput(
                Reason.SOURCE_TOO_LARGE,
                f"the server does not support ranges, and a download does not fit: {free_bytes:,} bytes are free",
            )

    def write(self, data: bytes) -> None:
        with self._lock, _disk_errors():
            if self._closed:
                return
            file = self._open()
            self._check_room(len(data))
            unwritten = memoryview(data)
            while unwritten:
                unwritten = unwritten[file.write(unwritten) :]
            self._hash.update(data)
            self.size_bytes += len(data)

    def open_video(self) -> LocalVideo:
        """The file as a video, which stays open when this is closed."""
        with self._lock, _disk_errors():
            content_id = f"sha256:{self._hash.hexdigest()}"
            return LocalVideo(os.dup(self._open().fileno()), "download", cheap_to_read=True, content_id=content_id)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._file is not None:
                self._file.close()


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Blames a failing disk on the infrastructure, not on the submission."""
    try:
        yield
    except OSError as error:
        raise BrokenInfrastructure(f"a download cannot be written to disk: {error}") from error

"""The store of thumbnails: a folder, or a bucket that speaks S3. All by obstore, on threads.

Its asynchronous functions are left alone: a process that has used one aborts now and then when it ends (obstore 0.12).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

from streams.config.settings import Settings
from streams.domain.fingerprint.thumbnails.sizes import MAX_FILE_BYTES
from streams.errors import ConfigurationError, ThumbnailStoreError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

Result = TypeVar("Result")

TIMEOUT_S: Final = 10.0
"""In which one object must be read or written."""

THREADS: Final = 8


class ThumbnailStore:
    """Reads, writes and deletes objects.

    Args:
        url: `file:///folder` or `s3://bucket/prefix`. For S3, AWS's own variables name the key, the region and the
            endpoint (`AWS_ENDPOINT_URL`).

    Raises:
        ConfigurationError: the URL cannot be used, or obstore is not installed.
    """

    def __init__(self, url: str) -> None:
        self._store = _open(url)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="thumbnail-store")

    async def read(self, name: str) -> bytes | None:
        """An object; None if there is none.

        Raises:
            ThumbnailStoreError: the store does not answer or refuses.
        """
        return await self._run(self._read, name)

    async def has(self, name: str) -> bool:
        """Whether there is an object of this name.

        Raises:
            ThumbnailStoreError: the store does not answer or refuses.
        """
        return await self._run(self._has, name)

    async def remove(self, names: Sequence[str]) -> None:
        """As `delete`, on a thread."""
        await self._run(self.delete, names)

    async def write(self, name: str, data: bytes) -> None:
        """Write an object, in place of one of this name.

        Raises:
            ThumbnailStoreError: the store does not answer or refuses.
        """
        await self._run(self._write, name, data)

    async def _run(self, call: Callable[..., Result], *arguments: Any) -> Result:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await asyncio.get_running_loop().run_in_executor(self._threads, call, *arguments)
        except Exception as error:
            raise _store_error(error) from error

    def _read(self, name: str) -> bytes | None:
        import obstore

        try:
            found = obstore.get(self._store, name)
        except FileNotFoundError:  # obstore's NotFoundError is one
            return None
        return bytes(found.bytes()) if found.meta["size"] <= MAX_FILE_BYTES else None

    def _has(self, name: str) -> bool:
        import obstore

        try:
            obstore.head(self._store, name)
        except FileNotFoundError:
            return False
        return True

    def _write(self, name: str, data: bytes) -> None:
        import obstore

        obstore.put(self._store, name, data, use_multipart=False)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects, whether they are there or not. Blocks.

        Raises:
            ThumbnailStoreError: the store does not answer or refuses.
        """
        import obstore

        for name in names:
            try:
                obstore.delete(self._store, name)
            except FileNotFoundError:
                continue
            except Exception as error:
                raise _store_error(error) from error


def open_store(settings: Settings) -> ThumbnailStore | None:
    """The store of the settings; None if no thumbnails are made.

    Raises:
        ConfigurationError: as `ThumbnailStore`.
    """
    return ThumbnailStore(settings.thumbnails.store) if settings.thumbnails.store else None


def _open(url: str) -> ObjectStore:
    try:
        from obstore.store import LocalStore, S3Store
    except ImportError as error:
        raise ConfigurationError("MEDIASIEVE_THUMBNAILS needs obstore: pip install 'mediasieve[api]'") from error
    try:
        if url.startswith("file://"):
            folder = Path(unquote(urlsplit(url).path))
            folder.mkdir(parents=True, exist_ok=True)
            return LocalStore(folder)
        options: dict[str, Any] = {
            "client_options": {"timeout": timedelta(seconds=TIMEOUT_S), "connect_timeout": timedelta(seconds=3),
                               "allow_http": True},
            "retry_config": {"max_retries": 1, "retry_timeout": timedelta(seconds=TIMEOUT_S)},
        }  # fmt: skip
        return S3Store.from_url(url, **options)
    except Exception as error:  # obstore's own errors, and those of the disk
        raise ConfigurationError(f"MEDIASIEVE_THUMBNAILS: {_first_line(error)}") from error


def _store_error(error: Exception) -> ThumbnailStoreError:
    """Of errors, the first line: those of obstore go on for pages."""
    return ThumbnailStoreError(f"the store of thumbnails does not answer or refuses: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]

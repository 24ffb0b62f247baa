"""Submissions, and fetchers with the settings of a test."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver

from streams.config.settings import Settings, load_settings
from streams.domain.records import Kind, Origin, Submission
from streams.errors import BadInput, Reason
from streams.sources.fetch import SourceFetcher


def submission(url: str | None = None, body: bytes | None = None, kind: Kind = "auto") -> Submission:
    return Submission("s", "m", "default", kind, "2026-01-31T09:30:00.125Z", Origin("t", 0, 0), url=url, body=body)


def settings(**changed: Any) -> Settings:
    return load_settings(**{"source_timeout_s": 5.0, **changed})


async def fetch_bytes(fetcher: SourceFetcher, url: str) -> bytes:
    """The bytes of a picture or a small video."""
    async with fetcher.open(submission(url)) as data:
        assert isinstance(data, bytes)
        return data


async def refusal_reason(fetcher: SourceFetcher, url: str, kind: Kind = "auto") -> Reason:
    """The reason why a source is refused. Fails if it is opened."""
    with pytest.raises(BadInput) as refused:
        async with fetcher.open(submission(url, kind=kind)):
            pass
    assert refused.value.detail
    assert fetcher.reserved_bytes == 0
    return refused.value.reason


@asynccontextmanager
async def open_fetcher(resolver: AbstractResolver | None = None, **changed: Any) -> AsyncIterator[SourceFetcher]:
    with tempfile.TemporaryDirectory(prefix="mediasieve-tests-") as folder:
        fetcher = SourceFetcher(settings(**{"data_dir": folder, **changed}), resolver)
        try:
            yield fetcher
        finally:
            await fetcher.close()

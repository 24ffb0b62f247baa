"""Fixtures: web servers on the loopback address, and a fetcher that is permitted to reach them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from streams.sources.fetch import SourceFetcher
from tests.support.fetchers import open_fetcher
from tests.support.web_servers import servers

__all__ = ["fetcher", "servers"]


@pytest_asyncio.fixture
async def fetcher() -> AsyncIterator[SourceFetcher]:
    """May reach 127.0.0.1, and nothing over 100,000 bytes or 5 s."""
    async with open_fetcher(source_allow="127.0.0.1", source_max_bytes=100_000) as made:
        yield made

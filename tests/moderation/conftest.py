"""Moderators made from files, and questions about contents."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from streams.domain.records import Decision
from streams.moderation.caller import Caller
from streams.moderation.inquiries import Inquiry, Medium
from streams.moderation.journal import Journal
from streams.moderation.moderation_file import load_moderation_file
from streams.moderation.plugins import make_moderator
from tests.support.moderators import QUICK, CountingModerator, write_moderation_file
from tests.support.stories import decision
from tests.support.web_servers import Servers, servers

__all__ = ["servers"]

MakeCaller = Callable[..., Caller]


@pytest.fixture
async def moderator(servers: Servers) -> CountingModerator:
    return await CountingModerator(servers).start()


@pytest_asyncio.fixture
async def make_caller(tmp_path: Path, moderator: CountingModerator) -> AsyncIterator[MakeCaller]:
    """Makes callers of the moderator `safety` with quick retries; arguments are its settings in the file."""
    made: list[Caller] = []
    journal = Journal(tmp_path / "answers.sqlite")

    def make(url: str | None = None, **settings: Any) -> Caller:
        path = write_moderation_file(tmp_path, url or moderator.url, **{**QUICK, **settings})
        file = load_moderation_file(path)
        caller = Caller("safety", file.moderators["safety"], make_moderator(file, "safety", 10_000_000), journal)
        made.append(caller)
        return caller

    yield make
    for caller in made:
        await caller.close()
    await journal.close()


def inquiry(number: int | Decision, url: str | None = None, data: bytes | None = None) -> Inquiry:
    """A question about content `number`."""

    @contextlib.asynccontextmanager
    async def load() -> AsyncIterator[Medium]:
        yield Medium(url, data)

    return Inquiry(decision(number) if isinstance(number, int) else number, load)

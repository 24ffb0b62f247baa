"""The moderate stage on a broker, with a moderator that counts."""

from __future__ import annotations

import pytest

from tests.runtime.conftest import Bench, bench
from tests.support.moderators import CountingModerator
from tests.support.web_servers import Servers, servers

__all__ = ["Bench", "bench", "moderator", "servers"]


@pytest.fixture
async def moderator(servers: Servers) -> CountingModerator:
    return await CountingModerator(servers).start()

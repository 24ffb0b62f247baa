"""Sources that send their bytes slowly, and never all of them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from tests.floods.conftest import ALLOWED_MB, JPEG, Flood, Record, media_ids, reasons
from tests.support.brokers import Namespace
from tests.support.media import jpeg
from tests.support.processes import PeakMemory
from tests.support.web_servers import Servers
from tests.support.web_servers import servers as servers  # a fixture

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

CHUNKS, CHUNK_BYTES, INTERVAL_S = 5, 20 << 10, 0.5
SOURCE_MAX_BYTES = 4 << 20


async def drip(request: web.Request) -> web.StreamResponse:
    """A picture that says that it has four megabytes: a hundred kilobytes come in three seconds, and then nothing."""
    response = web.StreamResponse(headers={"Content-Type": "image/jpeg", "Content-Length": str(SOURCE_MAX_BYTES)})
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        await response.write(jpeg(size=(64, 48)))
        for _ in range(CHUNKS):
            await response.write(bytes(CHUNK_BYTES))
            await asyncio.sleep(INTERVAL_S)
        await asyncio.sleep(600)
    return response


async def test_slow_urls(apache: Namespace, tmp_path: Path, servers: Servers) -> None:
    url = await servers.web({"/slow": drip})
    flood = Flood(apache, tmp_path, source_allow="127.0.0.1", source_timeout_s=6.0, source_max_bytes=SOURCE_MAX_BYTES)
    picture = jpeg(size=(200, 150))
    slow = {b"slow-%d" % n for n in range(200)}
    others = {b"other-%d" % n for n in range(60)}

    def records() -> Iterator[Record]:
        for n in range(len(slow)):
            body = orjson.dumps({"media_id": f"slow-{n}", "url": f"{url}/slow?{n}"})
            yield b"slow-%d" % n, body, n % 2, None
        for n in range(len(others)):
            yield b"other-%d" % n, picture + b"%d" % n, n % 8, JPEG

    def run() -> tuple[dict[bytes, str | None], list[bytes], float]:
        with flood.worker() as worker, PeakMemory(worker.pid) as peak:
            flood.publish(records())
            answers = flood.answers(slow | others)
        return reasons(answers), media_ids(answers), peak.rss_mb - worker.ready_mb

    found, sent, taken_mb = await asyncio.to_thread(run)
    assert taken_mb < ALLOWED_MB
    assert {found[media_id] for media_id in others} == {None}
    assert {found[media_id] for media_id in slow} == {"source_timeout"}
    assert max(map(sent.index, others)) < max(map(sent.index, slow))  # the others did not wait for the flood

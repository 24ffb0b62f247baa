"""Videos read by ranges from a server that counts: requests, bytes, limits and waits."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from streams.errors import BadInput, Reason
from streams.sources.fetch import SourceFetcher
from streams.sources.video.prefetch import AHEAD_BYTES, AHEAD_REQUESTS
from streams.sources.video.range_video import MAX_HELD_BYTES, RangeVideo
from streams.sources.video.windows import block_bytes
from streams.sources.web import FIRST_RANGE_BYTES
from tests.support.fetchers import open_fetcher, submission
from tests.support.film_server import FilmServer, film
from tests.support.web_servers import Servers, wait_until

MIB = 1 << 20
DATA = film(6 * MIB)


@asynccontextmanager
async def video_of(server: FilmServer, servers: Servers, **changed: Any) -> AsyncIterator[RangeVideo]:
    url = await servers.web({"/film.mp4": server.answer})
    async with open_fetcher(source_allow="127.0.0.1", **changed) as fetcher:
        async with video_at(fetcher, f"{url}/film.mp4") as video:
            yield video
        assert fetcher.reserved_bytes == 0


@asynccontextmanager
async def video_at(fetcher: SourceFetcher, url: str) -> AsyncIterator[RangeVideo]:
    async with fetcher.open(submission(url)) as video:
        assert isinstance(video, RangeVideo)
        yield video


def read_at(video: RangeVideo, offset: int, length: int) -> bytes:
    """The bytes of a range, in as many reads as needed."""
    assert video.seek(offset) == offset
    parts = []
    while length and (part := video.read(length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


async def failure_of(read: Callable[[], bytes]) -> BadInput:
    with pytest.raises(BadInput) as refused:
        await asyncio.to_thread(read)
    assert refused.value.detail
    return refused.value


async def test_one_small_request_opens_a_video(servers: Servers) -> None:
    server = FilmServer(DATA)
    async with video_of(server, servers) as video:
        assert video.size_bytes == len(DATA)
        assert not video.cheap_to_read
        assert server.requests == [f"bytes=0-{FIRST_RANGE_BYTES - 1}"]
        assert video.read(100) == DATA[:100]  # needs no thread, because it does not wait
        assert video.tell() == 100
        assert server.sent_bytes == video.read_bytes == FIRST_RANGE_BYTES


async def test_only_planned_extents_are_requested(servers: Servers) -> None:
    server = FilmServer(DATA)
    plan = [(200_000 + 300_000 * number, 20_000) for number in range(15)]
    async with video_of(server, servers) as video:
        video.plan(plan)
        for offset, length in plan:
            assert await asyncio.to_thread(read_at, video, offset, length) == DATA[offset : offset + length]
        assert len(server.requests) == 1 + len(plan)
        assert server.sent_bytes == video.read_bytes == video.fetched_bytes == FIRST_RANGE_BYTES + 15 * 20_000


async def test_neighbouring_extents_share_a_request(servers: Servers) -> None:
    server = FilmServer(DATA)
    plan = [(MIB + 10_300 * number, 10_000) for number in range(20)]
    async with video_of(server, servers) as video:
        video.plan(plan)
        for offset, length in plan:
            assert await asyncio.to_thread(read_at, video, offset, length) == DATA[offset : offset + length]
        assert server.requests[1:] == [f"bytes={MIB}-{MIB + 19 * 10_300 + 10_000 - 1}"]


async def test_a_read_across_the_end_of_the_plan_returns_the_planned_bytes(servers: Servers) -> None:
    """FFmpeg always reads 32 KiB. Bytes that it does not need must not cost a request."""
    server = FilmServer(DATA)
    async with video_of(server, servers) as video:
        video.plan([(MIB, 5000), (2 * MIB, 5000)])
        video.seek(MIB)
        assert await asyncio.to_thread(video.read, 32_768) == DATA[MIB : MIB + 5000]
        video.seek(2 * MIB)
        assert await asyncio.to_thread(video.read, 32_768) == DATA[2 * MIB : 2 * MIB + 5000]
        assert len(server.requests) == 3


async def test_a_large_extent_is_read_at_once(servers: Servers) -> None:
    async with video_of(FilmServer(DATA), servers) as video:
        video.plan([(100_000, 3 * MIB)])
        video.seek(100_000)
        assert await asyncio.to_thread(video.read, 3 * MIB) == DATA[100_000 : 100_000 + 3 * MIB]


async def test_an_unplanned_read_requests_a_block(servers: Servers) -> None:
    server = FilmServer(DATA)
    async with video_of(server, servers) as video:
        for offset in (3 * MIB, len(DATA) - 10, MIB):
            assert await asyncio.to_thread(read_at, video, offset, 10) == DATA[offset : offset + 10]
        assert video.read_bytes == server.sent_bytes == FIRST_RANGE_BYTES + 10 + 2 * block_bytes(len(DATA))
        assert await asyncio.to_thread(read_at, video, 3 * MIB + 1000, 10) == DATA[3 * MIB + 1000 : 3 * MIB + 1010]
        assert len(server.requests) == 4  # bytes in memory are not requested again


async def test_sequential_reading_requests_ever_larger_windows(servers: Servers) -> None:
    server = FilmServer(DATA)
    async with video_of(server, servers) as video:
        assert await asyncio.to_thread(lambda: b"".join(iter(lambda: video.read(32_768), b""))) == DATA
        assert video.read_bytes == server.sent_bytes == len(DATA)
        assert len(server.requests) < 25


async def test_short_sequential_reading_fetches_little_in_vain(servers: Servers) -> None:
    server = FilmServer(DATA)
    async with video_of(server, servers) as video:
        assert await asyncio.to_thread(read_at, video, 0, MIB) == DATA[:MIB]
        assert server.sent_bytes <= MIB + MIB // 4


async def test_the_number_of_requests_at_once_is_bounded(servers: Servers) -> None:
    server = FilmServer(DATA, pause_s=0.01)
    plan = [(MIB + 100_000 * number, 30_000) for number in range(30)]
    async with video_of(server, servers) as video:
        video.plan(plan)
        for offset, length in plan:
            assert await asyncio.to_thread(read_at, video, offset, length) == DATA[offset : offset + length]
    assert 1 < server.most_at_once <= AHEAD_REQUESTS


async def test_the_bytes_ahead_of_the_reader_are_bounded(servers: Servers) -> None:
    data = film(40 * MIB)
    server = FilmServer(data)
    url = await servers.web({"/film.mp4": server.answer})
    async with (
        open_fetcher(source_allow="127.0.0.1", source_timeout_s=30) as fetcher,
        video_at(fetcher, f"{url}/film.mp4") as video,
    ):
        video.plan([(MIB * number, 900_000) for number in range(40)])
        await asyncio.sleep(0.5)  # nobody reads
        assert server.sent_bytes <= FIRST_RANGE_BYTES + AHEAD_BYTES
        most = 0
        for number in range(40):
            await asyncio.to_thread(read_at, video, MIB * number, 900_000)
            most = max(most, fetcher.reserved_bytes)
        assert most <= MAX_HELD_BYTES


async def test_the_count_of_read_bytes_does_not_depend_on_the_network(servers: Servers) -> None:
    """The count is part of the record, and equal submissions must give equal records."""

    async def read(pause_s: float) -> int:
        chance = random.Random(7)
        async with video_of(FilmServer(DATA, pause_s=pause_s), servers) as video:
            for _ in range(6):
                plan = sorted((chance.randrange(len(DATA)), chance.randrange(1, 90_000)) for _ in range(8))
                video.plan(plan)
                for offset, length in plan[: chance.randrange(8)]:
                    await asyncio.to_thread(read_at, video, offset, length)
            return video.read_bytes

    assert await read(0.0) == await read(0.004)


@pytest.mark.parametrize("seed", range(6))
async def test_random_plans_and_reads_return_the_bytes_of_the_file(servers: Servers, seed: int) -> None:
    chance = random.Random(seed)
    data = film(chance.randrange(140_000, 3 * MIB), seed)
    oracle = io.BytesIO(data)

    def read_at_random(video: RangeVideo) -> None:
        for _ in range(120):
            chosen = chance.random()
            if chosen < 0.1:
                video.plan([(chance.randrange(-9, len(data) + 9), chance.randrange(200_000)) for _ in range(5)])
            elif chosen < 0.5:
                whence = chance.choice((0, 1, 2))
                low = {0: 0, 1: -oracle.tell(), 2: -len(data)}[whence]
                offset = chance.randrange(low, low + len(data) + 50)
                assert video.seek(offset, whence) == oracle.seek(offset, whence)
            else:
                wanted = chance.choice((1, 8, 4096, 32_768, 500_000, 2_000_000))
                got = video.read(wanted)
                assert got == oracle.read(len(got))
                assert got or oracle.read(1) == b""
            assert video.tell() == oracle.tell()

    async with video_of(FilmServer(data), servers) as video:
        await asyncio.to_thread(read_at_random, video)


async def test_a_new_plan_keeps_requests_under_way(servers: Servers) -> None:
    server = FilmServer(DATA, pause_s=0.02)
    async with video_of(server, servers) as video:
        plan = [(MIB * number, 60_000) for number in range(1, 4)]
        video.plan(plan)
        await asyncio.sleep(0.05)
        video.plan([*plan[1:], (5 * MIB, 1000)])
        for offset, length in [*plan[1:], (5 * MIB, 1000)]:
            assert await asyncio.to_thread(read_at, video, offset, length) == DATA[offset : offset + length]
        assert len(server.requests) == len(set(server.requests)) == 5


async def test_a_waiting_reader_is_released_when_the_video_is_closed(servers: Servers) -> None:
    """For example when a partition is revoked: the thread must not wait for a server."""
    server = FilmServer(DATA)

    def slow(number: int) -> None:
        server.pause_s = 60.0 if number else 0.0

    server.change = slow
    async with video_of(server, servers, source_timeout_s=60) as video:
        reading = asyncio.create_task(failure_of(lambda: read_at(video, MIB, 100_000)))
        await wait_until(lambda: len(server.requests) == 2)
    assert "abandoned" in (await asyncio.wait_for(reading, 10)).detail
    assert "abandoned" in (await failure_of(lambda: read_at(video, 3 * MIB, 10))).detail


async def test_a_silent_server_is_a_timeout_of_one_range(servers: Servers) -> None:
    server = FilmServer(DATA)
    async with video_of(server, servers, source_timeout_s=0.3) as video:
        server.pause_s = 60.0
        failed = await failure_of(lambda: read_at(video, MIB, 100_000))
        assert failed.reason is Reason.SOURCE_TIMEOUT
        assert (await failure_of(lambda: video.read(1))).reason is Reason.SOURCE_TIMEOUT  # and stays failed
        with pytest.raises(BadInput):
            video.check_unchanged()


async def test_the_total_wait_is_bounded(servers: Servers) -> None:
    server = FilmServer(DATA)

    def read_all(video: RangeVideo) -> bytes:
        return b"".join(iter(lambda: video.read(32_768), b""))

    async with video_of(server, servers, video_timeout_s=0.2, source_timeout_s=30) as video:
        server.pause_s = 5.0
        failed = await failure_of(lambda: read_all(video))
        assert failed.reason is Reason.SOURCE_TIMEOUT
        assert "in total" in failed.detail


async def test_images_do_not_wait_for_videos_that_hang(servers: Servers) -> None:
    server = FilmServer(DATA)
    picture = FilmServer(b"\xff\xd8\xff" + bytes(50_000))
    url = await servers.web({"/film.mp4": server.answer, "/picture.jpg": picture.answer})
    async with open_fetcher(source_allow="127.0.0.1", source_timeout_s=60) as fetcher:
        async with video_at(fetcher, f"{url}/film.mp4") as video:
            server.pause_s = 60.0
            reading = asyncio.create_task(failure_of(lambda: read_at(video, MIB, 100_000)))
            for _ in range(5):
                async with fetcher.open(submission(f"{url}/picture.jpg")) as data:
                    assert data == picture.data
            assert not reading.done()
        await reading


async def test_waiting_for_the_budget_is_not_counted_against_the_source(servers: Servers) -> None:
    server, picture = FilmServer(DATA), FilmServer(b"\xff\xd8\xff" + bytes(MIB - 3))
    url = await servers.web({"/film.mp4": server.answer, "/photo": picture.answer})
    limits: dict[str, Any] = {"source_max_bytes": MIB, "in_flight_bytes": 8 * MIB, "video_timeout_s": 0.5}
    async with open_fetcher(source_allow="127.0.0.1", **limits) as fetcher:
        async with video_at(fetcher, f"{url}/film.mp4") as video:
            async with fetcher.open(submission(f"{url}/photo")), fetcher.open(submission(f"{url}/photo")):
                reading = asyncio.create_task(asyncio.to_thread(read_at, video, MIB, MIB))
                await asyncio.sleep(2.5)  # longer than the deadline and the poll interval
                assert not reading.done()
                assert len(server.requests) == 1
            assert await reading == DATA[MIB : 2 * MIB]
        assert fetcher.reserved_bytes == 0

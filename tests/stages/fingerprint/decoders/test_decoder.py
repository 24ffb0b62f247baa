"""Real files in real decoding processes: the same facts and refusals as on threads, and no harm to the worker."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from streams.domain.fingerprint.image.fingerprint import ImageLimits, compute_content_id
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.match.selection import required_hashes
from streams.domain.policy.policy import DEFAULT_POLICY, Policy
from streams.domain.records import MediaFacts
from streams.errors import BadInput, Reason
from streams.stages.fingerprint.decode_pool import DecodePool
from streams.stages.fingerprint.decoders.child import Limits
from streams.stages.fingerprint.decoders.decoder import Decoder, ProcessDecoder, ThreadDecoder
from streams.stages.fingerprint.decoders.messages import (
    DecoderFault,
    error_reply,
    facts_reply,
    read_reply,
    read_thumbnails,
    thumbnails_reply,
)
from streams.stages.fingerprint.thumbnails import KeepThumbnails
from tests.support import films
from tests.support.fetchers import settings
from tests.support.media import animation, encode, jpeg, photo

LIMITS = Limits(ImageLimits(max_pixels=1_000_000), VideoLimits())
REQUIRED = required_hashes(DEFAULT_POLICY)
PHOTO = jpeg(size=(400, 300))


@asynccontextmanager
async def in_processes(**changed: Any) -> AsyncIterator[ProcessDecoder]:
    decoder = ProcessDecoder(settings(**changed), LIMITS)
    try:
        await decoder.prepare()
        yield decoder
    finally:
        await decoder.close()


async def outcome(decoding: Awaitable[MediaFacts | None]) -> MediaFacts | Reason | None:
    try:
        return await decoding
    except BadInput as refused:
        return refused.reason


async def outcomes(decoder: Decoder) -> list[MediaFacts | Reason | None]:
    pdq = required_hashes(Policy.of(name="more", views="deep"))
    pictures = [PHOTO, jpeg(size=(1600, 1200)), PHOTO[:200], b"no picture", b"", animation("GIF", frames=4)]
    film = films.film(3, 12.0, size=(320, 180), options={"crf": "12"}).read_bytes()
    return [
        *[await outcome(decoder.picture(file, compute_content_id(file), REQUIRED)) for file in pictures],
        await outcome(decoder.picture(PHOTO, "given", pdq)),
        await outcome(decoder.sequence(animation("GIF", frames=4), "moving", REQUIRED)),
        await outcome(decoder.video(film, "film")),
        await outcome(decoder.video(film[:2000], "cut")),
    ]


async def test_processes_and_threads_say_the_same_of_every_file() -> None:
    threads = ThreadDecoder(LIMITS, DecodePool("test", 1, 30.0), DecodePool("video", 1, 30.0))
    expected = await outcomes(threads)
    assert {type(each) for each in expected} == {MediaFacts, Reason, type(None)}
    async with in_processes() as processes:
        assert await outcomes(processes) == expected
    await threads.close()


async def thumbnails(decoder: Decoder) -> list[dict[str, bytes]]:
    """Of a picture, of a sequence, of a video, and of what is refused."""
    film = films.film(3, 12.0, size=(320, 180), options={"crf": "12"}).read_bytes()
    made: list[asyncio.Future[dict[str, bytes]]] = [asyncio.get_running_loop().create_future() for _ in range(4)]

    def keep(number: int) -> KeepThumbnails:
        return lambda files: made[number].set_result(dict(files))

    await decoder.picture(PHOTO, "photo", REQUIRED, keep(0))
    await decoder.sequence(animation("GIF", frames=4), "moving", REQUIRED, keep(1))
    await decoder.video(film, "film", keep(2))
    await outcome(decoder.picture(PHOTO[:200], "cut", REQUIRED, keep(3)))
    async with asyncio.timeout(30):
        found = list(await asyncio.gather(*made[:3]))
    return [*found, made[3].result() if made[3].done() else {}]


async def test_processes_and_threads_make_the_same_thumbnails() -> None:
    threads = ThreadDecoder(LIMITS, DecodePool("test", 1, 30.0), DecodePool("video", 1, 30.0))
    expected = await thumbnails(threads)
    moving = {"preview.jpg", "strip.webp"}
    assert [set(files) for files in expected] == [{"preview.jpg"}, moving, moving, set()]
    preview = expected[0]["preview.jpg"]
    async with in_processes() as processes:
        assert await thumbnails(processes) == expected
        for side in (150, 300, 600):
            made = await processes.thumbnail(preview, side)
            assert made is not None and made == await threads.thumbnail(preview, side)
            assert max(Image.open(BytesIO(made)).size) == min(side, 400)
    await threads.close()


@pytest.mark.parametrize("file", [b"", b"no picture", jpeg(size=(1600, 1200)), encode(photo(size=(64, 64)), "PNG")])
async def test_nothing_is_made_of_what_is_no_preview_and_the_decoder_goes_on(file: bytes) -> None:
    threads = ThreadDecoder(LIMITS, DecodePool("test", 1, 30.0), DecodePool("video", 1, 30.0))
    async with in_processes(decode_threads=1) as processes:
        for decoder in (threads, processes):
            assert await decoder.thumbnail(file, 300) is None
            assert await decoder.thumbnail(PHOTO, 300) is not None
    await threads.close()


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\xff\xff\xff\xff",
        thumbnails_reply({"150.webp": b"no picture"}),
        thumbnails_reply({"150.webp": PHOTO}),
        thumbnails_reply({"preview.jpg": b"no picture"}),
        thumbnails_reply({"preview.jpg": PHOTO[:-1]}),
        thumbnails_reply({"preview.jpg": PHOTO[:-2] + bytes(5 << 20) + PHOTO[-2:]}),
        thumbnails_reply({"../150.webp": encode(photo(size=(64, 64)), "WEBP")}),
        thumbnails_reply({"150.webp": encode(photo(size=(64, 64)), "WEBP")})[:-1],
        thumbnails_reply({"150.webp": encode(photo(size=(64, 64)), "WEBP")}).replace(b"VP8 ", b"VP8X"),
    ],
)
def test_thumbnails_that_no_decoder_makes_are_left_out(reply: bytes) -> None:
    assert read_thumbnails(reply) == {}


async def test_a_picture_whose_process_is_killed_is_decoded_by_the_next() -> None:
    async with in_processes(decode_threads=1) as decoder:
        await decoder.picture(PHOTO, "first", REQUIRED)
        (pid,) = decoder._pictures.pids
        os.kill(pid, signal.SIGSTOP)
        waiting = [asyncio.create_task(decoder.picture(PHOTO, f"{n}", REQUIRED)) for n in range(5)]
        await asyncio.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        found = await asyncio.gather(*waiting)
        assert [each and each.content_id for each in found] == [f"{n}" for n in range(5)]
        assert pid not in decoder._pictures.pids


async def test_processes_are_forked_again_after_their_server_was_killed() -> None:
    async with in_processes(decode_threads=1) as decoder:
        await decoder.picture(PHOTO, "first", REQUIRED)
        server = decoder._starter._server
        assert server is not None
        server.kill()
        server.wait()
        os.kill(decoder._pictures.pids[0], signal.SIGKILL)
        assert await decoder.picture(PHOTO, "second", REQUIRED) is not None


async def test_no_process_is_left(tmp_path: Path) -> None:
    async with in_processes() as decoder:
        await decoder.picture(PHOTO, "first", REQUIRED)
        pids = decoder._pictures.pids
    for pid in pids:
        await asyncio.to_thread(_await_end, pid)


def _await_end(pid: int) -> None:
    subprocess.run(["timeout", "20", "tail", f"--pid={pid}", "-f", "/dev/null"], check=True)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"facts": {"content_id": 7}}',
        b'{"failure": {"reason": "no reason", "detail": ""}}',
        b'{"facts": []}',
        facts_reply(None).replace(b"null", b"3"),
        error_reply(ZeroDivisionError("ours")),
    ],
)
def test_a_decoder_that_was_taken_over_can_say_nothing_harmful(reply: bytes) -> None:
    with pytest.raises(DecoderFault):
        read_reply(reply)


async def test_work_in_the_background_is_decoded_by_processes_of_the_lowest_priority() -> None:
    async with in_processes(decode_threads=1) as decoder:
        background = decoder.in_background(settings(decode_threads=1), DecodePool("unused", 1, 30.0))
        assert isinstance(background, ProcessDecoder)
        for each in (decoder, background):
            assert isinstance(await each.picture(PHOTO, "given", REQUIRED), MediaFacts)
        (live,), (bulk,) = decoder._pictures.pids, background._pictures.pids
        assert os.getpriority(os.PRIO_PROCESS, bulk) == 19
        assert os.getpriority(os.PRIO_PROCESS, live) == os.getpriority(os.PRIO_PROCESS, 0)
        await background.close()
        assert isinstance(await decoder.picture(PHOTO, "again", REQUIRED), MediaFacts), "the live decoder goes on"


async def test_a_decoder_is_crowded_once_a_file_waits_for_another() -> None:
    async with in_processes(decode_threads=1) as decoder:
        first = asyncio.create_task(decoder.picture(jpeg(size=(1600, 1200)), "first", REQUIRED))
        await asyncio.sleep(0)
        crowded = [decoder.crowded]
        second = asyncio.create_task(decoder.picture(PHOTO, "second", REQUIRED))
        await asyncio.sleep(0)
        crowded.append(decoder.crowded)
        await asyncio.gather(first, second, return_exceptions=True)
        crowded.append(decoder.crowded)
        assert crowded == [False, True, False]

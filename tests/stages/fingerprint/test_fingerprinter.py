"""From submissions to facts, with real servers, real files and real decoders; above all for videos."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streams import metrics
from streams.domain.fingerprint.image.fingerprint import compute_content_id
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.domain.records import Kind, MediaFacts
from streams.errors import BadInput, Reason
from streams.stages.fingerprint.facts_cache import ENTRY_CHARS, cache_entries
from streams.stages.fingerprint.fingerprinter import SMALL_BYTES, Fingerprinter, FingerprintResult
from tests.support import films
from tests.support.fetchers import settings, submission
from tests.support.film_server import FilmServer
from tests.support.media import animation, jpeg
from tests.support.web_servers import Servers, wait_until
from tests.support.web_servers import servers as servers  # a fixture

PHOTO = jpeg(size=(400, 300))


@asynccontextmanager
async def fingerprinter(folder: Path, **changed: Any) -> AsyncIterator[Fingerprinter]:
    made = Fingerprinter(
        settings(
            **{"source_allow": "127.0.0.1", "data_dir": folder, "file_roots": "/", "decoders": "threads", **changed}
        )
    )
    try:
        yield made
    finally:
        await made.close()


async def of(made: Fingerprinter, url: str | None = None, body: bytes | None = None, kind: Kind = "auto") -> Any:
    return await made.fingerprint(submission(url, body, kind), DEFAULT_POLICY)


async def refusal(made: Fingerprinter, url: str, kind: Kind = "auto") -> Reason:
    with pytest.raises(BadInput) as refused:
        await of(made, url, kind=kind)
    return refused.value.reason


def short_film(**coding: Any) -> Path:
    return films.film(3, 12.0, size=(320, 180), options={"crf": "12"}, **coding)


def long_film(**coding: Any) -> Path:
    """Longer than a minute, with eight bits for a pixel and second, as websites have them."""
    return films.film(4, 70.0, size=(256, 144), fps=15, gop=150, options={"crf": "20"}, **coding)


def same_but_for_reading(one: MediaFacts, other: MediaFacts) -> bool:
    assert one.video is not None
    assert other.video is not None
    return replace(one, video=replace(one.video, read_bytes=0)) == replace(
        other, video=replace(other.video, read_bytes=0)
    )


async def test_a_video_has_the_same_facts_from_a_server_and_from_disk(servers: Servers, tmp_path: Path) -> None:
    film = short_film()
    url = await servers.web({"/film.mp4": FilmServer(film.read_bytes()).answer})
    async with fingerprinter(tmp_path) as made:
        served = await of(made, f"{url}/film.mp4")
    async with fingerprinter(tmp_path) as made:
        on_disk = await of(made, film.as_uri())
    assert served.facts.kind == "video"
    assert served.facts.format == "mp4"
    assert served.facts.video.covers == "parts"
    assert len(served.facts.hashes["frames:1"]) > 0
    assert same_but_for_reading(served.facts, on_disk.facts)


async def test_a_video_with_all_its_bytes_is_identified_by_them(servers: Servers, tmp_path: Path) -> None:
    data = short_film().read_bytes()
    url = await servers.web({"/film.mp4": FilmServer(data, ranges=False).answer})
    async with fingerprinter(tmp_path) as made:
        inline = await of(made, body=data)
        downloaded = await of(made, f"{url}/film.mp4")
    assert inline.facts.content_id == compute_content_id(data)
    assert inline.facts.video.covers == "file"
    assert downloaded.cached
    assert downloaded.facts == inline.facts


@pytest.mark.parametrize("place", ["moov first", "moov last"])
async def test_less_than_two_fifths_of_a_minute_of_video_are_sent(servers: Servers, tmp_path: Path, place: str) -> None:
    data = long_film(faststart=place == "moov first").read_bytes()
    assert (data.index(b"moov") < data.index(b"mdat")) == (place == "moov first")
    server = FilmServer(data)
    url = await servers.web({"/film.mp4": server.answer})
    async with fingerprinter(tmp_path) as made:
        found = await of(made, f"{url}/film.mp4")
    assert found.facts.video.path == "index"
    assert found.facts.video.read_bytes <= server.sent_bytes
    assert server.sent_bytes <= 0.4 * len(server.data)


async def test_a_large_video_without_ranges_is_downloaded_and_leaves_no_file(servers: Servers, tmp_path: Path) -> None:
    padding = (5 << 20).to_bytes(4, "big") + b"free" + bytes((5 << 20) - 8)  # a box that players pass over
    server = FilmServer(short_film().read_bytes() + padding, ranges=False)
    url = await servers.web({"/x": server.answer})
    async with fingerprinter(tmp_path) as made:
        found = await of(made, f"{url}/x")
    assert found.facts.content_id == compute_content_id(server.data)
    assert list((tmp_path / "spool").iterdir()) == []


async def test_few_bytes_that_were_decoded_before_come_from_the_cache_without_waiting(tmp_path: Path) -> None:
    other_views = replace(DEFAULT_POLICY, views="plain")
    async with fingerprinter(tmp_path) as made:
        photo, large = submission(body=PHOTO), submission(body=PHOTO + bytes(SMALL_BYTES))
        assert made.cached(photo, DEFAULT_POLICY) is None
        first = await made.fingerprint(photo, DEFAULT_POLICY)
        assert made.cached(photo, DEFAULT_POLICY) == FingerprintResult(first.facts, 0.0, 0.0, cached=True)
        assert made.cached(photo, other_views) is None
        await made.fingerprint(large, DEFAULT_POLICY)
        assert made.cached(large, DEFAULT_POLICY) is None  # hashing it would block
        content_id = compute_content_id(PHOTO + bytes(SMALL_BYTES))
        hit = made.cached(large, DEFAULT_POLICY, content_id)
        assert hit is not None
        assert hit.facts.content_id == content_id
        assert made.cached(large, other_views, content_id) is None
        assert made.cached(submission("https://example.com/photo.jpg"), DEFAULT_POLICY) is None


@pytest.mark.parametrize(
    ("body", "kind", "reason"), [(b"", "auto", Reason.SOURCE_EMPTY), (PHOTO, "video", Reason.UNSUPPORTED_KIND)]
)
async def test_bytes_that_are_refused_at_sight_are_refused_without_waiting(
    tmp_path: Path, body: bytes, kind: Kind, reason: Reason
) -> None:
    async with fingerprinter(tmp_path) as made:
        await of(made, body=PHOTO)
        with pytest.raises(BadInput) as refused:
            made.cached(submission(body=body, kind=kind), DEFAULT_POLICY)
    assert refused.value.reason is reason


async def test_a_version_that_the_server_guarantees_is_decoded_once(servers: Servers, tmp_path: Path) -> None:
    server = FilmServer(short_film().read_bytes())
    url = await servers.web({"/film.mp4": server.answer, "/copy.mp4": server.answer})
    async with fingerprinter(tmp_path) as made:
        first = await of(made, f"{url}/film.mp4")
        again = await of(made, f"{url}/film.mp4")
        assert (first.cached, again.cached) == (False, True)
        assert again.facts == first.facts
        assert not (await of(made, f"{url}/copy.mp4")).cached  # an entity tag says nothing of other URLs
        server.headers = {"ETag": '"two"'}
        assert not (await of(made, f"{url}/film.mp4")).cached
        server.headers = {"ETag": 'W/"two"'}
        await of(made, f"{url}/film.mp4")
        assert not (await of(made, f"{url}/film.mp4")).cached


async def test_a_file_that_is_written_again_is_decoded_again(tmp_path: Path) -> None:
    import os

    film = tmp_path / "film.mp4"
    film.write_bytes(short_film().read_bytes())
    async with fingerprinter(tmp_path) as made:
        first = await of(made, film.as_uri())
        assert not (await of(made, film.as_uri())).cached  # it has only just been written
        film.write_bytes(films.film(6, 12.0, size=(320, 180), options={"crf": "12"}).read_bytes())
        os.utime(film, (1, 1))
        other = await of(made, film.as_uri())
    assert other.facts.content_id != first.facts.content_id


@pytest.mark.parametrize("path", ["/film.mp4", "/x"])
async def test_a_video_is_not_an_image_and_an_image_not_a_video(servers: Servers, tmp_path: Path, path: str) -> None:
    film, photo = FilmServer(short_film().read_bytes()), FilmServer(PHOTO)
    url = await servers.web({f"/film{path}": film.answer, f"/photo{path}": photo.answer})
    async with fingerprinter(tmp_path) as made:
        assert await refusal(made, f"{url}/film{path}", "image") is Reason.UNSUPPORTED_KIND
        assert await refusal(made, f"{url}/photo{path}", "video") is Reason.UNSUPPORTED_KIND
        assert await refusal(made, short_film().as_uri(), "image") is Reason.UNSUPPORTED_KIND
        assert (await of(made, f"{url}/photo{path}")).facts.kind == "image"
        assert (await of(made, f"{url}/film{path}", kind="video")).facts.kind == "video"


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
async def test_an_animation_is_a_video_from_every_source_and_may_be_submitted_as_either_kind(
    servers: Servers, tmp_path: Path, form: str
) -> None:
    data = animation(form, frames=6)
    file = tmp_path / "moving"
    file.write_bytes(data)
    server = FilmServer(data)
    url = await servers.web({"/moving": server.answer, "/moving.mp4": server.answer})
    kinds: list[Kind] = ["auto", "video", "image"]
    async with fingerprinter(tmp_path) as made:
        expected = (await of(made, body=data)).facts
        assert (expected.kind, expected.format) == ("video", form.lower())
        assert set(expected.hashes) == {"frames:1"}
        for kind in kinds:
            for address in (f"{url}/moving", f"{url}/moving.mp4", file.as_uri()):
                assert (await of(made, address, kind=kind)).facts == expected
            assert (await of(made, body=data, kind=kind)).cached


async def test_an_image_file_with_one_picture_is_no_video(tmp_path: Path) -> None:
    data = animation("GIF", frames=1)
    async with fingerprinter(tmp_path) as made:
        for _ in range(2):
            with pytest.raises(BadInput, match="shows one picture") as refused:
                await of(made, body=data, kind="video")
            assert refused.value.reason is Reason.UNSUPPORTED_KIND
        with pytest.raises(BadInput) as refused:
            made.cached(submission(body=data, kind="video"), DEFAULT_POLICY)
        assert refused.value.reason is Reason.UNSUPPORTED_KIND
        assert (await of(made, body=data)).facts.kind == "image"


async def test_animations_wait_for_the_threads_of_videos_while_pictures_go_on(tmp_path: Path) -> None:
    async with fingerprinter(tmp_path, video_threads=1) as made:
        begun, free = threading.Event(), threading.Event()

        def wait() -> bool:
            begun.set()
            return free.wait(60)

        busy = asyncio.ensure_future(made._videos.run(wait))
        await asyncio.to_thread(begun.wait, 60)
        moving = asyncio.ensure_future(of(made, body=animation("GIF")))
        assert (await of(made, body=PHOTO)).facts.kind == "image"
        assert not moving.done()
        free.set()
        await busy
        assert (await moving).facts.kind == "video"


async def test_a_silent_server_times_out_while_images_go_on(servers: Servers, tmp_path: Path) -> None:
    server = FilmServer(short_film().read_bytes() + bytes(500_000))

    def fall_silent(number: int) -> None:
        server.pause_s = 60.0 if number else 0.0

    server.change = fall_silent
    url = await servers.web({"/film.mp4": server.answer, "/photo": FilmServer(PHOTO).answer})
    async with fingerprinter(tmp_path, source_timeout_s=1.0, video_threads=1, decode_threads=1) as made:
        waiting = asyncio.create_task(refusal(made, f"{url}/film.mp4"))
        await wait_until(lambda: len(server.requests) > 1)
        for _ in range(3):
            assert (await of(made, f"{url}/photo")).facts.kind == "image"
        assert not waiting.done()
        assert await waiting is Reason.SOURCE_TIMEOUT
        server.change = lambda number: None
        server.pause_s = 0.0
        assert (await of(made, short_film().as_uri())).facts.kind == "video"  # its thread is free again


async def test_a_cancelled_video_frees_its_thread(servers: Servers, tmp_path: Path) -> None:
    server = FilmServer(short_film().read_bytes() + bytes(500_000))

    def fall_silent(number: int) -> None:
        server.pause_s = 60.0 if number else 0.0

    server.change = fall_silent
    url = await servers.web({"/film.mp4": server.answer})
    async with fingerprinter(tmp_path, source_timeout_s=60.0, video_threads=1) as made:
        waiting = asyncio.create_task(of(made, f"{url}/film.mp4"))
        await wait_until(lambda: len(server.requests) > 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        found: FingerprintResult = await asyncio.wait_for(of(made, short_film().as_uri()), 20)
        assert found.facts.kind == "video"


async def test_a_source_that_changes_or_breaks_off_gets_no_partial_fingerprint(
    servers: Servers, tmp_path: Path
) -> None:
    server = FilmServer(short_film().read_bytes())

    def change(number: int) -> None:
        server.headers = {"ETag": f'"{number}"'}

    def vanish(number: int) -> None:
        server.ranges = number == 0

    url = await servers.web({"/film.mp4": server.answer})
    async with fingerprinter(tmp_path) as made:
        server.change = change
        assert await refusal(made, f"{url}/film.mp4") is Reason.SOURCE_CHANGED
        server.requests.clear()
        server.headers, server.change = {"ETag": '"x"'}, vanish
        assert await refusal(made, f"{url}/film.mp4") is Reason.SOURCE_BAD_RANGES


async def test_the_bytes_read_of_videos_are_counted(servers: Servers, tmp_path: Path) -> None:
    def value(counter: Any, *labels: str) -> float:
        return float(counter.labels(*labels)._value.get())

    server = FilmServer(short_film().read_bytes())
    url = await servers.web({"/film.mp4": server.answer})
    read, size = (value(each, "ranges") for each in (metrics.VIDEO_READ_BYTES, metrics.VIDEO_SIZE_BYTES))
    async with fingerprinter(tmp_path) as made:
        found = await of(made, f"{url}/film.mp4")
    assert value(metrics.VIDEO_READ_BYTES, "ranges") - read == server.sent_bytes
    assert value(metrics.VIDEO_SIZE_BYTES, "ranges") - size == len(server.data)
    assert value(metrics.VIDEOS, "ranges", found.facts.video.path) >= 1


def test_facts_with_many_hashes_count_as_many_cache_entries() -> None:
    picture = MediaFacts("sha256:00", "image", "png", 1, 1, 1, 1, 0.5, {"phash64:1": "0" * 16})
    video = replace(picture, kind="video", hashes={"frames:1": "0" * (10 * ENTRY_CHARS)})

    assert (cache_entries(picture), cache_entries(video)) == (1, 11)

"""Opening media: pictures in one request, videos by ranges or as a download, and the bound of open videos."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from streams.domain.records import Kind
from streams.errors import BadInput, BrokenInfrastructure, Reason
from streams.sources.fetch import OPEN_VIDEOS_PER_THREAD, SourceFetcher
from streams.sources.media_kind import READ_WHOLE_MAX_BYTES
from streams.sources.video import spool
from streams.sources.video.local_video import LocalVideo
from streams.sources.video.open_video import OpenVideo
from streams.sources.video.range_video import RangeVideo
from streams.sources.web import FIRST_RANGE_BYTES
from tests.support.fetchers import open_fetcher, refusal_reason, submission
from tests.support.film_server import FilmServer, film
from tests.support.media import jpeg
from tests.support.web_servers import ForbiddenServer, PreparedResolver, Servers, port_of, wait_until

MIB = 1 << 20
FILM = film(6 * MIB)
PHOTO = jpeg(size=(800, 600)) + random.Random(0).randbytes(300_000)


def read_all(video: OpenVideo) -> bytes:
    video.seek(0)
    return b"".join(iter(lambda: video.read(100_000), b""))


async def open_and_read(fetcher: SourceFetcher, url: str, kind: Kind = "auto") -> tuple[str, bytes]:
    """How the medium was opened, and all its bytes."""
    async with fetcher.open(submission(url, kind=kind)) as found:
        if isinstance(found, OpenVideo):
            return found.way, await asyncio.to_thread(read_all, found)
        assert fetcher.reserved_bytes == len(found)
        return "bytes", found


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# Pictures.


@pytest.mark.parametrize("kind", ["auto", "image"])
@pytest.mark.parametrize("ranges", [True, False])
async def test_a_picture_is_one_plain_request(servers: Servers, kind: Kind, ranges: bool) -> None:
    server = FilmServer(PHOTO, ranges=ranges)
    url = await servers.web({"/photo": server.answer})
    async with open_fetcher(source_allow="127.0.0.1") as fetcher:
        assert await open_and_read(fetcher, f"{url}/photo", kind) == ("bytes", PHOTO)
    assert server.requests == [""]


async def test_a_picture_with_the_name_of_a_video_is_still_a_picture(servers: Servers) -> None:
    for ranges in (True, False):
        for data in (PHOTO, jpeg(size=(80, 60))):
            server = FilmServer(data, ranges=ranges)
            url = await servers.web({"/photo.mp4": server.answer})
            async with open_fetcher(source_allow="127.0.0.1") as fetcher:
                assert await open_and_read(fetcher, f"{url}/photo.mp4") == ("bytes", data)
                reason = await refusal_reason(fetcher, f"{url}/photo.mp4", "video")
                assert reason is Reason.UNSUPPORTED_KIND


async def test_a_picture_with_the_content_type_of_a_video_is_still_a_picture(servers: Servers) -> None:
    server = FilmServer(PHOTO, headers={"Content-Type": "video/mp4"})
    url = await servers.web({"/x": server.answer})
    async with open_fetcher(source_allow="127.0.0.1") as fetcher:
        assert await open_and_read(fetcher, f"{url}/x") == ("bytes", PHOTO)


async def test_other_bytes_are_passed_on_unless_submitted_as_a_video(servers: Servers) -> None:
    data = b"plain text " * 20_000
    url = await servers.web({"/x": FilmServer(data).answer, "/x.mp4": FilmServer(data).answer})
    async with open_fetcher(source_allow="127.0.0.1") as fetcher:
        assert await open_and_read(fetcher, f"{url}/x") == ("bytes", data)
        assert await open_and_read(fetcher, f"{url}/x.mp4") == ("bytes", data)
        assert await refusal_reason(fetcher, f"{url}/x", "video") is Reason.NOT_MEDIA


async def test_a_picture_over_the_limit_is_too_large(servers: Servers) -> None:
    url = await servers.web({"/x": FilmServer(PHOTO).answer, "/x.mp4": FilmServer(PHOTO).answer})
    async with open_fetcher(source_allow="127.0.0.1", source_max_bytes=200_000) as fetcher:
        assert await refusal_reason(fetcher, f"{url}/x") is Reason.SOURCE_TOO_LARGE
        assert await refusal_reason(fetcher, f"{url}/x.mp4") is Reason.SOURCE_TOO_LARGE


# Videos.


@pytest.mark.parametrize("path", ["/film.mp4", "/FILM.MOV", "/a/b.webm?token=1", "/film.mkv#t=10"])
async def test_a_url_with_a_video_suffix_is_requested_by_ranges(servers: Servers, path: str) -> None:
    server = FilmServer(FILM)
    url = await servers.web({path.partition("?")[0].partition("#")[0]: server.answer})
    async with open_fetcher(source_allow="127.0.0.1") as fetcher, fetcher.open(submission(f"{url}{path}")) as video:
        assert isinstance(video, RangeVideo)
        assert server.requests == [f"bytes=0-{FIRST_RANGE_BYTES - 1}"]


async def test_a_submission_of_kind_video_is_requested_by_ranges(servers: Servers) -> None:
    server = FilmServer(FILM)
    url = await servers.web({"/x": server.answer})
    async with (
        open_fetcher(source_allow="127.0.0.1") as fetcher,
        fetcher.open(submission(f"{url}/x", kind="video")) as video,
    ):
        assert isinstance(video, RangeVideo)
        assert server.requests == [f"bytes=0-{FIRST_RANGE_BYTES - 1}"]


@pytest.mark.parametrize("headers", [{"ETag": '"one"'}, {"Content-Type": "video/mp4"}], ids=["bytes", "type"])
async def test_an_unannounced_video_is_not_downloaded(servers: Servers, headers: dict[str, str]) -> None:
    data = film(60 * MIB)
    server = FilmServer(data, headers=headers)
    url = await servers.web({"/x": server.answer})
    async with open_fetcher(source_allow="127.0.0.1") as fetcher, fetcher.open(submission(f"{url}/x")) as video:
        assert isinstance(video, RangeVideo)
        assert server.requests == ["", f"bytes=0-{FIRST_RANGE_BYTES - 1}"]
        assert server.sent_bytes < len(data) // 4  # sockets take some that nobody reads


@pytest.mark.parametrize("path", ["/x", "/film.mp4"])
async def test_a_video_submitted_as_an_image_is_refused_early(servers: Servers, path: str) -> None:
    data = film(60 * MIB)
    server = FilmServer(data)
    url = await servers.web({path: server.answer})
    async with open_fetcher(source_allow="127.0.0.1") as fetcher:
        assert await refusal_reason(fetcher, f"{url}{path}", "image") is Reason.UNSUPPORTED_KIND
    assert server.sent_bytes < len(data) // 4


@pytest.mark.parametrize("size_bytes", [40, FIRST_RANGE_BYTES, FIRST_RANGE_BYTES + 1, READ_WHOLE_MAX_BYTES])
async def test_a_small_video_is_read_whole(servers: Servers, tmp_path: Path, size_bytes: int) -> None:
    data = film(size_bytes)
    server = FilmServer(data)
    url = await servers.web({"/film.mp4": server.answer})
    (tmp_path / "film").write_bytes(data)
    async with open_fetcher(source_allow="127.0.0.1", file_roots=str(tmp_path)) as fetcher:
        assert await open_and_read(fetcher, f"{url}/film.mp4") == ("bytes", data)
        assert await open_and_read(fetcher, (tmp_path / "film").as_uri()) == ("bytes", data)
    assert server.sent_bytes == size_bytes


async def test_a_video_beyond_the_limit_is_refused(servers: Servers, tmp_path: Path) -> None:
    url = await servers.web({"/film.mp4": FilmServer(FILM).answer})
    (tmp_path / "film").write_bytes(FILM)
    limits: dict[str, Any] = {"source_allow": "127.0.0.1", "file_roots": str(tmp_path)}
    async with open_fetcher(video_max_bytes=len(FILM) - 1, **limits) as fetcher:
        assert await refusal_reason(fetcher, f"{url}/film.mp4") is Reason.SOURCE_TOO_LARGE
        assert await refusal_reason(fetcher, (tmp_path / "film").as_uri()) is Reason.SOURCE_TOO_LARGE
    async with open_fetcher(video_max_bytes=len(FILM), source_max_bytes=1024, **limits) as fetcher:
        assert await open_and_read(fetcher, f"{url}/film.mp4") == ("ranges", FILM)
        assert await open_and_read(fetcher, (tmp_path / "film").as_uri()) == ("file", FILM)


async def test_later_requests_go_to_the_target_of_the_redirect(servers: Servers) -> None:
    server = FilmServer(FILM)
    hops = 0

    async def hop(request: web.Request) -> web.Response:
        nonlocal hops
        hops += 1
        return web.Response(status=302, headers={"Location": "/end.mp4"})

    url = await servers.web({"/film.mp4": hop, "/end.mp4": server.answer})
    async with open_fetcher(source_allow="127.0.0.1") as fetcher:
        assert await open_and_read(fetcher, f"{url}/film.mp4") == ("ranges", FILM)
    assert hops == 1
    assert len(server.requests) > 3


async def test_a_later_redirect_is_checked_like_the_first(servers: Servers) -> None:
    server, secret = FilmServer(FILM), ForbiddenServer()
    elsewhere = await servers.web({"/end.mp4": server.answer}, host="127.0.0.2")
    inside = port_of(await servers.web({"/": secret.answer}))
    for location, reason in (
        (f"{elsewhere}/end.mp4", None),
        (f"http://inside.example.org:{inside}/", Reason.SOURCE_REFUSED_ADDRESS),
    ):
        count = 0

        async def redirecting(request: web.Request, location: str = location) -> web.StreamResponse:
            nonlocal count
            count += 1
            if count == 1:
                return await server.answer(request)
            return web.Response(status=302, headers={"Location": location})

        url = await servers.web({"/film.mp4": redirecting}, host="127.0.0.2")
        async with (
            open_fetcher(PreparedResolver(["127.0.0.1"]), source_allow="127.0.0.2") as fetcher,
            fetcher.open(submission(f"{url}/film.mp4")) as video,
        ):
            assert isinstance(video, RangeVideo)
            if reason is None:
                assert await asyncio.to_thread(read_all, video) == FILM
                assert count == 2
            else:
                with pytest.raises(BadInput) as refused:
                    await asyncio.to_thread(read_all, video)
                assert refused.value.reason is reason
    assert secret.reached == 0


# Downloads.


async def test_a_video_without_ranges_is_downloaded(servers: Servers) -> None:
    for size_bytes, way in ((MIB, "bytes"), (6 * MIB, "download")):
        server = FilmServer(film(size_bytes), ranges=False)
        url = await servers.web({"/film.mp4": server.answer})
        async with open_fetcher(source_allow="127.0.0.1") as fetcher:
            assert await open_and_read(fetcher, f"{url}/film.mp4") == (way, server.data)
            assert fetcher.reserved_bytes == 0
        assert len(server.requests) == 1


async def test_a_download_has_its_content_id_as_identity(servers: Servers) -> None:
    from streams.domain.fingerprint.image.fingerprint import compute_content_id

    url = await servers.web({"/film.mp4": FilmServer(FILM, ranges=False).answer})
    async with open_fetcher(source_allow="127.0.0.1") as fetcher, fetcher.open(submission(f"{url}/film.mp4")) as video:
        assert isinstance(video, LocalVideo)
        assert video.content_id == video.identity == compute_content_id(FILM)
        assert video.fetched_bytes == len(FILM)
        assert video.cheap_to_read


async def test_a_video_of_unknown_size_is_downloaded(servers: Servers) -> None:
    async def keeps_it(request: web.Request) -> web.StreamResponse:
        if "Range" in request.headers:
            return web.Response(status=206, body=FILM[:100], headers={"Content-Range": "bytes 0-99/*"})
        return web.Response(body=FILM)

    async def cannot(request: web.Request) -> web.StreamResponse:
        return web.Response(status=416) if "Range" in request.headers else web.Response(body=FILM)

    url = await servers.web({"/keeps.mp4": keeps_it, "/cannot.mp4": cannot})
    async with open_fetcher(source_allow="127.0.0.1") as fetcher:
        assert await open_and_read(fetcher, f"{url}/keeps.mp4") == ("download", FILM)
        assert await open_and_read(fetcher, f"{url}/cannot.mp4") == ("download", FILM)


async def test_downloads_leave_nothing_on_the_disk(servers: Servers, tmp_path: Path) -> None:
    url = await servers.web({"/film.mp4": FilmServer(FILM, ranges=False).answer})
    async with (
        open_fetcher(source_allow="127.0.0.1", data_dir=tmp_path) as fetcher,
        fetcher.open(submission(f"{url}/film.mp4")) as video,
    ):
        assert isinstance(video, LocalVideo)
        assert files_below(tmp_path) == []  # no name, so a kill leaves nothing
        assert await asyncio.to_thread(read_all, video) == FILM
        with pytest.raises(BadInput, match="abandoned"):
            video.close()
            video.seek(0)
            video.read(1)


def test_files_that_a_kill_left_are_removed_at_the_start(tmp_path: Path) -> None:
    from tests.support.fetchers import settings

    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / f"{spool.FILE_PREFIX}x").write_bytes(b"left")
    (tmp_path / "spool" / "else").write_bytes(b"not ours")
    SourceFetcher(settings(data_dir=tmp_path))
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["else"]


async def test_a_cancelled_download_closes_its_file(servers: Servers) -> None:
    server = FilmServer(FILM, ranges=False, pause_s=0.02)
    url = await servers.web({"/film.mp4": server.answer})
    async with open_fetcher(source_allow="127.0.0.1") as fetcher:
        before = open_files()
        opening = asyncio.create_task(open_and_read(fetcher, f"{url}/film.mp4"))
        await wait_until(lambda: server.sent_bytes >= 5 * MIB)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert fetcher.reserved_bytes == 0
        await wait_until(lambda: open_files() <= before)
        assert open_files() <= before


async def test_a_download_leaves_free_space_on_the_disk(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    url = await servers.web({"/film.mp4": FilmServer(FILM, ranges=False).answer})
    monkeypatch.setattr(spool, "MIN_FREE_BYTES", 1 << 60)
    async with open_fetcher(source_allow="127.0.0.1") as fetcher:
        assert await refusal_reason(fetcher, f"{url}/film.mp4") is Reason.SOURCE_TOO_LARGE


async def test_a_disk_that_fails_is_not_the_fault_of_the_video(servers: Servers, tmp_path: Path) -> None:
    url = await servers.web({"/film.mp4": FilmServer(FILM, ranges=False).answer})
    (tmp_path / "spool").write_bytes(b"in the way")
    async with open_fetcher(source_allow="127.0.0.1", data_dir=tmp_path) as fetcher:
        with pytest.raises(BrokenInfrastructure, match="disk"):
            async with fetcher.open(submission(f"{url}/film.mp4")):
                pass
        assert fetcher.reserved_bytes == 0


# Inline media, and the bound of open videos.


async def test_inline_media_are_passed_on_if_their_kind_is_right() -> None:
    async with open_fetcher() as fetcher:
        kinds: list[Kind] = ["auto", "video"]
        for kind in kinds:
            async with fetcher.open(submission(body=FILM, kind=kind)) as found:
                assert found == FILM
        for body, wrong in ((FILM, "image"), (PHOTO, "video")):
            with pytest.raises(BadInput) as refused:
                async with fetcher.open(submission(body=body, kind=wrong)):  # type: ignore[arg-type]
                    pass
            assert refused.value.reason is Reason.UNSUPPORTED_KIND
        with pytest.raises(BadInput) as refused:
            async with fetcher.open(submission(body=b"")):
                pass
        assert refused.value.reason is Reason.SOURCE_EMPTY


async def test_the_number_of_open_videos_is_bounded_and_pictures_do_not_wait(servers: Servers) -> None:
    url = await servers.web({"/film.mp4": FilmServer(FILM).answer, "/photo": FilmServer(PHOTO).answer})
    most = is_open = 0
    async with open_fetcher(source_allow="127.0.0.1", video_threads=1) as fetcher:

        async def one() -> None:
            nonlocal most, is_open
            async with fetcher.open(submission(f"{url}/film.mp4")):
                is_open += 1
                most = max(most, is_open)
                await enough.wait()
                is_open -= 1

        enough = asyncio.Event()
        tasks = [asyncio.create_task(one()) for _ in range(3 * OPEN_VIDEOS_PER_THREAD)]
        await wait_until(lambda: is_open == OPEN_VIDEOS_PER_THREAD)
        async with fetcher.open(submission(f"{url}/photo")) as photo:
            assert photo == PHOTO
        enough.set()
        await asyncio.gather(*tasks)
        assert most == OPEN_VIDEOS_PER_THREAD

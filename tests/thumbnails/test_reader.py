"""A thumbnail is made of what the worker has written, once, when somebody asks for it; none outlives its medium."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from streams.domain.fingerprint.thumbnails.preview import preview_file, thumbnail_of
from streams.domain.fingerprint.thumbnails.sizes import PREVIEW
from streams.errors import BadInput, BrokenInfrastructure, Reason, ThumbnailStoreError
from streams.thumbnails.names import STORED, object_name
from streams.thumbnails.reader import ThumbnailReader
from streams.thumbnails.store import ThumbnailStore
from tests.support.media import photo

pytest.importorskip("obstore")

DIGEST = "ab" * 32


class Maker:
    """Makes thumbnails on the loop's thread, and counts them.

    Attributes:
        meanwhile: called when a thumbnail is made and before it is handed over.
    """

    def __init__(self) -> None:
        self.made: list[int] = []
        self.meanwhile: Callable[[], object] = lambda: None

    async def __call__(self, preview: bytes, side: int) -> bytes | None:
        self.made.append(side)
        await asyncio.sleep(0)
        self.meanwhile()
        return thumbnail_of(preview, side)


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
def store(tmp_path: Path) -> ThumbnailStore:
    return ThumbnailStore(tmp_path.as_uri())


@pytest.fixture
def reader(store: ThumbnailStore, maker: Maker) -> ThumbnailReader:
    return ThumbnailReader(store, maker)


@pytest.fixture
async def preview(store: ThumbnailStore) -> bytes:
    """That of a content, in the store."""
    made = preview_file(photo("coffee.png", (1200, 800)))
    await store.write(object_name(DIGEST, PREVIEW), made)
    return made


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("file", "size"), [("150.webp", (150, 100)), ("300.webp", (300, 200)), ("600.webp", (600, 400))]
)
async def test_a_thumbnail_is_made_once_and_kept(
    reader: ThumbnailReader, maker: Maker, preview: bytes, tmp_path: Path, file: str, size: tuple[int, int]
) -> None:
    first = await reader.read(DIGEST, file)
    assert first is not None and Image.open(BytesIO(first)).size == size
    assert names_in(tmp_path) == {PREVIEW, file}
    assert await reader.read(DIGEST, file) == first
    assert await ThumbnailReader(ThumbnailStore(tmp_path.as_uri()), maker).read(DIGEST, file) == first
    assert maker.made == [size[0]]


async def test_all_who_ask_at_once_get_the_same_one(reader: ThumbnailReader, maker: Maker, preview: bytes) -> None:
    answers = await asyncio.gather(*(reader.read(DIGEST, "300.webp") for _ in range(50)))
    assert maker.made == [300]
    assert answers[0] is not None and len(set(answers)) == 1


async def test_it_is_kept_though_whoever_asked_has_gone(
    reader: ThumbnailReader, maker: Maker, preview: bytes, tmp_path: Path
) -> None:
    asking = asyncio.create_task(reader.read(DIGEST, "300.webp"))
    maker.meanwhile = asking.cancel
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await reader.read(DIGEST, "300.webp") is not None
    assert maker.made == [300] and names_in(tmp_path) == {PREVIEW, "300.webp"}


async def test_thumbnails_that_a_worker_of_before_has_written_are_read(
    reader: ThumbnailReader, maker: Maker, store: ThumbnailStore
) -> None:
    await store.write(object_name(DIGEST, "150.webp"), b"of before")
    assert await reader.read(DIGEST, "150.webp") == b"of before"
    assert await reader.read(DIGEST, "300.webp") is None
    assert maker.made == []


async def test_the_strip_of_a_video_is_never_made_of_a_preview(
    reader: ThumbnailReader, maker: Maker, preview: bytes
) -> None:
    assert await reader.read(DIGEST, "strip.webp") is None
    assert maker.made == []


async def test_nothing_is_left_of_a_medium_that_is_deleted_meanwhile(
    reader: ThumbnailReader, maker: Maker, preview: bytes, store: ThumbnailStore, tmp_path: Path
) -> None:
    maker.meanwhile = lambda: store.delete([object_name(DIGEST, file) for file in STORED])
    assert await reader.read(DIGEST, "300.webp") is None
    assert maker.made == [300] and names_in(tmp_path) == set()


async def test_a_thumbnail_that_cannot_be_kept_is_shown_all_the_same(
    reader: ThumbnailReader, maker: Maker, preview: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def block() -> None:
        """A folder takes its place: nothing can be written there, whoever runs this test."""
        (tmp_path / object_name(DIGEST, "300.webp") / "inside").mkdir(parents=True)

    maker.meanwhile = block
    shown = await reader.read(DIGEST, "300.webp")
    assert shown == thumbnail_of(preview, 300)
    assert "made again" in caplog.text


async def test_a_preview_of_which_nothing_can_be_made_shows_nothing(store: ThumbnailStore, preview: bytes) -> None:
    async def refuses(preview: bytes, side: int) -> bytes | None:
        raise BadInput(Reason.DECODER_CRASHED, "two decoding processes died over this file")

    async def makes_nothing(preview: bytes, side: int) -> bytes | None:
        return None

    for make in (refuses, makes_nothing):
        assert await ThumbnailReader(store, make).read(DIGEST, "300.webp") is None


async def test_an_error_reaches_all_who_wait_and_the_next_one_tries_again(
    store: ThumbnailStore, preview: bytes
) -> None:
    begun: list[int] = []

    async def fails_once(preview: bytes, side: int) -> bytes | None:
        begun.append(side)
        await asyncio.sleep(0)
        if len(begun) == 1:
            raise BrokenInfrastructure("no decoding process could be started")
        return thumbnail_of(preview, side)

    reader = ThumbnailReader(store, fails_once)
    answers = await asyncio.gather(*(reader.read(DIGEST, "300.webp") for _ in range(5)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [BrokenInfrastructure] * 5
    assert begun == [300]
    assert await reader.read(DIGEST, "300.webp") is not None


async def test_a_store_that_is_away_is_an_error(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "test",
                        "AWS_SECRET_ACCESS_KEY": "secret-key", "AWS_REGION": "us-east-1"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    reader = ThumbnailReader(ThumbnailStore("s3://mediasieve-test/away"), maker)
    with pytest.raises(ThumbnailStoreError):
        await reader.read(DIGEST, "300.webp")
    assert maker.made == []


async def test_what_is_being_made_ends_with_the_reader(store: ThumbnailStore, preview: bytes) -> None:
    begun = asyncio.Event()

    async def never(preview: bytes, side: int) -> bytes | None:
        begun.set()
        await asyncio.Event().wait()
        return None

    reader = ThumbnailReader(store, never)
    asking = asyncio.create_task(reader.read(DIGEST, "300.webp"))
    await begun.wait()
    await reader.close()
    with pytest.raises(asyncio.CancelledError):
        await asking

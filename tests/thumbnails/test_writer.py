"""Thumbnails are written beside all else: to a folder and to S3; where the store is away, they are left out."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from streams import metrics
from streams.config.settings import load_settings
from streams.errors import ConfigurationError, ThumbnailStoreError
from streams.thumbnails import writer as writing
from streams.thumbnails.names import object_name
from streams.thumbnails.store import ThumbnailStore, open_store
from streams.thumbnails.writer import ThumbnailWriter, open_writer

pytest.importorskip("obstore")

FILES = {"150.webp": b"small", "300.webp": b"medium", "600.webp": b"large"}


def content(number: int) -> tuple[str, str]:
    """The content id and the digest."""
    return f"sha256:{number:064x}", f"{number:064x}"


def counted(result: str) -> float:
    return metrics.REGISTRY.get_sample_value("mediasieve_thumbnails_total", {"result": result}) or 0.0


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store of every kind; S3 is a server of moto, or the one whose endpoint MEDIASIEVE_TEST_S3 names."""
    if request.param == "folder":
        return (tmp_path / "a folder").as_uri()
    endpoint = os.environ.get("MEDIASIEVE_TEST_S3") or request.getfixturevalue("moto_endpoint")
    for name, value in {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                        "AWS_REGION": "us-east-1"}.items():  # fmt: skip
        monkeypatch.setenv(name, os.environ.get(name, value))
    return f"s3://mediasieve-test/{tmp_path.name}"


async def test_what_was_written_is_read_until_it_is_deleted(url: str) -> None:
    store = ThumbnailStore(url)
    assert await store.read("ab/cd/150.webp") is None
    await store.write("ab/cd/150.webp", b"first")
    await store.write("ab/cd/150.webp", b"second")
    assert await store.read("ab/cd/150.webp") == b"second"
    assert [await store.has(f"ab/cd/{name}") for name in ("150.webp", "300.webp")] == [True, False]
    await asyncio.to_thread(store.delete, ["ab/cd/150.webp", "ab/cd/300.webp"])
    assert await store.read("ab/cd/150.webp") is None
    await store.write("ab/cd/150.webp", b"third")
    await store.remove(["ab/cd/150.webp"])
    assert not await store.has("ab/cd/150.webp")


async def test_a_writer_that_is_closed_has_written_what_was_put(url: str) -> None:
    store, before = ThumbnailStore(url), counted("written")
    writer = ThumbnailWriter(ThumbnailStore(url), 1 << 20)
    for number in range(20):
        writer.put(content(number)[0], FILES)
    await writer.close()
    for number in range(20):
        for file, data in FILES.items():
            assert await store.read(object_name(content(number)[1], file)) == data
    assert counted("written") == before + 20
    writer.put(content(21)[0], FILES)
    assert await store.read(object_name(content(21)[1], "150.webp")) is None


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> ThumbnailStore:
    """A store where nobody answers."""
    for name, value in {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "test",
                        "AWS_SECRET_ACCESS_KEY": "secret-key", "AWS_REGION": "us-east-1"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(writing, "RETRY_AFTER_S", 0.001)
    return ThumbnailStore("s3://mediasieve-test/away")


async def test_a_store_that_is_away_delays_nothing_and_is_counted(away: ThumbnailStore) -> None:
    before = counted("left_out")
    writer = ThumbnailWriter(away, 1 << 20)
    for number in range(5):
        writer.put(content(number)[0], FILES)
    await writer.close()
    assert counted("left_out") == before + 5
    assert metrics.THUMBNAIL_BYTES._value.get() == 0


async def test_the_error_of_a_store_tells_no_secret(away: ThumbnailStore) -> None:
    with pytest.raises(ThumbnailStoreError) as refused:
        await away.read("ab/cd/150.webp")
    assert "secret-key" not in str(refused.value)


@pytest.mark.parametrize(("files", "fits"), [({"150.webp": bytes(1000)}, 10), ({"150.webp": b"x"}, 50)])
async def test_what_waits_is_bounded_by_bytes_and_by_count(
    away: ThumbnailStore, files: dict[str, bytes], fits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MAX_WAITING", 50)
    before = counted("left_out")
    writer = ThumbnailWriter(away, 10_000)
    for number in range(60):  # the writers begin once this waits
        writer.put(content(number)[0], files)
    assert counted("left_out") == before + 60 - fits
    assert metrics.THUMBNAIL_BYTES._value.get() == fits * len(files["150.webp"])
    monkeypatch.setattr(writing, "CLOSE_TIMEOUT_S", 0.01)
    await writer.close()


def test_no_store_no_writer() -> None:
    assert open_store(load_settings(thumbnails="")) is None
    assert open_writer(load_settings(thumbnails="")) is None


@pytest.mark.parametrize("url", ["/folder", "ftp://host/x", "s3://", "file://", "https://host/x"])
def test_a_store_that_is_none_is_refused_by_the_name_of_its_variable(url: str) -> None:
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_THUMBNAILS"):
        load_settings(thumbnails=url)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_THUMBNAILS"):
        ThumbnailStore((tmp_path / "file" / "folder").as_uri())


@pytest.fixture(scope="session")
def moto_endpoint() -> Any:
    server = pytest.importorskip("moto.server", reason="moto[server] is not installed: no local S3")
    boto3 = pytest.importorskip("boto3")

    running = server.ThreadedMotoServer(port=0)
    running.start()
    host, port = running.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test",
                 aws_secret_access_key="test").create_bucket(Bucket="mediasieve-test")  # fmt: skip
    yield endpoint
    running.stop()

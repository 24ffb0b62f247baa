"""A running system with its API, for all tests of a run: real broker, real RocksDB, real ClickHouse engine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from streams.config.api_keys import Role, make_key
from tests.support.commands import running_system
from tests.support.patience import PATIENCE_S
from tests.support.redis_server import PROGRAM as REDIS_PROGRAM
from tests.support.redis_server import RedisServer

ROLES: dict[str, frozenset[Role]] = {
    "shop": frozenset({"read", "submit", "moderate"}),
    "other": frozenset({"read", "submit", "moderate"}),
    "reader": frozenset({"read"}),
    "admin": frozenset({"admin"}),
    "shop-admin": frozenset({"admin"}),
}


@dataclass(frozen=True, slots=True)
class Api:
    """The address of a running API, its keys by name, and its folder."""

    url: str
    keys: dict[str, str]
    folder: Path
    broker: str
    redis: RedisServer | None = None

    def client(self, key: str | None = "shop", **more: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.keys[key]}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE_S, **more)


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A system whose API has keys: `shop`, `reader` and `shop-admin` for one collection, `other`, and `admin`.

    Where Redis is installed, answers are shared there.
    """
    pytest.importorskip("chdb")
    pytest.importorskip("noida_db")
    folder = tmp_path_factory.mktemp("api")
    made = {
        name: make_key(
            name, roles, ("*",) if name == "admin" else ("other",) if name == "other" else ("shop",),
            rate="1000000/minute", expires=None,
        )
        for name, roles in ROLES.items()
    }  # fmt: skip
    key_file = folder / "keys.yaml"
    key_file.write_text("keys:\n" + "".join(new.as_yaml() for new in made.values()))
    with ExitStack() as stack:
        more = {"MEDIASIEVE_API_KEYS": str(key_file), "MEDIASIEVE_API_BODY_TIMEOUT_S": "2"}
        redis = None
        if REDIS_PROGRAM is not None:
            redis = stack.enter_context(RedisServer(folder / "redis"))
            more |= {"MEDIASIEVE_CACHE": redis.url, "MEDIASIEVE_API_SECRET": "of the tests, long enough"}
        running = stack.enter_context(running_system(folder, **more))
        keys = {name: new.key for name, new in made.items()}
        yield Api(f"http://{running.api}", keys, folder, running.broker, redis)


def photo(seed: int, size: tuple[int, int] = (480, 360), quality: int = 90, image_format: str = "JPEG") -> bytes:
    """A picture with structure of its own."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 255, (9, 12, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    fine = Image.fromarray(random.integers(0, 255, (36, 48, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    written = BytesIO()
    Image.blend(coarse, fine, 0.3).save(written, image_format, quality=quality)
    return written.getvalue()


def mirrored(data: bytes) -> bytes:
    """A picture as somebody would upload it again: mirrored, smaller, and encoded anew."""
    written = BytesIO()
    image = Image.open(BytesIO(data)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image.resize((image.width * 3 // 4, image.height * 3 // 4)).save(written, "JPEG", quality=80)
    return written.getvalue()


def submit(client: httpx.Client, media_id: str, data: bytes, collection: str = "shop", **more: Any) -> dict[str, Any]:
    """The decision about a medium."""
    answer = client.put(
        f"/v1/media/{media_id}",
        content=data,
        params={"collection": collection, "wait_s": 30, **more},
        headers={"Content-Type": "image/jpeg"},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["decision"]
    return found


def eventually(ask: Any, timeout_s: float = PATIENCE_S) -> Any:
    """What `ask` returns as soon as that is something: rows come a second after decisions."""
    deadline = time.monotonic() + timeout_s
    while not (found := ask()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="session")
def story(api: Api) -> dict[str, Any]:
    """In the collection shop: a picture, its exact copy, a mirrored one and another picture; in other: one picture."""
    original = photo(1)
    with api.client() as client:
        first = submit(client, "a/original", original)
        decisions = {
            "original": first,
            "copy": submit(client, "a/copy", original),
            "mirrored": submit(client, "a/mirrored", mirrored(original)),
            "different": submit(client, "b/different", photo(2)),
        }
        eventually(lambda: client.get("/v1/history/b/different", params={"collection": "shop"}).status_code == 200)
        eventually(
            lambda: client.get(f"/v1/groups/{first['content_id']}", params={"collection": "shop"}).status_code == 200
        )
    with api.client("other") as client:
        decisions["secret"] = submit(client, "secret/medium", photo(3), "other")
        eventually(lambda: client.get("/v1/history/secret/medium", params={"collection": "other"}).status_code == 200)
    return decisions

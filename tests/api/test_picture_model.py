"""Searches by a picture model, through the whole system: the fingerprint stage, the sink, ClickHouse and the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from streams.cli.app import cli
from streams.client import Client
from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.fingerprint.model_view import ModelView, ViewSize
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from tests.api.conftest import Api, eventually, photo, submit
from tests.support import films
from tests.support.commands import running_system
from tests.support.onnx_models import SIDE, flat_model, projection
from tests.support.patience import PATIENCE_S

MEDIA = {f"picture/{number}": photo(number) for number in range(6)}
JPEG = {"Content-Type": "image/jpeg"}
OWNED = {"Mediasieve-Metadata": '{"owner": "ann"}'}
BY_MODEL = {"likeness": "model"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the system."""
    pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp("model")
    flat_model(folder)
    return folder


def variables(home: Path) -> dict[str, str]:
    """Those of the model."""
    values = {"": str(home / "flat.onnx"), "_SCALE": "1", "_MEAN": "128,128,128", "_STD": "1,1,1"}
    return {f"MEDIASIEVE_PICTURE_MODEL{name}": value for name, value in values.items()}


@pytest.fixture(scope="module")
def modelled(home: Path) -> Iterator[httpx.Client]:
    """A client of a system with a picture model, that knows some pictures and a video. It has no keys."""
    pytest.importorskip("chdb")
    pytest.importorskip("noida_db")
    film = films.film(3, 12.0, size=(320, 180), options={"crf": "12"}).read_bytes()
    with ExitStack() as stack:
        running = stack.enter_context(running_system(home, **variables(home)))
        client = stack.enter_context(httpx.Client(base_url=f"http://{running.api}", timeout=PATIENCE_S))
        for name, data in MEDIA.items():
            headers = {**JPEG, **(OWNED if name == "picture/3" else {})}
            client.put(f"/v1/media/{name}", content=data, params={"wait_s": 30}, headers=headers).raise_for_status()
        submit(client, "film", film, "default")
        everything = {"media_id": "picture/0", **BY_MODEL}
        eventually(lambda: len(client.post("/v1/search", json=everything).json().get("looks", [])) == len(MEDIA))
        yield client


def looks(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    answer = client.post("/v1/search", json={**BY_MODEL, **query})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["looks"]
    return found


def vector(data: bytes) -> Any:
    """What `flat_model` says of a picture."""
    maker, view = ThumbnailMaker(), ModelView(ViewSize(SIDE, SIDE))
    fingerprint_image(data, thumbnails=maker)
    maker.show(view)
    pixels = np.frombuffer(view.pixels, np.uint8).reshape(SIDE, SIDE, 3).transpose(2, 0, 1).reshape(-1)
    made = (pixels - 128.0) @ projection()
    return made / np.linalg.norm(made)


def test_a_known_medium_finds_what_the_model_takes_for_alike(modelled: httpx.Client) -> None:
    found = looks(modelled, media_id="picture/0")
    cosines = {name: float(vector(data) @ vector(MEDIA["picture/0"])) for name, data in MEDIA.items()}
    pictures = [each for each in found if each["media_id"] != "film"]
    assert {each["media_id"] for each in pictures} == set(MEDIA) - {"picture/0"}
    for each in pictures:
        assert each["distance"] == pytest.approx(1e6 * (1 - cosines[each["media_id"]]), abs=5_000)
        assert each["similarity"] == pytest.approx(max(0.0, 1 - each["distance"] / 1e6), abs=1e-4)
        assert each["decision"]["media_id"] == each["media_id"] and "embedding" not in each["decision"]["facts"]
    assert [each["distance"] for each in found] == sorted(each["distance"] for each in found)
    (film,) = [each for each in found if each["media_id"] == "film"]
    assert film["decision"]["facts"]["kind"] == "video"
    content_id = modelled.get("/v1/decisions/picture/0").json()["content_id"]
    assert looks(modelled, content_id=content_id) == found


def test_an_uploaded_picture_finds_what_is_like_it_and_is_not_submitted(modelled: httpx.Client) -> None:
    asked: dict[str, Any] = {**BY_MODEL, "limit": 3}
    upload = photo(2, size=(400, 300), quality=60)
    first = modelled.post("/v1/search", params=asked, content=upload, headers=JPEG).json()
    assert first["by"] == "image" and first["looks"][0]["media_id"] == "picture/2"
    assert first["looks"][0]["similarity"] > 0.9
    more = {**asked, "cursor": first["next_cursor"]}
    page = modelled.post("/v1/search", params=more, content=upload, headers=JPEG).json()["looks"]
    assert page[0]["distance"] >= first["looks"][-1]["distance"]
    assert len({each["media_id"] for each in [*first["looks"], *page]}) == 6
    forged = {**asked, "likeness": "visual", "cursor": first["next_cursor"]}
    assert modelled.post("/v1/search", params=forged, content=upload, headers=JPEG).json()["code"] == "bad_cursor"


def test_a_search_by_the_model_has_the_filters_of_other_searches(modelled: httpx.Client) -> None:
    assert [each["media_id"] for each in looks(modelled, media_id="picture/0", owner="ann")] == ["picture/3"]
    assert looks(modelled, media_id="picture/0", label="no such label") == []
    assert looks(modelled, media_id="picture/0", until="2020-01-01T00:00:00Z") == []
    assert len(looks(modelled, media_id="picture/0", since="2020-01-01T00:00:00Z", limit=2)) == 2


def test_the_python_client_searches_by_the_model(modelled: httpx.Client) -> None:
    with Client(str(modelled.base_url)) as client:
        by_medium = client.search(media_id="picture/1", likeness="model", limit=1)
        by_picture = client.search_picture(MEDIA["picture/1"], likeness="model", limit=2)
    assert by_medium["looks"][0]["media_id"] != "picture/1"
    assert by_picture["looks"][0] == by_medium["looks"][0]  # the content itself is left out of both


def similar(home: Path, *args: str, **more: str) -> Result:
    (home / "query.jpg").write_bytes(photo(2, size=(400, 300), quality=60))
    env = {"MEDIASIEVE_DATA_DIR": str(home / "data"), **variables(home), **more}
    return CliRunner().invoke(cli, ["similar", str(home / "query.jpg"), "--top", "3", *args], env=env)


@pytest.mark.parametrize("likeness", ["visual", "model"])
def test_a_command_finds_what_an_api_finds(home: Path, modelled: httpx.Client, likeness: str) -> None:
    asked = ("--likeness", likeness)
    here, there = similar(home, *asked, "--json"), similar(home, *asked, "--json", "--api", str(modelled.base_url))
    assert (here.exit_code, there.exit_code) == (0, 0), (here.output, there.output)
    found = [json.loads(line) for line in here.stdout.splitlines()]
    assert [each["media_id"] for each in found[:1]] == ["picture/2"] and len(found) == 3
    assert [each["distance"] for each in found] == sorted(each["distance"] for each in found)
    names = ("content_id", "media_id", "distance", "similarity", "at_s")
    from_api = [json.loads(line) for line in there.stdout.splitlines()]
    assert [[each[name] for name in names] for each in found] == [[each[name] for name in names] for each in from_api]
    assert all(each["decision"]["media_id"] == each["media_id"] for each in found)
    table = similar(home, *asked).stdout
    assert "picture/2" in table and "alike" in table


def test_a_command_without_a_model_says_so(home: Path, modelled: httpx.Client) -> None:
    result = similar(home, "--likeness", "model", MEDIASIEVE_PICTURE_MODEL="")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "MEDIASIEVE_PICTURE_MODEL" in result.stderr and result.stderr.count("\n") == 1


def test_what_the_model_has_not_seen_is_not_found(modelled: httpx.Client) -> None:
    for query in ({"media_id": "absent"}, {"content_id": "sha256:" + "0" * 64}):
        answer = modelled.post("/v1/search", json={**BY_MODEL, **query})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = modelled.post("/v1/search", json={**BY_MODEL, "text": "picture"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    answer = modelled.post("/v1/search", params=BY_MODEL, content=b"no picture", headers=JPEG)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_medium")


def test_a_picture_on_which_the_model_fails_is_no_fault_of_whoever_sends_it(modelled: httpx.Client) -> None:
    blank = BytesIO()
    Image.new("RGB", (64, 64), (128, 128, 128)).save(blank, "PNG")  # all values are the mean: a vector of no length
    answer = modelled.post("/v1/search", params=BY_MODEL, content=blank.getvalue(), headers=JPEG)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "Retry-After" in answer.headers
    submitted = modelled.put("/v1/media/blank", content=blank.getvalue(), params={"wait_s": 30}, headers=JPEG)
    assert submitted.json()["decision"]["outcome"] == "unique"


def test_without_a_model_a_problem_says_so(api: Api, story: dict[str, Any]) -> None:
    with api.client() as client:
        answers = [
            client.post("/v1/search", json={**BY_MODEL, "media_id": "a/original", "collection": "shop"}),
            client.post("/v1/search", json={**BY_MODEL, "url": "https://cdn.example.com/1.jpg", "collection": "shop"}),
            client.post("/v1/search", params={**BY_MODEL, "collection": "shop"}, content=photo(1), headers=JPEG),
        ]
        batch = client.post("/v1/search/batch", json={"queries": [{**BY_MODEL, "media_id": "a/original"}]},
                            params={"collection": "shop"})  # fmt: skip
    for answer in answers:
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "no_picture_model")
        assert problem["type"] == "urn:mediasieve:problem:no_picture_model" and "likeness=visual" in problem["detail"]
        assert answer.headers["content-type"] == "application/problem+json"
    assert [each["error"] for each in batch.json()] == ["no_picture_model"]

"""Thumbnails: the field of every answer, and what its URLs lead to, whoever asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.api.conftest import Api, eventually, photo

IN_SHOP = {"collection": "shop"}


@pytest.fixture
def client(api: Api, story: dict[str, Any]) -> Any:
    with api.client() as opened:
        yield opened


@pytest.fixture
def urls(client: httpx.Client) -> dict[str, str]:
    """Of the original of the story, once they are written."""
    found: dict[str, str] = client.get("/v1/media/a/original", params=IN_SHOP).json()["thumbnails"]
    eventually(lambda: client.get(found["600"]).status_code == 200)
    return found


def test_a_url_shows_the_picture_to_whoever_has_it(api: Api, urls: dict[str, str]) -> None:
    with api.client(None) as anyone:
        answers = {size: anyone.get(url) for size, url in urls.items()}
    pictures = {size: Image.open(BytesIO(answer.content)) for size, answer in answers.items()}
    assert {size: picture.size for size, picture in pictures.items()} == {
        "150": (150, 113), "300": (300, 225), "600": (480, 360)}  # fmt: skip
    assert {(picture.format, picture.info.get("exif")) for picture in pictures.values()} == {("WEBP", None)}
    headers = answers["150"].headers
    assert headers["content-type"] == "image/webp"
    assert headers["cache-control"].startswith("private, max-age=") and "immutable" in headers["cache-control"]
    assert headers["x-content-type-options"] == "nosniff"


def test_webp_is_made_of_the_preview_when_it_is_first_asked_for(
    api: Api, client: httpx.Client, story: dict[str, Any]
) -> None:
    found: dict[str, str] = client.get("/v1/media/b/different", params=IN_SHOP).json()["thumbnails"]
    digest = story["different"]["content_id"].removeprefix("sha256:")
    eventually(lambda: list(api.folder.rglob(f"{digest}/preview.jpg")))
    (folder,) = {path.parent for path in api.folder.rglob(f"{digest}/*")}
    assert {path.name for path in folder.iterdir()} == {"preview.jpg"}
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: client.get(found["150"]), range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert {path.name for path in folder.iterdir()} == {"preview.jpg", "150.webp"}
    assert {answer.content for answer in answers} == {(folder / "150.webp").read_bytes()}
    assert client.get(found["150"].replace("150.webp", "preview.jpg")).status_code == 422


def test_a_browser_that_has_the_picture_gets_no_body(client: httpx.Client, urls: dict[str, str]) -> None:
    tag = client.get(urls["300"]).headers["etag"]
    again = client.get(urls["300"], headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "altered",
    [
        lambda url: url.replace("signature=", "signature=x"),
        lambda url: url.replace("expires=1", "expires=2"),
        lambda url: url.replace("expires=", "expires=1&was="),
        lambda url: "/thumbnails/" + "0" * 64 + url[url.rindex("/") :],
    ],
)
def test_other_urls_show_nothing(client: httpx.Client, urls: dict[str, str], altered: Any) -> None:
    answer = client.get(altered(urls["300"]))
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_thumbnail_url")


@pytest.mark.parametrize("file", ["151.webp", "300.jpg", "..%2f300.webp", "300.webp%00"])
def test_other_files_are_not_asked_for(client: httpx.Client, urls: dict[str, str], file: str) -> None:
    url = urls["300"].replace("300.webp", file)
    assert client.get(url).status_code in (404, 422)


def test_every_answer_that_shows_a_medium_has_its_thumbnails(
    client: httpx.Client, story: dict[str, Any], urls: dict[str, str]
) -> None:
    content_id = story["original"]["content_id"]
    eventually(lambda: client.get(f"/v1/groups/{content_id}", params=IN_SHOP).status_code == 200)
    medium = client.get("/v1/media/a/original", params=IN_SHOP).json()
    group = client.get(f"/v1/groups/{content_id}", params=IN_SHOP).json()
    found = client.post("/v1/search", json={"media_id": "a/original", "collection": "shop"}).json()["contents"]
    words = client.post("/v1/search", json={"text": "original", "collection": "shop"}).json()["texts"]
    shown = [
        story["original"],
        medium,
        medium["decision"],
        client.get("/v1/decisions/a/original", params=IN_SHOP).json(),
        *client.get("/v1/decisions", params=IN_SHOP).json()["decisions"],
        *client.get("/v1/history/a/original", params=IN_SHOP).json(),
        *client.get("/v1/groups", params=IN_SHOP).json()["groups"],
        group,
        group["canonical"],
        *group["members"],
        *(member["decision"] for member in group["members"]),
        *found,
        *(each["decision"] for each in words),
    ]
    for each in shown:
        digest = (each["content_id"] or "").removeprefix("sha256:")
        expected = {size: f"/thumbnails/{digest}/{size}.webp" for size in ("150", "300", "600")} if digest else None
        had = each["thumbnails"]
        assert expected == (had and {size: url.partition("?")[0] for size, url in had.items()})
    assert found and words and group["members"]


def test_what_looks_alike_is_found_by_medium_and_by_upload(
    client: httpx.Client, story: dict[str, Any], urls: dict[str, str]
) -> None:
    by_medium = {"media_id": "a/original", "collection": "shop", "likeness": "visual"}
    # rows of fingerprints come a moment after the decisions
    found = eventually(lambda: client.post("/v1/search", json=by_medium).json()["looks"])
    assert found == sorted(found, key=lambda each: each["distance"])
    assert story["original"]["content_id"] not in [each["content_id"] for each in found]
    asked: dict[str, Any] = {**IN_SHOP, "likeness": "visual", "limit": 2}
    uploaded = client.post("/v1/search", params=asked, content=photo(1, quality=60),
                           headers={"Content-Type": "image/jpeg"}).json()  # fmt: skip
    nearest = uploaded["looks"][0]
    assert nearest["content_id"] == story["original"]["content_id"]
    assert nearest["similarity"] > 0.9 and nearest["thumbnails"] == nearest["decision"]["thumbnails"] is not None
    page = client.post("/v1/search", params={**asked, "cursor": uploaded["next_cursor"]}, content=photo(1, quality=60),
                       headers={"Content-Type": "image/jpeg"}).json()  # fmt: skip
    assert page["looks"][0]["distance"] >= uploaded["looks"][-1]["distance"]


def test_nothing_of_another_collection_looks_alike(api: Api, story: dict[str, Any]) -> None:
    with api.client("other") as other:
        answer = other.post("/v1/search", params={"collection": "other", "likeness": "visual"}, content=photo(1),
                            headers={"Content-Type": "image/jpeg"}).json()  # fmt: skip
        assert {each["decision"]["collection"] for each in answer["looks"]} <= {"other"}


def test_texts_and_hashes_do_not_look_alike(client: httpx.Client) -> None:
    answer = client.post("/v1/search", json={"text": "original", "collection": "shop", "likeness": "visual"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")

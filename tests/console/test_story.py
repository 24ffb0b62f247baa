"""Drop a picture, see the match and what differs, block it by key; an altered copy that comes later is blocked, too."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.api.conftest import Api, eventually, mirrored, photo, submit
from tests.support.browsing import captioned, drop, sign_in

COLLECTION = "story"


@pytest.fixture(scope="module")
def original(system: Api) -> bytes:
    """A picture that the system knows as `s/original`."""
    original = photo(501)
    with system.client("ana") as client:
        submit(client, "s/original", original, COLLECTION)
        eventually(lambda: client.get("/v1/history/s/original", params={"collection": COLLECTION}).status_code == 200)
    return original


def test_drop_see_block_and_the_next_copy_is_blocked(page: Any, system: Api, original: bytes) -> None:
    with system.client("ana") as client:
        eventually(lambda: client.get("/v1/groups", params={"collection": COLLECTION}).status_code == 200)
        eventually(lambda: client.get("/v1/history/s/original", params={"collection": COLLECTION}).status_code == 200)
        sign_in(page, system)
        page.goto(f"/console/?collection={COLLECTION}")
        page.get_by_text("Nothing waits").wait_for()
        drop(page, "found.jpg", "image/jpeg", captioned(original))
        found = page.get_by_role("link", name="s/original")
        found.get_by_text(re.compile("blocks show something else|block")).first.wait_for()
        assert "/console/search" in page.url
        found.click()
        page.get_by_role("figure").filter(has_text="Submitted").get_by_text("s/original").wait_for()
        page.keyboard.press("b")
        page.get_by_text("Blocked: s/original").wait_for()
        eventually(
            lambda: (
                client.get("/v1/decisions/s/original", params={"collection": COLLECTION}).json()["verdict"]["status"]
                == "blocked"
            )
        )
        copy = submit(client, "s/mirrored", mirrored(original), COLLECTION)
    assert (copy["outcome"], copy["verdict"]["status"]) == ("near_duplicate", "blocked")


def test_files_that_are_no_pictures_run_nothing(page: Any, system: Api) -> None:
    sign_in(page, system)
    page.goto(f"/console/search?collection={COLLECTION}")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>document.title="1"</script></svg>'
    for name, media_type, data in (
        ("a.svg", "image/svg+xml", svg),
        ("a.png", "image/png", b"<html><script>document.title='1'</script>"),
    ):
        drop(page, name, media_type, data)
        page.get_by_text(name, exact=True).wait_for()
        page.get_by_role("alert").wait_for()
    assert page.title() != "1"


@pytest.mark.usefixtures("original")
def test_an_api_that_goes_away_or_is_slow_is_told_and_comes_back(page: Any, system: Api) -> None:
    sign_in(page, system)
    page.goto(f"/console/media?collection={COLLECTION}")
    page.locator(".grid li").first.wait_for()
    page.context.set_offline(True)
    page.get_by_role("link", name="Jobs").click()
    page.get_by_text("The API does not answer").first.wait_for()
    page.context.set_offline(False)
    page.get_by_text("No jobs").wait_for()
    held: list[Any] = []
    page.route("**/v1/statistics*", lambda request: held.append(request))
    page.get_by_role("link", name="Statistics").click()
    page.get_by_text("The API answers slowly.").wait_for()
    for request in held:
        request.continue_()
    page.get_by_role("heading", name="Confidence of matches").wait_for()
    page.get_by_text("The API answers slowly.").wait_for(state="detached")
    page.unroute("**/v1/statistics*")


@pytest.mark.usefixtures("original")
def test_filters_and_words_are_in_the_address(page: Any, system: Api) -> None:
    sign_in(page, system)
    page.goto(f"/console/media?collection={COLLECTION}")
    page.locator(".grid li").first.wait_for()
    page.get_by_label("Outcome").select_option("unique")
    page.wait_for_url(re.compile("outcome=unique"))
    page.get_by_label(re.compile("^Words")).fill("original")
    page.wait_for_url(re.compile("q=original"))
    page.reload()
    page.locator(".grid li").first.wait_for()
    assert page.locator(".grid li").count() == 1
    assert page.get_by_label("Outcome").input_value() == "unique"
    page.get_by_role("link", name="s/original").focus()
    page.keyboard.press("x")
    page.get_by_text("1 content selected").wait_for()

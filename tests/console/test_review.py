"""A person signs in, looks at what waits, and says what it is: in a real browser, on a real system."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.api.conftest import Api, eventually, mirrored, photo, submit
from tests.support.browsing import captioned, sign_in

COLLECTION = "review"


@pytest.fixture(scope="module")
def story(system: Api) -> dict[str, Any]:
    """A picture, the same with a caption, which waits for a person, and a mirrored copy."""
    original = photo(101)
    with system.client("ana") as client:
        decisions = {
            "original": submit(client, "listing/original", original, COLLECTION),
            "captioned": submit(client, "listing/captioned", captioned(original), COLLECTION),
            "mirrored": submit(client, "listing/mirrored", mirrored(original), COLLECTION),
        }
        assert decisions["captioned"]["action"] == "review"
        eventually(lambda: client.get("/v1/review", params={"collection": COLLECTION}).json()["groups"])
    return decisions


def latest(system: Api, media_id: str) -> dict[str, Any]:
    with system.client("ana") as client:
        found: dict[str, Any] = client.get(f"/v1/decisions/{media_id}", params={"collection": COLLECTION}).json()
        return found


def test_a_wrong_key_is_told_and_a_right_one_opens_the_queue(page: Any, system: Api, story: dict[str, Any]) -> None:
    page.goto(f"/console/?collection={COLLECTION}")
    page.get_by_label("API key").fill("msk_wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").get_by_text("Check the key").wait_for()
    page.get_by_label("API key").fill(system.keys["ana"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="listing/captioned").wait_for()
    assert page.evaluate("document.cookie") == ""
    assert system.keys["ana"] not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    page.reload()
    page.get_by_role("link", name="listing/captioned").wait_for()


def test_a_verdict_by_key_is_shown_published_and_taken_back(page: Any, system: Api, story: dict[str, Any]) -> None:
    sign_in(page, system)
    page.goto(f"/console/?collection={COLLECTION}")
    page.get_by_role("link", name="listing/captioned").click()
    submitted = page.get_by_role("figure").filter(has_text="Submitted")
    submitted.get_by_text("listing/captioned").wait_for()
    page.get_by_text("Why it matched").wait_for()
    assert page.get_by_text(story["captioned"]["match"]["explanation"]).count() >= 1
    page.keyboard.press("b")
    submitted.get_by_text("blocked", exact=True).wait_for()
    page.get_by_text("Blocked: listing/captioned").wait_for()
    eventually(lambda: latest(system, "listing/captioned")["verdict"]["status"] == "blocked")
    assert latest(system, "listing/captioned")["verdict"]["by"] == "ana"
    page.keyboard.press("z")
    page.get_by_text(re.compile("Undone")).wait_for()
    eventually(lambda: latest(system, "listing/captioned")["verdict"]["status"] == "pending")


def test_not_a_match_leaves_the_queue_and_sticks(page: Any, system: Api, story: dict[str, Any]) -> None:
    sign_in(page, system)
    group = story["original"]["content_id"]
    page.goto(f"/console/groups/{group}?collection={COLLECTION}")
    page.get_by_role("figure").filter(has_text="Submitted").get_by_text("listing/captioned").wait_for()
    page.keyboard.press("n")
    page.get_by_text("Not a match: listing/captioned").wait_for()
    with system.client("ana") as client:
        asked = {"collection": COLLECTION}
        eventually(lambda: not client.get("/v1/review", params=asked).json()["groups"])
        page.keyboard.press("z")
        eventually(lambda: client.get("/v1/review", params=asked).json()["groups"])
        page.keyboard.press("n")
        eventually(lambda: not client.get("/v1/review", params=asked).json()["groups"])
        again = submit(client, "listing/captioned-again", mirrored(captioned(photo(101))), COLLECTION)
    assert again["match"]["group_media_id"] == "listing/captioned"


def test_a_reader_looks_and_cannot_say_anything(page: Any, system: Api, story: dict[str, Any]) -> None:
    sign_in(page, system, "reader")
    page.goto(f"/console/groups/{story['original']['content_id']}?collection={COLLECTION}")
    page.get_by_text("Your key may look").wait_for()
    assert page.get_by_role("button", name="Block").count() == 0
    assert page.get_by_role("link", name="Dead letters").count() == 0

"""A grid of 100,000 media: all can be reached, few are drawn, and one verdict on many says which failed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from streams.local.data_dir import find_running_system
from tests.api.conftest import Api, eventually, photo, submit
from tests.support.browsing import sign_in
from tests.support.many_media import BLANKS, LOAD_ALL, insert_many

COLLECTION = "many"
ROWS = 100_000
LOADED = 4_000
"""Of them: what somebody scrolls to in a test; tests/bench/console.py scrolls over all."""


@pytest.fixture(scope="module")
def many(system: Api) -> None:
    """100,000 rows in ClickHouse, as its sink writes them."""
    running = find_running_system(system.folder / "data")
    assert running is not None
    with system.client("ana") as client:
        submit(client, "m/first", photo(401), COLLECTION)
        eventually(lambda: client.get("/v1/history/m/first", params={"collection": COLLECTION}).status_code == 200)
        insert_many(running, COLLECTION, ROWS)
        found = client.get("/v1/decisions", params={"collection": COLLECTION, "limit": 200}).json()
        assert (len(found["decisions"]), bool(found["next_cursor"])) == (200, True)


def test_a_hundred_thousand_media_are_scrolled(page: Any, system: Api, many: None) -> None:
    sign_in(page, system)
    page.goto(f"/console/media?collection={COLLECTION}")
    page.locator(".grid li").first.wait_for()
    loaded = page.evaluate(LOAD_ALL, LOADED)
    assert loaded >= LOADED
    assert page.locator(".grid li").count() < 200
    drawn = page.evaluate(BLANKS)
    assert drawn["blank_frames_in_a_row_at_most"] <= 1, drawn


def without_the_last_status(route: Any) -> None:
    """Sends a batch on, whose last verdict says nothing: the API refuses that one."""
    body = route.request.post_data_json
    del body["acts"][-1]["status"]
    route.continue_(post_data=json.dumps(body))


def test_a_verdict_on_many_counts_what_failed_and_is_taken_back(page: Any, system: Api) -> None:
    collection = "bulk"
    with system.client("ana") as client:
        for number in range(4):
            submit(client, f"b/{number}", photo(410 + number), collection)
        eventually(lambda: len(client.get("/v1/decisions", params={"collection": collection}).json()["decisions"]) == 4)

        def statuses() -> list[str]:
            found = client.get("/v1/decisions", params={"collection": collection}).json()["decisions"]
            return [decision["verdict"]["status"] for decision in found]

        sign_in(page, system)
        page.goto(f"/console/media?collection={collection}")
        for number in range(4):
            page.get_by_role("checkbox", name=f"Select b/{number}").check()
        page.route("**/v1/verdicts/batch", without_the_last_status)
        page.keyboard.press("b")
        page.get_by_text("Blocked: 4 contents").wait_for()
        page.get_by_text("1 refused").wait_for()
        page.get_by_text("3 of 4").wait_for()
        eventually(lambda: sorted(statuses()) == ["blocked"] * 3 + ["pending"])
        page.unroute("**/v1/verdicts/batch")
        page.get_by_role("button", name="Try again").click()
        eventually(lambda: statuses() == ["blocked"] * 4)
        page.keyboard.press("z")  # takes back the last act, which was the one tried again
        page.get_by_text(re.compile("Undone: Blocked")).first.wait_for()
        eventually(lambda: sorted(statuses()) == ["blocked"] * 3 + ["pending"])
        page.keyboard.press("z")
        eventually(lambda: statuses() == ["pending"] * 4)

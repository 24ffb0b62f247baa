"""A grid of 100,000 media: all can be reached, few are drawn, and one verdict on many says which failed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from clickhouse_connect import get_client

from streams.local.data_dir import find_running_system
from tests.api.conftest import Api, eventually, photo, submit
from tests.console.conftest import sign_in

COLLECTION = "many"
ROWS = 100_000
#: Rows of one decision, each with a name and ids of its own.
COPIES = """
    INSERT INTO decisions
    SELECT decisions.* REPLACE (
        concat('m/', leftPad(toString(number), 6, '0')) AS media_id,
        concat('/test#', toString(number)) AS submission_id,
        concat('sha256:', lower(hex(SHA256(toString(number))))) AS content_id,
        generateUUIDv4(number) AS decision_id,
        kafka_offset + 1000000 + number AS kafka_offset,
        decided_at - toIntervalMillisecond(number) AS decided_at
    )
    FROM decisions CROSS JOIN numbers({rows:UInt64}) AS numbers
    WHERE collection = {collection:String} AND media_id = 'm/first'
"""


@pytest.fixture(scope="module")
def many(system: Api) -> None:
    """100,000 rows in ClickHouse, as its sink writes them."""
    running = find_running_system(system.folder / "data")
    assert running is not None
    with system.client("ana") as client:
        submit(client, "m/first", photo(401), COLLECTION)
        eventually(lambda: client.get("/v1/history/m/first", params={"collection": COLLECTION}).status_code == 200)
        rows = get_client(dsn=f"{running.clickhouse}/{running.clickhouse_database}")
        rows.command(COPIES, parameters={"rows": ROWS, "collection": COLLECTION})
        rows.close()
        found = client.get("/v1/decisions", params={"collection": COLLECTION, "limit": 1}).json()["decisions"]
        assert found[0]["media_id"].startswith("m/")


def test_a_hundred_thousand_media_are_scrolled(page: Any, system: Api, many: None) -> None:
    sign_in(page, system)
    page.goto(f"/console/media?collection={COLLECTION}")
    page.locator(".grid li").first.wait_for()
    for _ in range(40):
        if page.locator(".grid li").last.get_attribute("aria-posinset") is None:
            break
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(50)
    assert page.locator(".grid li").count() < 200
    drawn = page.evaluate(BLANKS)
    assert drawn["blank_frames_in_a_row_at_most"] <= 1, drawn


#: Scrolls over all that is loaded, and counts frames in which the middle of the screen showed no tile.
BLANKS = """async () => {
    const heights = document.documentElement.scrollHeight;
    let most = 0, run = 0, frames = 0;
    for (let top = 0; top < heights; top += 1500) {
        scrollTo(0, top);
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        frames += 1;
        const middle = document.elementsFromPoint(innerWidth / 2, innerHeight / 2);
        const shown = middle.some((element) => element.closest(".grid li, header, form"));
        run = shown ? 0 : run + 1;
        most = Math.max(most, run);
    }
    return { frames, blank_frames_in_a_row_at_most: most };
}"""


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
        page.keyboard.press("b")
        page.get_by_text("Blocked: 4 contents").wait_for()
        eventually(lambda: statuses() == ["blocked"] * 4)
        page.keyboard.press("z")
        page.get_by_text(re.compile("Undone: Blocked")).wait_for()
        eventually(lambda: statuses() == ["pending"] * 4)

"""Every page, light and dark, wide and on a phone: no violation of WCAG 2.2 AA that axe finds, nothing cut off."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Api, eventually, mirrored, photo, submit
from tests.support.browsing import captioned, sign_in

COLLECTION = "access"
HOSTILE = '<img src=x onerror="document.title=1">\u202egnp.exe ' + "W" * 900
RUN = "async (options) => (await axe.run(document, options)).violations"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: By page: what is there once its data are.
PAGES = {
    "queue": "a.card",
    "groups": ".members li",
    "media": ".grid li",
    "search": ".drop",
    "statistics": "h2:text-is('Confidence of matches')",
    "jobs": ".jobs li",
    "lists": "main table",
    "letters": "main table",
    "nothing": "h1:text-is('Not found')",
}
WIDTHS = (1280, 360)


@pytest.fixture(scope="module")
def group(system: Api) -> str:
    """The id of a group with something on every page: a hostile name, a verdict with labels, a job, a dead letter."""
    original = photo(301)
    with system.client("boss") as client:
        job = client.post("/v1/jobs", params={"collection": COLLECTION}, json={"name": HOSTILE[:80], "expected": 9})
        first = submit(client, "a/original", original, COLLECTION, job_id=job.json()["job_id"])
        submit(client, HOSTILE, captioned(original), COLLECTION)
        submit(client, "a/mirrored", mirrored(original), COLLECTION)
        submit(client, "a/copy", original, COLLECTION)
        verdict = {"subject": "a/original", "status": "review", "labels": [{"name": HOSTILE[:60], "score": 0.9}]}
        client.post("/v1/verdicts", params={"collection": COLLECTION}, json=verdict | {"reason": HOSTILE[:600]})
        client.put("/v1/lists/fakes", params={"collection": COLLECTION, "version": "1", "status": "blocked"},
                   content=b"md5\n9e107d9d372bb6826bd81d3542a419d6\n",
                   headers={"Content-Type": "text/csv"})  # fmt: skip
        broken = client.put("/v1/media/broken", params={"collection": COLLECTION, "wait_s": 30}, content=b"no picture")
        assert broken.json()["decision"]["outcome"] == "failed"
        for path, field in (("/v1/review", "groups"), ("/v1/dead-letters", "letters"), ("/v1/jobs", "jobs")):
            eventually(lambda path=path, field=field: client.get(path, params={"collection": COLLECTION}).json()[field])
        eventually(lambda: client.get("/v1/lists", params={"collection": COLLECTION}).json())
    found: str = first["content_id"]
    return found


def test_no_page_has_a_violation_or_is_wider_than_the_screen(page: Any, system: Api, group: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(reduced_motion="reduce")
    page.goto("/console/")
    page.get_by_label("API key").wait_for()
    found = violations(axe, page, "sign in")
    sign_in(page, system, "boss")
    for name, data in PAGES.items():
        address = f"/console/{name}/{group}" if name == "groups" else f"/console/{name}"
        page.goto(f"{address}?collection={COLLECTION}")
        page.locator(data).first.wait_for()
        found += violations(axe, page, name)
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    found += violations(axe, page, "help")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("dialog", name="Settings").wait_for()
    found += violations(axe, page, "settings")
    assert found == []
    assert page.title() != "1"


def violations(axe: Any, page: Any, name: str) -> list[str]:
    """What axe finds on a page, a line each, and whether it is wider than the screen: all widths, light and dark."""
    page.evaluate(axe.axe_script)
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for colours, chosen in (("light", TAGS), ("dark", ["color-contrast"])):  # nothing else differs in the dark
            page.emulate_media(color_scheme=colours)
            for violation in page.evaluate(RUN, {"runOnly": chosen, "resultTypes": ["violations"]}):
                found += [
                    f"{name}, {width}, {colours}: {violation['id']}: {node['target']} {node['html'][:160]}"
                    for node in violation["nodes"][:3]
                ]
        if page.evaluate("document.scrollingElement.scrollWidth") > width:
            found.append(f"{name} is wider than {width}")
    return found

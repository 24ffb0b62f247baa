"""A browser that is busy, files that do not come, an API that answers late or never: a page says what it waits for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.support.browsing import sign_in

#: A machine that paints late: frames and short timers come only when the first answer of the API has been read.
PAINTS_LATE = """() => {
    const { fetch, setTimeout } = window;
    const answered = new Promise((done) => {
        window.fetch = (...asked) => {
            const answer = fetch(...asked);
            answer.finally(() => setTimeout(done, 500));
            return answer;
        };
    });
    window.setTimeout = (call, ms, ...more) => (
        ms > 100 ? setTimeout(call, ms, ...more) : void answered.then(() => setTimeout(call, ms, ...more))
    );
    window.requestAnimationFrame = (call) => void answered.then(() => call(performance.now()));
}"""


def test_what_the_api_answers_before_the_first_frame_is_shown(page: Any, system: Api) -> None:
    page.add_init_script(f"({PAINTS_LATE})()")
    page.goto("/console/")
    page.get_by_label("API key").wait_for()
    sign_in(page, system)
    page.goto("/console/jobs?collection=busy")
    page.get_by_role("heading", name="Jobs").wait_for()
    page.get_by_text("No jobs").wait_for()


@pytest.mark.parametrize("name", ["app/main.js", "pages/queue.js", "vendor/preact.js"])
def test_a_file_that_does_not_come_is_told_and_asked_for_again(page: Any, name: str) -> None:
    page.route(f"**/static/*/{name}", lambda asked: asked.abort())
    page.goto("/console/")
    page.get_by_role("heading", name="mediasieve").wait_for()
    page.get_by_role("alert").get_by_text("could not be loaded").wait_for()
    page.unroute(f"**/static/*/{name}")
    page.get_by_role("button", name="Try again").click()
    page.get_by_label("API key").wait_for()


def test_a_page_has_its_heading_before_the_api_answers(page: Any, system: Api) -> None:
    sign_in(page, system)
    held: list[Any] = []
    page.route("**/v1/me", lambda asked: asked.continue_() if held else held.append(asked))
    page.goto("/console/statistics?collection=busy")
    page.get_by_role("heading", name="Statistics").wait_for()
    page.get_by_text("It takes longer than usual").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("heading", name="Confidence of matches").wait_for()
    held[0].abort()


@pytest.mark.parametrize(("status", "said"), [(500, "The queue broke."), (503, "Come back later.")])
def test_a_refusal_is_told_with_a_way_to_try_again(page: Any, system: Api, status: int, said: str) -> None:
    sign_in(page, system)
    problem = {"title": "It failed", "detail": said, "code": "x", "status": status}
    page.route("**/v1/groups/**", lambda asked: asked.fulfill(status=status, json=problem))
    page.goto("/console/groups/sha256:nothing?collection=busy")
    page.get_by_role("heading", name="Group").wait_for()
    page.get_by_role("alert").get_by_text(said).wait_for()
    page.unroute("**/v1/groups/**")
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("alert").get_by_text(said).wait_for(state="detached")
    page.get_by_role("heading", name="Group").wait_for()


def test_a_page_that_cannot_be_drawn_leaves_the_others(page: Any, system: Api) -> None:
    sign_in(page, system)
    page.add_init_script("window.reportError = () => {}")
    page.route("**/v1/jobs?*", lambda asked: asked.fulfill(json={"jobs": [None]}))
    page.goto("/console/jobs?collection=busy")
    page.get_by_role("alert").get_by_text("could not be drawn").wait_for()
    page.get_by_role("link", name="Statistics").click()
    page.get_by_role("heading", name="Statistics").wait_for()

"""How fast the console is for a person: `python -m tests.bench.console`.

A system on this machine and headless Chromium. The first view is measured from an empty browser cache, from the
navigation to the first group on the screen. A verdict is measured from the press of its key to the frame that shows it,
and to the moment at which a consumer has read it from Kafka.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

import click
import httpx
import numpy as np
from confluent_kafka import Consumer
from rich.console import Console
from rich.table import Table

from streams.config.settings import load_settings
from streams.kafka.topics import VERDICTS, wire_name
from streams.local.data_dir import RunningSystem
from tests.api.conftest import eventually, photo, submit
from tests.support.browsing import captioned, launch
from tests.support.commands import running_system
from tests.support.many_media import BLANKS, LOAD_ALL, insert_many

REVIEW: Final = "review"
MANY: Final = "many"
#: Times after the navigation at which the heading and the first group are on the screen, in milliseconds.
FIRST_VIEW = """() => {
    window.seen = {};
    const look = () => {
        if (!seen.heading && document.querySelector("main h1:not(.starting)")) seen.heading = performance.now();
        if (seen.groups || !document.querySelector("a.card")) return;
        requestAnimationFrame(() => (seen.groups ||= performance.now()));
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
}"""
#: Presses of keys, and the frames that show a verdict of the member that is looked at.
VERDICTS_SHOWN = """() => {
    window.presses = [];
    const note = ({ key, timeStamp: at }) => presses.push({ key, at, epoch: performance.timeOrigin + at });
    addEventListener("keydown", note, true);
    new MutationObserver(() => {
        const press = presses.at(-1);
        const status = { a: "allowed", b: "blocked" }[press?.key];
        const submitted = document.querySelectorAll(".side")[1];
        if (!status || press.shown || !submitted?.classList.contains(`side-${status}`)) return;
        press.shown = true;
        requestAnimationFrame(() => setTimeout(() => (press.took = performance.now() - press.at)));
    }).observe(document, { childList: true, subtree: true, attributes: true });
}"""


@click.command()
@click.option("--rounds", default=20, show_default=True, help="First views, and verdicts.")
@click.option("--rows", default=100_000, show_default=True, help="Media in the grid; 0 leaves the grid out.")
def main(rounds: int, rows: int) -> None:
    """Start a system, open the console again and again, give verdicts, scroll."""
    from playwright.sync_api import sync_playwright

    table = Table("what", "p50", "p95", "most", "wanted", title="console")
    with tempfile.TemporaryDirectory() as home, running_system(Path(home)) as running:
        with httpx.Client(base_url=f"http://{running.api}", timeout=60) as client:
            group = _fill(client, running, rows)
        with sync_playwright() as started:
            browser = launch(started)
            _measure_first_view(browser, running, rounds, table)
            _measure_verdicts(browser, running, group, rounds, table)
            if rows:
                _measure_grid(browser, running, rows, table)
            browser.close()
    Console().print(table)


def _fill(client: httpx.Client, running: RunningSystem, rows: int) -> str:
    """Twelve groups that wait, and many media; returns the id of a group."""
    for number in range(12):
        original = photo(700 + number)
        found = submit(client, f"r/{number}", original, REVIEW)
        submit(client, f"r/{number}/captioned", captioned(original), REVIEW)
    eventually(lambda: len(client.get("/v1/review", params={"collection": REVIEW}).json()["groups"]) == 12)
    if rows:
        submit(client, "m/first", photo(600), MANY)
        eventually(lambda: client.get("/v1/history/m/first", params={"collection": MANY}).status_code == 200)
        insert_many(running, MANY, rows)
    group: str = found["content_id"]
    return group


def _page(browser: Any, running: RunningSystem, script: str) -> Any:
    context = browser.new_context(base_url=f"http://{running.api}", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.add_init_script(f"({script})()")
    return page


def _measure_first_view(browser: Any, running: RunningSystem, rounds: int, table: Table) -> None:
    headings, views, sizes = [], [], []
    for _ in range(rounds):
        page = _page(browser, running, FIRST_VIEW)
        page.goto(f"/console/?collection={REVIEW}")
        page.wait_for_function("() => window.seen.groups")
        headings.append(page.evaluate("seen.heading"))
        views.append(page.evaluate("seen.groups"))
        static = "performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/console/static/'))"
        sizes.append(page.evaluate(f"{static}.reduce((sum, entry) => sum + entry.transferSize, 0)") / 1000)
        page.context.close()
    _add(table, "heading, empty cache, ms", headings, "")
    _add(table, "first view, empty cache, ms", views, "1,500")
    _add(table, "code over the wire with headers, kB", sizes, "150")


def _measure_verdicts(browser: Any, running: RunningSystem, group: str, rounds: int, table: Table) -> None:
    page = _page(browser, running, VERDICTS_SHOWN)
    page.goto(f"/console/groups/{group}?collection={REVIEW}")
    page.get_by_role("heading", name="Why it matched").wait_for()
    shown, published = [], []
    with _Arrivals(running) as arrivals:
        for number in range(rounds):
            page.keyboard.press("ab"[number % 2])
            page.wait_for_function("() => window.presses.at(-1).took")
            arrived_at = arrivals.wait_for(number + 1)
            press = page.evaluate("window.presses.at(-1)")
            shown.append(press["took"])
            published.append(arrived_at * 1000 - press["epoch"])
    page.context.close()
    _add(table, "verdict by key on the screen, ms", shown, "150")
    _add(table, "verdict by key read from Kafka, ms", published, "1,000")


def _measure_grid(browser: Any, running: RunningSystem, rows: int, table: Table) -> None:
    page = _page(browser, running, "() => {}")
    page.goto(f"/console/media?collection={MANY}")
    page.locator(".grid li").first.wait_for()
    begun_at = time.perf_counter()
    loaded = page.evaluate(LOAD_ALL, rows)
    took_s = time.perf_counter() - begun_at
    found = page.evaluate(BLANKS)
    page.context.close()
    _add(table, f"grid: {loaded:,} media loaded, s", [took_s], "")
    _add(table, f"grid: blank while scrolling ({found['frames']} frames), ms", [found["blank_ms"]], "100")


class _Arrivals:
    """When records of media.verdicts come, read by a consumer of its own."""

    def __init__(self, running: RunningSystem) -> None:
        settings = load_settings(broker=running.broker, topic_prefix=running.topic_prefix)
        self._consumer = Consumer(
            {"bootstrap.servers": running.broker, "group.id": "bench-console", "auto.offset.reset": "latest"}
        )
        self._assigned = threading.Event()
        self._consumer.subscribe([wire_name(settings, VERDICTS)], on_assign=lambda *_: self._assigned.set())
        self._times: list[float] = []
        self._ending = False
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> _Arrivals:
        self._thread.start()
        assert self._assigned.wait(60), "Kafka gave no partitions"
        time.sleep(2)  # until positions are known: records before that are not read
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        self._thread.join()
        self._consumer.close()

    def wait_for(self, count: int) -> float:
        """When the record of this number came, in seconds since the epoch."""
        eventually(lambda: len(self._times) >= count)
        return self._times[count - 1]

    def _read(self) -> None:
        while not self._ending:
            message = self._consumer.poll(0.05)
            if message is not None and message.error() is None:
                self._times.append(time.time())


def _add(table: Table, what: str, values: list[float], wanted: str) -> None:
    p50, p95 = np.percentile(values, (50, 95))
    table.add_row(what, f"{p50:,.0f}", f"{p95:,.0f}", f"{max(values):,.0f}", wanted)


if __name__ == "__main__":
    main()

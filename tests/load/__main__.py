"""Starts a system with many decisions, lets locust's users loose on it, and prints what was wanted beside what was
found.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
import httpx
from rich.console import Console

from streams.analytics.client import connect
from streams.config.settings import load_settings
from streams.local.data_dir import RunningSystem
from tests.api.conftest import photo
from tests.load.slos import read_figures, slo_table
from tests.support.commands import running_system
from tests.support.decision_rows import COLLECTION, insert_decisions

PICTURES: Final = 12
NAMES: Final = 2000
WORDS: Final = ("red", "blue", "green", "old", "rare", "chair", "table", "lamp", "dress", "shoe", "bag", "berlin",
                "paris", "rome", "oslo")  # fmt: skip
TICKS: Final = os.sysconf("SC_CLK_TCK")


@click.command(help=__doc__)
@click.option("--users", default=20, show_default=True, help="At once; a tenth of them use Kafka alone.")
@click.option("--run-time", default="60s", show_default=True, help="As locust takes it: 30s, 5m.")
@click.option("--rows", default=100_000, show_default=True, help="Decisions that are there before.")
@click.option("--url", help="An API that runs elsewhere, which is not filled; its key is in MEDIASIEVE_API_KEY.")
@click.option("--csv", "keep", type=click.Path(file_okay=False, path_type=Path), help="Keep locust's files here.")
def main(users: int, run_time: str, rows: int, url: str | None, keep: Path | None) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = keep or folder
        results.mkdir(parents=True, exist_ok=True)
        if url:
            write_story(folder, url)
            run_locust(folder, results, url, users, run_time, {})
            show(results, f"{users} users, {run_time}, {url}")
            return
        with system_with(folder, rows) as running:
            url = f"http://{running.api}"
            spent = run_locust(folder, results, url, users, run_time, {"MEDIASIEVE_BROKER": running.broker})
            show(results, f"{users} users, {run_time}, {rows:,} decisions before; {spent}")


@contextmanager
def system_with(folder: Path, rows: int) -> Iterator[RunningSystem]:
    """Everything on this machine, without keys and rates, and with a story."""
    with running_system(folder, MEDIASIEVE_API_RATE="") as running:
        settings = load_settings(clickhouse=running.clickhouse)
        with connect(settings) as client:
            insert_decisions(client, rows)
        write_story(folder, f"http://{running.api}")
        yield running


def write_story(folder: Path, url: str) -> None:
    """Pictures that the system knows, and names of what it has."""
    with httpx.Client(base_url=url, headers=key_header(), timeout=120) as client:
        for number in range(PICTURES):
            data = photo(number, (640, 480))
            (folder / f"{number:02}.jpg").write_bytes(data)
            client.put(
                f"/v1/media/load/first/{number}", content=data, headers={"Content-Type": "image/jpeg"},
                params={"collection": COLLECTION, "wait_s": 30},
            ).raise_for_status()  # fmt: skip
        # copies of the pictures come all the time, and end what is kept of them: products ask for others
        found = [each for each in decisions(client) if not each["media_id"].startswith("load/")]
    story = {
        "collection": COLLECTION,
        "media_ids": [each["media_id"] for each in found],
        "content_ids": [each["content_id"] for each in found if each["content_id"]],
        "hashes": [each["facts"]["hashes"]["phash256:1"] for each in found if has_hash(each)],
        "words": WORDS,
    }
    (folder / "story.json").write_text(json.dumps(story))


def has_hash(decision: dict[str, Any]) -> bool:
    return bool(decision["facts"] and "phash256:1" in decision["facts"]["hashes"])


def decisions(client: httpx.Client) -> Iterator[dict[str, Any]]:
    """The latest ones, as far as they are stored."""
    cursor, count = None, 0
    while count < NAMES:
        params: dict[str, str | int] = {"collection": COLLECTION, "limit": 200}
        if cursor:
            params["cursor"] = cursor
        answer = client.get("/v1/decisions", params=params)
        answer.raise_for_status()
        page = answer.json()
        yield from page["decisions"]
        count += len(page["decisions"])
        cursor = page["next_cursor"]
        if cursor is None:
            return


def run_locust(folder: Path, results: Path, url: str, users: int, run_time: str, more: dict[str, str]) -> str:
    """Runs until its time is over; returns the CPU that was spent on both sides."""
    found_in = os.pathsep.join(filter(None, (str(Path.cwd()), os.environ.get("PYTHONPATH"))))
    before, begun_at = cpu_of_system(), time.monotonic()
    locust = subprocess.Popen(
        [sys.executable, "-m", "locust", "--headless", "--only-summary", "-f", "tests/load/locustfile.py",
         "--host", url, "--users", str(users), "--spawn-rate", str(max(1, users // 5)), "--run-time", run_time,
         "--csv", str(results / "load"), "--exit-code-on-error", "0"],
        env={**os.environ, **more, "MEDIASIEVE_LOAD": str(folder), "PYTHONPATH": found_in},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    used, resources = os.wait4(locust.pid, 0)[1:]
    if os.waitstatus_to_exitcode(used):
        raise click.ClickException("locust did not run to its end; see above")
    took = time.monotonic() - begun_at
    ours = cpu_of_system() - before
    locusts = resources.ru_utime + resources.ru_stime
    return f"CPU: system {ours / took:.2f} cores, locust {locusts / took:.2f} cores"


def cpu_of_system() -> float:
    """Seconds of CPU of all processes below this one but locust, which is not running."""
    children: dict[int, list[int]] = {}
    spent: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        number = int(path.parent.name)
        children.setdefault(int(fields[1]), []).append(number)
        spent[number] = (int(fields[11]) + int(fields[12])) / TICKS
    below, found = [os.getpid()], 0.0
    while below:
        for child in children.get(below.pop(), ()):
            found += spent[child]
            below.append(child)
    return found


def key_header() -> dict[str, str]:
    key = os.environ.get("MEDIASIEVE_API_KEY")
    return {"Authorization": f"Bearer {key}"} if key else {}


def show(results: Path, title: str) -> None:
    Console(width=160).print(slo_table(read_figures(results / "load_stats.csv"), title))


if __name__ == "__main__":
    main()

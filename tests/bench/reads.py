"""How long the API's questions to ClickHouse take, and how many rows they read: `python -m tests.bench.reads --rows N`.

The questions are those of tests/support/read_questions.py, asked of the embedded engine on the decisions of
tests/support/decision_rows.py. A folder with rows is used as it is.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.table import Table

from streams.analytics.client import connect
from streams.analytics.migrations import migrate
from streams.config.settings import load_settings
from streams.local.clickhouse.server import EmbeddedClickHouse
from tests.bench.sink import cpu_s
from tests.support.decision_rows import insert_decisions
from tests.support.read_questions import QUESTIONS, CountingClient, find_story

DATABASE = "reads"


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Decisions; none are added to a folder with rows.")
@click.option("--rounds", default=20, show_default=True, help="How often every question is asked.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Keep the rows here; else in a temporary folder.")
@click.option("--only", help="Questions whose name has this text.")
def main(rows: int, rounds: int, data_dir: Path | None, only: str | None) -> None:
    """Ask every question several times."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedClickHouse(data_dir or Path(folder)) as engine:
        settings = load_settings(clickhouse=engine.url, clickhouse_database=DATABASE)
        with connect(settings, database="") as client:
            migrate(client, DATABASE)
            if not client.query("SELECT count() FROM decisions").result_rows[0][0]:
                insert_decisions(client, rows)
        with connect(settings) as timed, connect(settings) as counted:
            timed.set_client_setting("use_query_condition_cache", 0)  # it knows what the same question found before
            found = timed.query("SELECT count() FROM decisions").result_rows[0][0]
            Console().print(_measure(engine, timed, CountingClient(counted), rounds, only or "", found))


def _measure(
    engine: EmbeddedClickHouse, timed: Client, counting: CountingClient, rounds: int, only: str, rows: int
) -> Table:
    table = Table(
        "question", "p50 ms", "p95 ms", "engine CPU ms", "rows read", "statements", title=f"{rows:,} decisions"
    )
    story = find_story(timed)
    for name, (question, _, _) in QUESTIONS.items():
        if only not in name:
            continue
        cpu = cpu_s(engine)
        times = [_time_ms(timed, question, story) for _ in range(rounds)]
        cpu = (cpu_s(engine) - cpu) / rounds * 1000
        _, read, statements = counting.cost_of(lambda client, ask=question: ask(client, story))  # type: ignore[misc]
        p50, p95 = np.percentile(times, (50, 95))
        table.add_row(name, f"{p50:.1f}", f"{p95:.1f}", f"{cpu:.0f}", f"{read:,}", str(statements))
    return table


def _time_ms(client: Client, question: Any, story: dict[str, Any]) -> float:
    begun_at = time.perf_counter()
    question(client, story)
    return (time.perf_counter() - begun_at) * 1000


if __name__ == "__main__":
    main()

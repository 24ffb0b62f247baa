"""Rows a second that the sink writes, and what every view of `decisions` costs: `python -m tests.bench.sink`.

Records of media.decisions go through `ClickHouseSink` into the embedded engine. The process CPU of the engine and of
the sink is divided by the rows. With `--views`, batches go round databases, each without one of the views, while
merges stand still: the difference to the database with all views is what a view costs.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.table import Table

from streams.analytics.client import connect
from streams.analytics.writer import ClickHouseSink
from streams.config.settings import Settings, load_settings
from streams.kafka.topics import DECISIONS
from streams.local.clickhouse.server import EmbeddedClickHouse
from tests.support.stories import decision_records

TICKS: Final = os.sysconf("SC_CLK_TCK")


@click.command(help=__doc__)
@click.option("--rows", default=100_000, show_default=True, help="Decisions.")
@click.option("--batch", default=5_000, show_default=True, help="Decisions of an insert.")
@click.option("--views", is_flag=True, help="Also the cost of every view, with a tenth of the rows.")
def main(rows: int, batch: int, views: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, EmbeddedClickHouse(Path(folder)) as engine:
        asyncio.run(measure(engine, rows, batch))
        if views:
            asyncio.run(measure_views(engine, rows // 10, batch))


async def measure(engine: EmbeddedClickHouse, rows: int, batch: int) -> None:
    sink = ClickHouseSink(settings_of(engine, "whole"))
    await sink.open()
    await sink.write(DECISIONS, decision_records(batch)[:100])
    records = decision_records(rows)
    begun, own, engines = time.perf_counter(), time.process_time(), cpu_s(engine)
    for at in range(0, rows, batch):
        await sink.write(DECISIONS, records[at : at + batch])
    took, own, engines = time.perf_counter() - begun, time.process_time() - own, cpu_s(engine) - engines
    await sink.close()
    click.echo(
        f"{rows:,} decisions by {batch:,}: {rows / took:,.0f} rows/s; CPU a row: "
        f"sink {own / rows * 1e6:.1f} µs, engine {engines / rows * 1e6:.1f} µs"
    )


async def measure_views(engine: EmbeddedClickHouse, rows: int, batch: int) -> None:
    """Engine CPU of the same batches in databases that lack one view each."""
    sinks: dict[str, ClickHouseSink] = {}
    names = await prepare(engine, "all", "")
    for lacking in ("", *names, "every view"):
        database = f"without_{lacking.replace(' ', '_')}"
        await prepare(engine, database, lacking)
        sinks[lacking] = ClickHouseSink(settings_of(engine, database))
        await sinks[lacking].open()
    spent: defaultdict[str, float] = defaultdict(float)
    records = decision_records(rows)
    for at in range(0, rows, batch):
        for lacking, sink in sinks.items():
            before = cpu_s(engine)
            await sink.write(DECISIONS, records[at : at + batch])
            spent[lacking] += cpu_s(engine) - before
    table = Table("without", "engine µs a row", "the view costs", title=f"{rows:,} decisions by {batch:,}, no merges")
    for lacking, cpu in sorted(spent.items(), key=lambda item: item[1]):
        cost = f"{(spent[''] - cpu) / rows * 1e6:.1f}" if lacking else ""
        table.add_row(lacking or "nothing", f"{cpu / rows * 1e6:.1f}", cost)
    Console().print(table)
    for sink in sinks.values():
        await sink.close()


async def prepare(engine: EmbeddedClickHouse, database: str, lacking: str) -> list[str]:
    """Migrates a database, drops views and stops merges; returns the views that read `decisions`."""
    settings = settings_of(engine, database)
    sink = ClickHouseSink(settings)
    await sink.open()
    await sink.close()
    with connect(settings) as client:
        found = client.query(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'MaterializedView' "
            "AND position(create_table_query, '.decisions') > 0 AND name NOT LIKE '%deleted'"
        ).result_rows
        names = [str(name) for (name,) in found]
        for name in names:
            if lacking in (name, "every view"):
                client.command(f"DROP TABLE {name} SYNC")
        client.command("SYSTEM STOP MERGES")
    return sorted(names)


def settings_of(engine: EmbeddedClickHouse, database: str) -> Settings:
    return load_settings(clickhouse=engine.url, clickhouse_database=database)


def cpu_s(engine: EmbeddedClickHouse) -> float:
    """Seconds of CPU that the engine's process has used."""
    fields = Path(f"/proc/{engine.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main()

"""`mediasieve stats`: how the system does, once or again and again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import orjson

from streams.analytics.pool import QueryPool
from streams.cli.options import broker_option, check_collection, clickhouse_option, data_dir_option
from streams.cli.printing.statistics import statistics_report
from streams.cli.remote import api_option
from streams.cli.remote.figures import remote_figures
from streams.cli.terminal import data_stream, make_console
from streams.config.settings import Settings
from streams.local.data_dir import load_command_settings
from streams.services.views.collection_statistics import CollectionStatistics, collection_statistics
from streams.services.views.system_health import HealthChecks, StageLag

WATCH_INTERVAL_S = 5.0
QUERY_THREADS = 4
Figures = tuple[CollectionStatistics, Sequence[StageLag]]


@click.command()
@click.option("--collection", callback=check_collection, help="Only this collection; else all.")
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@click.option("--interval", "interval_s", type=click.FloatRange(1.0), default=WATCH_INTERVAL_S, show_default=True,
              metavar="SECONDS", help="With --watch: how often to look.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one object a look: that of GET /v1/statistics, and `lag`.")
@clickhouse_option
@broker_option
@api_option
@data_dir_option
def command(
    collection: str | None,
    watch: bool,
    interval_s: float,
    as_json: bool,
    clickhouse: str | None,
    broker: str | None,
    api_url: str | None,
    data_dir: Path | None,
) -> int:
    """Show throughput, copies, lag, latency, cache, verdicts, and what copies saved.

    The figures are those of the HTTP API. Lag is unknown where Kafka does not answer, and to a key of an API that is
    not an admin's; an API answers for one collection.
    """
    look_every_s = interval_s if watch else None
    if api_url:
        looks = remote_figures(api_url, collection, look_every_s)
    else:
        settings = load_command_settings(clickhouse=clickhouse, broker=broker, data_dir=data_dir)
        looks = _figures(settings, collection or "", look_every_s)
    with _printer(as_json=as_json, live=watch) as show:
        asyncio.run(_show(looks, show))
    return 0


async def _show(looks: AsyncIterator[Figures], show: Callable[[Figures], None]) -> None:
    async for figures in looks:
        show(figures)


async def _figures(settings: Settings, collection: str, interval_s: float | None) -> AsyncIterator[Figures]:
    """The figures once, or every `interval_s` seconds for ever."""
    queries = QueryPool(settings, QUERY_THREADS)
    health = HealthChecks(settings, queries)
    try:
        while True:
            statistics, lag = await asyncio.gather(collection_statistics(queries, collection), health.lag())
            yield statistics, lag
            if interval_s is None:
                return
            await asyncio.sleep(interval_s)
    finally:
        queries.close()


def _printer(*, as_json: bool, live: bool) -> AbstractContextManager[Callable[[Figures], None]]:
    """What shows figures: a line of JSON, a report, or a report that is drawn again in its place."""
    if as_json:
        return nullcontext(_write_json)
    if live and sys.stdout.isatty():
        return _LiveReport()
    console = make_console(stderr=False)
    return nullcontext(lambda figures: console.print(statistics_report(*figures)))


def _write_json(figures: Figures) -> None:
    statistics, lag = figures
    document = asdict(statistics) | {"lag": [asdict(stage) for stage in lag]}
    out = data_stream()
    out.write(orjson.dumps(document, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))  # times as the API has them
    out.flush()


class _LiveReport:
    """A report that every look draws again where the last one was. What the window has no room for is left out."""

    def __enter__(self) -> Callable[[Figures], None]:
        from rich.live import Live

        self._live: Any = Live(console=make_console(stderr=False), auto_refresh=False)
        self._live.start()
        return lambda figures: self._live.update(statistics_report(*figures, side_by_side=True), refresh=True)

    def __exit__(self, *_: object) -> None:
        self._live.stop()

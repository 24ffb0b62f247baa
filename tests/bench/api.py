"""What the HTTP API does on this machine, beside everything else: `python -m tests.bench.api --rows 100000`.

A whole system runs, with decisions of tests/support/decision_rows.py in ClickHouse. Requests go over connections that
stay open. "a core" divides by the CPU of the API's process alone; the client takes CPU of the same machine.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import httpx
import numpy as np
from rich.console import Console
from rich.table import Table

from tests.api.conftest import photo
from tests.bench.plain_client import answer_times_ms, get_request
from tests.load.__main__ import system_with
from tests.support.decision_rows import COLLECTION

TICKS: Final = os.sysconf("SC_CLK_TCK")
CONNECTIONS: Final = 16
ZIPF: Final = 1.1
ZIPF_ROUNDS: Final = 4
IN: Final = {"collection": COLLECTION}


@dataclass(frozen=True, slots=True)
class Bench:
    """A client of the API, its process, and the rows of the result."""

    client: httpx.AsyncClient
    url: str
    pid: int
    table: Table
    media_ids: list[str]
    hashes: list[str]

    async def timed(self, name: str, wanted: str, asks: Iterable[Callable[[], Awaitable[httpx.Response]]]) -> None:
        """Asks one after another."""
        times = []
        for ask in asks:
            begun_at = time.perf_counter()
            (await ask()).raise_for_status()
            times.append((time.perf_counter() - begun_at) * 1000)
        p50, p95 = np.percentile(times, (50, 95))
        self.table.add_row(name, wanted, f"p50 {p50:.1f} ms, p95 {p95:.1f} ms")

    def read_of(self, media_id: str) -> bytes:
        """A request for a medium."""
        target = f"/v1/media/{media_id}?collection={COLLECTION}"
        return get_request(self.url, target, {"Accept-Encoding": "zstd"})

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mb(self) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    async def cache_results(self, namespace: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for line in (await self.client.get("/metrics")).text.splitlines():
            if line.startswith("mediasieve_api_cache_total{") and f'namespace="{namespace}"' in line:
                found[line.partition('result="')[2].partition('"')[0]] += int(float(line.rpartition(" ")[2]))
        return found


@click.command(help=__doc__)
@click.option("--rows", default=100_000, show_default=True, help="Decisions that are there before.")
@click.option("--requests", default=10_000, show_default=True, help="Of every measurement of cached reads.")
def main(rows: int, requests: int) -> None:
    with tempfile.TemporaryDirectory() as name, system_with(Path(name), rows) as running:
        asyncio.run(measure(Path(name), f"http://{running.api}", rows, requests))


async def measure(folder: Path, url: str, rows: int, requests: int) -> None:
    story = json.loads((folder / "story.json").read_text())
    table = Table("what", "wanted", "found", title=f"the HTTP API, {rows:,} decisions")
    limits = httpx.Limits(max_connections=1100)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as client:
        bench = Bench(client, url, api_pid(url), table, story["media_ids"], story["hashes"])
        await cached_reads(bench, requests)
        await zipf(bench, requests)
        await single_flight(bench)
        await searches(bench, folder)
        await submissions(bench, folder)
        await export(bench)
    Console(width=140).print(table)


async def cached_reads(bench: Bench, requests: int) -> None:
    await bench.client.get(f"/v1/media/{bench.media_ids[0]}", params=IN)
    await asyncio.sleep(3)
    asked = [bench.read_of(bench.media_ids[0])] * requests
    before = await bench.cache_results("media")
    cpu, begun_at = bench.cpu_s(), time.perf_counter()
    times = await answer_times_ms(bench.url, asked, CONNECTIONS)
    took, cpu = time.perf_counter() - begun_at, bench.cpu_s() - cpu
    hits = (await bench.cache_results("media"))["hit"] - before["hit"]
    bench.table.add_row(
        "cached reads of a medium", "1,500/s a core, p95 ≤ 50 ms",
        f"{len(times) / cpu:,.0f}/s a core, {len(times) / took:,.0f}/s beside the client; p95 "
        f"{np.percentile(times, 95):.1f} ms with {CONNECTIONS} at once; {hits / len(times):.1%} hits",
    )  # fmt: skip


async def zipf(bench: Bench, requests: int) -> None:
    weights = list(itertools.accumulate(1 / rank**ZIPF for rank in range(1, len(bench.media_ids) + 1)))
    rates = []
    for seed in range(ZIPF_ROUNDS):
        asked = random.Random(seed).choices(bench.media_ids, cum_weights=weights, k=requests)
        before = await bench.cache_results("media")
        await answer_times_ms(bench.url, [bench.read_of(name) for name in asked], CONNECTIONS)
        found = await bench.cache_results("media") - before
        hits = found["hit"] + found["shared_hit"] + found["joined"]
        rates.append(hits / (hits + found["miss"]))
    bench.table.add_row(
        f"hit rate, Zipf {ZIPF} over {len(bench.media_ids):,} media", "≥ 95 %",
        f"{rates[0]:.1%} of the first {requests:,} requests, {', '.join(f'{rate:.1%}' for rate in rates[1:])} of the "
        "next as many",
    )  # fmt: skip


async def single_flight(bench: Bench) -> None:
    await asyncio.sleep(16)  # statistics are kept for 15 s
    before = await bench.cache_results("statistics")
    await asyncio.gather(*(bench.client.get("/v1/statistics", params=IN) for _ in range(1000)))
    found = await bench.cache_results("statistics") - before
    bench.table.add_row("1,000 equal requests at once", "1 question", f"{found['miss'] + found['early']} asked")


async def searches(bench: Bench, folder: Path) -> None:
    client = bench.client

    def by_hash(digits: str) -> Callable[[], Awaitable[httpx.Response]]:
        return lambda: client.post("/v1/search", json={"hash": f"phash256:{digits}", **IN})

    def by_picture(seed: int) -> Callable[[], Awaitable[httpx.Response]]:
        data = photo(seed, (640, 480))
        return lambda: client.post("/v1/search", params=IN, content=data, headers={"Content-Type": "image/jpeg"})

    def by_text(words: str) -> Callable[[], Awaitable[httpx.Response]]:
        return lambda: client.get("/v1/search", params={"q": words, **IN})

    await bench.timed("search by hash", "p95 ≤ 60 ms at 5 M", map(by_hash, bench.hashes[:60]))
    await bench.timed("search by a new VGA picture", "p95 ≤ 120 ms at 5 M", map(by_picture, range(1000, 1040)))
    words = [f"{a} {b}" for a in ("red", "old", "rare") for b in ("lamp", "shoe", "table", "rome", "oslo")]
    await bench.timed("search by text", "p95 ≤ 150 ms", map(by_text, words))
    await bench.timed(
        "group", "p95 ≤ 50 ms",
        [lambda n=n: client.get(f"/v1/groups/{n}", params=IN) for n in await _contents(client)],  # type: ignore[misc]
    )  # fmt: skip
    await bench.timed("statistics, all panels", "p95 ≤ 100 ms", [_statistics(client, n) for n in range(3)])


async def _contents(client: httpx.AsyncClient) -> list[str]:
    page: dict[str, Any] = (await client.get("/v1/groups", params={**IN, "limit": 40})).json()
    return [group["content_id"] for group in page["groups"]]


def _statistics(client: httpx.AsyncClient, number: int) -> Callable[[], Awaitable[httpx.Response]]:
    async def ask() -> httpx.Response:
        return await client.get("/v1/statistics", params={"collection": "small" if number else COLLECTION})

    return ask


async def submissions(bench: Bench, folder: Path) -> None:
    data = (folder / "00.jpg").read_bytes()
    headers = {"Content-Type": "image/jpeg"}

    def submit(number: int) -> Callable[[], Awaitable[httpx.Response]]:
        path = f"/v1/media/bench/{number}"
        return lambda: bench.client.put(path, params={**IN, "wait_s": 30}, content=data, headers=headers)

    await bench.timed("submission of a duplicate to its decision", "p50 ≤ 60 ms", map(submit, range(200)))


async def export(bench: Bench) -> None:
    rest_mb, most_mb, lines = bench.resident_mb(), 0.0, 0
    cpu, begun_at, looked_at = bench.cpu_s(), time.perf_counter(), 0.0
    async with bench.client.stream("GET", "/v1/exports/decisions", params=IN) as answer:
        async for part in answer.aiter_bytes(1 << 20):
            lines += part.count(b"\n")
            if time.perf_counter() - looked_at > 0.2:
                looked_at, most_mb = time.perf_counter(), max(most_mb, bench.resident_mb())
    took, cpu = time.perf_counter() - begun_at, bench.cpu_s() - cpu
    bench.table.add_row(
        f"export of {lines - 1:,} decisions", "≤ 50 MB above rest for 1 M",
        f"{max(0.0, most_mb - rest_mb):.0f} MB above rest; {lines / took:,.0f}/s, {cpu / lines * 1e6:.0f} µs a row",
    )  # fmt: skip


def api_pid(url: str) -> int:
    """The process that listens at the API's port."""
    port = f":{int(url.rpartition(':')[2]):04X} "
    inodes = {line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines() if port in line[:24]}
    for path in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(path.readlink()).removeprefix("socket:[").removesuffix("]") in inodes:
                return int(path.parts[2])
        except OSError:
            continue
    raise click.ClickException("no process of this user listens at the API's port")


if __name__ == "__main__":
    main()

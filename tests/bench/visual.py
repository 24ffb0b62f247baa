"""Searches for what looks alike: time and CPU of the question at many rows, and its recall against a full scan.

`python -m tests.bench.visual --rows 1000000`. Descriptors are mixtures of two of real photos' parts, with noise. The
question goes to the embedded ClickHouse by HTTP, as the API asks it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
from clickhouse_connect.driver.client import Client
from numpy.typing import NDArray
from PIL import Image

from streams.analytics.client import connect
from streams.analytics.migrations import migrate
from streams.analytics.queries.stored import DecisionFilter
from streams.analytics.queries.visuals import visual_neighbours
from streams.config.settings import load_settings
from streams.domain.evidence.thumbnail import encode_thumbnail
from streams.domain.evidence.visual import EDGE_VALUES, VALUES, VERSION, visual_code, visual_descriptor
from streams.local.clickhouse.server import EmbeddedClickHouse
from tests.support.films import PHOTOS
from tests.support.media import photo

CHUNK = 20_000
NOISE = 5.0
FULL_SCAN = """
    SELECT content_id FROM visuals WHERE collection = 'bench'
    ORDER BY L2SquaredDistance(descriptor, {descriptor:Array(Int8)}), content_id LIMIT 10
"""
Values = NDArray[np.int8]


def real_descriptors(parts: int = 40) -> Values:
    """Of parts of photos, of different sizes."""
    random, found = np.random.default_rng(1), []
    for name in PHOTOS:
        picture = photo(name).convert("L")
        for _ in range(parts):
            side = int(min(picture.size) * random.uniform(0.4, 1.0))
            left, top = (int(random.integers(0, length - side + 1)) for length in picture.size)
            part = picture.crop((left, top, left + side, top + side)).resize((64, 64), Image.Resampling.BOX)
            found.append(np.frombuffer(visual_descriptor(encode_thumbnail(np.asarray(part))), np.int8))
    return np.array(found)


def mixtures(real: Values, rows: int, random: np.random.Generator) -> Values:
    """Between two descriptors, mostly near one of them."""
    one, other = (real[random.integers(0, len(real), rows)].astype(np.float32) for _ in range(2))
    share = random.beta(0.4, 0.4, rows).astype(np.float32)[:, None]
    return noisy(share * one + (1 - share) * other, NOISE, random)


def noisy(values: NDArray[np.float32], levels: float, random: np.random.Generator) -> Values:
    made = np.rint(values + levels * random.standard_normal(values.shape, np.float32)).clip(-128, 127).astype(np.int8)
    made[:, :EDGE_VALUES] = np.maximum(made[:, :EDGE_VALUES], 0)
    return made


def chunks(real: Values, rows: int) -> Iterator[Values]:
    random = np.random.default_rng(2)
    for begin in range(0, rows, CHUNK):
        yield mixtures(real, min(CHUNK, rows - begin), random)


def insert(client: Client, values: Values, begin: int) -> None:
    numbers = range(begin, begin + len(values))
    now = datetime.now(UTC)
    columns: list[Sequence[object]] = [
        ["bench"] * len(values),
        [f"sha256:{number * 0x9E3779B97F4A7C15 % (1 << 256):064x}" for number in numbers],
        [0] * len(values),
        [VERSION] * len(values),
        [visual_code(each.tobytes()) for each in values],
        values.tolist(),
        [now] * len(values),
    ]
    names = ["collection", "content_id", "at_ms", "version", "code", "descriptor", "published_at"]
    client.insert("visuals", columns, column_names=names, column_oriented=True)


@click.command(help=__doc__)
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--questions", default=40, show_default=True)
def main(rows: int, questions: int) -> None:
    real = real_descriptors()
    with tempfile.TemporaryDirectory() as folder, EmbeddedClickHouse(Path(folder)) as clickhouse:
        settings = load_settings(clickhouse=clickhouse.url)
        with connect(settings, database="") as client:
            migrate(client, settings.clickhouse.database)
        with connect(settings) as client:
            for number, values in enumerate(chunks(real, rows)):
                insert(client, values, number * CHUNK)
            client.command("OPTIMIZE TABLE visuals FINAL")
            asked = noisy(mixtures(real, questions, np.random.default_rng(2)).astype(np.float32), 3.0,
                          np.random.default_rng(3))  # fmt: skip
            report(client, asked, rows)


def report(client: Client, asked: Values, rows: int) -> None:
    took, scans, found = [], [], 0
    for values in asked:
        begun = time.perf_counter()
        near = visual_neighbours(client, [values.tobytes()], DecisionFilter("bench"), without="", after=None, limit=10)
        took.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        scanned = client.query(FULL_SCAN, parameters={"descriptor": values.tolist()}).result_rows
        scans.append(time.perf_counter() - begun)
        found += len({each.content_id for each in near} & {name for (name,) in scanned})
    for name, seconds in (("search", took), ("full scan", scans)):
        p50, p95 = np.quantile(seconds, [0.5, 0.95]) * 1000
        click.echo(f"{rows:,} rows of {VALUES} bytes, {name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms")
    click.echo(f"recall of the ten nearest: {found / (10 * len(asked)):.4f}")


if __name__ == "__main__":
    main()

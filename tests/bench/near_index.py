"""The near index beside FAISS's exact indexes and plain numpy: look-ups, memory, building, recall; one thread each.

Each contender is a process (peers/hamming.py) that holds the same codes; rounds ask them in turn. Every answer is
compared with numpy's. Times are those on a core, not on the wall.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, quantiles
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from tests.bench.report import Reach, at_least, at_most
from tests.bench.throughput import ROOT, peers_python

RADIUS_BITS = 10
SIZES = (100_000, 1_000_000, 10_000_000)
QUICK_SIZES = (30_000,)
OURS, NUMPY = "mediasieve NearIndex", "numpy, brute force"
FAISS = {"flat": "FAISS Flat", "multihash": "FAISS MultiHash 4 × 16", "hash": "FAISS Hash 16"}
#: Of these all lie within the radius of each other.
DENSE_CODES = 10_000
QUERIES = 4096
BATCH = 128
#: What adding in small batches is measured with, as a share of what is there.
GROWTH = 0.25

Codes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Row:
    """One contender on one collection: medians over rounds of the mean look-up; `ratio…` is theirs to ours."""

    collection: str
    entries: int
    contender: str
    build_s: float
    bytes_per_code: float
    single_us: float
    batch_us: float
    ratio_single: float
    ratio_batch: float
    recall: float
    wrong: int


@dataclass(frozen=True, slots=True)
class Ours:
    """What is measured of our index alone."""

    collection: str
    entries: int
    radius_7_us: float
    dense_p95_us: float
    dense_found: float
    add_us: float
    grown_bytes_per_code: float


@dataclass(frozen=True, slots=True)
class Found:
    """All that was measured."""

    rows: tuple[Row, ...]
    ours: tuple[Ours, ...]
    faiss: str | None


class Process:
    """A contender that holds the codes in `folder`."""

    def __init__(self, python: Path | str, name: str, folder: Path) -> None:
        self._name = name
        command = [str(python), "-m", "tests.bench.peers.hamming", name, str(folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, bufsize=1
        )
        self.built: dict[str, float] = self._read()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, do: str, **how: Any) -> Any:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": do, "radius": RADIUS_BITS} | how) + "\n")
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended with {self._process.wait()}")
        return json.loads(line)


def faiss_version() -> str | None:
    """FAISS's version in the peers' environment; None where there is none."""
    python = peers_python()
    if python is None:
        return None
    asked = "import importlib.metadata as m, faiss; print(m.version('faiss-cpu'))"
    said = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False)
    return said.stdout.strip() if said.returncode == 0 else None


def uniform(entries: int, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """Codes as chance has them; queries are new codes and copies with up to eight bits altered, by turns."""
    codes = _random(entries, rng)
    queries = _altered(rng.choice(codes, QUERIES), 8, rng)
    queries[::2] = _random(QUERIES // 2, rng)
    return codes, queries


def clustered(entries: int, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """Half of the codes lie in groups of 250 on average, DENSE_CODES in one; queries are as the codes."""
    codes = _random(entries, rng)
    half = entries // 2
    codes[:half] = _altered(rng.choice(_random(max(1, half // 250), rng), half), 6, rng)
    dense = min(DENSE_CODES, half)
    codes[:dense] = _altered(np.repeat(codes[:1], dense), RADIUS_BITS // 2, rng)
    rng.shuffle(codes[dense:])
    queries = _altered(rng.choice(codes, QUERIES), 2, rng)
    return codes, queries


def _random(count: int, rng: np.random.Generator) -> Codes:
    return rng.integers(0, 2**64 - 1, count, np.uint64, endpoint=True)


def _altered(codes: Codes, bits: int, rng: np.random.Generator) -> Codes:
    for _ in range(bits):
        codes = codes ^ np.uint64(1) << rng.integers(0, 64, len(codes), np.uint64)
    return codes


def measure(
    work_dir: Path,
    *,
    sizes: Sequence[int] = SIZES,
    rounds: int = 3,
    budget_s: float = 0.5,
    say: Callable[[str], None] = print,
) -> Found:
    """Every contender on every collection; it is asked for `budget_s` a round each way."""
    version, rows, ours = faiss_version(), list[Row](), list[Ours]()
    if version is None:
        say("FAISS is not installed for the peers; `make bench` does that")
    for entries in sizes:
        for make in (uniform, clustered):
            folder = work_dir / f"{make.__name__}-{entries}"
            folder.mkdir()
            _write(folder, make, entries)
            say(f"near index: {entries:,} codes, {make.__name__}")
            names = {"ours": OURS} | (FAISS if version else {}) | {"numpy": NUMPY}
            more, alone = _compare(make.__name__, entries, names, folder, rounds, budget_s)
            rows += more
            ours.append(alone)
            for file in folder.iterdir():
                file.unlink()
    return Found(tuple(rows), tuple(ours), version)


def _write(folder: Path, make: Callable[[int, np.random.Generator], tuple[Codes, Codes]], entries: int) -> None:
    rng = np.random.default_rng(entries)
    codes, queries = make(entries, rng)
    np.save(folder / "codes.npy", codes)
    np.save(folder / "queries.npy", queries)
    np.save(folder / "dense.npy", codes[:200])
    np.save(folder / "further.npy", make(round(entries * GROWTH), rng)[0])


def _compare(
    collection: str, entries: int, names: dict[str, str], folder: Path, rounds: int, budget_s: float
) -> tuple[list[Row], Ours]:
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(Process(peers_python() or "" if name in FAISS else sys.executable, name, folder))
            for name in names
        }
        single: dict[str, list[float]] = {name: [] for name in names}
        batch: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(rounds):
            for name, process in processes.items():
                single[name].append(mean(process.ask("one by one", budget_s=budget_s)))
                at_once = min(BATCH, max(1, round(budget_s / single[name][-1])))
                batch[name].append(process.ask("in batches", budget_s=budget_s, batch=at_once)["mean_s"])
        checked = min(200, max(5, 200_000_000 // entries))
        expected = {tuple(each) for each in processes["numpy"].ask("answers", queries=checked)}
        rows = []
        for name, process in processes.items():
            said = [tuple(each) for each in process.ask("answers", queries=checked)]
            rows.append(
                Row(
                    collection=collection,
                    entries=entries,
                    contender=names[name],
                    **process.built,
                    single_us=median(single[name]) * 1e6,
                    batch_us=median(batch[name]) * 1e6,
                    ratio_single=_ratio(single[name], single["ours"]),
                    ratio_batch=_ratio(batch[name], batch["ours"]),
                    recall=len(expected.intersection(said)) / max(1, len(expected)),
                    wrong=len(set(said) - expected) + len(said) - len(set(said)),
                )
            )
        return rows, _alone(collection, entries, processes["ours"], budget_s)


def _ratio(theirs: Sequence[float], ours: Sequence[float]) -> float:
    return median(each / own for each, own in zip(theirs, ours, strict=True))


def _alone(collection: str, entries: int, process: Process, budget_s: float) -> Ours:
    radius_7 = process.ask("in batches", radius=7, budget_s=budget_s, batch=BATCH)["mean_s"]
    dense: list[float] = process.ask("dense")
    found = process.ask("dense answers")
    grown: dict[str, float] = process.ask("grow")
    return Ours(
        collection=collection,
        entries=entries,
        radius_7_us=radius_7 * 1e6,
        dense_p95_us=quantiles(dense, n=20)[18] * 1e6,
        dense_found=found,
        add_us=grown["add_us"],
        grown_bytes_per_code=grown["bytes_per_code"],
    )


def show(found: Found, console: Console) -> None:
    """The table."""
    table = Table(title=f"all codes within {RADIUS_BITS} bits, one thread, medians of interleaved rounds")
    headings = (
        "codes",
        "",
        "",
        "build s",
        "B/code",
        "one µs",
        "batch µs",
        "ours × (one)",
        "(batch)",
        "recall",
        "wrong",
    )
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number in (1, 2) else "right")
    for row in found.rows:
        figures = [f"{row.build_s:.2f}", f"{row.bytes_per_code:.0f}", f"{row.single_us:,.1f}", f"{row.batch_us:,.1f}"]
        figures += ["", ""] if row.contender == OURS else [f"{row.ratio_single:,.1f}", f"{row.ratio_batch:,.1f}"]
        figures += [f"{row.recall:.4f}", str(row.wrong)]
        table.add_row(f"{row.entries:,}", row.collection, row.contender, *figures)
    console.print(table)
    table = Table(title=f"{OURS} alone")
    for heading in ("codes", "", "radius 7 µs", "dense µs (p95)", "found there", "add µs", "B/code grown"):
        table.add_column(heading, justify="left" if not heading else "right")
    for own in found.ours:
        figures = [f"{own.radius_7_us:,.1f}", f"{own.dense_p95_us:,.0f}", f"{own.dense_found:,.0f}"]
        figures += [f"{own.add_us:.2f}", f"{own.grown_bytes_per_code:.1f}"]
        table.add_row(f"{own.entries:,}", own.collection, *figures)
    console.print(table)


def reach(found: Found) -> list[Reach]:
    """The project's targets beside what was measured; those of sizes that were measured."""
    figures = []
    for entries, bound_us in ((1_000_000, 50), (10_000_000, 250)):
        mine = [row for row in found.rows if row.entries == entries and row.contender == OURS]
        for row in mine:
            name = f"near look-up, {entries:,} {row.collection}"
            figures.append(Reach(f"{name}, one by one, as Python lists", at_most(bound_us, "µs"), row.single_us))
            figures.append(Reach(f"{name}, in batches", at_most(bound_us, "µs"), row.batch_us))
    theirs = [row for row in found.rows if row.entries == 1_000_000 and row.contender in FAISS.values()]
    for collection in dict.fromkeys(row.collection for row in theirs):
        for way in ("single", "batch"):
            least = min(getattr(row, f"ratio_{way}") for row in theirs if row.collection == collection)
            name = f"near look-up, 1,000,000 {collection}, {way}: times as fast as FAISS's best"
            figures.append(Reach(name, at_least(10, "×"), least))
    resident = [row.bytes_per_code for row in found.rows if row.contender == OURS and row.entries >= 1_000_000]
    most = max(resident + [own.grown_bytes_per_code for own in found.ours])
    dense_ms = max(own.dense_p95_us for own in found.ours) / 1000
    lost = sum(row.recall < 1 or row.wrong > 0 for row in found.rows if row.contender == OURS)
    return [
        *figures,
        Reach("near index: bytes a code, at most", at_most(64, "B"), most),
        Reach(f"near look-up among {DENSE_CODES:,} within the radius, p95", at_most(5, "ms", 2), dense_ms),
        Reach("near index: collections with a wrong or missing answer", at_most(0, "", 0), lost),
    ]

"""Match requests a second on one core, beside HMA's matcher on the same hashes: `python -m tests.bench.hma_matcher`.

HMA (Meta's Hasher-Matcher-Actioner) answers a match request from the PDQ index of its library, `threatexchange`. Both
get the same random hashes of 256 bits, and queries that are within 31 bits of one of them, or of none. HTTP is left out
on both sides. Only the matcher is compared, which is less than all of HMA and all of mediasieve. HMA asks for one hash
at a time; our match stage asks for those of all records that it fetched at once, so ours is measured both ways.
`make bench` installs what HMA's needs.
"""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from streams.domain.moderation.hash_lists.index import ListIndex
from streams.domain.records import ListEntry
from streams.domain.state.hash_lists import pack_chunk

BITS = 256
RADIUS_BITS = 31
CHUNK = 1_000
BATCHES = (1, 16, 256)
PEER = Path(__file__).parent / "peers" / "pytx_matcher.py"


@click.command(help=__doc__)
@click.option("--entries", default=1_000_000, show_default=True)
@click.option("--queries", default=2_000, show_default=True, help="Half of them match an entry.")
@click.option("--python", "peer_python", default=".venv-bench/bin/python", show_default=True)
def main(entries: int, queries: int, peer_python: str) -> None:
    rng = random.Random(1)
    known = [rng.getrandbits(BITS) for _ in range(entries)]
    asked = [query(rng, known, number) for number in range(queries)]
    table = Table(
        "matcher", "match requests/s a core", "build, CPU s", "found", "HMA's ×", title=f"{entries:,} PDQ hashes"
    )
    measured = measure_ours(known, asked)
    measured["HMA's"] = theirs = measure_peer(peer_python, known, asked)
    for name, (ask_s, build_s, found) in measured.items():
        table.add_row(name, f"{queries / ask_s:,.0f}", f"{build_s:.1f}", f"{found:,}", f"{theirs[0] / ask_s:.1f}")
    Console().print(table)
    if len({found for _, _, found in measured.values()}) > 1:
        raise click.ClickException("the matchers found different numbers of entries")


def query(rng: random.Random, known: list[int], number: int) -> int:
    if number % 2:
        return rng.getrandbits(BITS)
    changed = sum(1 << bit for bit in rng.sample(range(BITS), rng.randrange(RADIUS_BITS)))
    return rng.choice(known) ^ changed


Measured = tuple[float, float, int]
"""CPU seconds of all queries and of the build, and how many entries were found."""


def measure_ours(known: list[int], asked: list[int]) -> dict[str, Measured]:
    entries = [ListEntry("pdq256", f"{value:064x}") for value in known]
    chunks = [pack_chunk(entries[at : at + CHUNK]) for at in range(0, len(entries), CHUNK)]
    begun = time.process_time()
    index = ListIndex(iter(chunks), {"pdq256": RADIUS_BITS})
    built = time.process_time() - begun
    contents = [{"pdq256": value.to_bytes(BITS // 8)} for value in asked]
    index.find(contents)  # compiled
    measured = {}
    for size in BATCHES:
        begun, found = time.process_time(), 0
        for at in range(0, len(contents), size):
            found += sum(map(len, index.find(contents[at : at + size])))
        measured[f"mediasieve, {size} at once"] = time.process_time() - begun, built, found
    return measured


def measure_peer(python: str, known: list[int], asked: list[int]) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("known", "asked")]
        for file, values in zip(files, (known, asked), strict=True):
            file.write_text("\n".join(f"{value:064x}" for value in values))
        done = subprocess.run([python, str(PEER), *map(str, files)], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    return answer["ask_s"], answer["build_s"], answer["found"]


if __name__ == "__main__":
    main()

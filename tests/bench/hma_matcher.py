"""Match requests a second on one core, beside HMA's matcher on the same hashes: `python -m tests.bench.hma_matcher`.

HMA (Meta's Hasher-Matcher-Actioner) answers a match request from the PDQ index of its library, `threatexchange`. Both
get the same random hashes of 256 bits, and queries that are within 31 bits of one of them, or of none. HTTP is left out
on both sides. Only the matcher is compared, which is less than all of HMA and all of mediasieve. `threatexchange` and
`faiss-cpu` must be installed for the python that `--python` names; the benchmark's own environment has faiss alone.
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
BATCH = 256
PEER = Path(__file__).parent / "peers" / "pytx_matcher.py"


@click.command(help=__doc__)
@click.option("--entries", default=1_000_000, show_default=True)
@click.option("--queries", default=2_000, show_default=True, help="Half of them match an entry.")
@click.option("--python", "peer_python", default=".venv-bench/bin/python", show_default=True)
def main(entries: int, queries: int, peer_python: str) -> None:
    rng = random.Random(1)
    known = [rng.getrandbits(BITS) for _ in range(entries)]
    asked = [query(rng, known, number) for number in range(queries)]
    table = Table("matcher", "match requests/s a core", "build, CPU s", "found", title=f"{entries:,} PDQ hashes")
    ours = measure_ours(known, asked)
    theirs = measure_peer(peer_python, known, asked)
    for name, (ask_s, build_s, found) in (("mediasieve ListIndex", ours), ("HMA's, threatexchange", theirs)):
        table.add_row(name, f"{queries / ask_s:,.0f}", f"{build_s:.1f}", f"{found:,}")
    Console().print(table)
    click.echo(f"{theirs[0] / ours[0]:.1f} × HMA's match requests a core")


def query(rng: random.Random, known: list[int], number: int) -> int:
    if number % 2:
        return rng.getrandbits(BITS)
    changed = sum(1 << bit for bit in rng.sample(range(BITS), rng.randrange(RADIUS_BITS)))
    return rng.choice(known) ^ changed


def measure_ours(known: list[int], asked: list[int]) -> tuple[float, float, int]:
    entries = [ListEntry("pdq256", f"{value:064x}") for value in known]
    chunks = [pack_chunk(entries[at : at + CHUNK]) for at in range(0, len(entries), CHUNK)]
    begun = time.process_time()
    index = ListIndex(iter(chunks), {"pdq256": RADIUS_BITS})
    built = time.process_time() - begun
    contents = [{"pdq256": value.to_bytes(BITS // 8)} for value in asked]
    index.find(contents[:BATCH])  # compiled
    begun, found = time.process_time(), 0
    for one in contents:  # as requests come, one at a time
        found += sum(map(len, index.find([one])))
    return time.process_time() - begun, built, found


def measure_peer(python: str, known: list[int], asked: list[int]) -> tuple[float, float, int]:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("known", "asked")]
        for file, values in zip(files, (known, asked), strict=True):
            file.write_text("\n".join(f"{value:064x}" for value in values))
        done = subprocess.run([python, str(PEER), *map(str, files)], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    return answer["ask_s"], answer["build_s"], answer["found"]


if __name__ == "__main__":
    main()

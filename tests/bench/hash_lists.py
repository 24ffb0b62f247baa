"""A hash list of a million entries: CPU from the file until it is effective, memory, and what it costs the match stage.

In one process, without Kafka and RocksDB: `python -m tests.bench.hash_lists`. The costs of both come on top with a list
and without, so the ratio of the rates is rather better where they run.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from streams.domain.hashes.levels import Level
from streams.domain.match.batch import MatchInput, ModerationInput
from streams.domain.match.decide import decide
from streams.domain.moderation.effects import LogPosition
from streams.domain.records import Fingerprint, ListEvent, Origin, VerdictSource, decode_list_event
from streams.kafka.topics import VERDICTS
from streams.services.moderation.hash_lists.importing import ListSettings, _Chunks, _closing_event, _entries, check_file
from streams.services.progress import no_progress
from tests.bench.near_stage import Gallery
from tests.support.partition import Partition

BATCH = 256
ALGORITHMS = ("sha256", "sha256", "md5", "phash64", "pdq256")
"""Shares of the entries."""


def write_list(path: Path, entries: int) -> None:
    rng = random.Random(1)
    digits = {"sha256": 64, "md5": 32, "phash64": 16, "pdq256": 64}
    with path.open("w") as file:
        file.write("algorithm,hash\n")
        for number in range(entries):
            name = ALGORITHMS[number % len(ALGORITHMS)]
            file.write(f"{name},{rng.getrandbits(4 * digits[name]):0{digits[name]}x}\n")


def import_in_process(path: Path, partition: Partition) -> dict[str, float]:
    """CPU seconds of every step."""
    took: dict[str, float] = {}
    begun = time.process_time()

    def lap(name: str) -> None:
        nonlocal begun
        took[name], begun = took.get(name, 0.0) + time.process_time() - begun, time.process_time()

    checked = check_file(path, "csv")
    lap("check")
    chunks = _Chunks("gallery", "bench", checked.digest, "run")
    with no_progress("") as progress:
        records = list(chunks.records(_entries(path, "csv", None, _NoDigest(), progress)))
    lap("make events")
    settings = ListSettings("bench", "1", status="blocked")
    closing = _closing_event("gallery", settings, VerdictSource("person", "ann"), checked.digest, chunks.chunks, 0)
    routed = []
    for offset, (_, value, headers) in enumerate(records):
        event = decode_list_event(value=value, headers=headers, origin=Origin(VERDICTS, 0, offset), timestamp_ms=1)
        routed.append(event.to_json())
    lap("fingerprint stage")
    for offset, value in enumerate(routed):
        partition.process([ModerationInput(ListEvent.from_json(value), LogPosition(offset, 1), b"")])
    lap("match stage")
    partition.process([ModerationInput(closing, LogPosition(len(routed), 1), b"")])
    partition.indexes.moderated.lists.of("gallery", partition)
    lap("become effective")
    return took


class _NoDigest:
    def update(self, data: bytes) -> None:
        return


def submissions(gallery: Gallery, numbers: range) -> Iterator[list[MatchInput]]:
    batch: list[MatchInput] = []
    for number in numbers:
        fingerprint = gallery.fingerprint(number, f"new {number}")
        assert fingerprint.facts is not None
        fingerprint.facts.hashes["pdq256:1"] = f"{random.Random(number).getrandbits(256):064x}"
        batch.append(MatchInput.of(Fingerprint.from_json(fingerprint.to_json()), number))
        if len(batch) == BATCH:
            yield batch
            batch = []


def cpu_us(partition: Partition, gallery: Gallery, numbers: range) -> float:
    """CPU of deciding one new picture."""
    batches = list(submissions(gallery, numbers))
    begun = time.process_time()
    for batch in batches:
        decide(batch, partition, partition.indexes)
    return (time.process_time() - begun) / (BATCH * len(batches)) * 1e6


@click.command()
@click.option("--entries", default=1_000_000)
@click.option("--known", default=20_000)
@click.option("--new", default=5_000)
@click.option("--rounds", default=3)
def main(entries: int, known: int, new: int, rounds: int) -> None:
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        write_list(path, entries)
        listed, plain = Partition(), Partition()
        took = import_in_process(path, listed)
    lists = listed.indexes.moderated.lists
    table = Table(title=f"{entries:,} entries, CPU seconds")
    for name in (*took, "in all", "bytes an entry"):
        table.add_column(name, justify="right")
    table.add_row(
        *(f"{each:.1f}" for each in (*took.values(), sum(took.values()))), f"{lists.memory_bytes / entries:.0f}"
    )
    console.print(table)
    levels: tuple[Level, ...] = ("plain", "standard")
    table = Table(title=f"CPU µs of a new picture, {known:,} known, without and with the list")
    for name in ("level", "without", "with", "rate"):
        table.add_column(name, justify="right")
    for level in levels:
        gallery = Gallery(level)

        for partition in (plain, listed):
            cpu_us(partition, gallery, range(known))
        for at in range(1, rounds + 1):
            numbers = range(known + at * new, known + (at + 1) * new)
            without, with_list = cpu_us(plain, gallery, numbers), cpu_us(listed, gallery, numbers)
            table.add_row(level, f"{without:.0f}", f"{with_list:.0f}", f"{without / with_list:.2f}")
        listed.indexes._indexes.clear()
        plain.indexes._indexes.clear()
    console.print(table)


if __name__ == "__main__":
    main()

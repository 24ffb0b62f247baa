"""The rate of false matches among many different photos: every pair, by the index's own candidates and the judge.

    python -m tests.bench.lookalikes.different_photos FOLDER... [--same PAIRS]

Photos of one folder may look alike, as those of one seller do; the tail is fitted for each folder and for pairs of
photos of two folders. Some millions of pairs take minutes. Look at the pairs that are printed before you believe a
rate: two photos of one thing count as false unless PAIRS names them, two file names a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.table import Table

from streams.domain.evidence.evidence import unpack_evidence
from streams.domain.evidence.judge import MIN_SCORE, Judgement
from streams.domain.fingerprint import fingerprint_image
from streams.domain.match.images.index import ImageIndex
from streams.domain.match.images.pairs import near_pairs
from streams.domain.match.images.verification import judge_pairs
from streams.domain.match.operations import ImageCandidate, MatchAndInsert
from streams.domain.match.selection import comparable_entries, packed_evidence, stored_entries
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.errors import BadInput
from tests.bench.lookalikes.tail import SHORTFALLS, count_tail, fit_tail

PRINTED_SCORE = 400
"""Pairs from this score on are printed."""

FOR_EVER_MS = 1 << 62


class Photo(NamedTuple):
    """A photo as the match stage gets it."""

    path: Path
    content_id: str
    entries: bytes
    evidence: bytes


class ScoredPair(NamedTuple):
    """An earlier photo, a later one that the index found near it, and what the judge says."""

    known: Photo
    query: Photo
    judgement: Judgement

    @property
    def is_reused(self) -> bool:
        return self.judgement.confidence == "certain" and self.judgement.differs <= DEFAULT_POLICY.reuse_differs


@dataclass
class PairFigures:
    """Of pairs of photos of one folder, or of two."""

    pairs: int = 0
    scored: list[ScoredPair] = field(default_factory=list)


def read_photo(path: Path) -> Photo | None:
    """The photo of a file; None if it is no picture, or has nothing to compare."""
    try:
        facts = fingerprint_image(path.read_bytes())
    except BadInput:
        return None
    entries = comparable_entries(facts, DEFAULT_POLICY).entries
    return Photo(path, facts.content_id, entries, packed_evidence(facts)) if entries else None


def scored_pairs(photos: Sequence[Photo]) -> Iterator[ScoredPair]:
    """All pairs of which the later photo has the earlier one among its nearest candidates."""
    index = ImageIndex()
    known: dict[str, Photo] = {}
    for number, photo in enumerate(photos):
        (candidates,) = index.apply(
            [MatchAndInsert(photo.content_id, number, FOR_EVER_MS, DEFAULT_POLICY, photo.entries)]
        )
        for candidate in candidates:
            assert isinstance(candidate, ImageCandidate)
            other = known[candidate.content_id]
            yield ScoredPair(other, photo, _judge(other, photo))
        known[photo.content_id] = photo


def _judge(known: Photo, query: Photo) -> Judgement:
    of_known, of_query = unpack_evidence(known.evidence), unpack_evidence(query.evidence)
    assert of_known is not None and of_query is not None
    pairs = near_pairs(query.entries, stored_entries(known.entries, DEFAULT_POLICY), DEFAULT_POLICY)
    return judge_pairs(pairs, of_known, of_query, DEFAULT_POLICY)


def measure(folders: Sequence[Sequence[Photo]], same: frozenset[frozenset[str]]) -> dict[str, PairFigures]:
    """The figures of the pairs of every folder, by its name, and of pairs across folders."""
    names = {photo.content_id: photo.path.parent.name for photos in folders for photo in photos}
    sizes = [len(photos) for photos in folders]
    figures = {photos[0].path.parent.name: PairFigures(len(photos) * (len(photos) - 1) // 2) for photos in folders}
    across = PairFigures((sum(sizes) ** 2 - sum(size**2 for size in sizes)) // 2)
    for pair in scored_pairs([photo for photos in folders for photo in photos]):
        if frozenset((pair.known.path.name, pair.query.path.name)) not in same:
            one, other = names[pair.known.content_id], names[pair.query.content_id]
            (figures[one] if one == other else across).scored.append(pair)
    return {**figures, "across folders": across} if len(folders) > 1 else figures


def show(figures: dict[str, PairFigures], console: Console) -> None:
    steps = sorted(SHORTFALLS)
    table = Table(title="pairs of different photos, by score")
    for heading in ("photos of", "pairs", "candidates", "reuse", "certain", "likely"):
        table.add_column(heading, justify="right")
    for step in steps[:5]:
        table.add_column(f"≥ {MIN_SCORE - step}", justify="right")
    table.add_column(f"a pair ≥ {MIN_SCORE}, fitted", justify="right")
    for name, each in figures.items():
        counts = count_tail(MIN_SCORE - pair.judgement.score for pair in each.scored)
        tail = fit_tail(counts, each.pairs)
        fitted = f"{tail.rate:.1g}, a tenth every {tail.points_a_tenth:.0f}" if tail else "too few"
        confidences = [pair.judgement.confidence for pair in each.scored]
        told = [
            sum(pair.is_reused for pair in each.scored),
            *(confidences.count(word) for word in ("certain", "likely")),
        ]
        values = [each.pairs, len(each.scored), *told, *(counts[step] for step in steps[:5])]
        table.add_row(name, *(f"{value:,}" for value in values), fitted)
    console.print(table)
    pairs = sorted((pair for each in figures.values() for pair in each.scored), key=lambda pair: -pair.judgement.score)
    for pair in pairs:
        if pair.judgement.score >= PRINTED_SCORE or pair.judgement.confidence:
            judged = pair.judgement
            line = f"{judged.score} {judged.confidence or 'no match'}, differs {judged.differs:.0%}"
            console.print(f"{pair.known.path.name} {pair.query.path.name}: {line}")


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--same", type=click.Path(exists=True, path_type=Path), help="Names of photos that show one thing.")
def main(folders: tuple[Path, ...], same: Path | None) -> None:
    """How often different photos are taken for copies, extrapolated from how near they come."""
    console = Console(width=170)
    with ProcessPoolExecutor() as pool:
        read = [list(pool.map(read_photo, sorted(folder.iterdir()), chunksize=16)) for folder in folders]
    seen: set[str] = set()
    photos: list[list[Photo]] = []
    for found in read:
        unique = {photo.content_id: photo for photo in found if photo and photo.content_id not in seen}
        seen |= set(unique)
        photos.append(list(unique.values()))
    lines = same.read_text().splitlines() if same else []
    show(measure(photos, frozenset(frozenset(line.split()) for line in lines)), console)


if __name__ == "__main__":
    main()

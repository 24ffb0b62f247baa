"""The rate at which different photos are taken for copies, among many millions of pairs.

    python -m tests.bench.lookalikes.different_photos FOLDER... [--quarters] [--same PAIRS]

The index proposes the candidates of every photo among all earlier ones, as in the product, and the judge decides them.
The nearest of all other pairs are laid on each other, too (`forced`). How far all these pairs are from `reuse`
(`margins`) falls off exponentially, and the line is continued to the threshold (`tail`). The other pairs, which are
further apart by their hashes, count as pairs that come near nothing.

Photos of one folder may look alike, as those of one seller do; the tail is fitted for each folder and for pairs of
photos of two folders. Some millions of pairs take minutes. Look at the pairs that are printed before you believe a
rate: two photos of one thing count as false unless PAIRS names them, two file names a line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from math import comb
from pathlib import Path
from typing import Final, NamedTuple

import click
from PIL import Image
from rich.console import Console
from rich.table import Table

from streams.domain.evidence.evidence import Evidence, unpack_evidence
from streams.domain.evidence.judge import judge
from streams.domain.fingerprint import fingerprint_image
from streams.domain.match.images.index import ImageIndex
from streams.domain.match.images.pairs import near_pairs
from streams.domain.match.operations import ImageCandidate, MatchAndInsert
from streams.domain.match.selection import comparable_entries, packed_evidence, stored_entries
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.errors import BadInput
from tests.bench.lookalikes.forced import WholeHashes
from tests.bench.lookalikes.margins import FAR, reuse_shortfall
from tests.bench.lookalikes.tail import SHORTFALLS, bound_rate, count_tail, fit_tail
from tests.support.media import encode

PRINTED_SCORE: Final = 400
"""Candidates from this score on are printed."""

FOR_EVER_MS: Final = 1 << 62
PART_QUALITY: Final = 92
UNPACKED: Final = 1024
NEAR_BITS_UNKNOWN: Final = 32
"""Of 64, for pairs that no look-up proposed."""


class Photo(NamedTuple):
    """A photo, or a quarter of one, as the match stage gets it."""

    path: Path
    content_id: str
    entries: bytes
    evidence: bytes


class ScoredPair(NamedTuple):
    """An earlier photo and a later one, by their numbers.

    Attributes:
        proposed: the index found the earlier one near the later one.
        score, confidence, differs: what the judge says.
        shortfall: points to `reuse`, as `margins` has it; None where texture does not decide.
    """

    known: int
    query: int
    proposed: bool
    score: int
    confidence: str
    differs: float
    shortfall: int | None

    @property
    def is_reused(self) -> bool:
        return self.confidence == "certain" and self.differs <= DEFAULT_POLICY.reuse_differs


@dataclass
class PairFigures:
    """Of pairs of photos of one folder, or of two."""

    pairs: int = 0
    scored: list[ScoredPair] = field(default_factory=list)


def read_photos(path: Path, quarters: bool) -> list[Photo]:
    """The photo of a file, or its four quarters; nothing if it is no picture, or has nothing to compare."""
    try:
        files = _quarters(path) if quarters else [path.read_bytes()]
        found = [fingerprint_image(file) for file in files]
    except (BadInput, OSError):
        return []
    entries = [comparable_entries(facts, DEFAULT_POLICY).entries for facts in found]
    return [
        Photo(path, facts.content_id, packed, packed_evidence(facts))
        for facts, packed in zip(found, entries, strict=True)
        if packed
    ]


def _quarters(path: Path) -> list[bytes]:
    with Image.open(path) as image:
        shown = image.convert("RGB")
    across, down = shown.width // 2, shown.height // 2
    boxes = [(x, y, x + across, y + down) for y in (0, down) for x in (0, across)]
    return [encode(shown.crop(box), "JPEG", quality=PART_QUALITY) for box in boxes]


def proposed_pairs(photos: Sequence[Photo]) -> Iterator[tuple[int, int]]:
    """Numbers of all pairs of which the later photo has the earlier one among its nearest candidates."""
    index = ImageIndex()
    numbers = {photo.content_id: number for number, photo in enumerate(photos)}
    for number, photo in enumerate(photos):
        (candidates,) = index.apply(
            [MatchAndInsert(photo.content_id, number, FOR_EVER_MS, DEFAULT_POLICY, photo.entries)]
        )
        for candidate in candidates:
            assert isinstance(candidate, ImageCandidate)
            yield numbers[candidate.content_id], number


class Scorer:
    """Judges pairs of photos; a process keeps the evidence that it has unpacked."""

    def __init__(self, photos: Sequence[Photo]) -> None:
        self._photos = photos
        self._whole = WholeHashes([photo.entries for photo in photos])
        self._evidence = lru_cache(UNPACKED)(self._unpacked)

    def nearest_pairs(self, folders: Sequence[int], most: int) -> list[tuple[int, int, int]]:
        """As `WholeHashes.nearest_pairs`."""
        return self._whole.nearest_pairs(folders, most)

    def _unpacked(self, number: int) -> Evidence:
        evidence = unpack_evidence(self._photos[number].evidence)
        assert evidence is not None
        return evidence

    def score(self, known: int, query: int, forced_bits: int | None) -> ScoredPair:
        """What the judge says of a pair; `forced_bits` are those of a pair that no look-up proposed."""
        one, other = self._photos[known], self._photos[query]
        if forced_bits is None:
            pairs = near_pairs(other.entries, stored_entries(one.entries, DEFAULT_POLICY), DEFAULT_POLICY)
            views = [pair.views for pair in pairs]
            near, bits = pairs[0].hash64_distance_bits, pairs[0].hash256_distance_bits
        else:
            views, near, bits = self._whole.matched_views(known, query), NEAR_BITS_UNKNOWN, forced_bits
        evidence = self._evidence(known), self._evidence(query)
        judged = judge(*evidence, views, near, bits)
        shortfall = reuse_shortfall(*evidence, views, bits)
        proposed = forced_bits is None
        return ScoredPair(known, query, proposed, judged.score, judged.confidence, judged.differs, shortfall)


_scorer: Scorer | None = None
"""Of this process; the processes of the pool are forked and share it."""


def _score(pair: tuple[int, int, int | None]) -> ScoredPair:
    assert _scorer is not None
    return _scorer.score(*pair)


def scored_pairs(photos: Sequence[Photo], folders: Sequence[int], forced: int) -> list[ScoredPair]:
    """All proposed pairs, and the nearest others, as `WholeHashes.nearest_pairs` has them, judged."""
    global _scorer
    _scorer = Scorer(photos)
    proposed = list(proposed_pairs(photos))
    known = set(proposed)
    others = [(one, other, bits) for bits, one, other in _scorer.nearest_pairs(folders, forced)]
    rest = [pair for pair in others if pair[:2] not in known]
    with ProcessPoolExecutor() as pool:
        return list(pool.map(_score, [*((*pair, None) for pair in proposed), *rest], chunksize=512))


def measure(
    folders: Sequence[Sequence[Photo]], same: frozenset[frozenset[str]], *, forced: int
) -> dict[str, PairFigures]:
    """The figures of the pairs of every folder, by its name, and of pairs across folders.

    Args:
        folders: the photos of every folder; two of one file are parts of it, and no pair.
        same: names of two files that show one thing.
        forced: pairs of a folder, and of two folders, that are laid on each other although no look-up proposes them.
    """
    photos = [photo for of_folder in folders for photo in of_folder]
    names = [of_folder[0].path.parent.name for of_folder in folders for _ in of_folder]
    sizes = [len(of_folder) for of_folder in folders]
    figures = {each[0].path.parent.name: PairFigures(_pairs(each)) for each in folders}
    across = PairFigures((sum(sizes) ** 2 - sum(size**2 for size in sizes)) // 2)
    numbers = [number for number, of_folder in enumerate(folders) for _ in of_folder]
    for pair in scored_pairs(photos, numbers, forced):
        files = photos[pair.known].path, photos[pair.query].path
        if files[0] == files[1] or frozenset((files[0].name, files[1].name)) in same:
            continue
        one, other = names[pair.known], names[pair.query]
        (figures[one] if one == other else across).scored.append(pair)
    return {**figures, "across folders": across} if len(folders) > 1 else figures


def _counts(figures: PairFigures) -> dict[int, int]:
    return count_tail(FAR if pair.shortfall is None else pair.shortfall for pair in figures.scored)


def _pairs(photos: Sequence[Photo]) -> int:
    """Pairs of photos that are not parts of one file."""
    parts = Counter(photo.path for photo in photos).values()
    return comb(len(photos), 2) - sum(comb(count, 2) for count in parts)


def show(figures: dict[str, PairFigures], photos: Sequence[Photo], console: Console) -> None:
    steps = sorted(SHORTFALLS)[:6]
    table = Table(title="pairs of different photos, by how many points they are from reuse")
    for heading in ("photos of", "pairs", "candidates", "reuse", "certain", "likely", "laid on each other"):
        table.add_column(heading, justify="right")
    for heading in (*(f"≤ {step}" for step in steps), "a pair, fitted"):
        table.add_column(heading, justify="right")
    everything = PairFigures(
        sum(each.pairs for each in figures.values()), [pair for each in figures.values() for pair in each.scored]
    )
    slope = fit_tail(_counts(everything), everything.pairs)
    for name, each in {**figures, "all": everything}.items():
        counts = _counts(each)
        tail = fit_tail(counts, each.pairs)
        bound = None if slope is None else bound_rate(counts, each.pairs, slope.points_a_tenth)
        fitted = "too few" if bound is None else f"too few; if it falls like all, ≤ {bound:.1g}"
        if tail is not None:
            fitted = f"{tail.rate:.1g}, a tenth every {tail.points_a_tenth:.0f}"
        proposed = [pair for pair in each.scored if pair.proposed]
        confidences = [pair.confidence for pair in proposed]
        told = [sum(pair.is_reused for pair in proposed), *map(confidences.count, ("certain", "likely"))]
        values = [each.pairs, len(proposed), *told, len(each.scored) - len(proposed), *(counts[at] for at in steps)]
        table.add_row(name, *(f"{value:,}" for value in values), fitted)
    console.print(table)
    undecided = sum(pair.shortfall is None for pair in everything.scored)
    console.print(f"{undecided:,} of these pairs are plain or paper: colours or ink decide them, not the tail")
    for pair in sorted(everything.scored, key=lambda pair: -pair.score):
        if pair.proposed and (pair.score >= PRINTED_SCORE or pair.confidence):
            names = f"{photos[pair.known].path.name} {photos[pair.query].path.name}"
            console.print(f"{names}: {pair.score} {pair.confidence or 'no match'}, differs {pair.differs:.0%}")


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--same", type=click.Path(exists=True, path_type=Path), help="Names of photos that show one thing.")
@click.option("--quarters", is_flag=True, help="Cut every photo into four, which makes sixteen times as many pairs.")
@click.option(
    "--forced", default=100_000, show_default=True, help="Further pairs of every folder that are laid on each other."
)
def main(folders: tuple[Path, ...], same: Path | None, quarters: bool, forced: int) -> None:
    """How often different photos are taken for copies, extrapolated from how near they come."""
    read_one = partial(read_photos, quarters=quarters)
    with ProcessPoolExecutor() as pool:
        read = [list(pool.map(read_one, sorted(folder.iterdir()), chunksize=16)) for folder in folders]
    seen: set[str] = set()
    photos: list[list[Photo]] = []
    for found in read:
        unique = {photo.content_id: photo for of_file in found for photo in of_file if photo.content_id not in seen}
        seen |= set(unique)
        photos.append(list(unique.values()))
    lines = same.read_text().splitlines() if same else []
    figures = measure(photos, frozenset(frozenset(line.split()) for line in lines), forced=forced)
    show(figures, [photo for of_folder in photos for photo in of_folder], Console(width=190))


if __name__ == "__main__":
    main()

"""Measures a family: which pairs of different pictures are joined, by what, and which altered copies are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from streams.domain.evidence.judge import MIN_SCORE, Judgement, judge
from streams.domain.policy.policy import Policy
from tests.bench.lookalikes.families import PictureSet, decoded
from tests.bench.lookalikes.hashed import (
    MAX_VERIFIED,
    TODAY,
    WIDE,
    Candidate,
    HashedPicture,
    KnownPictures,
    available_peers,
    hash_picture,
)
from tests.bench.lookalikes.tail import Tail, count_tail, fit_tail
from tests.support.alterations import QUALITY, Alteration, centre_cropped, resized, unchanged

REUSE_DIFFERS: Final = Policy.of().reuse_differs
"""The share of a picture that may differ if a verdict is to be reused."""

HASHES, FOUND, CERTAIN, REUSE = "hashes", "certain, likely", "certain", "reuse"
"""Ways to join two pictures: today's hashes alone; wider candidates (12/92) that are judged to be certain or likely;
those that are certain; those that are certain and differ by at most REUSE_DIFFERS."""

COPIES: Final[dict[str, Alteration]] = {
    "JPEG q50": Alteration("JPEG", unchanged, "JPEG", {"quality": 50}),
    "half size": Alteration("resize", partial(resized, factor=0.5), "JPEG", {"quality": QUALITY}),
    "crop 5 %": Alteration("crop", partial(centre_cropped, share=0.05), "JPEG", {"quality": QUALITY}),
}


class Judged(NamedTuple):
    """A candidate that was judged, by its number."""

    number: int
    judgement: Judgement

    @property
    def certain(self) -> bool:
        return self.judgement.confidence == "certain"

    @property
    def reused(self) -> bool:
        return self.certain and self.judgement.differs <= REUSE_DIFFERS


@dataclass(frozen=True, slots=True)
class Joined:
    """The known pictures that a submission is joined to, by way; `first` is the best by hashes and by what is judged.

    `first` is None where nothing was found, or where two pictures are equally good.
    """

    by_way: Mapping[str, set[int]]
    first: Mapping[str, int | None]
    judged: Sequence[Judged]


@dataclass(slots=True)
class FamilyFigures:
    """The figures of a family.

    Attributes:
        pairs: of different pictures.
        joined: pairs joined, by way.
        max_joined: pairs that may be joined for reuse; None without a target.
        paper: pictures whose ink is kept.
        highest_score: of a pair.
        tail: by points below the threshold of a score, pairs that come so near.
        extrapolated: the rate of accepted pairs that the tail leads to.
        recall: by alteration and way, the share of copies joined to their original.
        first: by way, the share of copies whose original is the best of all that are found.
        copy_pairs: pairs of a copy and another picture.
        joined_copies: such pairs joined, by way.
        accepted_pairs: numbers of the first pairs that are certain, with their scores.
    """

    name: str
    pictures: int
    pairs: int
    max_joined: int | None
    joined: dict[str, int]
    paper: int = 0
    highest_score: int = 0
    tail: dict[int, int] = field(default_factory=dict)
    extrapolated: Tail | None = None
    recall: dict[str, dict[str, float]] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    copy_pairs: int = 0
    joined_copies: dict[str, int] = field(default_factory=dict)
    accepted_pairs: list[tuple[int, int, int]] = field(default_factory=list)

    def mean_recall(self, way: str) -> float:
        """The share of all copies that are joined to their original."""
        return sum(found[way] for found in self.recall.values()) / max(1, len(self.recall))


def ways() -> tuple[str, ...]:
    """All ways to join pictures that can be measured here."""
    return (HASHES, FOUND, CERTAIN, REUSE, *available_peers())


def measure_family(shown: PictureSet, pool: Executor, *, copied: int) -> FamilyFigures:
    """All figures of a family.

    Args:
        pool: hashes pictures.
        copied: altered copies are made of this many members, from the first on.
    """
    hashed = list(pool.map(hash_picture, shown.files, chunksize=4))
    copies = list(pool.map(_hash_copies, shown.files[:copied], range(min(copied, len(hashed)))))
    known = KnownPictures(hashed)
    figures = _measure_pairs(shown, hashed, known)
    _measure_copies(figures, hashed, known, copies)
    return figures


def _hash_copies(file: bytes, seed: int) -> dict[str, HashedPicture]:
    picture = decoded(file)
    return {name: hash_picture(each.apply(picture, seed)) for name, each in COPIES.items()}


def join(
    submitted: HashedPicture, hashed: Sequence[HashedPicture], known: KnownPictures, *, below: int, most: int | None
) -> Joined:
    """Join a submission to the known pictures.

    Args:
        hashed: the known pictures, as numbered in `known`.
        below: known pictures of this number and higher are left out.
        most: candidates that are verified, the nearest first; None verifies all.
    """

    def look_up(policy: Policy) -> list[Candidate]:
        return [each for each in known.candidates(submitted, policy) if each.number < below]

    today, wide = look_up(TODAY), look_up(WIDE)
    judged = [_judge(each, submitted, hashed) for each in wide[:most]]
    by_way = {
        HASHES: {each.number for each in today},
        FOUND: {each.number for each in judged if each.judgement.confidence},
        CERTAIN: {each.number for each in judged if each.certain},
        REUSE: {each.number for each in judged if each.reused},
    }
    for peer, numbers in known.joined_by_peer(submitted).items():
        by_way[peer] = {number for number in numbers if number < below}
    return Joined(by_way, {HASHES: _nearest(today), FOUND: _best_judged(judged)}, judged)


def _judge(candidate: Candidate, submitted: HashedPicture, hashed: Sequence[HashedPicture]) -> Judged:
    known, bits = hashed[candidate.number].evidence, candidate.hash256_distance_bits
    judgement = judge(known, submitted.evidence, candidate.views, candidate.hash64_distance_bits, bits)
    return Judged(candidate.number, judgement)


def _nearest(candidates: Sequence[Candidate]) -> int | None:
    return _only_best({each.number: -each.hash256_distance_bits for each in candidates})


def _best_judged(judged: Sequence[Judged]) -> int | None:
    """The best as the product ranks them: certain ones first, then those that differ least, then the highest score."""
    return _only_best(
        {
            each.number: (each.certain, -each.judgement.differs, each.judgement.score)
            for each in judged
            if each.judgement.confidence
        }
    )


def _only_best(values: Mapping[int, Any]) -> int | None:
    best = [number for number, value in values.items() if value == max(values.values())]
    return best[0] if len(best) == 1 else None


def _measure_pairs(shown: PictureSet, hashed: Sequence[HashedPicture], known: KnownPictures) -> FamilyFigures:
    count = len(hashed)
    pairs = count * (count - 1) // 2 - len(shown.same)
    figures = FamilyFigures(shown.name, count, pairs, shown.max_joined, dict.fromkeys(ways(), 0))
    figures.paper = sum(bool(each.evidence.page) for each in hashed)
    shortfalls: list[int] = []
    for number, submitted in enumerate(hashed):
        joined = join(submitted, hashed, known, below=number, most=None)
        same = {one for one, other in shown.same if other == number}
        for way, numbers in joined.by_way.items():
            figures.joined[way] += len(numbers - same)
        for each in joined.judged:
            if each.number in same:
                continue
            score = each.judgement.score
            shortfalls.append(MIN_SCORE - score)
            figures.highest_score = max(figures.highest_score, score)
            if each.certain:
                figures.accepted_pairs.append((each.number, number, score))
    figures.tail = count_tail(shortfalls)
    figures.extrapolated = fit_tail(figures.tail, pairs)
    figures.accepted_pairs = sorted(figures.accepted_pairs, key=lambda pair: -pair[2])[:20]
    return figures


def _measure_copies(
    figures: FamilyFigures,
    hashed: Sequence[HashedPicture],
    known: KnownPictures,
    copies: Sequence[Mapping[str, HashedPicture]],
) -> None:
    figures.joined_copies = dict.fromkeys(ways(), 0)
    figures.recall = {name: dict.fromkeys(ways(), 0.0) for name in COPIES}
    figures.first = {HASHES: 0.0, FOUND: 0.0}
    figures.copy_pairs = len(copies) * len(COPIES) * (len(hashed) - 1)
    for number, altered in enumerate(copies):
        for name, copy in altered.items():
            joined = join(copy, hashed, known, below=len(hashed), most=MAX_VERIFIED)
            for way, numbers in joined.by_way.items():
                figures.recall[name][way] += (number in numbers) / len(copies)
                figures.joined_copies[way] += len(numbers - {number})
            for way, best in joined.first.items():
                figures.first[way] += (best == number) / (len(copies) * len(COPIES))

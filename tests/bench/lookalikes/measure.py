"""Measures a family: which pairs of different pictures are joined, by what, and which altered copies are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from streams.domain.evidence.verify import Verification, verify
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

ACCEPTED_SCORE: Final = 490
ACCEPTED_PAPER_SCORE: Final = 850
MIN_TEXTURED: Final = 34
"""Thresholds of evidence: score, score where both pictures are paper, and blocks (of 64) that have texture."""

REUSE_DIFFERS: Final = 0.05
"""The share of a picture that may differ if a verdict is to be reused."""

HASHES, EVIDENCE, WIDE_EVIDENCE, REUSE = "hashes", "evidence", "evidence, 12/92", "reuse, 12/92"
"""Ways to join two pictures: today's hashes; evidence of the candidates of today's hashes; evidence of wider
candidates; the same with a share that differs of at most REUSE_DIFFERS."""

COPIES: Final[dict[str, Alteration]] = {
    "JPEG q50": Alteration("JPEG", unchanged, "JPEG", {"quality": 50}),
    "half size": Alteration("resize", partial(resized, factor=0.5), "JPEG", {"quality": QUALITY}),
    "crop 5 %": Alteration("crop", partial(centre_cropped, share=0.05), "JPEG", {"quality": QUALITY}),
}


class Verified(NamedTuple):
    """A candidate that was verified: its number, what evidence said, and the threshold of its score."""

    number: int
    verification: Verification
    threshold: int

    @property
    def textured(self) -> bool:
        return self.verification.textured >= MIN_TEXTURED

    @property
    def scores(self) -> bool:
        """Whether the score reaches the threshold."""
        return self.verification.score >= self.threshold

    @property
    def accepted(self) -> bool:
        return self.scores and self.textured

    @property
    def reused(self) -> bool:
        return self.accepted and self.verification.differs <= REUSE_DIFFERS


@dataclass(frozen=True, slots=True)
class Joined:
    """The known pictures that a submission is joined to, by way; `first` is the best by hashes and by evidence.

    `first` is None where nothing was found, or where two pictures are equally good.
    """

    by_way: Mapping[str, set[int]]
    first: Mapping[str, int | None]
    verified: Sequence[Verified]


@dataclass(slots=True)
class FamilyFigures:
    """The figures of a family.

    Attributes:
        pairs: of different pictures.
        joined: pairs joined, by way.
        max_joined: pairs that may be joined for reuse; None without a target.
        plain: pairs whose score reaches the threshold and that are refused because they have too little texture.
        paper: pictures that are paper.
        highest_score: of a pair with texture.
        tail: by points below the threshold, pairs that come so near.
        extrapolated: the rate of accepted pairs that the tail leads to.
        recall: by alteration and way, the share of copies joined to their original.
        first: by way, the share of copies whose original is the best of all that are found.
        copy_pairs: pairs of a copy and another picture.
        joined_copies: such pairs joined, by way.
        accepted_pairs: numbers of the first pairs that wide evidence accepted, with their scores.
    """

    name: str
    pictures: int
    pairs: int
    max_joined: int | None
    joined: dict[str, int]
    plain: int = 0
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
    return (HASHES, EVIDENCE, WIDE_EVIDENCE, REUSE, *available_peers())


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
    of_today = [_verify(each, submitted, hashed) for each in today[:most]]
    of_wide = [_verify(each, submitted, hashed) for each in wide[:most]]
    by_way = {
        HASHES: {each.number for each in today},
        EVIDENCE: {each.number for each in of_today if each.accepted},
        WIDE_EVIDENCE: {each.number for each in of_wide if each.accepted},
        REUSE: {each.number for each in of_wide if each.reused},
    }
    for peer, numbers in known.joined_by_peer(submitted).items():
        by_way[peer] = {number for number in numbers if number < below}
    scores = {each.number: each.verification.score for each in of_wide if each.accepted}
    nearness = {each.number: -each.hash256_distance_bits for each in today}
    return Joined(by_way, {HASHES: _only_best(nearness), WIDE_EVIDENCE: _only_best(scores)}, of_wide)


def _verify(candidate: Candidate, submitted: HashedPicture, hashed: Sequence[HashedPicture]) -> Verified:
    known = hashed[candidate.number].evidence
    both_paper = known.is_paper and submitted.evidence.is_paper
    verification = verify(known, submitted.evidence, candidate.views)
    return Verified(candidate.number, verification, ACCEPTED_PAPER_SCORE if both_paper else ACCEPTED_SCORE)


def _only_best(values: Mapping[int, int]) -> int | None:
    best = [number for number, value in values.items() if value == max(values.values())]
    return best[0] if len(best) == 1 else None


def _measure_pairs(shown: PictureSet, hashed: Sequence[HashedPicture], known: KnownPictures) -> FamilyFigures:
    count = len(hashed)
    pairs = count * (count - 1) // 2 - len(shown.same)
    figures = FamilyFigures(shown.name, count, pairs, shown.max_joined, dict.fromkeys(ways(), 0))
    figures.paper = sum(each.evidence.is_paper for each in hashed)
    shortfalls: list[int] = []
    for number, submitted in enumerate(hashed):
        joined = join(submitted, hashed, known, below=number, most=None)
        same = {one for one, other in shown.same if other == number}
        for way, numbers in joined.by_way.items():
            figures.joined[way] += len(numbers - same)
        for each in joined.verified:
            if each.number in same:
                continue
            if not each.textured:
                figures.plain += each.scores
                continue
            score = each.verification.score
            shortfalls.append(each.threshold - score)
            figures.highest_score = max(figures.highest_score, score)
            if each.accepted:
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
    figures.first = {HASHES: 0.0, WIDE_EVIDENCE: 0.0}
    figures.copy_pairs = len(copies) * len(COPIES) * (len(hashed) - 1)
    for number, altered in enumerate(copies):
        for name, copy in altered.items():
            joined = join(copy, hashed, known, below=len(hashed), most=MAX_VERIFIED)
            for way, numbers in joined.by_way.items():
                figures.recall[name][way] += (number in numbers) / len(copies)
                figures.joined_copies[way] += len(numbers - {number})
            for way, best in joined.first.items():
                figures.first[way] += (best == number) / (len(copies) * len(COPIES))

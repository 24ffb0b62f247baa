"""Which altered videos are found, as what, and how exactly their parts are told; which different ones are mistaken.

Every original is altered in every way of video_samples.COPIES, and each copy is decided by the whole of matching, with
all originals known and no other copy. To see what is mistaken, it is decided again without its own original; so are
the originals among themselves, and copies of them all that begin with one intro, or have one caption or logo.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from rich.console import Console
from rich.table import Table

from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.match.decide import MatchInput
from streams.domain.policy.policy import DEFAULT_POLICY, Policy
from streams.domain.records import Fingerprint, MediaFacts, Origin
from tests.bench.video_peers import PeerHashes, both, found_by_collage, found_by_share
from tests.bench.video_samples import COPIES, INTRO, Studio, Truth, files
from tests.bench.video_source import file_source
from tests.support.partition import Partition
from tests.support.videos import facts as facts_of_file

OURS: Final = "mediasieve"
SHARE: Final = "imagehash of every frame, by share"
COLLAGE: Final = "as videohash"
CONTENDERS: Final = (OURS, SHARE, COLLAGE)

ALIKE: Final = (INTRO, "caption_bar", "caption_over", "logo")
"""Alterations after which different films have something in common."""


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file as every contender has it."""

    ours: MediaFacts
    peers: PeerHashes
    duration_s: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about a video: the name of the known one, and what it is to it; empty if it is new."""

    known: str = ""
    relation: str = ""
    segments: tuple[dict[str, float], ...] = ()


@dataclass
class Recall:
    """What was found of the copies of so many originals.

    Attributes:
        right: by contender and alteration, how many copies were taken for copies of their original; ours only if the
            relation is right, too.
        missed: ours, with the verdict.
        off_s: by alteration, how far ends of parts are from where they should be, four a copy.
        mistaken: by contender, the pairs of different videos that were taken for the same.
        pairs: how many there were.
    """

    originals: int
    right: dict[str, dict[str, int]]
    missed: list[tuple[int, str, str]] = field(default_factory=list)
    off_s: dict[str, list[float]] = field(default_factory=dict)
    mistaken: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: {name: [] for name in CONTENDERS})
    pairs: int = 0

    def percent(self, contender: str, alteration: str) -> float:
        return 100 * self.right[contender][alteration] / self.originals

    def mean(self, contender: str) -> float:
        return float(np.mean([self.percent(contender, name) for name in self.right[contender]]))


class Known:
    """A collection in which videos are decided, each as if it came right after those that are known."""

    def __init__(self, policy: Policy = DEFAULT_POLICY) -> None:
        self._policy = policy
        self._partition = Partition()
        self._taken = 0

    def take(self, name: str, media: MediaFacts) -> Verdict:
        """Decide a video, which is known from then on."""
        return self._decide(self._partition, name, media)

    def look(self, name: str, media: MediaFacts) -> Verdict:
        """Decide a video without remembering it."""
        return self._decide(Partition(self._partition.log), name, media)

    def _decide(self, partition: Partition, name: str, media: MediaFacts) -> Verdict:
        self._taken += 1
        fingerprint = Fingerprint(
            submission_id=f"s#{self._taken}",
            attempt=0,
            media_id=name,
            collection="films",
            kind="video",
            submitted_at="2026-01-01T00:00:00.000Z",
            fingerprinted_at="2026-01-01T00:00:01.000Z",
            origin=Origin("media.submissions", 0, self._taken),
            facts=media,
            failure=None,
            policy=self._policy,
        )
        (answer,) = partition.decide([MatchInput.of(fingerprint, self._taken)])
        match = orjson.loads(answer.value)["match"]
        if match is None:
            return Verdict()
        return Verdict(match["media_id"], match["relation"] or match["method"], tuple(match["segments"]))


def hashed(path: Path) -> Hashed:
    """Ours as of a source that has to be paid for by the byte."""
    with file_source(path) as source:
        ours = fingerprint_video(source)
    return Hashed(ours, both(path), facts_of_file(path)[0])


def hashes_of_film(number: int, studio: Studio, folder: Path) -> dict[str, Hashed]:
    """An original and its copies, by alteration."""
    return {name: hashed(path) for name, path in files(studio, number, folder)}


def run(folder: Path | None, work_dir: Path, *, originals: int, say: Callable[[str], Any] = print) -> Recall:
    """Alter and decide so many films, of the photos of a folder or of those that come with the project.

    Raises:
        ValueError: there are not photos enough.
    """
    studio = Studio(folder)
    if originals > studio.count:
        raise ValueError(f"the photos are enough for {studio.count} films, not for {originals}")
    work = partial(hashes_of_film, studio=studio, folder=work_dir)
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        films = []
        for number, film in enumerate(pool.map(work, range(originals))):
            films.append(film)
            say(f"film {number}: {len(film)} files of {film[''].duration_s:.0f} s, {film[''].ours.video}")
    return judge(films)


def judge(films: Sequence[dict[str, Hashed]]) -> Recall:
    """Decide all copies."""
    found = Recall(len(films), {contender: dict.fromkeys(COPIES, 0) for contender in CONTENDERS})
    known = Known()
    _take_different(found, known, [(str(number), film[""]) for number, film in enumerate(films)], "original")
    for name in ALIKE:
        _take_different(found, Known(), [(str(number), film[name]) for number, film in enumerate(films)], name)
    for number, film in enumerate(films):
        others = Known()
        for other, its_film in enumerate(films):
            if other != number:
                others.take(str(other), its_film[""].ours)
        for name in COPIES:
            _judge_ours(found, known, number, name, film)
            verdict = others.look(name, film[name].ours)
            if verdict.known:
                found.mistaken[OURS].append((f"{number} {name}", f"{verdict.known} {verdict.relation}"))
        _judge_peers(found, films, number)
    return found


def _take_different(found: Recall, known: Known, videos: Iterable[tuple[str, Hashed]], what: str) -> None:
    """Videos of which none is to be taken for another."""
    before: list[tuple[str, Hashed]] = []
    for name, each in videos:
        verdict = known.take(name, each.ours)
        if verdict.known:
            found.mistaken[OURS].append((f"{name} {what}", f"{verdict.known} {verdict.relation}"))
        for other, its in before:
            found.pairs += 1
            for contender, same in _peers_say(each.peers, its.peers):
                if same:
                    found.mistaken[contender].append((f"{name} {what}", other))
        before.append((name, each))


def _judge_ours(found: Recall, known: Known, number: int, name: str, film: dict[str, Hashed]) -> None:
    copy = COPIES[name]
    verdict = known.look(name, film[name].ours)
    if verdict.known == str(number) and verdict.relation in copy.relations:
        found.right[OURS][name] += 1
        truth = copy.truth(film[""].duration_s, number)
        found.off_s.setdefault(name, []).extend(_off_s(verdict, truth))
    else:
        said = f"{verdict.relation} {verdict.known} {verdict.segments}" if verdict.known else "new"
        found.missed.append((number, name, said))


def _off_s(verdict: Verdict, truth: Truth) -> list[float]:
    """Of begin and end in the copy and in the known video, how far they are from where they should be."""
    told = [
        min(each["from_s"] for each in verdict.segments),
        max(each["to_s"] for each in verdict.segments),
        min(each["known_from_s"] for each in verdict.segments),
        max(each["known_to_s"] for each in verdict.segments),
    ]
    return [abs(one - other) for one, other in zip(told, truth, strict=True)]


def _judge_peers(found: Recall, films: Sequence[dict[str, Hashed]], number: int) -> None:
    for name in COPIES:
        copy = films[number][name].peers
        for other, film in enumerate(films):
            found.pairs += other != number
            for contender, same in _peers_say(copy, film[""].peers):
                if same and other == number:
                    found.right[contender][name] += 1
                elif same:
                    found.mistaken[contender].append((f"{number} {name}", str(other)))


def _peers_say(query: PeerHashes, known: PeerHashes) -> Iterable[tuple[str, bool]]:
    yield SHARE, found_by_share(query.frames, known.frames)
    yield COLLAGE, found_by_collage(query.collage, known.collage)


def show(found: Recall, console: Console) -> None:
    table = Table(title=f"altered videos found, percent, of {found.originals} films")
    table.add_column("alteration")
    for name in (*CONTENDERS, "ends off, median s", "worst s"):
        table.add_column(name, justify="right")
    for alteration in COPIES:
        off_s = found.off_s.get(alteration, [float("nan")])
        shares = (f"{found.percent(contender, alteration):.0f}" for contender in CONTENDERS)
        table.add_row(alteration, *shares, f"{np.median(off_s):.2f}", f"{max(off_s):.2f}")
    table.add_section()
    table.add_row("mean", *(f"{found.mean(contender):.1f}" for contender in CONTENDERS))
    table.add_row(f"mistaken, of {found.pairs:,}", *(str(len(found.mistaken[each])) for each in CONTENDERS))
    console.print(table)
    for number, name, said in found.missed:
        console.print(f"film {number}, {name}: {said}", markup=False)
    for one, other in found.mistaken[OURS]:
        console.print(f"{OURS} took {one} for {other}", markup=False)

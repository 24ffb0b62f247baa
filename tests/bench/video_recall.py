"""Recall: which altered videos are found, with which relation, how exact their segments are, and false matches.

Every original is altered in every way of video_samples.COPIES. The match stage decides about each copy, with all
originals known and no other copy. To count false matches, each copy is decided again without its own original; so are
the originals among themselves, and copies of all originals that begin with one intro, or share a caption or a logo.
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
from streams.domain.match.batch import MatchInput
from streams.domain.policy.policy import DEFAULT_POLICY, Policy
from streams.domain.records import Fingerprint, MediaFacts, Origin
from tests.bench.video_peers import PeerHashes, both_hashes, found_by_collage, found_by_share
from tests.bench.video_samples import COPIES, INTRO, Studio, Truth, files
from tests.bench.video_source import file_source
from tests.support.partition import Partition
from tests.support.videos import duration_and_rate

OURS: Final = "mediasieve"
SHARE: Final = "imagehash of every frame, by share"
COLLAGE: Final = "as videohash"
CONTENDERS: Final = (OURS, SHARE, COLLAGE)

ALIKE: Final = (INTRO, "caption_bar", "caption_over", "logo")
"""Alterations after which different films have something in common."""


@dataclass(frozen=True, slots=True)
class HashedVideo:
    """A file as every contender hashes it."""

    ours: MediaFacts
    peers: PeerHashes
    duration_s: float


@dataclass(frozen=True, slots=True)
class FoundVideo:
    """The known video that was found, and the relation to it; empty for a new video."""

    known: str = ""
    relation: str = ""
    segments: tuple[dict[str, float], ...] = ()


@dataclass
class Recall:
    """How many copies of the originals were found.

    Attributes:
        right: by contender and alteration, how many copies were matched with their original; ours only if the relation
            is right, too.
        missed: the copies that we did not find, with what we found instead.
        off_s: by alteration, how far the ends of segments are from where they should be, four for each copy.
        mistaken: by contender, the pairs of different videos that were taken for the same.
        pairs: how many pairs of different videos were compared.
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


class KnownVideos:
    """A collection in which videos are decided, each as if it came right after the known ones."""

    def __init__(self, policy: Policy = DEFAULT_POLICY) -> None:
        self._policy = policy
        self._partition = Partition()
        self._taken = 0

    def add(self, name: str, media: MediaFacts) -> FoundVideo:
        """Decides about a video, which is known from then on."""
        return self._decide(self._partition, name, media)

    def decide_only(self, name: str, media: MediaFacts) -> FoundVideo:
        """Decides about a video without remembering it."""
        return self._decide(Partition(self._partition.log), name, media)

    def _decide(self, partition: Partition, name: str, media: MediaFacts) -> FoundVideo:
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
            return FoundVideo()
        return FoundVideo(match["media_id"], match["relation"] or match["method"], tuple(match["segments"]))


def hashed(path: Path) -> HashedVideo:
    """Hashes a file. Ours is read from a source that counts every byte."""
    with file_source(path) as source:
        ours = fingerprint_video(source)
    return HashedVideo(ours, both_hashes(path), duration_and_rate(path)[0])


def hashes_of_film(number: int, studio: Studio, folder: Path) -> dict[str, HashedVideo]:
    """An original and its copies, by alteration."""
    return {name: hashed(path) for name, path in files(studio, number, folder)}


def run(folder: Path | None, work_dir: Path, *, originals: int, say: Callable[[str], Any] = print) -> Recall:
    """Alters and decides films made of the photos in a folder, or of those that come with the project.

    Raises:
        ValueError: there are too few photos.
    """
    studio = Studio(folder)
    if originals > studio.count:
        raise ValueError(
            f"the photos are enough for {studio.count} films, not for {originals}: give a folder with more photos"
        )
    work = partial(hashes_of_film, studio=studio, folder=work_dir)
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        films = []
        for number, film in enumerate(pool.map(work, range(originals))):
            films.append(film)
            say(f"film {number}: {len(film)} files of {film[''].duration_s:.0f} s, {film[''].ours.video}")
    return judge(films)


def judge(films: Sequence[dict[str, HashedVideo]]) -> Recall:
    """Decides about all copies."""
    found = Recall(len(films), {contender: dict.fromkeys(COPIES, 0) for contender in CONTENDERS})
    known = KnownVideos()
    _add_different(found, known, [(str(number), film[""]) for number, film in enumerate(films)], "original")
    for name in ALIKE:
        _add_different(found, KnownVideos(), [(str(number), film[name]) for number, film in enumerate(films)], name)
    for number, film in enumerate(films):
        others = KnownVideos()
        for other, its_film in enumerate(films):
            if other != number:
                others.add(str(other), its_film[""].ours)
        for name in COPIES:
            _judge_ours(found, known, number, name, film)
            hit = others.decide_only(name, film[name].ours)
            if hit.known:
                found.mistaken[OURS].append((f"{number} {name}", f"{hit.known} {hit.relation}"))
        _judge_peers(found, films, number)
    return found


def _add_different(found: Recall, known: KnownVideos, videos: Iterable[tuple[str, HashedVideo]], what: str) -> None:
    """Adds videos that are all different: every match among them is a mistake."""
    before: list[tuple[str, HashedVideo]] = []
    for name, each in videos:
        hit = known.add(name, each.ours)
        if hit.known:
            found.mistaken[OURS].append((f"{name} {what}", f"{hit.known} {hit.relation}"))
        for other, its in before:
            found.pairs += 1
            for contender, same in _peers_say(each.peers, its.peers):
                if same:
                    found.mistaken[contender].append((f"{name} {what}", other))
        before.append((name, each))


def _judge_ours(found: Recall, known: KnownVideos, number: int, name: str, film: dict[str, HashedVideo]) -> None:
    copy = COPIES[name]
    hit = known.decide_only(name, film[name].ours)
    if hit.known == str(number) and hit.relation in copy.relations:
        found.right[OURS][name] += 1
        truth = copy.truth(film[""].duration_s, number)
        found.off_s.setdefault(name, []).extend(_off_s(hit, truth))
    else:
        said = f"{hit.relation} {hit.known} {hit.segments}" if hit.known else "new"
        found.missed.append((number, name, said))


def _off_s(hit: FoundVideo, truth: Truth) -> list[float]:
    """How far begin and end in the copy, and in the known video, are from where they should be."""
    told = [
        min(each["from_s"] for each in hit.segments),
        max(each["to_s"] for each in hit.segments),
        min(each["known_from_s"] for each in hit.segments),
        max(each["known_to_s"] for each in hit.segments),
    ]
    return [abs(one - other) for one, other in zip(told, truth, strict=True)]


def _judge_peers(found: Recall, films: Sequence[dict[str, HashedVideo]], number: int) -> None:
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

"""The videos of the benchmark: originals of real photos in motion, their copies, and where each copy comes from.

Half of the originals are short and read whole, half are over a minute and read by their index, so that an altered copy
is sampled at other instants than its original. See tests/support/films.py for films, videos.py for alterations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from tests.support.films import FILMS, SCENES, Film, encode
from tests.support.videos import ALTERATIONS, decoded, duration_and_rate

SIZE: Final = (320, 180)
FPS: Final = 25
LONG_SIZE: Final = (256, 144)
LONG_FPS: Final = 20
SHORTER_S: Final = 60.0
INTRO_S: Final = 4.0
RESERVED: Final = 3
"""The last films are no originals: two are for compilations, one is the common intro."""

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")


class PhotoFilm(Film):
    """A film of photos from a folder. Each film shows SCENES photos."""

    def __init__(self, number: int, duration_s: float, photos: tuple[Path, ...]) -> None:
        super().__init__(number, duration_s)
        self._photos = photos

    def tile(self, number: int) -> Image.Image:
        return _opened(self._photos[number % len(self._photos)])


@cache
def _opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.draft("RGB", (1280, 720))
        return image.convert("RGB")


@dataclass(frozen=True)
class Studio:
    """Makes films of the photos in a folder, or of those that come with the project.

    `count` is how many originals there are without showing a photo, or a part of a photo, twice.
    """

    folder: Path | None = None

    @property
    def _photos(self) -> tuple[Path, ...]:
        return _photos_of(self.folder) if self.folder else ()

    @property
    def _films(self) -> int:
        return len(self._photos) // SCENES if self.folder else FILMS

    @property
    def count(self) -> int:
        return max(0, self._films - RESERVED)

    def film(self, number: int, duration_s: float) -> Film:
        """The film of a number. Negative numbers count from the end, where the reserved films are."""
        number %= self._films
        return PhotoFilm(number, duration_s, self._photos) if self.folder else Film(number, duration_s)

    def original(self, number: int, target: Path) -> None:
        size, fps = (SIZE, FPS) if is_short(number) else (LONG_SIZE, LONG_FPS)
        encode(target, self.film(number, duration_s(number)).pictures(size, fps), fps=fps)


@cache
def _photos_of(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES))


def is_short(number: int) -> bool:
    return number % 2 == 0


def duration_s(number: int) -> float:
    """The duration of an original: 15 to 40 seconds, or 64 to 94."""
    return 15.0 + number * 7 % 26 if is_short(number) else 64.0 + number * 7 % 31


class Truth(NamedTuple):
    """Which part of a copy is which part of its original, in seconds."""

    from_s: float
    to_s: float
    known_from_s: float
    known_to_s: float


@dataclass(frozen=True)
class Copy:
    """An alteration, with the relations that are right for it. `truth` takes the original's duration and the seed."""

    make: Callable[[Studio, Path, Path, int], None]
    truth: Callable[[float, int], Truth]
    relations: tuple[str, ...] = ("copy",)
    suffix: str = ".mp4"


def _part(begin: float = 0.0, end: float = 1.0, speed: float = 1.0, after_s: float = 0.0) -> Callable[..., Truth]:
    """`begin` and `end` are shares of the original. `after_s` is how much time comes before the part."""

    def truth(lasts_s: float, seed: int) -> Truth:
        length_s = (end - begin) * lasts_s / speed
        return Truth(after_s, after_s + length_s, begin * lasts_s, end * lasts_s)

    return truth


def _clip(share: float) -> Callable[..., Truth]:
    def truth(lasts_s: float, seed: int) -> Truth:
        begin = float(np.random.default_rng(seed).uniform(0, 1 - share))
        return Truth(0.0, share * lasts_s, begin * lasts_s, (begin + share) * lasts_s)

    return truth


def _in_compilation(begin: float, end: float, beside: float) -> Callable[[Studio, Path, Path, int], None]:
    """A part of the original between two other films, each with the share `beside` of its duration."""

    def make(studio: Studio, source: Path, target: Path, seed: int) -> None:
        lasts_s, rate = duration_and_rate(source)
        before, after = (studio.film(-1 - number, beside * lasts_s) for number in (1, 2))
        chosen = (picture for at_s, picture in decoded(source) if begin * lasts_s <= at_s < end * lasts_s)
        size = LONG_SIZE if lasts_s > SHORTER_S else SIZE
        parts = (before.pictures(size, rate), chosen, after.pictures(size, rate))
        encode(target, chain.from_iterable(parts), fps=rate)

    return make


def _in_compilation_truth(begin: float, end: float, beside: float) -> Callable[[float, int], Truth]:
    def truth(lasts_s: float, seed: int) -> Truth:
        return _part(begin, end, after_s=beside * lasts_s)(lasts_s, seed)

    return truth


def _after_intro(studio: Studio, source: Path, target: Path, seed: int) -> None:
    lasts_s, rate = duration_and_rate(source)
    size = LONG_SIZE if lasts_s > SHORTER_S else SIZE
    shown = (picture for _, picture in decoded(source))
    encode(target, chain(studio.film(-1, INTRO_S).pictures(size, rate), shown), fps=rate)


def _altered(name: str) -> Callable[[Studio, Path, Path, int], None]:
    def make(studio: Studio, source: Path, target: Path, seed: int) -> None:
        ALTERATIONS[name].alter(source, target, seed)

    return make


TRUTHS: Final[dict[str, Callable[[float, int], Truth]]] = {
    "head_trimmed": _part(begin=0.07),
    "tail_trimmed": _part(end=0.9),
    "clip_10": _clip(0.1),
    "clip_30": _clip(0.3),
    "clip_50": _clip(0.5),
    "clip_30_cropped_15": _clip(0.3),
    "clip_30_captioned": _clip(0.3),
    "faster_5": _part(speed=1.05),
    "slower_5": _part(speed=0.95),
}

INTRO: Final = "with_intro"

COPIES: Final[dict[str, Copy]] = {
    **{
        name: Copy(
            _altered(name),
            TRUTHS.get(name, _part()),
            ("clip_of",) if name.startswith("clip_") else ("copy",),
            each.suffix,
        )
        for name, each in ALTERATIONS.items()
        if each.kind not in ("compilation", "intro")
    },
    "half in compilation": Copy(
        _in_compilation(0.25, 0.75, 0.25), _in_compilation_truth(0.25, 0.75, 0.25), ("overlaps",)
    ),
    "all in compilation": Copy(_in_compilation(0.0, 1.0, 0.4), _in_compilation_truth(0.0, 1.0, 0.4), ("contains",)),
    INTRO: Copy(_after_intro, _part(after_s=INTRO_S)),
}
"""By name: the alterations of tests/support/videos.py, and those that need other films."""


def files(studio: Studio, number: int, folder: Path) -> Iterator[tuple[str, Path]]:
    """An original (`""`) and its copies. Files that are in the folder already are not made again."""
    original = _once(folder / f"{number}.mp4", lambda target: studio.original(number, target))
    yield "", original
    for name, copy in COPIES.items():
        target = folder / f"{number}-{name.replace(' ', '_')}{copy.suffix}"
        yield name, _once(target, partial(_made, copy, studio, original, number))


def _made(copy: Copy, studio: Studio, original: Path, seed: int, target: Path) -> None:
    copy.make(studio, original, target, seed)


def _once(target: Path, make: Callable[[Path], None]) -> Path:
    if not target.exists():
        unfinished = target.with_stem(f"unfinished-{target.stem}")
        make(unfinished)
        unfinished.rename(target)
    return target

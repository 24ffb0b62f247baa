"""What the product decides about altered copies: how many are reused, go to a person, are missed, by alteration.

The match stage knows all originals and is asked about one copy at a time, with the default policy. An answer that names
another photo is wrong, whatever it says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
from PIL import Image
from rich.console import Console
from rich.table import Table

from streams.domain.fingerprint import fingerprint_image
from streams.domain.match.batch import MatchInput
from streams.domain.records import Fingerprint, MediaFacts, Origin
from tests.bench.report import Reach, at_least, at_most, show_reach
from tests.bench.small_hashes import PHOTOS_VARIABLE, pictures
from tests.support.alterations import ALTERATIONS, Alteration
from tests.support.hard_alterations import HARD
from tests.support.media import encode
from tests.support.partition import Partition

LISTS: Final[Mapping[str, Mapping[str, Alteration]]] = {"mild": ALTERATIONS, "hard": HARD}

ADDING_KINDS: Final = ("letterbox", "border", "caption bar", "text overlay", "emoji overlay", "rotation", "screenshot")
"""Kinds of the mild list that add to the picture: bars, words, corners."""

ADDS_NOTHING: Final = tuple(name for name, each in ALTERATIONS.items() if each.kind not in ADDING_KINDS)

NOTHING_CHEAP: Final = "turned 12° and cropped"
"""The one alteration of the hard list that nothing cheap finds."""

MAX_SIDE: Final = 640
REUSE, REVIEW, NONE, WRONG = "reuse", "review", "none", "wrong"
ANSWERS: Final = (REUSE, REVIEW, NONE, WRONG)
_NOW: Final = "2026-01-01T00:00:00.000Z"


class Shares(NamedTuple):
    """Shares of copies by answer."""

    reuse: float
    review: float
    none: float
    wrong: float

    @property
    def found(self) -> float:
        return self.reuse + self.review


@dataclass(frozen=True, slots=True)
class Answered:
    """`shares` by list and alteration."""

    photos: int
    shares: dict[str, dict[str, Shares]]

    def mean(self, name: str, alterations: Sequence[str] | None = None) -> Shares:
        """The mean of a list, or of some alterations of it."""
        of = self.shares[name]
        chosen = [of[each] for each in alterations or of]
        return Shares(*(sum(column) / len(chosen) for column in zip(*chosen, strict=True)))


class Answerer:
    """A match stage that knows some photos and forgets every question."""

    def __init__(self, originals: Sequence[MediaFacts]) -> None:
        known = Partition()
        for number, facts in enumerate(originals):
            _decide(known, facts, str(number), number)
        self._known = list(known.items())

    def answer(self, facts: MediaFacts, original: int) -> str:
        """One of ANSWERS about a copy of the original of a number."""
        decision = _decide(Partition(self._known), facts, "copy", len(self._known))
        match = decision["match"]
        if match is None:
            return NONE
        if match["media_id"] != str(original):
            return WRONG
        return REUSE if decision["action"] == "reuse" else REVIEW


def _decide(partition: Partition, facts: MediaFacts, media_id: str, offset: int) -> dict[str, Any]:
    origin = Origin("media.submissions", 0, offset)
    record = Fingerprint(f"#{media_id}", 0, media_id, "photos", "auto", _NOW, _NOW, origin, facts, None)
    (output,) = partition.decide([MatchInput.of(record, offset)])
    decision: dict[str, Any] = json.loads(output.value)
    return decision


def _hashed(numbered: tuple[int, Image.Image, Sequence[str]]) -> tuple[MediaFacts, dict[str, dict[str, MediaFacts]]]:
    """A photo, and its copies by list."""
    number, photo, lists = numbered
    original = fingerprint_image(encode(photo, "JPEG", quality=92))
    return original, {
        name: {each: fingerprint_image(how.apply(photo, number)) for each, how in LISTS[name].items()} for name in lists
    }


def run(folder: Path | None = None, *, photos: int = 300, lists: Sequence[str] = tuple(LISTS)) -> Answered:
    """Alter the first photos of `tests.bench.small_hashes.pictures` and ask about every copy."""
    shown = [_scaled_down(image) for image, _ in zip(pictures(folder), range(photos), strict=False)]
    with ProcessPoolExecutor() as pool:
        hashed = list(pool.map(_hashed, [(number, image, lists) for number, image in enumerate(shown)], chunksize=2))
    answerer = Answerer([original for original, _ in hashed])
    counts = {name: {each: dict.fromkeys(ANSWERS, 0) for each in LISTS[name]} for name in lists}
    for number, (_, copies) in enumerate(hashed):
        for name, altered in copies.items():
            for each, facts in altered.items():
                counts[name][each][answerer.answer(facts, number)] += 1
    return Answered(
        len(shown),
        {
            name: {each: Shares(*(count / len(shown) for count in of.values())) for each, of in rows.items()}
            for name, rows in counts.items()
        },
    )


def _scaled_down(image: Image.Image) -> Image.Image:
    image = image.convert("RGB")
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    return image


def show(answered: Answered, console: Console) -> None:
    for name, of in answered.shares.items():
        table = Table(title=f"{name} list: what is decided about copies of {answered.photos} photos, percent")
        table.add_column("alteration")
        for answer in ANSWERS:
            table.add_column(answer, justify="right")
        for alteration, shares in of.items():
            table.add_row(alteration, *_percent(shares))
        table.add_section()
        table.add_row("mean", *_percent(answered.mean(name)))
        if name == "mild":
            table.add_row("mean of what adds nothing", *_percent(answered.mean(name, ADDS_NOTHING)))
        console.print(table)


def _percent(shares: Shares) -> list[str]:
    return [f"{100 * share:.1f}" for share in shares]


def reach(answered: Answered) -> list[Reach]:
    """The project's targets for photos."""
    figures = []
    if "mild" in answered.shares:
        mild = answered.mean("mild")
        figures += [
            Reach("mild copies found, mean", at_least(97, "%"), 100 * mild.found),
            Reach("reused, of copies to which nothing was added", at_least(96, "%"),
                  100 * answered.mean("mild", ADDS_NOTHING).reuse),
        ]  # fmt: skip
    if "hard" in answered.shares:
        rows = {name: shares.found for name, shares in answered.shares["hard"].items() if name != NOTHING_CHEAP}
        worst = min(rows, key=lambda name: rows[name])
        figures += [
            Reach("hard copies found, mean", at_least(88, "%"), 100 * answered.mean("hard").found),
            Reach(f"hard copies found, worst row ({worst})", at_least(75, "%"), 100 * rows[worst]),
        ]
    wrong = sum(answered.mean(name).wrong for name in answered.shares)
    return [*figures, Reach("copies answered with another photo", at_most(0, "%"), 100 * wrong)]


@click.command()
@click.option("--photos", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
              envvar=PHOTOS_VARIABLE, help="A folder of photos; else the few that come with the project.")  # fmt: skip
@click.option("--count", default=300, show_default=True, help="Photos at most.")
@click.option("--list", "lists", type=click.Choice(list(LISTS)), multiple=True, help="Only this list; may be repeated.")
def main(folder: Path | None, count: int, lists: tuple[str, ...]) -> None:
    """What the product decides about altered copies, by alteration."""
    console = Console(width=110)
    answered = run(folder, photos=count, lists=lists or tuple(LISTS))
    show(answered, console)
    show_reach(reach(answered), console)


if __name__ == "__main__":
    main()

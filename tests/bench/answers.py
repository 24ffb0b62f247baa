"""What the product decides about altered copies: how many are reused, go to a person, are missed. No measuring.

The match stage knows all originals and is asked about one copy at a time, with the default policy. An answer that names
another photo is wrong, whatever it says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from PIL import Image

from streams.domain.match.batch import MatchInput
from streams.domain.records import Fingerprint, MediaFacts, Origin
from tests.bench.report import Reach, at_least, at_most
from tests.support.alterations import ALTERATIONS, Alteration
from tests.support.hard_alterations import HARD
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
    """A match stage that knows some photos and forgets every question.

    Attributes:
        joined_originals: numbers of an original and of the earlier one that it was taken for.
    """

    def __init__(self, originals: Sequence[MediaFacts]) -> None:
        known = Partition()
        self.joined_originals: list[tuple[int, int]] = []
        for number, facts in enumerate(originals):
            match = _decide(known, facts, str(number), number)["match"]
            if match is not None:
                self.joined_originals.append((number, int(match["media_id"])))
        self._known = list(known.items())

    def ask(self, facts: MediaFacts) -> tuple[int | None, str]:
        """The number of the original that a file is a copy of, if any, and REUSE, REVIEW or NONE."""
        decision = _decide(Partition(self._known), facts, "copy", len(self._known))
        match = decision["match"]
        if match is None:
            return None, NONE
        return int(match["media_id"]), REUSE if decision["action"] == "reuse" else REVIEW

    def answer(self, facts: MediaFacts, original: int) -> str:
        """One of ANSWERS about a copy of the original of a number."""
        found, answer = self.ask(facts)
        return answer if found in (None, original) else WRONG


def _decide(partition: Partition, facts: MediaFacts, media_id: str, offset: int) -> dict[str, Any]:
    origin = Origin("media.submissions", 0, offset)
    record = Fingerprint(f"#{media_id}", 0, media_id, "photos", "auto", _NOW, _NOW, origin, facts, None)
    (output,) = partition.decide([MatchInput.of(record, offset)])
    decision: dict[str, Any] = json.loads(output.value)
    return decision


def shares_of(counts: Mapping[str, Mapping[str, Mapping[str, int]]], photos: int) -> dict[str, dict[str, Shares]]:
    """Shares by list and alteration, from the number of copies by list, alteration and answer."""
    return {
        name: {each: Shares(*(of[answer] / photos for answer in ANSWERS)) for each, of in rows.items()}
        for name, rows in counts.items()
    }


def scaled_down(image: Image.Image) -> Image.Image:
    """The photo in RGB, its longer side MAX_SIDE at most."""
    image = image.convert("RGB")
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    return image


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

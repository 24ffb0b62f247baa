"""What the generators share: random generators of a picture and of its family, words, amounts, text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from zlib import crc32

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
GREY: Colour = (120, 120, 120)
PALE: Colour = (225, 225, 225)

WORDS: Final = (
    "about", "account", "after", "again", "amount", "and", "answer", "april", "area", "at", "balance", "before",
    "between", "board", "book", "branch", "building", "by", "case", "change", "city", "clear", "client", "close",
    "common", "company", "copy", "cost", "council", "country", "date", "day", "delivery", "department", "each", "east",
    "end", "engine", "evening", "every", "family", "field", "first", "floor", "follow", "for", "form", "four", "garden",
    "general", "given", "goods", "great", "group", "hand", "harbour", "high", "home", "hour", "house", "in", "industry",
    "interest", "island", "journey", "june", "keep", "kind", "land", "large", "last", "later", "letter", "light",
    "line", "list", "long", "main", "many", "march", "market", "matter", "measure", "member", "method", "month",
    "morning", "name", "near", "new", "night", "north", "note", "number", "of", "office", "old", "on", "open", "order",
    "other", "over", "page", "paper", "part", "people", "place", "plan", "point", "power", "present", "price",
    "product", "public", "question", "rain", "read", "report", "rest", "result", "river", "road", "room", "school",
    "sea", "second", "section", "service", "several", "side", "small", "south", "station", "steel", "stone", "street",
    "summer", "system", "table", "ten", "than", "the", "then", "three", "time", "to", "town", "train", "travel",
    "under", "until", "use", "value", "village", "water", "way", "week", "west", "white", "winter", "with", "wood",
    "work", "year", "young",
)  # fmt: skip

NAMES: Final = (
    "Adams", "Baker", "Carter", "Diaz", "Evans", "Foster", "Garcia", "Hughes", "Ivanova", "Jensen", "Khan", "Lopez",
    "Meyer", "Nowak", "Okafor", "Patel", "Quinn", "Rossi", "Schmidt", "Tanaka", "Usman", "Varga", "Wagner", "Xu",
    "Yilmaz", "Zhang",
)  # fmt: skip

CITIES: Final = (
    "Ashford", "Bergen", "Calder", "Dover", "Eastham", "Fairview", "Granby", "Hilton", "Ipswich", "Kingsley", "Lund",
    "Marlow", "Newport", "Oban",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """One picture of a family: `number` of the family drawn with `seed`."""

    family: str
    seed: int
    number: int

    def shared(self) -> np.random.Generator:
        """A generator that gives all members of the family the same values: for the layout, the firm, the shape."""
        return np.random.default_rng([crc32(self.family.encode()), self.seed])

    def own(self) -> np.random.Generator:
        """A generator of this member alone."""
        return np.random.default_rng([crc32(self.family.encode()), self.seed, self.number + 1])

    def combination(self, *choices: int) -> list[int]:
        """An index below every number of `choices`. No combination repeats until all have been used."""
        total = int(np.prod(choices))
        index = int(self.shared().permutation(total)[self.number % total])
        return [int(part) for part in np.unravel_index(index, choices)]


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, which no machine lacks."""
    return ImageFont.load_default(size)


@cache
def text_width(text: str, size: int) -> float:
    return font(size).getlength(text)


def canvas(width: int, height: int, colour: Colour = WHITE) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (width, height), colour)
    return image, ImageDraw.Draw(image)


def write(
    draw: ImageDraw.ImageDraw, at: Point, text: str, size: int, colour: Colour = BLACK, *, anchor: str = "la"
) -> None:
    draw.text(at, text, colour, font(size), anchor=anchor)


def words(rng: np.random.Generator, count: int) -> str:
    return " ".join(str(word) for word in rng.choice(WORDS, count))


def one_of(rng: np.random.Generator, values: Sequence[str]) -> str:
    return values[int(rng.integers(len(values)))]


def sentence(rng: np.random.Generator, least: int, most: int) -> str:
    return words(rng, int(rng.integers(least, most + 1))).capitalize() + "."


def text_line(rng: np.random.Generator, width: float, size: int) -> str:
    """Random words that fill a line."""
    line = one_of(rng, WORDS)
    while True:
        word = one_of(rng, WORDS)
        if text_width(f"{line} ", size) + text_width(word, size) > width:
            return line
        line = f"{line} {word}"


def date(rng: np.random.Generator) -> str:
    return f"{rng.integers(2019, 2026)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}"


def digits(rng: np.random.Generator, count: int) -> str:
    return "".join(str(digit) for digit in rng.integers(0, 10, count))


def person(rng: np.random.Generator) -> str:
    return f"{'ABCDEFGHJKLMNPRST'[int(rng.integers(17))]}. {one_of(rng, NAMES)}"

"""The families of look-alikes: which there are, how they are drawn, and how many pairs may be joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path

from PIL import Image

from tests.bench.lookalikes import (
    bursts,
    cards,
    charts,
    chats,
    flags,
    forms,
    icons,
    invoices,
    memes,
    number_tables,
    products,
    receipts,
    text_pages,
)
from tests.bench.lookalikes.drawing import Member
from tests.bench.lookalikes.variants import drawings, papers
from tests.bench.lookalikes.variants import photos as edited_photos
from tests.bench.small_hashes import SHARED_DATA, pictures
from tests.support.media import encode

JPEG_QUALITY = 90
GARMENTS = SHARED_DATA / "garments"
GARMENTS_SHOWN_TWICE: frozenset[tuple[str, str]] = frozenset()
"""Beginnings of the names of two files that show the same garment, listed by hand. Evidence accepted no pair of the
1,000 in the data folder, and no pair is known."""


@dataclass(frozen=True, slots=True)
class Family:
    """Pictures that look alike.

    Attributes:
        name: for people and for the random generators.
        draw: draws a member.
        form: Pillow's name of the format that the members are stored in.
        max_share: the share of pairs that may be joined for reuse. None where people disagree about copies:
            variants of a product, photos of a burst.
    """

    name: str
    draw: Callable[[Member], Image.Image]
    form: str = "PNG"
    max_share: float | None = 0.0


@dataclass(frozen=True, slots=True)
class PictureSet:
    """The files of a family. No two of them show the same thing, except the pairs in `same`.

    Attributes:
        same: numbers of two files that show the same thing, the smaller first.
        max_joined: the number of pairs that may be joined for reuse; None without a target.
    """

    name: str
    files: tuple[bytes, ...]
    same: frozenset[tuple[int, int]] = frozenset()
    max_joined: int | None = 0


FAMILIES = (
    Family("text pages", text_pages.draw),
    Family("invoices", invoices.draw),
    Family("receipts", receipts.draw),
    Family("forms", forms.draw),
    Family("line charts", charts.draw_lines),
    Family("bar charts", charts.draw_bars),
    Family("number tables", number_tables.draw),
    Family("tickets", cards.draw_ticket, "JPEG", max_share=0.1),
    Family("identity cards", cards.draw_identity_card, "JPEG", max_share=0.02),
    Family("maps", cards.draw_map, "JPEG"),
    Family("sayings", cards.draw_saying, "JPEG", max_share=0.1),
    Family("spreadsheets", cards.draw_spreadsheet),
    Family("memes, photo", memes.draw_photo, "JPEG"),
    Family("memes, panels", memes.draw_panels, "JPEG"),
    Family("flags", flags.draw),
    Family("icons", icons.draw, max_share=0.02),
    Family("chats", chats.draw),
    Family("products", products.draw, "JPEG", max_share=None),
    Family("bursts", bursts.draw, "JPEG", max_share=None),
    Family("photos, other words", edited_photos.draw_words, "JPEG"),
    Family("photos, other sayings", edited_photos.draw_saying, "JPEG"),
    Family("photos, other subtitles", edited_photos.draw_subtitle, "JPEG"),
    Family("photos, other prices", edited_photos.draw_price, "JPEG", max_share=0.05),
    Family("photos, other number plates", edited_photos.draw_plate, "JPEG", max_share=0.25),
    Family("photos, other objects", edited_photos.draw_object, "JPEG", max_share=0.02),
    Family("forms, two other fields", papers.draw_form, max_share=0.02),
    Family("bills, other amounts", papers.draw_bill, max_share=0.02),
    Family("tables, two other rows", papers.draw_table, max_share=0.1),
    Family("sprites, other colours", drawings.draw_sprite, max_share=0.02),
    Family("games", drawings.draw_board),
    Family("arrows", drawings.draw_arrow, max_share=0.02),
    Family("square codes", drawings.draw_code),
    Family("clocks", drawings.draw_clock),
)


def drawn(family: Family, *, count: int, seed: int = 0) -> PictureSet:
    """The first members of a family. Deterministic for one version of Pillow and numpy."""
    files = tuple(_file(family, family.draw(Member(family.name, seed, number))) for number in range(count))
    pairs = count * (count - 1) // 2
    return PictureSet(
        family.name, files, max_joined=None if family.max_share is None else int(pairs * family.max_share)
    )


def garments(folder: Path = GARMENTS, *, count: int) -> PictureSet | None:
    """Photos of garments, by one seller for the most part; None if the data folder lacks them."""
    paths = sorted(folder.glob("*.jpg"))[:count]
    if not paths:
        return None
    numbers = {path.stem[:4]: number for number, path in enumerate(paths)}
    same = {
        (min(numbers[one], numbers[other]), max(numbers[one], numbers[other]))
        for one, other in GARMENTS_SHOWN_TWICE
        if one in numbers and other in numbers
    }
    return PictureSet("garments", tuple(path.read_bytes() for path in paths), frozenset(same), max_joined=1)


def photos(folder: Path | None = None, *, count: int) -> PictureSet:
    """Photos that do not look alike, for comparison."""
    files = tuple(encode(image, "JPEG", quality=JPEG_QUALITY) for image in islice(pictures(folder), count))
    return PictureSet("photos", files)


def picture_sets(folder: Path | None = None, *, count: int, photo_count: int) -> Iterator[PictureSet]:
    """All families.

    Args:
        folder: of photos that do not look alike; None takes the available photos.
        count: members drawn of each family.
        photo_count: garments and photos at most.
    """
    for family in FAMILIES:
        yield drawn(family, count=count)
    shared = garments(count=photo_count)
    if shared is not None:
        yield shared
    yield photos(folder, count=photo_count)


def _file(family: Family, image: Image.Image) -> bytes:
    return encode(image, "JPEG", quality=JPEG_QUALITY) if family.form == "JPEG" else encode(image, family.form)


def decoded(file: bytes) -> Image.Image:
    """The picture of a file in RGB."""
    with Image.open(BytesIO(file)) as image:
        return image.convert("RGB")

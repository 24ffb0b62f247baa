"""Recall of altered copies and false pairs of different photos, for mediasieve and for the hashes people use today.

Every photo is altered in every way of tests/support/alterations.py and compared with all originals. Recall is the share
of copies that find their original. A false pair is an original or a copy that finds an original of another photo. Two
photos of a folder that show the same picture would count as false, so check the printed pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import imagehash
import numpy as np
import scipy.fftpack
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from streams.domain.fingerprint import fingerprint_image
from streams.domain.fingerprint.image import pdq
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.packing import ENTRY
from streams.domain.hashes.views import AS_WHOLE, VIEW_PAIRS, query_groups
from streams.domain.match.selection import comparable_entries, stored_entries
from streams.domain.policy.policy import Policy
from tests.bench.report import Reach, at_least, at_most
from tests.bench.small_hashes import pictures
from tests.support.alterations import ALTERATIONS
from tests.support.media import encode

MAX_SIDE = 1024
PLAIN_POLICY, STANDARD_POLICY = Policy.of(views="plain"), Policy.of()
OURS = {"mediasieve, standard": STANDARD_POLICY, "mediasieve, plain": PLAIN_POLICY}
STANDARD_CONTENDER = "mediasieve, standard"

Words = NDArray[np.uint64]
Hasher = Callable[[Image.Image], bytes]


def imagehash_phash(image: Image.Image) -> bytes:
    return bytes(np.packbits(imagehash.phash(image).hash))


def imagededup_phash(image: Image.Image) -> bytes:
    """The hash of imagededup 0.3, after its documentation: its own resize, and a median without the mean."""
    pixels = np.asarray(image.convert("L").resize((32, 32), Image.Resampling.LANCZOS), np.float64)
    low = scipy.fftpack.dct(scipy.fftpack.dct(pixels, axis=0), axis=1)[:8, :8].ravel()
    return bytes(np.packbits(low >= np.median(low[1:])))


def pdq_hash(image: Image.Image) -> bytes:
    return bytes.fromhex(pdq.pdq_hash(image).hex)


@dataclass(frozen=True, slots=True)
class Peer:
    """A hash as people compare it: pictures within `radius_bits` are the same."""

    hasher: Hasher
    radius_bits: int


PEERS = {
    "imagehash.phash ≤ 8": Peer(imagehash_phash, 8),
    "imagehash.phash ≤ 10": Peer(imagehash_phash, 10),
    "imagededup PHash ≤ 10": Peer(imagededup_phash, 10),
    "PDQ ≤ 31": Peer(pdq_hash, 31),
}


@dataclass(frozen=True, slots=True)
class PictureCodes:
    """A picture in the form of every contender: packed entries by policy, hashes by peer."""

    entries: Mapping[str, bytes]
    codes: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Detection:
    """The share of copies found, by contender and alteration, and the false pairs.

    `pairs` counts the ordered pairs of different originals, `copy_pairs` the pairs of a copy and another photo's
    original.
    """

    photos: int
    pairs: int
    copy_pairs: int
    recall: dict[str, dict[str, float]]
    false_pairs: dict[str, list[tuple[int, int]]]
    false_copies: dict[str, list[tuple[int, str, int]]]

    def mean(self, contender: str) -> float:
        return float(np.mean(list(self.recall[contender].values())))


def picture_codes(data: bytes) -> PictureCodes:
    facts = fingerprint_image(data)
    with Image.open(BytesIO(data)) as image:
        shown = image.convert("RGB")
    return PictureCodes(
        {name: comparable_entries(facts, policy).entries for name, policy in OURS.items()},
        {name: peer.hasher(shown) for name, peer in PEERS.items()},
    )


def photo_codes(numbered: tuple[int, Image.Image]) -> tuple[PictureCodes, dict[str, PictureCodes]]:
    """The codes of a photo and of all its copies."""
    number, photo = numbered
    copies = {name: picture_codes(each.apply(photo, number)) for name, each in ALTERATIONS.items()}
    return picture_codes(encode(photo, "JPEG", quality=92)), copies


class Originals:
    """The known originals, and which of them each contender finds."""

    def __init__(self, originals: Sequence[PictureCodes]) -> None:
        self._entries: dict[str, NDArray[np.void]] = {}
        self._owners: dict[str, NDArray[np.int64]] = {}
        for name, policy in OURS.items():
            packed = [stored_entries(each.entries[name], policy) for each in originals]
            self._entries[name] = np.frombuffer(b"".join(packed), ENTRY)
            self._owners[name] = np.repeat(np.arange(len(packed)), [len(each) // ENTRY.itemsize for each in packed])
        self._codes = {name: _words(b"".join(each.codes[name] for each in originals), len(originals)) for name in PEERS}

    def found_by(self, query: PictureCodes) -> dict[str, set[int]]:
        """By contender, the numbers of the originals that it takes for the same picture."""
        found = {name: self._found_by_us(name, query.entries[name]) for name in OURS}
        for name, peer in PEERS.items():
            bits = np.bitwise_count(self._codes[name] ^ _words(query.codes[name], 1)).sum(axis=1)
            found[name] = set(np.flatnonzero(bits <= peer.radius_bits).tolist())
        return found

    def _found_by_us(self, name: str, packed: bytes) -> set[int]:
        policy, known = OURS[name], self._entries[name]
        queries = np.frombuffer(packed, ENTRY)
        queries = queries[query_groups(queries, policy.views) > 0]
        numbers: set[int] = set()
        for entry in queries:
            rule = VIEW_PAIRS[LEVEL_NUMBERS[policy.views], entry["view"], known["view"]]
            limit = np.where(rule == AS_WHOLE, policy.radius_bits, policy.view_radius_bits)
            distances64 = np.bitwise_count(known["hash64"].astype(np.uint64) ^ np.uint64(entry["hash64"]))
            rows = np.flatnonzero((rule > 0) & (distances64 <= limit))
            distances256 = np.bitwise_count(
                known["hash256"][rows].astype(np.uint64) ^ entry["hash256"].astype(np.uint64)
            )
            numbers.update(self._owners[name][rows[distances256.sum(axis=1) <= policy.confirm_bits]].tolist())
        return numbers


def _words(data: bytes, count: int) -> Words:
    return np.frombuffer(data, ">u8").astype(np.uint64).reshape(count, -1)


def run(folder: Path | None = None, *, photos: int = 300) -> Detection:
    """Alter and compare the first photos of `tests.bench.small_hashes.pictures`."""
    shown = [_scaled_down(image) for image, _ in zip(pictures(folder), range(photos), strict=False)]
    with ProcessPoolExecutor() as pool:
        hashed_photos = list(pool.map(photo_codes, enumerate(shown), chunksize=4))
    originals = Originals([original for original, _ in hashed_photos])
    names = [*OURS, *PEERS]
    hits = {name: dict.fromkeys(ALTERATIONS, 0) for name in names}
    false_pairs: dict[str, list[tuple[int, int]]] = {name: [] for name in names}
    false_copies: dict[str, list[tuple[int, str, int]]] = {name: [] for name in names}
    for number, (original, copies) in enumerate(hashed_photos):
        for alteration, copy in copies.items():
            for name, found in originals.found_by(copy).items():
                hits[name][alteration] += number in found
                false_copies[name] += [(number, alteration, other) for other in sorted(found - {number})]
        for name, found in originals.found_by(original).items():
            false_pairs[name] += [(number, other) for other in sorted(found - {number})]
    count = len(shown)
    recall = {name: {each: times / count for each, times in of.items()} for name, of in hits.items()}
    pairs = count * (count - 1)
    return Detection(count, pairs, len(ALTERATIONS) * pairs, recall, false_pairs, false_copies)


def _scaled_down(image: Image.Image) -> Image.Image:
    image = image.convert("RGB")
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    return image


def show(found: Detection, console: Console) -> None:
    table = Table(title=f"copies found, percent, of {found.photos} photos")
    table.add_column("alteration")
    for name in found.recall:
        table.add_column(name, justify="right")
    for alteration in ALTERATIONS:
        table.add_row(alteration, *(f"{100 * of[alteration]:.1f}" for of in found.recall.values()))
    table.add_section()
    table.add_row("mean", *(f"{100 * found.mean(name):.1f}" for name in found.recall))
    table.add_row(f"false of {found.pairs:,}", *(str(len(pairs)) for pairs in found.false_pairs.values()))
    table.add_row(f"… of {found.copy_pairs:,}", *(str(len(pairs)) for pairs in found.false_copies.values()))
    console.print(table)
    for name in OURS:
        false = [*found.false_pairs[name], *found.false_copies[name]]
        if false:
            console.print(f"{name} took for copies: {false[:20]}")


def reach(found: Detection) -> list[Reach]:
    """The project's targets for the standard level."""
    ours = found.recall[STANDARD_CONTENDER]
    min_percent = {"mirrored": 99, "flipped": 99, "turned 90°": 99, "turned 180°": 99, "turned 270°": 99}
    min_percent |= {
        "letterbox": 95,
        "pillarbox": 95,
        "border white 5%": 95,
        "border red 10%": 95,
        "centre crop 10%": 90,
    }
    false = len(found.false_pairs[STANDARD_CONTENDER]) + len(found.false_copies[STANDARD_CONTENDER])
    per_million = false * 1e6 / (found.pairs + found.copy_pairs)
    return [
        Reach("copies found, mean of all alterations", at_least(93, "%"), 100 * found.mean(STANDARD_CONTENDER)),
        *(
            Reach(f"copies found, {name}", at_least(bound, "%"), 100 * ours[name])
            for name, bound in min_percent.items()
        ),
        Reach("different photos taken for copies, of a million pairs", at_most(1, ""), per_million),
    ]

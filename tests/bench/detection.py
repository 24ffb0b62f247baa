"""Which altered copies are found, by us and by what people use today; and which different photos are taken for copies.

Every photo is altered in every way of tests/alterations.py and held against all originals. Recall is the share of
copies that find their original; a false pair is an original, or a copy, that finds an original of another photo. Two
photos of a folder that show the same would count as false: look at what is printed.
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
from streams.domain.hashes.selection import comparable_entries, stored_entries
from streams.domain.hashes.views import AS_WHOLE, VIEW_PAIRS, query_groups
from streams.domain.policy.policy import Policy
from tests.bench.report import Reach, at_least, at_most
from tests.bench.small_hashes import pictures
from tests.support.alterations import ALTERATIONS
from tests.support.media import encode

LONGEST_SIDE = 1024
PLAIN, STANDARD = Policy.of(views="plain"), Policy.of()
OURS = {"mediasieve, standard": STANDARD, "mediasieve, plain": PLAIN}
DONE = "mediasieve, standard"

Words = NDArray[np.uint64]
Hasher = Callable[[Image.Image], bytes]


def imagehash_phash(image: Image.Image) -> bytes:
    return bytes(np.packbits(imagehash.phash(image).hash))


def imagededup_phash(image: Image.Image) -> bytes:
    """As imagededup 0.3 hashes: its own resize and median without the mean, told from its documentation."""
    pixels = np.asarray(image.convert("L").resize((32, 32), Image.Resampling.LANCZOS), np.float64)
    low = scipy.fftpack.dct(scipy.fftpack.dct(pixels, axis=0), axis=1)[:8, :8].ravel()
    return bytes(np.packbits(low >= np.median(low[1:])))


def pdq_hash(image: Image.Image) -> bytes:
    return bytes.fromhex(pdq.pdq_hash(image).hex)


@dataclass(frozen=True, slots=True)
class Peer:
    """A hash as people compare it: equal pictures are within `radius_bits`."""

    hasher: Hasher
    radius_bits: int


PEERS = {
    "imagehash.phash ≤ 8": Peer(imagehash_phash, 8),
    "imagehash.phash ≤ 10": Peer(imagehash_phash, 10),
    "imagededup PHash ≤ 10": Peer(imagededup_phash, 10),
    "PDQ ≤ 31": Peer(pdq_hash, 31),
}


@dataclass(frozen=True, slots=True)
class Hashes:
    """One picture as every contender has it: packed entries by policy, hashes by peer."""

    entries: Mapping[str, bytes]
    codes: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Detection:
    """Shares of copies found, by contender and alteration, and what was taken for a copy that is none.

    `pairs` are the ordered ones of different originals, `copy_pairs` those of a copy and another photo's original.
    """

    photos: int
    pairs: int
    copy_pairs: int
    recall: dict[str, dict[str, float]]
    false_pairs: dict[str, list[tuple[int, int]]]
    false_copies: dict[str, list[tuple[int, str, int]]]

    def mean(self, contender: str) -> float:
        return float(np.mean(list(self.recall[contender].values())))


def hashes_of(data: bytes) -> Hashes:
    facts = fingerprint_image(data)
    with Image.open(BytesIO(data)) as image:
        shown = image.convert("RGB")
    return Hashes(
        {name: comparable_entries(facts, policy).entries for name, policy in OURS.items()},
        {name: peer.hasher(shown) for name, peer in PEERS.items()},
    )


def hashes_of_photo(numbered: tuple[int, Image.Image]) -> tuple[Hashes, dict[str, Hashes]]:
    """Those of a photo and of all its copies."""
    number, photo = numbered
    copies = {name: hashes_of(each.apply(photo, number)) for name, each in ALTERATIONS.items()}
    return hashes_of(encode(photo, "JPEG", quality=92)), copies


class Originals:
    """What is known, and which of it each contender finds."""

    def __init__(self, originals: Sequence[Hashes]) -> None:
        self._entries: dict[str, NDArray[np.void]] = {}
        self._owners: dict[str, NDArray[np.int64]] = {}
        for name, policy in OURS.items():
            packed = [stored_entries(each.entries[name], policy) for each in originals]
            self._entries[name] = np.frombuffer(b"".join(packed), ENTRY)
            self._owners[name] = np.repeat(np.arange(len(packed)), [len(each) // ENTRY.itemsize for each in packed])
        self._codes = {name: _words(b"".join(each.codes[name] for each in originals), len(originals)) for name in PEERS}

    def found_by(self, query: Hashes) -> dict[str, set[int]]:
        """By contender, the numbers of the originals that it calls the same picture."""
        found = {name: self._ours(name, query.entries[name]) for name in OURS}
        for name, peer in PEERS.items():
            bits = np.bitwise_count(self._codes[name] ^ _words(query.codes[name], 1)).sum(axis=1)
            found[name] = set(np.flatnonzero(bits <= peer.radius_bits).tolist())
        return found

    def _ours(self, name: str, packed: bytes) -> set[int]:
        policy, known = OURS[name], self._entries[name]
        asked = np.frombuffer(packed, ENTRY)
        asked = asked[query_groups(asked, policy.views) > 0]
        numbers: set[int] = set()
        for entry in asked:
            rule = VIEW_PAIRS[LEVEL_NUMBERS[policy.views], entry["view"], known["view"]]
            limit = np.where(rule == AS_WHOLE, policy.radius_bits, policy.view_radius_bits)
            near = np.bitwise_count(known["near"].astype(np.uint64) ^ np.uint64(entry["near"]))
            rows = np.flatnonzero((rule > 0) & (near <= limit))
            confirm = np.bitwise_count(known["confirm"][rows].astype(np.uint64) ^ entry["confirm"].astype(np.uint64))
            numbers.update(self._owners[name][rows[confirm.sum(axis=1) <= policy.confirm_bits]].tolist())
        return numbers


def _words(data: bytes, count: int) -> Words:
    return np.frombuffer(data, ">u8").astype(np.uint64).reshape(count, -1)


def run(folder: Path | None = None, *, photos: int = 300) -> Detection:
    """Alter and compare up to so many photos; see `tests.bench.small_hashes.pictures` for which."""
    shown = [_bounded(image) for image, _ in zip(pictures(folder), range(photos), strict=False)]
    with ProcessPoolExecutor() as pool:
        hashed_photos = list(pool.map(hashes_of_photo, enumerate(shown), chunksize=4))
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


def _bounded(image: Image.Image) -> Image.Image:
    image = image.convert("RGB")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
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
    ours = found.recall[DONE]
    least = {"mirrored": 99, "flipped": 99, "turned 90°": 99, "turned 180°": 99, "turned 270°": 99}
    least |= {"letterbox": 95, "pillarbox": 95, "border white 5%": 95, "border red 10%": 95, "centre crop 10%": 90}
    false = len(found.false_pairs[DONE]) + len(found.false_copies[DONE])
    per_million = false * 1e6 / (found.pairs + found.copy_pairs)
    return [
        Reach("copies found, mean of all alterations", at_least(93, "%"), 100 * found.mean(DONE)),
        *(Reach(f"copies found, {name}", at_least(bound, "%"), 100 * ours[name]) for name, bound in least.items()),
        Reach("different photos taken for copies, of a million pairs", at_most(1, ""), per_million),
    ]

"""Altered copies found and different photos joined: by mediasieve, and by the hashes people use today.

Every photo is altered in every way of the mild and of the hard list and compared with all originals. mediasieve decides
as the product does (`tests.bench.answers`): it finds a copy if it names its original, for reuse or for review. Another
hash finds it if both hashes are near. A false pair is an original or a copy that is taken for another photo. Two photos
of a folder that show the same picture would count as false, so check the printed pairs.

    python -m tests.bench.detection --photos FOLDER --count 300
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import click
import imagehash
import numpy as np
import scipy.fftpack
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from streams.domain.fingerprint import fingerprint_image
from streams.domain.fingerprint.image import pdq
from streams.domain.records import MediaFacts
from tests.bench import answers
from tests.bench.answers import ANSWERS, LISTS, WRONG, Answered, Answerer, scaled_down, shares_of
from tests.bench.report import Reach, as_json, at_least, at_most, show_reach, write_json
from tests.bench.sampling import installed_versions, machine
from tests.bench.small_hashes import PHOTOS_VARIABLE, pictures
from tests.support.media import encode

Words = NDArray[np.uint64]
Hasher = Callable[[Image.Image], bytes]
OURS: Final = "mediasieve"


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
class HashedFile:
    """A file as all contenders get it: its fingerprint, and its hashes by peer."""

    facts: MediaFacts
    codes: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Detection:
    """What is found, and what is taken for another photo.

    Attributes:
        photos: the number of originals.
        pairs: of different originals.
        copy_pairs: of a copy and another photo's original.
        answered: what mediasieve decides about copies, by list and alteration.
        recall: by peer, list and alteration, the share of copies within its radius.
        false_pairs: by contender, numbers of two originals.
        false_copies: by contender, how many copies, or pairs of a copy and another original, are joined.
    """

    photos: int
    pairs: int
    copy_pairs: int
    answered: Answered
    recall: dict[str, dict[str, dict[str, float]]]
    false_pairs: dict[str, list[tuple[int, int]]]
    false_copies: dict[str, int]

    def peer_mean(self, peer: str, name: str) -> float:
        """The mean of a list."""
        return float(np.mean(list(self.recall[peer][name].values())))


def hashed_file(data: bytes) -> HashedFile:
    facts = fingerprint_image(data)
    with Image.open(BytesIO(data)) as image:
        shown = image.convert("RGB")
    return HashedFile(facts, {name: peer.hasher(shown) for name, peer in PEERS.items()})


def hashed_photo(
    numbered: tuple[int, Image.Image, Sequence[str]],
) -> tuple[HashedFile, dict[tuple[str, str], HashedFile]]:
    """A photo and its copies, by list and alteration."""
    number, photo, lists = numbered
    copies = {
        (name, each): hashed_file(how.apply(photo, number)) for name in lists for each, how in LISTS[name].items()
    }
    return hashed_file(encode(photo, "JPEG", quality=92)), copies


class PeerCodes:
    """The hashes of all originals, by peer."""

    def __init__(self, originals: Sequence[HashedFile]) -> None:
        self._codes = {name: _words(b"".join(each.codes[name] for each in originals), len(originals)) for name in PEERS}

    def found_by(self, query: HashedFile) -> dict[str, set[int]]:
        """By peer, the numbers of the originals that it takes for the same picture."""
        found = {}
        for name, peer in PEERS.items():
            bits = np.bitwise_count(self._codes[name] ^ _words(query.codes[name], 1)).sum(axis=1)
            found[name] = set(np.flatnonzero(bits <= peer.radius_bits).tolist())
        return found


def _words(data: bytes, count: int) -> Words:
    return np.frombuffer(data, ">u8").astype(np.uint64).reshape(count, -1)


def run(folder: Path | None = None, *, photos: int = 300, lists: Sequence[str] = tuple(LISTS)) -> Detection:
    """Alter and compare the first photos of `tests.bench.small_hashes.pictures`."""
    shown = [scaled_down(image) for image, _ in zip(pictures(folder), range(photos), strict=False)]
    with ProcessPoolExecutor() as pool:
        hashed = list(pool.map(hashed_photo, [(number, image, lists) for number, image in enumerate(shown)]))
    originals = [original for original, _ in hashed]
    answerer, codes = Answerer([each.facts for each in originals]), PeerCodes(originals)
    counts = {name: {each: dict.fromkeys(ANSWERS, 0) for each in LISTS[name]} for name in lists}
    hits = {peer: {name: dict.fromkeys(LISTS[name], 0) for name in lists} for peer in PEERS}
    false_pairs: dict[str, list[tuple[int, int]]] = {OURS: answerer.joined_originals, **{peer: [] for peer in PEERS}}
    false_copies = dict.fromkeys((OURS, *PEERS), 0)
    for number, (original, copies) in enumerate(hashed):
        for (name, each), copy in copies.items():
            answer = answerer.answer(copy.facts, number)
            counts[name][each][answer] += 1
            false_copies[OURS] += answer == WRONG
            for peer, found in codes.found_by(copy).items():
                hits[peer][name][each] += number in found
                false_copies[peer] += len(found - {number})
        for peer, found in codes.found_by(original).items():
            false_pairs[peer] += [(number, other) for other in sorted(found) if other < number]
    count = len(shown)
    recall = {
        peer: {name: {each: times / count for each, times in rows.items()} for name, rows in of.items()}
        for peer, of in hits.items()
    }
    copy_pairs = sum(len(LISTS[name]) for name in lists) * count * (count - 1)
    answered = Answered(count, shares_of(counts, count))
    return Detection(count, count * (count - 1) // 2, copy_pairs, answered, recall, false_pairs, false_copies)


def show(found: Detection, console: Console) -> None:
    for name, of in found.answered.shares.items():
        table = Table(title=f"{name} list: copies found, percent, of {found.photos} photos")
        for heading in ("alteration", "for reuse", "for review", "found", *PEERS):
            table.add_column(heading, justify="left" if heading == "alteration" else "right")
        for alteration, shares in of.items():
            ours = (shares.reuse, shares.review, shares.found)
            table.add_row(alteration, *_percent(*ours, *(found.recall[peer][name][alteration] for peer in PEERS)))
        mean = found.answered.mean(name)
        table.add_section()
        peers = (found.peer_mean(peer, name) for peer in PEERS)
        table.add_row("mean", *_percent(mean.reuse, mean.review, mean.found, *peers))
        console.print(table)
    table = Table(title="taken for another photo")
    for heading in ("", OURS, *PEERS):
        table.add_column(heading, justify="right")
    table.add_row(f"originals, of {found.pairs:,} pairs", *(str(len(each)) for each in found.false_pairs.values()))
    table.add_row(f"copies, of {found.copy_pairs:,} pairs", *(f"{each:,}" for each in found.false_copies.values()))
    console.print(table)
    if found.false_pairs[OURS]:
        console.print(f"mediasieve took for copies: {found.false_pairs[OURS][:20]}")


def _percent(*shares: float) -> list[str]:
    return [f"{100 * share:.1f}" for share in shares]


def reach(found: Detection) -> list[Reach]:
    """The project's targets for photos."""
    min_percent = {"mirrored": 99, "flipped": 99, "turned 90°": 99, "turned 180°": 99, "turned 270°": 99}
    min_percent |= {
        "letterbox": 95,
        "pillarbox": 95,
        "border white 5%": 95,
        "border red 10%": 95,
        "centre crop 10%": 90,
    }
    mild = found.answered.shares.get("mild", {})
    false = len(found.false_pairs[OURS]) + found.false_copies[OURS]
    per_million = false * 1e6 / (found.pairs + found.copy_pairs)
    return [
        *answers.reach(found.answered),
        *(
            Reach(f"copies found, {name}", at_least(bound, "%"), 100 * mild[name].found)
            for name, bound in min_percent.items()
            if name in mild
        ),
        Reach("different photos taken for copies, of a million pairs", at_most(1, ""), per_million),
    ]


def document(found: Detection) -> dict[str, Any]:
    """The figures as JSON has them; shares by their names."""
    shares = {
        name: {each: values._asdict() for each, values in rows.items()} for name, rows in found.answered.shares.items()
    }
    return asdict(found) | {"answered": {"photos": found.photos, "shares": shares}}


@click.command()
@click.option("--photos", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
              envvar=PHOTOS_VARIABLE, help="A folder of photos; else the few that come with the project.")  # fmt: skip
@click.option("--count", default=300, show_default=True, help="Photos at most.")
@click.option("--list", "lists", type=click.Choice(list(LISTS)), multiple=True, help="Only this list; may be repeated.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write the figures to this file.")
def main(folder: Path | None, count: int, lists: tuple[str, ...], json_path: Path | None) -> None:
    """Altered copies found, and different photos joined, by mediasieve and by other hashes."""
    console = Console(width=150)
    found = run(folder, photos=count, lists=lists or tuple(LISTS))
    show(found, console)
    figures = reach(found)
    show_reach(figures, console)
    if json_path:
        head = {"machine": machine(), "versions": installed_versions("pillow", "numpy", "imagehash")}
        write_json(json_path, {**head, "detection": document(found), "reach": as_json(figures)})


if __name__ == "__main__":
    main()

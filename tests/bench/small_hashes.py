"""Recall and false pairs of hashes of other kinds and sizes. Prints tables and JSON.

Every photo is altered in four everyday ways. Recall is the share of altered copies within a threshold of their
original. A false pair is two different photos within it: `as they are` among the originals alone, `with copies` among
originals and copies of different photos, which are 25 times as many pairs, as in an index. All hashes come from the
decode of the product. Two photos that show the same picture would count as false, so check the pairs at distance 0
before believing the figures of a folder. The 25 pairs of two photos are much alike, so a rate is only as precise as one
in the number of pairs `as they are`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, UnidentifiedImageError
from rich.console import Console
from rich.progress import track
from rich.table import Table

from streams.domain.fingerprint.formats import image_format_of
from streams.domain.fingerprint.image import imagehash, pdq
from streams.domain.fingerprint.image.decode import decode_luminance
from streams.domain.fingerprint.image.file_structure import file_structure
from streams.domain.hashes.algorithms import EXTRA_HASHES, current_algorithm
from streams.domain.policy.policy import DEFAULT_THRESHOLDS
from tests.bench.sampling import installed_versions, machine
from tests.support.media import PHOTOS, encode, photo

PHOTOS_VARIABLE = "MEDIASIEVE_BENCH_PHOTOS"
SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SHARED_PHOTOS = (
    "augly/image/inputs/*.jpg",
    "threatexchange/pdq/reg-test-input/labelme-subset/*.jpg",
    "threatexchange/pdq/misc-images/[bc].*",
)

QUALITY = 85
"""JPEG quality of copies whose alteration is not the encoding."""


def half_size(image: Image.Image) -> Image.Image:
    return image.resize((max(1, image.width // 2), max(1, image.height // 2)), Image.Resampling.LANCZOS)


def brighter(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.2)


def captioned(image: Image.Image) -> Image.Image:
    """A white bar of 15 % with a line of text, above the picture."""
    bar = round(image.height * 0.15)
    canvas = Image.new("RGB", (image.width, image.height + bar), (255, 255, 255))
    canvas.paste(image, (0, bar))
    font = ImageFont.load_default(max(8, round(bar * 0.45)))
    ImageDraw.Draw(canvas).text((image.width / 2, bar / 2), "look at this again", (0, 0, 0), font, anchor="mm")
    return canvas


COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "JPEG q50": lambda image: encode(image, "JPEG", quality=50),
    "half size": lambda image: encode(half_size(image), "JPEG", quality=QUALITY),
    "brighter by 20 %": lambda image: encode(brighter(image), "JPEG", quality=QUALITY),
    "caption above": lambda image: encode(captioned(image), "JPEG", quality=QUALITY),
}
USUAL_BITS = {16: (0, 1), 32: (0, 1, 2), 64: (4, 6, 8, 10), 256: (16, 30, 48, 60, 80)}
PDQ_BITS = (pdq.MATCH_DISTANCE_BITS, 60, 80)
FALSE_PER_MILLION = 1.0
"""False pairs that a default threshold may let through."""

Codes = NDArray[np.uint64]
"""Versions (the original first) by photos by 64-bit words. Shorter hashes are padded with leading zeros."""


def pictures(folder: Path | None) -> Iterator[Image.Image]:
    """Photos in RGB: those of the folder, or else those of scikit-image and of the data folder next to the checkout."""
    if folder is None:
        yield from (photo(name) for name in PHOTOS)
        paths = [path for pattern in SHARED_PHOTOS for path in sorted(SHARED_DATA.glob(pattern))]
    else:
        paths = sorted(path for path in folder.iterdir() if path.is_file())
    for path in paths:
        try:
            with Image.open(path) as image:
                yield image.convert("RGB")
        except UnidentifiedImageError:
            continue


def decoded(data: bytes) -> Image.Image:
    image_format = image_format_of(data)
    return decode_luminance(
        data, image_format, file_structure(data, image_format), max_pixels=1 << 30, max_decode_bytes=1 << 40
    )[0]


def hashes_of_photos(images: Sequence[Image.Image]) -> dict[str, Codes]:
    """Every hash of every photo and of its copies."""
    texts: dict[str, list[str]] = {name: [] for name in EXTRA_HASHES}
    original: Callable[[Image.Image], bytes] = partial(encode, form="PNG", compress_level=1)
    for written in (original, *COPIES.values()):
        for image in track(images, "hashing", console=Console(stderr=True), transient=True):
            grey = decoded(written(image))
            for name in texts:
                texts[name].append(pdq.pdq_hash(grey).hex if name == "pdq256" else imagehash.hash_hex(name, grey))
    shape = (1 + len(COPIES), len(images), -1)
    return {name: np.array([_words(text) for text in each]).reshape(shape) for name, each in texts.items()}


def _words(text: str) -> Codes:
    return np.frombuffer(bytes.fromhex(text.zfill(16)), dtype=">u8").astype(np.uint64)


def distances_between(one: Codes, other: Codes) -> NDArray[np.int64]:
    """Hamming distances along the last axis."""
    return np.asarray(np.bitwise_count(one ^ other).sum(axis=-1), dtype=np.int64)


def copy_distances(codes: Codes) -> NDArray[np.int64]:
    """The distance of each copy from its original: copies by photos."""
    return distances_between(codes[1:], codes[:1])


def stranger_distances(codes: Codes) -> Iterator[tuple[bool, NDArray[np.int64]]]:
    """The distances between different photos, each pair once, and whether both are originals."""
    versions, count, _ = codes.shape
    for first in range(versions):
        for second in range(versions):
            for number in range(count - 1):
                yield first == second == 0, distances_between(codes[first, number], codes[second, number + 1 :])


def false_counts(codes: Codes, bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many pairs of different photos are within each distance: among originals, and with the copies."""
    originals, everything = np.zeros(bits + 1, np.int64), np.zeros(bits + 1, np.int64)
    for both_original, distances in stranger_distances(codes):
        counts = np.bincount(distances, minlength=bits + 1)
        everything += counts
        if both_original:
            originals += counts
    return originals.cumsum(), everything.cumsum()


def measure(codes: dict[str, Codes]) -> dict[str, Any]:
    """Recall and false pairs of every hash at the usual thresholds, and at the widest with few enough false pairs."""
    rows = []
    for name, each in codes.items():
        bits = current_algorithm(name).bits
        originals, everything = false_counts(each, bits)
        copies = copy_distances(each)
        allowed = int(np.searchsorted(everything, FALSE_PER_MILLION * everything[-1] / 1e6, side="right")) - 1
        usual = PDQ_BITS if name == "pdq256" else USUAL_BITS[bits]
        for threshold in sorted({*usual, max(allowed, 0)}):
            rows.append(
                {
                    "hash": name,
                    "threshold_bits": threshold,
                    "widest": threshold == allowed,
                    "false_as_they_are": int(originals[threshold]),
                    "false_with_copies": int(everything[threshold]),
                    "false_per_million": round(everything[threshold] * 1e6 / everything[-1], 3),
                    "recall": recall(copies <= threshold),
                }
            )
    return {"pairs_as_they_are": int(originals[-1]), "pairs_with_copies": int(everything[-1]), "rows": rows}


def recall(found: NDArray[np.bool_]) -> dict[str, float]:
    """Recall in percent, by alteration, and the mean."""
    shares = {name: round(100 * float(each.mean()), 1) for name, each in zip(COPIES, found, strict=True)}
    return {**shares, "mean": round(100 * float(found.mean()), 1)}


def default_figures(codes: dict[str, Codes]) -> list[dict[str, Any]]:
    """The same with the default thresholds of policies: 256 bits confirm what 64 bits found."""
    rows = []
    for name, thresholds in DEFAULT_THRESHOLDS.items():
        wide = name.endswith("256")
        near, confirm = codes[name.replace("256", "64")], codes[name]
        found = copy_distances(near) <= thresholds.radius_bits
        if wide:
            found &= copy_distances(confirm) <= thresholds.confirm_bits
        false = total = 0
        for (_, nears), (_, confirms) in zip(stranger_distances(near), stranger_distances(confirm), strict=True):
            close = nears <= thresholds.radius_bits
            false += int(np.count_nonzero(close & (confirms <= thresholds.confirm_bits) if wide else close))
            total += close.size
        per_million = round(false * 1e6 / total, 3)
        rows.append(
            {
                "hash": name,
                "radius_bits": thresholds.radius_bits,
                "confirm_bits": thresholds.confirm_bits,
                "false_with_copies": false,
                "false_per_million": per_million,
                "recall": recall(found),
            }
        )
    return rows


def run(folder: Path | None = None, limit: int = 1000) -> dict[str, Any]:
    """All figures; three minutes for 1,000 photos.

    Args:
        folder: of different photos; None takes the available photos.
        limit: number of photos, in the order of their names.
    """
    images = list(islice(pictures(folder), limit))
    codes = hashes_of_photos(images)
    return {
        "what": "hashes by kind and size: recall of copies, and different photos taken for copies",
        "machine": machine(),
        "versions": installed_versions("pillow", "numpy", "pdqhash"),
        "photos": len(images),
        **measure(codes),
        "by_default": default_figures(codes),
    }


def show(result: dict[str, Any], console: Console) -> None:
    pairs = f"{result['pairs_as_they_are']:,} and {result['pairs_with_copies']:,} different pairs"
    table = _table(f"{result['photos']} photos, {pairs}", "≤ bits", "as they are", "with copies", "per million")
    for row in result["rows"]:
        false = (row["false_as_they_are"], row["false_with_copies"], f"{row['false_per_million']:,.2f}")
        style = "bold" if row["widest"] else None
        table.add_row(row["hash"], *map(_text, (row["threshold_bits"], *false, *row["recall"].values())), style=style)
    console.print(table)
    console.print(f"bold: the widest threshold with at most {FALSE_PER_MILLION:g} false pair in a million")
    table = _table("default thresholds of policies", "radius", "confirm", "false pairs", "per million")
    for row in result["by_default"]:
        cells = (row["radius_bits"], row["confirm_bits"], row["false_with_copies"], f"{row['false_per_million']:,.2f}")
        table.add_row(row["hash"], *map(_text, (*cells, *row["recall"].values())))
    console.print(table)


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title)
    for heading in ("hash", *headings, *COPIES, "mean"):
        table.add_column(heading, justify="left" if heading == "hash" else "right")
    return table


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


@click.command()
@click.option("--photos", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
              envvar=PHOTOS_VARIABLE, help="A folder of different photos.")  # fmt: skip
@click.option("--limit", default=1000, show_default=True, help="Number of photos.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write the figures to this file.")
def main(folder: Path | None, limit: int, json_path: Path | None) -> None:
    """Recall and false pairs of small and other hashes, by hash and threshold."""
    result = run(folder, limit)
    show(result, Console(width=140))
    if json_path:
        json_path.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()

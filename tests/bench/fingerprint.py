"""The speed of fingerprinting against imagehash, from the same bytes in memory. Prints a table and JSON.

`ours` is a full fingerprint with the default views: sha256, both hashes, the hashes of some thirty views, quality, and
the checks on hostile input. `plain` is the same without views. `hash64` is one decode and the 64-bit hash alone. The
peers are `imagehash.phash(Image.open(file))`, and the same with a second hash of 256 bits of the opened image. Rounds
are interleaved; times are medians, ratios are medians of the ratios within a round. `thumbnails` is what a worker that
keeps thumbnails takes for a picture beyond its fingerprint, in CPU.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from io import BytesIO
from statistics import median
from time import perf_counter, thread_time
from typing import Any

import imagehash
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from streams.domain.fingerprint import fingerprint_image
from streams.domain.fingerprint.formats import image_format_of
from streams.domain.fingerprint.image.decode import decode_luminance
from streams.domain.fingerprint.image.file_structure import file_structure
from streams.domain.fingerprint.image.phash import phash_hex
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from streams.domain.fingerprint.thumbnails.preview import thumbnail_of
from streams.domain.fingerprint.thumbnails.sizes import PREVIEW
from streams.domain.fingerprint.thumbnails.sizes import SIZES as THUMBNAIL_SIDES
from tests.bench.report import Reach, at_least, at_most
from tests.bench.sampling import installed_versions, machine
from tests.support.media import jpeg

SIZES = {"VGA": (640, 480), "1080p": (1920, 1080), "12 MP": (4000, 3000)}
PHOTOS = ("astronaut.png", "coffee.png", "rocket.jpg")
ROUNDS = {"VGA": 60, "1080p": 20, "12 MP": 6}
QUALITY = 85
TARGETS = {"VGA": 2.5, "1080p": 2.5, "12 MP": 4.0}
PLAIN_RATIO = "plain_vs_imagehash_both"


def imagehash_one(data: bytes) -> None:
    imagehash.phash(Image.open(BytesIO(data)))


def imagehash_both(data: bytes) -> None:
    image = Image.open(BytesIO(data))
    imagehash.phash(image)
    imagehash.phash(image, hash_size=16)


def hash64_only(data: bytes) -> None:
    image_format = image_format_of(data)
    grey = decode_luminance(
        data, image_format, file_structure(data, image_format), max_pixels=1 << 30, max_decode_bytes=1 << 40
    ).grey
    phash_hex(np.asarray(grey.resize((32, 32), Image.Resampling.LANCZOS, reducing_gap=3)))


def sha256_only(data: bytes) -> None:
    sha256(data).hexdigest()


CONTENDERS: dict[str, Callable[[bytes], object]] = {
    "ours": fingerprint_image,
    "plain": partial(fingerprint_image, level="plain"),
    "hash64": hash64_only,
    "imagehash_both": imagehash_both,
    "imagehash_one": imagehash_one,
    "sha256": sha256_only,
}


def reach(result: dict[str, Any]) -> list[Reach]:
    """The project's targets: faster than the peers at the same work, and the additional views cost little."""
    sizes = result["sizes"]
    return [
        *(
            Reach(f"fingerprint, {name}: times as fast as imagehash", at_least(bound, "×"), figures[PLAIN_RATIO])
            for (name, bound), figures in zip(TARGETS.items(), sizes.values(), strict=True)
        ),
        Reach("fingerprint, VGA: with all views, to plain", at_most(1.3, "×", 2), sizes["VGA"]["ours_vs_plain"]),
        Reach("fingerprint, 1080p: with all views, to plain", at_most(1.5, "×", 2), sizes["1080p"]["ours_vs_plain"]),
        Reach(
            "fingerprint, 1080p: CPU of its thumbnails, to it",
            at_most(25, "%", 0),
            result["thumbnails"]["percent_of_fingerprint"]["1080p"],
        ),
        Reach("fingerprint, VGA: two threads, to one", at_least(1.9, "×", 2), result["threads"]["ratio"]),
    ]


def _round(files: list[bytes]) -> dict[str, float]:
    """Mean seconds per image of each contender."""
    taken = {}
    for name, contender in CONTENDERS.items():
        begun = perf_counter()
        for data in files:
            contender(data)
        taken[name] = (perf_counter() - begun) / len(files)
    return taken


def _size(name: str) -> dict[str, object]:
    files = [jpeg(photo, SIZES[name], quality=QUALITY) for photo in PHOTOS]
    _round(files)
    rounds = [_round(files) for _ in range(ROUNDS[name])]

    def ratio(peer: str, own: str) -> float:
        return round(median(taken[peer] / taken[own] for taken in rounds), 2)

    return {
        "bytes_each": sum(map(len, files)) // len(files),
        "ms": {each: round(median(taken[each] for taken in rounds) * 1e3, 3) for each in CONTENDERS},
        "ours_vs_plain": round(1 / ratio("plain", "ours"), 2),
        "plain_vs_imagehash_both": ratio("imagehash_both", "plain"),
        "ours_vs_imagehash_both": ratio("imagehash_both", "ours"),
        "ours_vs_imagehash_one": ratio("imagehash_one", "ours"),
        "hash64_vs_imagehash_one": ratio("imagehash_one", "hash64"),
    }


def _threads() -> dict[str, float]:
    """Images per second at VGA, on one and on two threads of one process."""
    files = [jpeg(photo, SIZES["VGA"], quality=QUALITY) for photo in PHOTOS] * 60
    rates: dict[str, list[float]] = {"1": [], "2": []}
    for _ in range(3):
        for count in (1, 2):
            with ThreadPoolExecutor(count) as threads:
                begun = perf_counter()
                list(threads.map(fingerprint_image, files))
                rates[str(count)].append(len(files) / (perf_counter() - begun))
    one, two = median(rates["1"]), median(rates["2"])
    return {"one_per_s": round(one, 1), "two_per_s": round(two, 1), "ratio": round(two / one, 2)}


def _preview(data: bytes) -> bytes:
    maker = ThumbnailMaker()
    fingerprint_image(data, thumbnails=maker)
    return maker.make()[PREVIEW]


def _cpu_ms(call: Callable[[bytes], object], files: Sequence[bytes]) -> float:
    """Mean CPU of this thread for a file."""
    begun = thread_time()
    for data in files:
        call(data)
    return (thread_time() - begun) / len(files) * 1e3


def _thumbnails() -> dict[str, Any]:
    """CPU of what a worker makes for thumbnails, as a part of the fingerprint, and of a thumbnail that is asked for."""
    parts: dict[str, int] = {}
    for name, size in SIZES.items():
        files = [jpeg(photo, size, quality=QUALITY) for photo in PHOTOS]
        rounds = [_cpu_ms(_preview, files) / _cpu_ms(fingerprint_image, files) for _ in range(ROUNDS[name])]
        parts[name] = round(100 * (median(rounds) - 1))
    previews = [_preview(jpeg(photo, SIZES["1080p"], quality=QUALITY)) for photo in PHOTOS]
    return {
        "percent_of_fingerprint": parts,
        "preview_bytes": sum(map(len, previews)) // len(previews),
        "made_ms": {
            side: round(median(_cpu_ms(partial(thumbnail_of, side=side), previews) for _ in range(20)), 2)
            for side in THUMBNAIL_SIDES
        },
    }


def run() -> dict[str, object]:
    """All figures; takes about 30 s."""
    return {
        "what": "fingerprint_image beside imagehash, JPEG from memory",
        "machine": machine(),
        "versions": installed_versions("imagehash", "pillow", "numpy", "scipy"),
        "sizes": {name: _size(name) for name in SIZES},
        "threads": _threads(),
        "thumbnails": _thumbnails(),
    }


def show(result: dict[str, object], console: Console) -> None:
    table = Table(title="fingerprints: ms an image (median), × = times as fast")
    headings = (
        "size",
        "ours",
        "plain",
        "hash64",
        "imagehash 64+256",
        "imagehash 64",
        "sha256",
        "ours / plain",
        "plain × both",
        "ours × both",
        "hash64 × one",
    )
    for heading in headings:
        table.add_column(heading, justify="right")
    sizes = result["sizes"]
    assert isinstance(sizes, dict)
    for name, figures in sizes.items():
        ms = figures["ms"]
        table.add_row(
            name,
            *(f"{ms[each]:.2f}" for each in CONTENDERS),
            f"{figures['ours_vs_plain']:.2f}",
            f"{figures['plain_vs_imagehash_both']:.2f}",
            f"{figures['ours_vs_imagehash_both']:.2f}",
            f"{figures['hash64_vs_imagehash_one']:.2f}",
        )
    console.print(table)
    console.print(f"threads: {result['threads']}")
    console.print(f"thumbnails: {result['thumbnails']}")


if __name__ == "__main__":
    figures = run()
    show(figures, Console(stderr=True, width=120))
    print(json.dumps(figures))

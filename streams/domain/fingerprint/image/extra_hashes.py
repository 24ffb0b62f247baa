"""The hashes that a policy asks for beside those which every fingerprint has."""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image

from streams.domain.fingerprint.image import imagehash, pdq
from streams.domain.hashes.algorithms import current_algorithm

PDQ_QUALITY = "pdq_quality:1"
"""The one entry among the hashes which is none: PDQ's quality, 0 to 100 in decimal digits."""

_ALWAYS_THERE = ("phash64", "phash256")


def further_hashes(names: Iterable[str], grey: Image.Image) -> dict[str, str]:
    """The named hashes of a picture, by algorithm and version, as `MediaFacts.hashes` has them.

    `pdq256` brings a second entry, `pdq_quality:1`. What every fingerprint has anyway, `phash64` and `phash256`, is
    left out.

    Args:
        names: `dhash64`, `pdq256` …, as policies name them.
        grey: the whole picture, mode L, upright.

    Raises:
        BadHash: no hash of this name.
        ConfigurationError: `pdq256` is asked for, and pdqhash is not installed.
    """
    found: dict[str, str] = {}
    reduced = imagehash.bounded(grey)
    for name in names:
        key = current_algorithm(name).key
        if name == "pdq256":
            value, quality = pdq.pdq_hash(grey)
            found |= {key: value, PDQ_QUALITY: str(quality)}
        elif name not in _ALWAYS_THERE:
            found[key] = imagehash.compute(name, reduced)
    return found

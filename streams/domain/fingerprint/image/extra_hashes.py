"""The hashes that a policy asks for on top of those that every fingerprint has."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import md5

from PIL import Image

from streams.domain.fingerprint.image import imagehash, pdq
from streams.domain.hashes.algorithms import DIGEST_HASH, current_algorithm

PDQ_QUALITY = "pdq_quality:1"
"""The only entry of `MediaFacts.hashes` that is not a hash: PDQ's quality, 0 to 100 in decimal digits."""

_IN_EVERY_FINGERPRINT = ("phash64", "phash256")


def compute_extra_hashes(names: Iterable[str], grey: Image.Image, data: bytes) -> dict[str, str]:
    """The named hashes of a picture, by algorithm and version, as `MediaFacts.hashes` holds them.

    `pdq256` adds a second entry, `pdq_quality:1`. `phash64` and `phash256` are left out: every fingerprint has them.

    Args:
        names: `dhash64`, `pdq256` …, as policies name them.
        grey: the whole picture, mode L, upright.
        data: the file; only for `md5`, which has no version.

    Raises:
        BadHash: unknown name.
        ConfigurationError: `pdq256` is asked for, and pdqhash is not installed.
    """
    hashes: dict[str, str] = {}
    reduced = imagehash.reduced(grey)
    for name in names:
        if name == DIGEST_HASH:
            hashes[name] = md5(data, usedforsecurity=False).hexdigest()
            continue
        key = current_algorithm(name).key
        if name == "pdq256":
            value, quality = pdq.pdq_hash(grey)
            hashes |= {key: value, PDQ_QUALITY: str(quality)}
        elif name not in _IN_EVERY_FINGERPRINT:
            hashes[key] = imagehash.hash_hex(name, reduced)
    return hashes

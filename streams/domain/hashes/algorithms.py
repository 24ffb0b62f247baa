"""The registry of hash algorithms: their names, versions, sizes, and the numbers that state stores them by.

How a hash is written is in notation.py; how it is computed, in domain/fingerprint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, Literal, get_args

HashName = Literal[
    "phash256", "phash64", "phash32", "phash16",
    "dhash256", "dhash64", "dhash32", "dhash16",
    "ahash256", "ahash64", "ahash32", "ahash16",
    "whash256", "whash64", "whash32", "whash16",
]  # fmt: skip

HASHES: Final[tuple[HashName, ...]] = get_args(HashName)
"""By which a policy can compare."""

DIGEST_HASH: Final = "md5"
"""Not of the picture but of the file: lists of known files have it."""

EXTRA_HASHES: Final[tuple[str, ...]] = (*HASHES, "pdq256", DIGEST_HASH)
"""Which a policy can add to fingerprints without comparing by them."""

VIEW_COMPARING_HASH: Final = "phash256"
"""The hash that has views and frames: a policy with another hash compares one hash of the whole picture."""

VIEWS_HASH: Final = "views:1"
"""The name under which `MediaFacts.hashes` holds the packed entries of a picture's views."""

FRAMES_HASH: Final = "frames:1"
"""The name under which `MediaFacts.hashes` holds the packed entries of a video's frames."""


class BadHash(ValueError):
    """A hash that cannot be: of an unknown algorithm or version, of a wrong length, or not hexadecimal."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """What an algorithm's hashes look like.

    Attributes:
        name: family and size in bits, as in policies: `dhash64`.
        version: rises whenever equal pictures get other hashes than before.
        rows: of the grid of bits.
        columns: of the grid of bits.
        state_number: the number by which state stores it; None if no entry is made of its hashes alone.
    """

    name: str
    version: int
    rows: int
    columns: int
    state_number: int | None = None

    @property
    def key(self) -> str:
        """Name and version, as in records: `dhash64:1`."""
        return f"{self.name}:{self.version}"

    @property
    def family(self) -> str:
        return self.name.rstrip("0123456789")

    @property
    def bits(self) -> int:
        return self.rows * self.columns

    @property
    def hex_digits(self) -> int:
        return self.bits // 4


# 32 bits, 4 rows of 8, are our own addition to the squares of imagehash. State stores phash256 as VIEWS_HASH.
# A state number is never given to another algorithm or version.
_REGISTRY = (
    Algorithm("phash16", 1, 4, 4, state_number=4),
    Algorithm("phash32", 1, 4, 8, state_number=3),
    Algorithm("phash64", 1, 8, 8, state_number=2),
    Algorithm("phash256", 1, 16, 16),
    Algorithm("dhash16", 1, 4, 4, state_number=8),
    Algorithm("dhash32", 1, 4, 8, state_number=7),
    Algorithm("dhash64", 1, 8, 8, state_number=6),
    Algorithm("dhash256", 1, 16, 16, state_number=5),
    Algorithm("ahash16", 1, 4, 4, state_number=12),
    Algorithm("ahash32", 1, 4, 8, state_number=11),
    Algorithm("ahash64", 1, 8, 8, state_number=10),
    Algorithm("ahash256", 1, 16, 16, state_number=9),
    Algorithm("whash16", 1, 4, 4, state_number=16),
    Algorithm("whash32", 1, 4, 8, state_number=15),
    Algorithm("whash64", 1, 8, 8, state_number=14),
    Algorithm("whash256", 1, 16, 16, state_number=13),
    Algorithm("pdq256", 1, 16, 16),
)

ALGORITHMS: Final[Mapping[str, Algorithm]] = MappingProxyType({algorithm.key: algorithm for algorithm in _REGISTRY})
"""By name and version."""

ALGORITHM_NUMBERS: Final[Mapping[str, int]] = MappingProxyType(
    {"": 0, VIEWS_HASH: 1, FRAMES_HASH: 17}
    | {algorithm.key: algorithm.state_number for algorithm in _REGISTRY if algorithm.state_number is not None}
)
"""The number by which state stores what entries are made by; 0 if there are no entries."""

STORED_ALGORITHMS: Final[tuple[str, ...]] = tuple(sorted(ALGORITHM_NUMBERS, key=ALGORITHM_NUMBERS.__getitem__))
"""By ALGORITHM_NUMBERS."""


def find_algorithm(key: str) -> Algorithm:
    """The algorithm of a key such as `dhash64:1`.

    Raises:
        BadHash: there is no such algorithm, or not in this version.
    """
    if key in ALGORITHMS:
        return ALGORITHMS[key]
    name, colon, version = key.partition(":")
    known = [algorithm.key for algorithm in _REGISTRY if algorithm.name == name]
    if not known:
        raise BadHash(f"{key!r} is not a hash algorithm; choose one of {', '.join(ALGORITHMS)}")
    if not colon:
        raise BadHash(f"{key!r} lacks its version; write {' or '.join(known)}")
    raise BadHash(f"version {version!r} of {name} is not known here; {' and '.join(known)} is")


@cache
def current_algorithm(name: str) -> Algorithm:
    """The algorithm of a bare name such as `dhash64`, in the version that is computed here.

    Raises:
        BadHash: there is no such algorithm.
    """
    versions = [algorithm for algorithm in _REGISTRY if algorithm.name == name]
    if not versions:
        raise BadHash(f"{name!r} is not a hash; choose one of {', '.join(known.name for known in _REGISTRY)}")
    return max(versions, key=lambda algorithm: algorithm.version)

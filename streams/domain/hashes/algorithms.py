"""Hashes as values: which algorithms there are, how a hash is written down, how far two are apart.

Every hash is hex, most significant bit first, row by row: the notation of the library imagehash from version 4.0
on, and that of PDQ. imagehash before 4.0 wrote the bits of each row in another order, which nothing in a hash
tells; such hashes have to be converted first (`imagehash.old_hex_to_hash`). Computing hashes is the business of
streams.domain.fingerprint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

_HEX = re.compile(r"[0-9a-f]*")


class BadHash(ValueError):
    """A hash that cannot be: of an unknown algorithm or version, of a wrong length, or no hex."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """What an algorithm's hashes look like.

    Attributes:
        name: family and size in bits, as policies name it: `dhash64`.
        version: rises whenever equal pictures get other hashes than before.
        rows: of the grid of bits.
        columns: of the grid of bits.
    """

    name: str
    version: int
    rows: int
    columns: int

    @property
    def key(self) -> str:
        """Name and version, as records have it: `dhash64:1`."""
        return f"{self.name}:{self.version}"

    @property
    def bits(self) -> int:
        return self.rows * self.columns

    @property
    def hex_digits(self) -> int:
        return self.bits // 4


_GRIDS = {16: (4, 4), 32: (4, 8), 64: (8, 8), 256: (16, 16)}
_FAMILIES = ("phash", "dhash", "ahash", "whash")
_ALL = (
    *(Algorithm(f"{family}{bits}", 1, *grid) for family in _FAMILIES for bits, grid in _GRIDS.items()),
    Algorithm("pdq256", 1, 16, 16),
)

#: By name and version. Beside squares, which imagehash has too, 32 bits are 4 rows of 8: our own addition.
ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType({each.key: each for each in _ALL})


def algorithm(key: str) -> Algorithm:
    """The algorithm of a key such as `dhash64:1`.

    Raises:
        BadHash: there is none of this name, or not in this version.
    """
    if key in ALGORITHMS:
        return ALGORITHMS[key]
    name, colon, version = key.partition(":")
    known = [each.key for each in _ALL if each.name == name]
    if not known:
        raise BadHash(f"{key!r} is no hash algorithm; there are {', '.join(ALGORITHMS)}")
    if not colon:
        raise BadHash(f"{key!r} lacks its version: {' or '.join(known)}")
    raise BadHash(f"version {version!r} of {name} is not known here; {' and '.join(known)} is")


def current_algorithm(name: str) -> Algorithm:
    """The algorithm of a bare name such as `dhash64`, in the version that is computed here.

    Raises:
        BadHash: there is none.
    """
    versions = [each for each in _ALL if each.name == name]
    if not versions:
        raise BadHash(f"{name!r} is no hash; there are {', '.join(each.name for each in _ALL)}")
    return max(versions, key=lambda each: each.version)


@dataclass(frozen=True, slots=True)
class Hash:
    """One hash, valid by construction: `Hash("dhash64:1", "0f1e2d3c4b5a6978")`.

    Converts to text, int and bytes with `str()`, `int()` and `bytes()`; all have the first bit as the most significant.
    `imagehash.hex_to_hash(str(hash))` has the same bits wherever imagehash knows the size (16, 64 and 256 bits).

    Attributes:
        algorithm: its key, name and version.
        hex: lower-case digits, as many as the algorithm has.

    Raises:
        BadHash: unknown algorithm or version, another number of digits, or no lower-case hex.
    """

    algorithm: str
    hex: str

    def __post_init__(self) -> None:
        digits = algorithm(self.algorithm).hex_digits
        if not _HEX.fullmatch(self.hex):
            raise BadHash(f"a hash of {self.algorithm} is written in lower-case hex, not as {self.hex[:80]!r}")
        if len(self.hex) != digits:
            raise BadHash(f"a hash of {self.algorithm} has {digits} hex digits, not {len(self.hex)}")

    @classmethod
    def parse(cls, algorithm: str, text: str) -> Hash:
        """From hex as other tools write it: upper case and surrounding white space are taken.

        Raises:
            BadHash: as the class does.
        """
        return cls(algorithm, text.strip().lower())

    @classmethod
    def from_int(cls, key: str, value: int) -> Hash:
        """From a whole number, as databases keep hashes of 64 bits.

        Raises:
            BadHash: unknown algorithm, or a number that is negative or has more bits than the algorithm.
        """
        form = algorithm(key)
        if not 0 <= value < 1 << form.bits:
            raise BadHash(f"a hash of {key} has {form.bits} bits; {value} does not fit (signed numbers are not taken)")
        return cls(key, f"{value:0{form.hex_digits}x}")

    @classmethod
    def from_bytes(cls, algorithm: str, value: bytes) -> Hash:
        """From its bytes, the first bits first.

        Raises:
            BadHash: unknown algorithm, or another number of bytes.
        """
        return cls(algorithm, value.hex())

    @classmethod
    def from_bits(cls, key: str, bits: NDArray[np.bool_]) -> Hash:
        """From booleans, as `imagehash.ImageHash.hash` and `pdqhash.compute` give them; in any shape.

        Raises:
            BadHash: unknown algorithm, or another number of bits.
        """
        form, flat = algorithm(key), np.asarray(bits, dtype=np.bool_).ravel()
        if flat.size != form.bits:
            raise BadHash(f"a hash of {key} has {form.bits} bits, not {flat.size}")
        return cls(key, np.packbits(flat).tobytes().hex())

    @property
    def bits(self) -> NDArray[np.bool_]:
        """The grid of bits, rows by columns, as `imagehash.ImageHash.hash` has it."""
        form = algorithm(self.algorithm)
        flat = np.unpackbits(np.frombuffer(bytes(self), dtype=np.uint8))
        return flat.astype(np.bool_).reshape(form.rows, form.columns)

    def __str__(self) -> str:
        return self.hex

    def __int__(self) -> int:
        return int(self.hex, 16)

    def __bytes__(self) -> bytes:
        return bytes.fromhex(self.hex)


def distance_bits(one: Hash, other: Hash) -> int:
    """The Hamming distance: how many bits differ, 0 to the number that the algorithm has.

    Raises:
        ValueError: the hashes are of different algorithms or versions, so that no distance means anything.
    """
    if one.algorithm != other.algorithm:
        raise ValueError(f"{one.algorithm} and {other.algorithm} have no distance: only hashes of one algorithm do")
    return (int(one) ^ int(other)).bit_count()

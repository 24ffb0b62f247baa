"""Hashes as values: how a hash is written, and the distance between two hashes.

Every hash is hex, most significant bit first, row by row: the notation of PDQ, and of the library imagehash from
version 4.0 on. imagehash before 4.0 wrote the bits of a row in another order, and a hash does not tell which order it
has: convert such hashes first (`imagehash.old_hex_to_hash`). Hashes are computed in streams.domain.fingerprint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.algorithms import BadHash, find_algorithm

_HEX = re.compile(r"[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Hash:
    """One hash, valid by construction: `Hash("dhash64:1", "0f1e2d3c4b5a6978")`.

    `str()`, `int()` and `bytes()` convert it; the first bit is always the most significant.
    `imagehash.hex_to_hash(str(hash))` has the same bits for the sizes that imagehash knows (16, 64 and 256 bits).

    Attributes:
        algorithm: name and version.
        hex: lower-case digits, as many as the algorithm has.

    Raises:
        BadHash: unknown algorithm or version, wrong number of digits, or not lower-case hex.
    """

    algorithm: str
    hex: str

    def __post_init__(self) -> None:
        digits = find_algorithm(self.algorithm).hex_digits
        if not _HEX.fullmatch(self.hex):
            raise BadHash(f"a hash of {self.algorithm} is written in lower-case hex, not as {self.hex[:80]!r}")
        if len(self.hex) != digits:
            raise BadHash(f"a hash of {self.algorithm} has {digits} hex digits, not {len(self.hex)}")

    @classmethod
    def parse(cls, algorithm: str, text: str) -> Hash:
        """From hex as other tools write it: upper case and surrounding white space are allowed.

        Raises:
            BadHash: as the class does.
        """
        return cls(algorithm, text.strip().lower())

    @classmethod
    def from_int(cls, key: str, value: int) -> Hash:
        """From a whole number, as databases store hashes of 64 bits.

        Raises:
            BadHash: unknown algorithm, or a number that is negative or has more bits than the algorithm.
        """
        found = find_algorithm(key)
        if not 0 <= value < 1 << found.bits:
            raise BadHash(f"a hash of {key} has {found.bits} bits; {value} does not fit (give an unsigned number)")
        return cls(key, f"{value:0{found.hex_digits}x}")

    @classmethod
    def from_bytes(cls, algorithm: str, value: bytes) -> Hash:
        """From bytes, the first bits first.

        Raises:
            BadHash: unknown algorithm, or wrong number of bytes.
        """
        return cls(algorithm, value.hex())

    @classmethod
    def from_bits(cls, key: str, bits: NDArray[np.bool_]) -> Hash:
        """From booleans of any shape, as `imagehash.ImageHash.hash` and `pdqhash.compute` give them.

        Raises:
            BadHash: unknown algorithm, or wrong number of bits.
        """
        found, flat = find_algorithm(key), np.asarray(bits, dtype=np.bool_).ravel()
        if flat.size != found.bits:
            raise BadHash(f"a hash of {key} has {found.bits} bits, not {flat.size}")
        return cls(key, np.packbits(flat).tobytes().hex())

    @property
    def bits(self) -> NDArray[np.bool_]:
        """The grid of bits, rows by columns, as in `imagehash.ImageHash.hash`."""
        found = find_algorithm(self.algorithm)
        flat = np.unpackbits(np.frombuffer(bytes(self), dtype=np.uint8))
        return flat.astype(np.bool_).reshape(found.rows, found.columns)

    def __str__(self) -> str:
        return self.hex

    def __int__(self) -> int:
        return int(self.hex, 16)

    def __bytes__(self) -> bytes:
        return bytes.fromhex(self.hex)


def distance_bits(one: Hash, other: Hash) -> int:
    """The Hamming distance: the number of bits that differ.

    Raises:
        ValueError: the hashes are of different algorithms or versions, so a distance would mean nothing.
    """
    if one.algorithm != other.algorithm:
        raise ValueError(
            f"{one.algorithm} and {other.algorithm} cannot be compared; give two hashes of one algorithm and version"
        )
    return (int(one) ^ int(other)).bit_count()

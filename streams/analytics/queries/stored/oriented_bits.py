"""The distance of stored hashes to some hashes in SQL, counted for mirrored pictures together.

Mirroring a picture turns over the bits in odd columns of its pHash, or in odd rows (domain/hashes/reoriented.py). So
the bits are stored in four words, by even and odd rows and columns (018_oriented_bits.sql): where `b` bits of a word
differ, 64 - `b` differ in a mirror image that turns the word over. Four counts are enough for four orientations, and
three of them for a bound below which no distance is. Pictures that have nothing to do with each other are beyond the
bound, so ClickHouse reads the fourth word of hardly any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from streams.domain.hashes.orientation import TRANSPOSED
from streams.domain.hashes.reoriented import reoriented_hashes

#: Columns of content_hashes, each with the rows and columns of the DCT that its bits are from, by parity.
COLUMNS: Final = ("even_rows_even_columns", "even_rows_odd_columns", "odd_rows_even_columns", "odd_rows_odd_columns")
#: Which bits of four words of 64 bits go into a column, and by how many places each word is shifted to the right.
_PACKING: Final = (
    (0xAAAA0000AAAA0000, (0, 1, 16, 17)),
    (0x5555000055550000, (0, -1, 16, 15)),
    (0x0000AAAA0000AAAA, (0, 1, -16, -15)),
    (0x0000555500005555, (0, -1, -16, -17)),
)


@dataclass(slots=True)
class OrientedBits:
    """Expressions on a row of content_hashes, with their parameters.

    Attributes:
        distance: to the nearest of the hashes, in bits of 256.
        at_least: is never more; it needs three of the four columns.
        parameters: by name.
    """

    distance: str
    at_least: str
    parameters: dict[str, Any] = field(default_factory=dict)


def oriented_bits(hashes256: Sequence[bytes]) -> OrientedBits:
    """The distance to the nearest of some hashes of 32 bytes."""
    remaining = dict.fromkeys(hashes256)
    parameters: dict[str, Any] = {}
    distances, bounds = [], []
    for number, value in enumerate(hashes256):
        if value not in remaining:
            continue
        mirrored = [each for at, each in enumerate(reoriented_hashes(value)) if not at & TRANSPOSED]
        together = all(each in remaining for each in mirrored)
        for each in mirrored if together else [value]:
            remaining.pop(each, None)
        counts = []
        for column, word in zip(COLUMNS, words_of(value), strict=True):
            name = f"{column}_{number}"
            parameters[name] = word
            counts.append(f"bitCount(bitXor({column}, {{{name}:UInt64}}))")
        distance, bound = (_of_four if together else _of_one)(*counts)
        distances.append(distance)
        bounds.append(bound)
    return OrientedBits(_least(distances), _least(bounds), parameters)


def words_of(hash256: bytes) -> tuple[int, ...]:
    """What the four columns have of a hash."""
    words = [int.from_bytes(hash256[at : at + 8]) for at in range(0, 32, 8)]
    return tuple(
        sum((word & mask) >> by if by >= 0 else (word & mask) << -by for word, by in zip(words, places, strict=True))
        for mask, places in _PACKING
    )


def _of_four(a: str, b: str, c: str, d: str) -> tuple[str, str]:
    """For a hash, that of the picture mirrored left to right, top to bottom, and both."""
    upright = f"{a} + {c} + least({b} + {d}, 128 - ({b} + {d}))"
    turned_over = f"{a} + 64 - {c} + least({b} + 64 - {d}, 64 - {b} + {d})"
    return f"least({upright}, {turned_over})", f"{a} + least({b}, 64 - {b}) + least({c}, 64 - {c})"


def _of_one(a: str, b: str, c: str, d: str) -> tuple[str, str]:
    return f"{a} + {b} + {c} + {d}", f"{a} + {b} + {c}"


def _least(expressions: Sequence[str]) -> str:
    return f"least({', '.join(expressions)})" if len(expressions) > 1 else f"({expressions[0]})"

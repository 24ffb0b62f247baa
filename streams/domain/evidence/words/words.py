"""The words on a picture as bytes and as what is compared.

Layout: version, 1 for light letters on a darker ground, how coarsely the ink is rounded, height and width of the ink,
a bit for every place that shows words, then the ink as `paper/transform.py` has it. A caption takes about 200 bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.paper.cells import CELL_COLUMNS, CELL_ROWS, own_cells
from streams.domain.evidence.paper.levels import page_levels
from streams.domain.evidence.paper.page import COARSE_STEP, LONG_SIDE, SHORT_SIDE
from streams.domain.evidence.paper.transform import decode_ink, encode_ink
from streams.errors import BadInput, Reason

VERSION: Final = 1
COARSENESS: Final = (12, 24)
"""How coarsely ink is rounded: the first that takes no more than MAX_BYTES."""

MAX_BYTES: Final = 1000

_HEADER: Final = struct.Struct(">5B")


@dataclass(frozen=True)
class Words:
    """The words on a picture.

    Attributes:
        light: the letters are lighter than the ground around them.
        places: bool, of the places of CELL_ROWS × CELL_COLUMNS pixels those that show words.
        ink: uint8 of at most LONG_SIDE × LONG_SIDE pixels, 0 to FULL_INK; only in these places and around them.
    """

    light: bool
    places: NDArray[np.bool_]
    ink: NDArray[np.uint8]

    @cached_property
    def level(self) -> NDArray[np.int16]:
        """The ink, slightly blurred."""
        return page_levels(self.ink).full

    @cached_property
    def own_cells(self) -> NDArray[np.int64]:
        """What the places keep of themselves; see paper/cells.py."""
        cells: NDArray[np.int64] = own_cells(self.level)
        return cells


def pack_words(words: Words) -> bytes:
    """Words as bytes; none if they take more than MAX_BYTES: a picture so full of strokes is a pattern."""
    places = np.packbits(words.places).tobytes()
    for coarseness in COARSENESS:
        body = encode_ink(words.ink, coarseness * COARSE_STEP, MAX_BYTES - _HEADER.size - len(places))
        if body is not None:
            return _HEADER.pack(VERSION, words.light, coarseness, *words.ink.shape) + places + body
    return b""


def is_words(packed: bytes) -> bool:
    """Whether bytes are words of the version that is read. Any bytes behind the places are ink.

    Raises:
        BadInput: as `unpack_words`.
    """
    if packed[:1] != bytes([VERSION]):
        return False
    _read_head(packed)
    return True


def unpack_words(packed: bytes) -> Words | None:
    """Words from their bytes; None if there are none, or they are of another version.

    Raises:
        BadInput: bad_field, if the bytes are not words.
    """
    if packed[:1] != bytes([VERSION]):
        return None
    light, coarseness, height, width = _read_head(packed)
    rows, columns = height // CELL_ROWS, width // CELL_COLUMNS
    end = _HEADER.size + _places_bytes(height, width)
    bits = np.unpackbits(np.frombuffer(packed[_HEADER.size : end], np.uint8), count=rows * columns)
    ink = decode_ink(packed[end:], max(coarseness, 1) * COARSE_STEP, height, width)
    return Words(light, bits.astype(np.bool_).reshape(rows, columns), ink)


def _places_bytes(height: int, width: int) -> int:
    return (height // CELL_ROWS * (width // CELL_COLUMNS) + 7) // 8


def _read_head(packed: bytes) -> tuple[bool, int, int, int]:
    """Whether letters are light, the coarseness, height and width; bad_field where bytes are missing."""
    try:
        _, light, coarseness, height, width = _HEADER.unpack_from(packed)
    except struct.error as error:
        raise BadInput(Reason.BAD_FIELD, f"the words on a picture cannot be read: {error}") from error
    fits = SHORT_SIDE <= height <= LONG_SIDE and SHORT_SIDE <= width <= LONG_SIDE
    if not fits or len(packed) < _HEADER.size + _places_bytes(height, width):
        raise BadInput(Reason.BAD_FIELD, "the words on a picture do not have a size that words have")
    return bool(light), coarseness, height, width

"""The ink of one page as bytes and as levels to compare: what is stored of a picture that is paper.

Layout: version, how coarsely the ink is rounded, height, width, the page's box in the picture, then the ink as
transform.py has it. A full page of text takes about 2 kB, a form or a receipt 1 to 1.5 kB. Version 1, eight levels of
ink that zlib packed, is still read.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.paper.cells import UNKNOWN, own_cells
from streams.domain.evidence.paper.levels import PageLevels, page_levels
from streams.domain.evidence.paper.transform import FULL_INK, decode_ink, encode_ink
from streams.domain.evidence.thumbnail import EDGE
from streams.errors import BadInput, Reason

VERSION: Final = 2
LEVELS_VERSION: Final = 1
LEVELS: Final = 7
LONG_SIDE: Final = 160
SHORT_SIDE: Final = 24
"""Pixels of the long side, and at least of the short side."""

MAX_BYTES: Final = 2500
COARSENESS: Final = (12, 16, 24)
"""How coarsely ink is rounded, in units of COARSE_STEP: the first that takes no more than MAX_BYTES. Copies and other
pages lie as far apart at 15 as at 10, a little less at 20."""

COARSE_STEP: Final = 16

_HEADER: Final = struct.Struct(">4B4H")
_LEVELS_HEADER: Final = struct.Struct(">3B4H")


@dataclass(frozen=True)
class Page:
    """The ink of one page.

    Attributes:
        box: left, top, right, bottom of the page in the whole picture, 0 to EDGE.
        ink: uint8 of at most LONG_SIDE × LONG_SIDE pixels, 0 to FULL_INK.
    """

    box: tuple[int, int, int, int]
    ink: NDArray[np.uint8]

    @cached_property
    def levels(self) -> PageLevels:
        return page_levels(self.ink)

    @cached_property
    def own_cells(self) -> NDArray[np.int64]:
        """What the cells of the page keep of themselves; see cells.py."""
        cells: NDArray[np.int64] = own_cells(self.levels.full)
        return cells

    @cached_property
    def words(self) -> int:
        """The number of cells with structure."""
        return int((self.own_cells != UNKNOWN).sum())


def pack_page(page: Page) -> bytes:
    """A page as bytes; none if it takes more than MAX_BYTES: what is so full of ink is no page of text."""
    for coarseness in COARSENESS:
        body = encode_ink(page.ink, coarseness * COARSE_STEP, MAX_BYTES - _HEADER.size)
        if body is not None:
            return _HEADER.pack(VERSION, coarseness, *page.ink.shape, *page.box) + body
    return b""


def is_page(packed: bytes) -> bool:
    """Whether bytes are a page of a version that is read. Version 2 is not decoded: any bytes behind its head are ink.

    Raises:
        BadInput: as `unpack_page`.
    """
    if packed[:1] != bytes([VERSION]):
        return unpack_page(packed) is not None
    try:
        _, _, height, width, *edges = _HEADER.unpack_from(packed)
    except struct.error as error:
        raise _unreadable(error) from error
    _checked_box(height, width, edges)
    return True


def unpack_page(packed: bytes) -> Page | None:
    """A page from its bytes; None if there is none, or it is of another version.

    Raises:
        BadInput: bad_field, if the bytes are not a page.
    """
    version = packed[0] if packed else 0
    if version not in (LEVELS_VERSION, VERSION):
        return None
    try:
        return _unpack_levels(packed) if version == LEVELS_VERSION else _unpack_transformed(packed)
    except (struct.error, zlib.error) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> BadInput:
    return BadInput(Reason.BAD_FIELD, f"the ink of a page cannot be read: {error}")


def _unpack_transformed(packed: bytes) -> Page:
    _, coarseness, height, width, *edges = _HEADER.unpack_from(packed)
    box = _checked_box(height, width, edges)
    return Page(box, decode_ink(packed[_HEADER.size :], max(coarseness, 1) * COARSE_STEP, height, width))


def _unpack_levels(packed: bytes) -> Page:
    _, height, width, *edges = _LEVELS_HEADER.unpack_from(packed)
    box = _checked_box(height, width, edges)
    size = (height * width + 1) // 2
    pairs = np.frombuffer(zlib.decompressobj().decompress(packed[_LEVELS_HEADER.size :], size + 1), np.uint8)
    ink = np.stack([pairs & 15, pairs >> 4], axis=1).ravel()[: height * width]
    if len(pairs) != size or int(ink.max()) > LEVELS:
        raise BadInput(Reason.BAD_FIELD, f"the ink of a page must be 0 to {LEVELS}, for every pixel")
    return Page(box, ink.reshape(height, width) * np.uint8(FULL_INK // LEVELS))


def _checked_box(height: int, width: int, edges: list[int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = edges
    fits = SHORT_SIDE <= height <= LONG_SIDE and SHORT_SIDE <= width <= LONG_SIDE
    if not fits or not left < right <= EDGE or not top < bottom <= EDGE:
        raise BadInput(Reason.BAD_FIELD, "the ink of a page does not have a size that pages have")
    return left, top, right, bottom

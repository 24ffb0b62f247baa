"""Hashes of views in their canonical orientation: from the frequencies of views to the entries of a record.

A view comes as the lowest frequencies of its upright picture. Its seven other orientations need no pixels: mirroring
negates the odd columns or the odd rows of the DCT, and mirroring at the diagonal transposes it. Only the median has to
be found again.

A mirrored or turned copy is found by one look-up instead of eight, because views are hashed in their canonical
orientation: transposed so that the slowest change runs from left to right, and mirrored so that the picture gets
darker to the right and to the bottom. Where that is a close call, the view has entries in both orientations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image.phash import hash_bytes
from streams.domain.hashes.orientation import LEFT_RIGHT, TOP_BOTTOM, TRANSPOSED, UPRIGHT
from streams.domain.hashes.packing import CANONICAL, ENTRY, EXTRA_UPRIGHT

Coefficients = NDArray[np.float64]

CLOSE_CALL_WHOLE, CLOSE_CALL_DERIVED = 0.6, 0.2
"""Shares of the root mean square of a view's frequencies, for whole and for derived views. Below them, the sign of a
frequency is a close call, and so is the greater of two. With fewer orientations of whole pictures, copies with captions
were measured to be lost; more orientations of derived views were measured to find nothing more, and each costs a
look-up."""

HASH64_SIDE, HASH256_SIDE = 8, 16


class ViewFrequencies(NamedTuple):
    """The lowest frequencies of an upright view: 8 × 8 for hash64, 16 × 16 for hash256.

    A whole view always gets an upright entry, too.
    """

    code: int
    whole: bool
    for_hash64: Coefficients
    for_hash256: Coefficients


def _mirror_signs() -> Coefficients:
    """The factors that mirror frequencies, by LEFT_RIGHT and TOP_BOTTOM."""
    signs = np.ones((4, HASH256_SIDE, HASH256_SIDE))
    signs[[LEFT_RIGHT, LEFT_RIGHT | TOP_BOTTOM], :, 1::2] *= -1
    signs[[TOP_BOTTOM, LEFT_RIGHT | TOP_BOTTOM], 1::2] *= -1
    return signs


MIRROR_SIGNS = _mirror_signs()


def canonical_orientations(horizontal: float, vertical: float, close_call: float) -> list[int]:
    """The canonical orientation of a view, then its alternatives where that is a close call.

    Args:
        horizontal: the view's lowest horizontal frequency.
        vertical: its lowest vertical frequency.
        close_call: values and differences below this are close calls.
    """
    transposed = abs(horizontal) < abs(vertical)
    is_close = abs(abs(horizontal) - abs(vertical)) < close_call
    orientations = []
    for transpose in (transposed, not transposed) if is_close else (transposed,):
        first, second = (vertical, horizontal) if transpose else (horizontal, vertical)
        for left_right in (first < 0, first >= 0) if abs(first) < close_call else (first < 0,):
            for top_bottom in (second < 0, second >= 0) if abs(second) < close_call else (second < 0,):
                orientations.append(transpose * TRANSPOSED | left_right * LEFT_RIGHT | top_bottom * TOP_BOTTOM)
    return orientations


def _flagged_orientations(view: ViewFrequencies) -> list[int]:
    """The orientations in which a view is hashed, with the flags of ENTRY; the canonical one first."""
    block = view.for_hash64
    squares = max(0.0, float(np.square(block).sum()) - float(block[0, 0]) ** 2)
    share = CLOSE_CALL_WHOLE if view.whole else CLOSE_CALL_DERIVED
    close_call = share * (squares / (block.size - 1)) ** 0.5
    orientations = canonical_orientations(float(block[0, 1]), float(block[1, 0]), close_call)
    flagged = [orientations[0] | CANONICAL, *orientations[1:]]
    if view.whole and UPRIGHT not in orientations:
        flagged.append(UPRIGHT | EXTRA_UPRIGHT)
    return flagged


def view_entries(views: Sequence[ViewFrequencies]) -> NDArray[np.void]:
    """The entries (`streams.domain.hashes.packing.ENTRY`) of views, the canonical orientation of each view first."""
    flagged = [_flagged_orientations(view) for view in views]
    view_numbers = np.repeat(np.arange(len(views)), [len(of_view) for of_view in flagged])
    orientations = np.array([orientation for of_view in flagged for orientation in of_view], np.uint8)
    entries = np.zeros(len(orientations), ENTRY)
    if len(orientations):
        codes = np.array([view.code for view in views], np.uint8)
        small = np.stack([view.for_hash64 for view in views])
        large = np.stack([view.for_hash256 for view in views])
        entries["view"], entries["orientation"] = codes[view_numbers], orientations
        entries["hash64"] = _oriented_hashes(small[view_numbers], orientations).view(">u8")[:, 0]
        entries["hash256"] = _oriented_hashes(large[view_numbers], orientations).view(">u8")
    return entries


def _oriented_hashes(blocks: Coefficients, orientations: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return hash_bytes(reoriented(blocks, orientations))


def reoriented(blocks: Coefficients, orientations: NDArray[np.uint8]) -> Coefficients:
    """The frequencies of pictures in other orientations; one orientation per block."""
    transposed = (orientations & TRANSPOSED > 0)[:, None, None]
    size = blocks.shape[1]
    return np.where(transposed, blocks.swapaxes(1, 2), blocks) * MIRROR_SIGNS[orientations & 3, :size, :size]

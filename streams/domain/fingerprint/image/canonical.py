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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image.phash import DECIMALS, write_hash
from streams.domain.hamming.jit import compiled
from streams.domain.hashes.orientation import LEFT_RIGHT, ORIENTATION_COUNT, TOP_BOTTOM, TRANSPOSED, UPRIGHT
from streams.domain.hashes.packing import CANONICAL, ENTRY, EXTRA_UPRIGHT

Coefficients = NDArray[np.float64]

CLOSE_CALL_WHOLE, CLOSE_CALL_DERIVED = 0.6, 0.2
"""Shares of the root mean square of a view's frequencies, for whole and for derived views. Below them, the sign of a
frequency is a close call, and so is the greater of two. With fewer orientations of whole pictures, copies with captions
were measured to be lost; more orientations of derived views were measured to find nothing more, and each costs a
look-up."""

MIN_CONTRAST = 2.0
"""Root mean square of a view's pixels about their mean, in grey levels, by its lowest frequencies. A view with less is
nearly uniform."""

HASH64_SIDE, HASH256_SIDE = 8, 16
_HASH64_BYTES, _HASH256_BYTES = HASH64_SIDE**2 // 8, HASH256_SIDE**2 // 8
_HASH64_AT = 2
_HASH256_AT = _HASH64_AT + _HASH64_BYTES
"""Where the hashes are in the bytes of ENTRY."""

ALL_ENTRIES = np.ones((256, 256), np.bool_)
"""View × orientation with flags."""


class ViewFrequencies(NamedTuple):
    """The lowest frequencies of upright views.

    Attributes:
        codes: of n views.
        whole: all show the whole picture, or none does. A whole view always gets an upright entry, too.
        for_hash64: n × 8 × 8.
        for_hash256: n × 16 × 16, in the scale of pictures of 64 × 64.
    """

    codes: tuple[int, ...]
    whole: bool
    for_hash64: Coefficients
    for_hash256: Coefficients


def view_entries(views: Sequence[ViewFrequencies], required: NDArray[np.bool_] = ALL_ENTRIES) -> NDArray[np.void]:
    """The entries (`streams.domain.hashes.packing.ENTRY`) of views, the canonical orientation of each view first.

    Views that show too little to be compared have none.

    Args:
        views: in the order of their entries.
        required: view × orientation with flags; others are left out.
    """
    count = sum(len(some.codes) for some in views)
    # An extra upright entry replaces one of the orientations.
    rows = np.empty((count * ORIENTATION_COUNT, ENTRY.itemsize), np.uint8)
    used = 0
    for some in views:
        used = _write_entries(np.array(some.codes, np.uint8), *some[1:], required, rows, used)
    entries: NDArray[np.void] = rows[:used].view(ENTRY)[:, 0]
    return entries


def has_contrast(block: Coefficients) -> bool:
    """Whether a view shows enough to be compared, by its lowest 16 × 16 frequencies."""
    return bool(_has_contrast(block))


@compiled()
def _has_contrast(block: Any) -> Any:
    side = 4 * HASH256_SIDE
    return _squares(block) >= (2 * MIN_CONTRAST * side * side) ** 2


@compiled()
def _squares(block: Any) -> Any:
    """The sum of the squares of all frequencies but the mean."""
    total, size = 0.0, len(block)
    for vertical in range(size):
        for horizontal in range(size):
            if vertical + horizontal > 0:
                total += block[vertical, horizontal] ** 2
    return total


@compiled()
def _write_entries(
    codes: Any, whole: bool, for_hash64: Any, for_hash256: Any, required: Any, rows: Any, used: int
) -> int:
    """Write the entries of views to `rows`, from row `used` on; the new number of rows that are used."""
    orientations = np.empty(ORIENTATION_COUNT, np.uint8)
    numbers64 = np.empty((HASH64_SIDE, HASH64_SIDE), np.int64)
    numbers256 = np.empty((HASH256_SIDE, HASH256_SIDE), np.int64)
    oriented64, oriented256 = np.empty(HASH64_SIDE**2, np.int64), np.empty(HASH256_SIDE**2, np.int64)
    for number in range(len(codes)):
        if not _has_contrast(for_hash256[number]):
            continue
        _count_units(for_hash64[number], numbers64)
        _count_units(for_hash256[number], numbers256)
        for at in range(_orientations(for_hash64[number], whole, orientations)):
            if required[codes[number], orientations[at]]:
                row = rows[used]
                row[0], row[1] = codes[number], orientations[at]
                _orient(numbers64, orientations[at], oriented64)
                write_hash(oriented64, row[_HASH64_AT : _HASH64_AT + _HASH64_BYTES])
                _orient(numbers256, orientations[at], oriented256)
                write_hash(oriented256, row[_HASH256_AT : _HASH256_AT + _HASH256_BYTES])
                used += 1
    return used


@compiled()
def _count_units(block: Any, numbers: Any) -> None:
    """Frequencies as whole multiples of 10^-DECIMALS."""
    for row in range(len(block)):
        for column in range(len(block)):
            numbers[row, column] = np.int64(np.rint(block[row, column] * 10.0**DECIMALS))


@compiled()
def _orientations(block: Any, whole: bool, found: Any) -> int:
    """Write the orientations in which a view is hashed, with the flags of ENTRY, the canonical one first; their number.

    The others are the alternatives where the lowest horizontal and vertical frequency make it a close call.
    """
    horizontal, vertical = block[0, 1], block[1, 0]
    share = CLOSE_CALL_WHOLE if whole else CLOSE_CALL_DERIVED
    close_call = share * np.sqrt(_squares(block) / (block.size - 1))
    transposed = abs(horizontal) < abs(vertical)
    both = abs(abs(horizontal) - abs(vertical)) < close_call
    count, upright = 0, False
    for other_transposition in range(1 + both):
        is_transposed = transposed != (other_transposition == 1)
        first, second = (vertical, horizontal) if is_transposed else (horizontal, vertical)
        for other_side in range(1 + (abs(first) < close_call)):
            for other_end in range(1 + (abs(second) < close_call)):
                orientation = TRANSPOSED if is_transposed else UPRIGHT
                if (first < 0) != (other_side == 1):
                    orientation |= LEFT_RIGHT
                if (second < 0) != (other_end == 1):
                    orientation |= TOP_BOTTOM
                upright |= orientation == UPRIGHT
                found[count] = orientation | CANONICAL if count == 0 else orientation
                count += 1
    if whole and not upright:
        found[count] = UPRIGHT | EXTRA_UPRIGHT
        count += 1
    return count


@compiled()
def _orient(numbers: Any, orientation: int, oriented: Any) -> None:
    """The frequencies of the picture in another orientation, row by row."""
    size = len(numbers)
    odd_column = -1 if orientation & LEFT_RIGHT else 1
    odd_row = -1 if orientation & TOP_BOTTOM else 1
    for row in range(size):
        sign = odd_row if row & 1 else 1
        for column in range(0, size, 2):
            if orientation & TRANSPOSED:
                even, odd = numbers[column, row], numbers[column + 1, row]
            else:
                even, odd = numbers[row, column], numbers[row, column + 1]
            oriented[row * size + column] = sign * even
            oriented[row * size + column + 1] = sign * odd_column * odd

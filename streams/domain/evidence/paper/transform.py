"""The ink of a page in few bytes: cosine transform of blocks of 8 × 8 pixels, rounded, and coded by context.

Pages are compared slightly blurred (levels.py). So a frequency is rounded the more coarsely the more that blur takes of
it: the error is equal at all frequencies after it. Of the bytes of eight levels of ink packed by zlib, this takes half,
for copies and other pages that are as far apart. Whole numbers throughout.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.paper.coder import (
    begin_decoding,
    decode,
    decode_even,
    encode,
    encode_even,
    end_encoding,
    new_coder,
)
from streams.domain.hamming.jit import compiled

SIDE: Final = 8
"""Pixels of a block's side."""

COSINES: Final = np.array(
    [
        [64, 64, 64, 64, 64, 64, 64, 64],
        [89, 75, 50, 18, -18, -50, -75, -89],
        [83, 36, -36, -83, -83, -36, 36, 83],
        [75, -18, -89, -50, 50, 89, 18, -75],
        [64, -64, -64, 64, 64, -64, -64, 64],
        [50, -89, 18, 75, -75, -18, 89, -50],
        [36, -83, 83, -36, -36, 83, -83, 36],
        [18, -50, 75, -89, 89, -75, 50, -18],
    ],
    np.int32,
)
"""The transform of HEVC (ITU-T H.265, 8.6.4.2): frequency × pixel, in 1 / 2^7.5 of an orthonormal one."""

COARSENESS: Final = np.array([64, 67, 75, 93, 128, 207, 437, 1682], np.int64)
"""How much more coarsely a frequency is rounded, in 1/64: by what a blur of weights 1, 2, 1 leaves of it."""

HIGHEST: Final = 10
"""Frequencies whose numbers, down and across, add up to more are left out."""

ROUND_UP: Final = 11
"""A frequency is rounded up from this many sixteenths of a step on: small ones cost more than they tell."""

MAX_STEPS: Final = 1 << 10
"""No frequency has so many steps."""

UNARY: Final = 8
"""So many steps are coded one by one, more of them by their number of bits."""

MOST_BITS: Final = 9

FULL_INK: Final = 238

_SUMS: Final = HIGHEST + 1
_EMPTY, _STEPS, _BITS = 9 * _SUMS, 9 * _SUMS + 3, 9 * _SUMS + 3 + 4 * UNARY
_LAST: Final = _BITS + MOST_BITS
CONTEXTS: Final = _LAST + _SUMS * _SUMS


def encode_ink(ink: NDArray[np.uint8], step: int, most: int) -> bytes | None:
    """Ink as bytes.

    Args:
        ink: 0 to FULL_INK.
        step: how coarsely the lowest frequency is rounded, in 1/64 of a level of a block's mean.
        most: bytes at most.

    Returns:
        None if more bytes are needed.
    """
    written = np.empty(most, np.uint8)
    count = _encode(ink, step, _blocks_of(ink.shape), new_coder(CONTEXTS), written)
    return written[:count].tobytes() if count <= most else None


def decode_ink(packed: bytes, step: int, height: int, width: int) -> NDArray[np.uint8]:
    """The ink that bytes mean; any bytes mean some."""
    ink = np.empty((height, width), np.uint8)
    steps = _blocks_of(ink.shape)
    _decode(np.frombuffer(packed, np.uint8), step, steps, new_coder(CONTEXTS), ink)
    return ink


def _blocks_of(shape: tuple[int, ...]) -> NDArray[np.int32]:
    """No steps, for every block of a page, with an empty row and column before the first."""
    return np.zeros((-(-shape[0] // SIDE) + 1, -(-shape[1] // SIDE) + 1, SIDE, SIDE), np.int32)


@compiled()
def _sizes(step: int) -> Any:
    """How large a step is, by frequency, in 1/8."""
    sizes = np.empty((SIDE, SIDE), np.int32)
    for down in range(SIDE):
        for across in range(SIDE):
            sizes[down, across] = max(step * COARSENESS[down] * COARSENESS[across] >> 12, 1)
    return sizes


@compiled()
def _encode(ink: Any, step: int, steps: Any, coder: Any, written: Any) -> Any:
    sizes = _sizes(step)
    block, half, frequencies = np.empty((3, SIDE, SIDE), np.int32)
    for row in range(1, steps.shape[0]):
        for column in range(1, steps.shape[1]):
            any_ink = _take(ink, (row - 1) * SIDE, (column - 1) * SIDE, block)
            some = False
            if any_ink:
                _forward(block, half, frequencies)
                some = _round(frequencies, sizes, steps[row, column])
            encode(coder, written, _empty_context(steps, row, column), int(some))
            if some:
                _encode_block(steps[row, column], steps[row - 1, column], steps[row, column - 1], coder, written)
    return end_encoding(coder, written)


@compiled()
def _decode(packed: Any, step: int, steps: Any, coder: Any, ink: Any) -> None:
    begin_decoding(coder, packed)
    sizes = _sizes(step)
    block, half, frequencies = np.empty((3, SIDE, SIDE), np.int32)
    for row in range(1, steps.shape[0]):
        for column in range(1, steps.shape[1]):
            block[:] = 0
            if decode(coder, packed, _empty_context(steps, row, column)):
                _decode_block(steps[row, column], steps[row - 1, column], steps[row, column - 1], coder, packed)
                for down in range(SIDE):
                    for across in range(SIDE):
                        value = np.int64(steps[row, column, down, across]) * sizes[down, across]
                        frequencies[down, across] = min(max(value, -(1 << 14)), 1 << 14)
                _inverse(frequencies, half, block)
            top, left = (row - 1) * SIDE, (column - 1) * SIDE
            for y in range(top, min(top + SIDE, ink.shape[0])):
                for x in range(left, min(left + SIDE, ink.shape[1])):
                    ink[y, x] = min(max(block[y - top, x - left], 0), FULL_INK)


@compiled()
def _take(ink: Any, top: int, left: int, block: Any) -> bool:
    """Copy a block, repeating the last row and column of the page; whether it has ink."""
    some = 0
    for y in range(SIDE):
        for x in range(SIDE):
            block[y, x] = ink[min(top + y, ink.shape[0] - 1), min(left + x, ink.shape[1] - 1)]
            some |= block[y, x]
    return some != 0


@compiled()
def _forward(block: Any, half: Any, frequencies: Any) -> None:
    """Frequencies of a block, in 1/8; `half` is overwritten."""
    half[:] = 0
    for one in range(SIDE):
        for y in range(SIDE):
            cosine = COSINES[one, y]
            for x in range(SIDE):
                half[one, x] += cosine * block[y, x]
    for one in range(SIDE):
        for other in range(SIDE):
            total = np.int32(1 << 11)
            for x in range(SIDE):
                total += half[one, x] * COSINES[other, x]
            frequencies[one, other] = total >> 12


@compiled()
def _inverse(frequencies: Any, half: Any, block: Any) -> None:
    """A block from its frequencies in 1/8, which are at most 2^14; most are zero. `half` is overwritten."""
    half[:] = 1 << 6
    block[:] = 1 << 10
    for one in range(SIDE):
        for other in range(SIDE):
            frequency = frequencies[one, other]
            if frequency:
                for y in range(SIDE):
                    half[other, y] += COSINES[one, y] * frequency
    for other in range(SIDE):
        for y in range(SIDE):
            share = half[other, y] >> 7
            if share:
                for x in range(SIDE):
                    block[y, x] += share * COSINES[other, x]
    for y in range(SIDE):
        for x in range(SIDE):
            block[y, x] >>= 11


@compiled()
def _round(frequencies: Any, sizes: Any, steps: Any) -> bool:
    """Write the steps of a block; whether it has any."""
    some = False
    for down in range(SIDE):
        for across in range(SIDE):
            if down + across > HIGHEST:
                continue
            size, value = sizes[down, across], frequencies[down, across]
            count = min((abs(value) * 16 + size * (16 - ROUND_UP)) // (size * 16), MAX_STEPS - 1)
            steps[down, across] = count if value >= 0 else -count
            some |= count != 0
    return some


@compiled()
def _empty_context(steps: Any, row: int, column: int) -> Any:
    """How many of the blocks above and to the left have a mean or lowest frequencies."""
    above, left = steps[row - 1, column], steps[row, column - 1]
    some = (above[0, 0] != 0) | (above[0, 1] != 0) | (above[1, 0] != 0)
    other = (left[0, 0] != 0) | (left[0, 1] != 0) | (left[1, 0] != 0)
    return _EMPTY + int(some) + int(other)


@compiled()
def _context(block: Any, above: Any, left: Any, down: int, across: int) -> Any:
    """By the sum of the frequency's numbers, lower frequencies of the block, and this one of the blocks before it."""
    up, back = max(down - 1, 0), max(across - 1, 0)
    own = 0
    if down:
        own += abs(block[up, across])
    if across:
        own += abs(block[down, back])
    if down and across:
        own += abs(block[up, back])
    near = abs(above[down, across]) + abs(left[down, across])
    return (down + across) * 9 + min((own + 1) // 2, 2) * 3 + min(near, 2)


@compiled()
def _last_sum(block: Any) -> Any:
    """The largest sum of the numbers of a frequency that a block has."""
    for total in range(HIGHEST, 0, -1):
        for down in range(max(total - SIDE + 1, 0), min(total, SIDE - 1) + 1):
            if block[down, total - down]:
                return total
    return 0


@compiled()
def _encode_block(block: Any, above: Any, left: Any, coder: Any, written: Any) -> None:
    last = _last_sum(block)
    before = _LAST + (_last_sum(above) + _last_sum(left) + 1) // 2 * _SUMS
    for total in range(HIGHEST):
        encode(coder, written, before + total, int(total < last))
        if total == last:
            break
    for total in range(last + 1):
        for down in range(max(total - SIDE + 1, 0), min(total, SIDE - 1) + 1):
            value = block[down, total - down]
            count = abs(value)
            context = _context(block, above, left, down, total - down)
            encode(coder, written, context, int(count != 0))
            if count:
                encode_even(coder, written, int(value < 0))
                _encode_count(count, min(total, 3), coder, written)


@compiled()
def _encode_count(count: int, kind: int, coder: Any, written: Any) -> None:
    """How many steps, of at least one."""
    more = _STEPS + kind * UNARY - 1
    for at in range(1, min(count, UNARY) + 1):
        encode(coder, written, more + at, int(count > at))
    if count > UNARY:
        rest, bits = count - UNARY, 0
        while rest >> (bits + 1):
            bits += 1
        for at in range(min(bits + 1, MOST_BITS)):
            encode(coder, written, _BITS + at, int(at < bits))
        for at in range(bits):
            encode_even(coder, written, rest >> at & 1)


@compiled()
def _decode_block(block: Any, above: Any, left: Any, coder: Any, packed: Any) -> None:
    before, last = _LAST + (_last_sum(above) + _last_sum(left) + 1) // 2 * _SUMS, 0
    while last < HIGHEST and decode(coder, packed, before + last):
        last += 1
    for total in range(last + 1):
        for down in range(max(total - SIDE + 1, 0), min(total, SIDE - 1) + 1):
            context = _context(block, above, left, down, total - down)
            if decode(coder, packed, context):
                negative = decode_even(coder, packed)
                count = _decode_count(min(total, 3), coder, packed)
                block[down, total - down] = -count if negative else count


@compiled()
def _decode_count(kind: int, coder: Any, packed: Any) -> Any:
    more, count = _STEPS + kind * UNARY - 1, 1
    while count <= UNARY and decode(coder, packed, more + count):
        count += 1
    if count <= UNARY:
        return count
    bits = 0
    while bits < MOST_BITS and decode(coder, packed, _BITS + bits):
        bits += 1
    rest = 1 << bits
    for at in range(bits):
        rest |= decode_even(coder, packed) << at
    return UNARY + rest

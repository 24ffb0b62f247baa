"""Hashes of a frame in turns that its fingerprint has not, made of those that it has: bits are moved, or turned about.

A frame has a canonical turn, by its slowest changes, and its alternates where that is a close call. On a smooth frame a
text or a logo makes another one of it, and all bits are others then. To look up every frame in all turns would cost
eight times as much; where a frame of a known video has been found, it says in which turn to compare the others.

A mirrored picture has the same frequencies, half of them negated, and its bits say which are above their median: a bit
is wrong where a frequency is between 0 and the median, of 256 bits 4 on the mean.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.orientation import (
    LEFT_RIGHT,
    ORIENTATION_COUNT,
    TOP_BOTTOM,
    TRANSPOSED,
    compose,
    inverse,
    orientation_between,
)
from streams.domain.hashes.packing import CANONICAL, ORIENTATION_MASK
from streams.domain.hashes.selection import moment_starts

BETWEEN: Final = np.array(
    [[orientation_between(known, copy) for copy in range(ORIENTATION_COUNT)] for known in range(ORIENTATION_COUNT)],
    np.int64,
)
"""By the turns of a known frame and of one that looks like it: what was done to the known one."""

_FROM: Final = np.array(
    [[compose(to, inverse(turn)) for to in range(ORIENTATION_COUNT)] for turn in range(ORIENTATION_COUNT)], np.uint8
)
_SIDES: Final = {"near": 8, "confirm": 16}


def _negated(side: int) -> NDArray[np.uint64]:
    """The bits that mirroring turns about, in words; by LEFT_RIGHT and TOP_BOTTOM."""
    bits = np.zeros((4, side, side), np.uint8)
    bits[[LEFT_RIGHT, LEFT_RIGHT | TOP_BOTTOM], :, 1::2] ^= 1
    bits[[TOP_BOTTOM, LEFT_RIGHT | TOP_BOTTOM], 1::2] ^= 1
    return np.packbits(bits.reshape(4, -1), axis=1).view(">u8").astype(np.uint64)


_NEGATED: Final = {name: _negated(side) for name, side in _SIDES.items()}


def commonest(known: NDArray[Any], copy: NDArray[Any]) -> int:
    """What most pairs of frames say was done to the known one, by the turns of both; the first of equals."""
    return int(
        np.bincount(BETWEEN[known & ORIENTATION_MASK, copy & ORIENTATION_MASK], minlength=ORIENTATION_COUNT).argmax()
    )


def in_other_turns(entries: NDArray[np.void]) -> NDArray[np.void]:
    """Of every view of a moment, in its canonical form, the turns in which it is not there; without flags, in order."""
    numbers = np.repeat(np.arange(len(moment_starts(entries)) - 1), np.diff(moment_starts(entries)))
    _, views = np.unique(numbers * 256 + entries["view"], return_inverse=True)
    missing = np.ones((int(views.max(initial=-1)) + 1, ORIENTATION_COUNT), np.bool_)
    missing[views, entries["turn"] & ORIENTATION_MASK] = False
    canonical = np.flatnonzero(entries["turn"] & CANONICAL)
    if not len(canonical):
        return entries[:0]
    canonical = canonical[np.unique(views[canonical], return_index=True)[1]]
    which, turns = np.nonzero(missing[views[canonical]])
    made: NDArray[np.void] = entries[canonical[which]].copy()
    done = _FROM[made["turn"] & ORIENTATION_MASK, turns]
    made["turn"] = turns
    for name, side in _SIDES.items():
        codes = entries[name][canonical].astype(np.uint64).reshape(len(canonical), -1)
        either = np.stack((codes, _transposed(codes, side)))
        turned = (
            either[(done & TRANSPOSED > 0).astype(np.int64), which] ^ _NEGATED[name][done & (LEFT_RIGHT | TOP_BOTTOM)]
        )
        made[name] = turned.reshape(made[name].shape)
    return made


def _transposed(codes: NDArray[np.uint64], side: int) -> NDArray[np.uint64]:
    """Hashes of pictures that are mirrored at the diagonal; in words."""
    bits = np.unpackbits(codes.astype(">u8").view(np.uint8), axis=1).reshape(-1, side, side)
    return np.packbits(bits.swapaxes(1, 2).reshape(len(codes), -1), axis=1).view(">u8").astype(np.uint64)

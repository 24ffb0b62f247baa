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

from streams.domain.hashed import moment_starts
from streams.domain.turns import LEFT_RIGHT, TOP_BOTTOM, TRANSPOSED, TURNS, between, compose, inverse
from streams.domain.views import KEPT, TURN

BETWEEN: Final = np.array([[between(known, copy) for copy in range(TURNS)] for known in range(TURNS)], np.int64)
"""By the turns of a known frame and of one that looks like it: what was done to the known one."""

_FROM: Final = np.array([[compose(to, inverse(turn)) for to in range(TURNS)] for turn in range(TURNS)], np.uint8)
_SIDES: Final = {"near": 8, "confirm": 16}


def commonest(known: NDArray[Any], copy: NDArray[Any]) -> int:
    """What most pairs of frames say was done to the known one, by the turns of both; the first of equals."""
    return int(np.bincount(BETWEEN[known & TURN, copy & TURN], minlength=TURNS).argmax())


def in_other_turns(entries: NDArray[np.void]) -> NDArray[np.void]:
    """Of every view of a moment, in its canonical form, the turns in which it is not there; without flags, in order."""
    numbers = np.repeat(np.arange(len(moment_starts(entries)) - 1), np.diff(moment_starts(entries)))
    _, views = np.unique(numbers * 256 + entries["view"], return_inverse=True)
    missing = np.ones((int(views.max(initial=-1)) + 1, TURNS), np.bool_)
    missing[views, entries["turn"] & TURN] = False
    canonical = np.flatnonzero(entries["turn"] & KEPT)
    canonical = canonical[np.unique(views[canonical], return_index=True)[1]]
    which, turns = np.nonzero(missing[views[canonical]])
    made: NDArray[np.void] = entries[canonical[which]].copy()
    done = _FROM[made["turn"] & TURN, turns]
    made["turn"] = turns
    for name, side in _SIDES.items():
        made[name] = _turned(made[name], side, done)
    return made


def _turned(codes: NDArray[np.uint64], side: int, turns: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Big-endian hashes of pictures to which such turns are done."""
    packed = np.ascontiguousarray(codes).view(np.uint8).reshape(len(codes), side * side // 8)
    bits = np.unpackbits(packed, axis=1).reshape(-1, side, side)
    bits = np.where((turns & TRANSPOSED > 0)[:, None, None], bits.swapaxes(1, 2), bits)
    bits[turns & LEFT_RIGHT > 0, :, 1::2] ^= 1
    bits[turns & TOP_BOTTOM > 0, 1::2] ^= 1
    turned = np.packbits(bits.reshape(-1, side * side), axis=1).view(">u8").astype(np.uint64)
    return turned.reshape(codes.shape)

"""Computes the hashes of frames in the orientations that a fingerprint lacks, by moving and inverting bits.

A fingerprint has the hashes of a frame's canonical orientation, and of others where the choice is close. On a smooth
frame, a caption or a logo changes the choice, and with it all bits. To look up every frame in all orientations would
cost eight times as much. Instead, once a frame of a known video is found, that pair says in which orientation to
compare the others.

A mirrored picture has the same frequencies, half of them negated. A bit says whether a frequency is above the median,
so an inverted bit is wrong if the frequency lies between 0 and the median: 4 of 256 bits on average.
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
    UPRIGHT,
    compose,
    inverse,
    orientation_between,
)
from streams.domain.hashes.packing import CANONICAL, ORIENTATION_MASK
from streams.domain.match.selection import moment_starts

RELATIVE_ORIENTATION: Final = np.array(
    [[orientation_between(known, copy) for copy in range(ORIENTATION_COUNT)] for known in range(ORIENTATION_COUNT)],
    np.int64,
)
"""By the orientations of a known frame and of its copy: in which orientation the copy shows the known frame."""

_STEP: Final = np.array(
    [[compose(after, inverse(before)) for after in range(ORIENTATION_COUNT)] for before in range(ORIENTATION_COUNT)],
    np.uint8,
)
"""By two orientations of a frame: how to get from the first to the second."""

_HASH_SIDES: Final = {"hash64": 8, "hash256": 16}


def _inverted_bits(side: int) -> NDArray[np.uint64]:
    """The bits that mirroring inverts, in words; by LEFT_RIGHT and TOP_BOTTOM."""
    bits = np.zeros((4, side, side), np.uint8)
    bits[[LEFT_RIGHT, LEFT_RIGHT | TOP_BOTTOM], :, 1::2] ^= 1
    bits[[TOP_BOTTOM, LEFT_RIGHT | TOP_BOTTOM], 1::2] ^= 1
    return np.packbits(bits.reshape(4, -1), axis=1).view(">u8").astype(np.uint64)


_INVERTED_BITS: Final = {name: _inverted_bits(side) for name, side in _HASH_SIDES.items()}


def most_frequent_orientation(known: NDArray[Any], copy: NDArray[Any]) -> int:
    """The relative orientation of most pairs of frames, by the orientations of both; of equals, the lowest."""
    relative = RELATIVE_ORIENTATION[known & ORIENTATION_MASK, copy & ORIENTATION_MASK]
    return int(np.bincount(relative, minlength=ORIENTATION_COUNT).argmax())


def missing_orientations(entries: NDArray[np.void]) -> NDArray[np.void]:
    """Entries for the orientations that a moment's views lack, made of their canonical entries.

    They are in the order of moment, view and orientation, and have no flags.
    """
    numbers = np.repeat(np.arange(len(moment_starts(entries)) - 1), np.diff(moment_starts(entries)))
    _, views = np.unique(numbers * 256 + entries["view"], return_inverse=True)
    missing = np.ones((int(views.max(initial=-1)) + 1, ORIENTATION_COUNT), np.bool_)
    missing[views, entries["orientation"] & ORIENTATION_MASK] = False
    canonical = np.flatnonzero(entries["orientation"] & CANONICAL)
    if not len(canonical):
        return entries[:0]
    canonical = canonical[np.unique(views[canonical], return_index=True)[1]]
    which, orientations = np.nonzero(missing[views[canonical]])
    found: NDArray[np.void] = entries[canonical[which]].copy()
    steps = _STEP[found["orientation"] & ORIENTATION_MASK, orientations]
    found["orientation"] = orientations
    for name, side in _HASH_SIDES.items():
        hashes = entries[name][canonical].astype(np.uint64).reshape(len(canonical), -1)
        either = np.stack((hashes, _transposed(hashes, side)))
        moved = either[(steps & TRANSPOSED > 0).astype(np.int64), which]
        found[name] = (moved ^ _INVERTED_BITS[name][steps & (LEFT_RIGHT | TOP_BOTTOM)]).reshape(found[name].shape)
    return found


def upright_hashes(hash256: NDArray[np.uint64], orientation: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The hash256 of frames as they would be, nearly, if the frames were hashed upright.

    Args:
        hash256: frames × 4 words.
        orientation: in which each frame was hashed, with or without flags.
    """
    steps = _STEP[orientation & ORIENTATION_MASK, UPRIGHT]
    turned = (steps & TRANSPOSED > 0)[:, None]
    moved = np.where(turned, _transposed(hash256, _HASH_SIDES["hash256"]), hash256)
    upright: NDArray[np.uint64] = moved ^ _INVERTED_BITS["hash256"][steps & (LEFT_RIGHT | TOP_BOTTOM)]
    return upright


def _transposed(hashes: NDArray[np.uint64], side: int) -> NDArray[np.uint64]:
    """The hashes, in words, of pictures that are mirrored at the diagonal."""
    bits = np.unpackbits(hashes.astype(">u8").view(np.uint8), axis=1).reshape(-1, side, side)
    return np.packbits(bits.swapaxes(1, 2).reshape(len(hashes), -1), axis=1).view(">u8").astype(np.uint64)

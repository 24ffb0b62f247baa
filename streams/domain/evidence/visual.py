"""What a picture looks like, in 112 bytes: where its edges run in which direction, and where it is bright.

The descriptor is for finding pictures that resemble each other, copies or not; it proves nothing. It is read from the
thumbnails of the evidence, so it needs no decode of its own, and is computed in whole numbers, so it is the same on any
machine. It is a small relative of GIST (Oliva and Torralba, 2001) and HOG (Dalal and Triggs, 2005):

1. The thumbnail of 64 × 64 is summed to 32 × 32.
2. Every pixel votes for one of six directions of its gradient (the same for both ways along it) with |dx| + |dy|.
3. Votes are gathered in 4 × 4 cells, a pixel in its nearest cells by its distance: a small shift changes little.
4. The square root of a cell's votes for a direction, 32 for the mean of the picture, is a value: 96 of 0 to 127.
5. The mean of a cell less that of the picture, in half grey levels: 16 of -128 to 127.

Similar pictures have a small sum of squared differences. Mirrored and turned pictures have other descriptors.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.evidence import unpack_evidence
from streams.domain.evidence.key_frames import unpack_key_frames
from streams.domain.evidence.thumbnail import BLOCK_BYTES, BLOCK_SIDE, BLOCKS, SIDE
from streams.errors import BadInput, Reason

VERSION: Final = 1
CELLS: Final = 4
DIRECTIONS: Final = 6
EDGE_VALUES: Final = CELLS * CELLS * DIRECTIONS
VALUES: Final = EDGE_VALUES + CELLS * CELLS

HALF: Final = SIDE // 2
CELL_PIXELS: Final = HALF // CELLS
MEAN_VALUE: Final = 32
"""The value of a direction that has as many votes as the mean of all."""

MIN_VOTES: Final = 8 * HALF * HALF
"""A picture with fewer votes is nearly uniform: its noise counts as little as it is."""

LEVELS_PER_VALUE: Final = 8
"""Brightness, in quarters of a grey level."""


def describe_evidence(evidence: str) -> tuple[tuple[int, bytes], ...]:
    """The descriptor of a picture, at 0 ms; or those of the key frames of a video, with their times in ms.

    Args:
        evidence: in base64, as facts have it; none of another version is described.

    Raises:
        BadInput: bad_field.
    """
    try:
        packed = b64decode(evidence, validate=True)
    except binascii.Error as error:
        raise BadInput(Reason.BAD_FIELD, "field 'evidence' must be base64") from error
    picture = unpack_evidence(packed)
    if picture is not None:
        return ((0, visual_descriptor(picture.thumbnails[0].packed)),)
    frames = unpack_key_frames(packed)
    return tuple((frame.from_ms, visual_descriptor(frame.evidence.thumbnails[0].packed)) for frame in frames)


def visual_descriptor(packed: bytes) -> bytes:
    """The descriptor of a thumbnail, VALUES signed bytes.

    Args:
        packed: as `encode_thumbnail` makes it.
    """
    sums = _half_size(packed)
    across, down = np.zeros_like(sums), np.zeros_like(sums)
    across[:, 1:-1] = sums[:, 2:] - sums[:, :-2]
    down[1:-1] = sums[2:] - sums[:-2]
    votes = np.zeros((DIRECTIONS, HALF, HALF), np.int64)
    places = np.arange(HALF)
    votes[_directions(across, down), places[:, None], places] = np.abs(across) + np.abs(down)
    pooled = _POOLING @ votes @ _POOLING.T  # directions × cells × cells, in units of FULL²
    total = max(int(pooled.sum()), MIN_VOTES * FULL * FULL)
    ratios = pooled * (EDGE_VALUES * MEAN_VALUE * MEAN_VALUE) // total
    edges = np.minimum(np.sqrt(ratios.astype(np.float64)).astype(np.int64), 127).transpose(1, 2, 0)
    bright = (_POOLING @ sums @ _POOLING.T) // _CELL_WEIGHTS - int(sums.sum()) // (HALF * HALF)
    values = np.concatenate((edges.ravel(), np.clip(bright // LEVELS_PER_VALUE, -128, 127).ravel()))
    return values.astype(np.int8).tobytes()


def _half_size(packed: bytes) -> NDArray[np.int64]:
    """The thumbnail in sums of 2 × 2 pixels. As `decode_thumbnail`, in numpy: those who call this compile nothing."""
    blocks = np.frombuffer(packed, np.uint8).reshape(BLOCKS, BLOCK_BYTES)
    low, high = blocks[:, :1].astype(np.int64), blocks[:, 1:2].astype(np.int64)
    levels = low + (np.arange(4) * (high - low) * 2 + 3) // 6
    codes = blocks[:, 2:, None] >> np.array([0, 2, 4, 6], np.uint8) & 3
    across = SIDE // BLOCK_SIDE
    pixels = np.take_along_axis(levels.astype(np.uint8), codes.reshape(BLOCKS, -1).astype(np.int64), axis=1)
    picture = pixels.reshape(across, across, BLOCK_SIDE, BLOCK_SIDE).transpose(0, 2, 1, 3)
    return np.asarray(picture.reshape(HALF, 2, HALF, 2).sum((1, 3), dtype=np.int64))


def _directions(across: NDArray[np.int64], down: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of six directions, 30° wide and the first around 0°; tan 15° is 0.268."""
    x, y = np.abs(across), np.abs(down)
    quarter = (1000 * y >= 268 * x).astype(np.int64) + (y >= x) + (268 * y >= 1000 * x)
    return np.where((across >= 0) == (down >= 0), quarter, (DIRECTIONS - quarter) % DIRECTIONS)


def _pooling() -> NDArray[np.int64]:
    """CELLS × HALF: how much a row or column counts for a cell: FULL at its middle, nothing at the middle of the next.

    Beyond the middles of the outermost cells, it counts for those in full.
    """
    middles = CELL_PIXELS * (2 * np.arange(CELLS)[:, None] + 1)
    places = np.clip(2 * np.arange(HALF) + 1, middles[0], middles[-1])
    return np.asarray(np.maximum(0, FULL - np.abs(places - middles)))


FULL: Final = 2 * CELL_PIXELS
_POOLING: Final = _pooling()
_CELL_WEIGHTS: Final = np.outer(_POOLING.sum(1), _POOLING.sum(1))

EDGE_STEPS: Final = (20, 34)
BRIGHTNESS_STEPS: Final = (-24, -8, 8, 24)
CODE_BYTES: Final = (len(EDGE_STEPS) * EDGE_VALUES + len(BRIGHTNESS_STEPS) * CELLS * CELLS) // 8
"""A code is compared by its differing bits, which costs a tenth of comparing values, to find those worth comparing."""


def visual_code(descriptor: bytes) -> bytes:
    """A descriptor in CODE_BYTES: a bit for every value and step that the value reaches."""
    values = np.frombuffer(descriptor, np.int8)
    edges, bright = values[:EDGE_VALUES], values[EDGE_VALUES:]
    bits = [edges >= step for step in EDGE_STEPS] + [bright >= step for step in BRIGHTNESS_STEPS]
    return np.packbits(np.concatenate(bits)).tobytes()

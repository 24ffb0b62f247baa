"""A grey thumbnail of 64 × 64 pixels in 1,152 bytes: blocks of 8 × 8 pixels with two ends and two bits a pixel.

The method is block truncation coding (Delp and Mitchell, 1979) with four levels. Both sides of a comparison are read
from these bytes, so a comparison is the same on any machine.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled

SIDE: Final = 64
BLOCK_SIDE: Final = 8
BLOCKS: Final = (SIDE // BLOCK_SIDE) ** 2
BLOCK_BYTES: Final = 2 + BLOCK_SIDE * BLOCK_SIDE // 4
THUMBNAIL_BYTES: Final = BLOCKS * BLOCK_BYTES

EDGE: Final = (1 << 16) - 1
"""The largest coordinate of a box, which is the right or bottom edge of the picture."""

CLIPPED_PIXELS: Final = 4
"""The four darkest and the four brightest pixels of a block are clipped, so that a speck does not cost all levels."""


def encode_thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    """Encode SIDE × SIDE grey pixels.

    Returns:
        THUMBNAIL_BYTES: for every block its low end, its high end and 16 bytes of four pixels, lowest bits first.
    """
    packed = np.empty((BLOCKS, BLOCK_BYTES), np.uint8)
    _encode(np.ascontiguousarray(pixels), packed)
    return packed.tobytes()


def decode_thumbnail(packed: bytes) -> NDArray[np.uint8]:
    """The SIDE × SIDE grey pixels of a thumbnail."""
    pixels = np.empty((SIDE, SIDE), np.uint8)
    decode_into(np.frombuffer(packed, np.uint8), pixels)
    return pixels


@compiled()
def _encode(pixels: Any, packed: Any) -> None:
    block = np.empty(BLOCK_SIDE * BLOCK_SIDE, np.int64)
    for number in range(BLOCKS):
        top, left = number // (SIDE // BLOCK_SIDE) * BLOCK_SIDE, number % (SIDE // BLOCK_SIDE) * BLOCK_SIDE
        for place in range(BLOCK_SIDE * BLOCK_SIDE):
            block[place] = pixels[top + place // BLOCK_SIDE, left + place % BLOCK_SIDE]
        low, high = _ends(block)
        spread = max(high - low, 1)
        packed[number, 0], packed[number, 1] = low, high
        for byte in range(BLOCK_BYTES - 2):
            bits = 0
            for pixel in range(4):
                level = ((block[4 * byte + pixel] - low) * 6 + spread) // (2 * spread)
                bits |= min(max(level, 0), 3) << (2 * pixel)
            packed[number, 2 + byte] = bits


@compiled()
def _ends(block: Any) -> Any:
    """The darkest and the brightest pixel that are not clipped."""
    low, high = np.full(CLIPPED_PIXELS + 1, 255), np.zeros(CLIPPED_PIXELS + 1, np.int64)
    for value in block:
        at = CLIPPED_PIXELS
        if value < low[at]:
            while at > 0 and low[at - 1] > value:
                low[at] = low[at - 1]
                at -= 1
            low[at] = value
        at = CLIPPED_PIXELS
        if value > high[at]:
            while at > 0 and high[at - 1] < value:
                high[at] = high[at - 1]
                at -= 1
            high[at] = value
    return low[CLIPPED_PIXELS], high[CLIPPED_PIXELS]


@compiled()
def decode_into(packed: Any, pixels: Any) -> None:
    """Decode THUMBNAIL_BYTES into SIDE × SIDE pixels."""
    levels = np.empty(4, np.uint8)
    for number in range(BLOCKS):
        top, left = number // (SIDE // BLOCK_SIDE) * BLOCK_SIDE, number % (SIDE // BLOCK_SIDE) * BLOCK_SIDE
        at = number * BLOCK_BYTES
        low, high = np.int64(packed[at]), np.int64(packed[at + 1])
        for level in range(4):
            levels[level] = low + (level * (high - low) * 2 + 3) // 6
        for byte in range(BLOCK_BYTES - 2):
            bits = packed[at + 2 + byte]
            for pixel in range(4):
                place = 4 * byte + pixel
                pixels[top + place // BLOCK_SIDE, left + place % BLOCK_SIDE] = levels[bits >> (2 * pixel) & 3]

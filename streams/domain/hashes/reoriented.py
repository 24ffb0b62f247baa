"""The hash of a mirrored or turned picture, worked out from the hash of the picture itself.

Mirroring a picture negates the odd columns (or rows) of its DCT, and transposing it transposes the DCT. A bit of a
pHash says whether a coefficient is above the median, which is near zero, so these bits turn over. Of 256 bits, up to
about ten come out wrong: good for a candidate, which evidence then confirms or refuses.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.orientation import LEFT_RIGHT, ORIENTATION_COUNT, TOP_BOTTOM, TRANSPOSED

SIDE: Final = 16
_ODD: Final = np.arange(SIDE) % 2 == 1


def reoriented_hashes(hash256: bytes) -> list[bytes]:
    """The pHashes of 256 bits of a picture in all eight orientations, by orientation; all but the first are near.

    Args:
        hash256: of the upright picture, 32 bytes, most significant bit first.
    """
    upright = np.unpackbits(np.frombuffer(hash256, np.uint8)).reshape(SIDE, SIDE).astype(bool)
    return [np.packbits(_reoriented(upright, orientation)).tobytes() for orientation in range(ORIENTATION_COUNT)]


def _reoriented(bits: NDArray[np.bool_], orientation: int) -> NDArray[np.bool_]:
    if orientation & TRANSPOSED:
        bits = bits.T
    if orientation & LEFT_RIGHT:
        bits = bits ^ _ODD[None, :]
    if orientation & TOP_BOTTOM:
        bits = bits ^ _ODD[:, None]
    return bits

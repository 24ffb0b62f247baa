"""A picture in one of its eight orientations, as an array."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.orientation import LEFT_RIGHT, TOP_BOTTOM, TRANSPOSED


def oriented(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    picture = picture.T if orientation & TRANSPOSED else picture
    picture = picture[:, ::-1] if orientation & LEFT_RIGHT else picture
    return picture[::-1] if orientation & TOP_BOTTOM else picture

"""Hashes of views from their frequencies: which forms of a view there are, and the packed entries of all of them.

A view comes as the lowest frequencies of its upright picture. Its seven other mirror and quarter-turn forms cost no
pixel: mirroring negates the odd columns of the DCT or its odd rows, mirroring at the diagonal transposes it. Only
the median has to be found again.

So that a turned copy is found with one look-up and not eight, a view has a canonical form: transposed so that its
slowest change goes from left to right, and mirrored so that it gets darker to the right and to the bottom.
Where that is a close call, both ways are among its forms.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.phash import hash_bits
from streams.domain.turns import LEFT_RIGHT, TOP_BOTTOM, TRANSPOSED, UPRIGHT
from streams.domain.views import ENTRY, KEPT, UPRIGHT_TOO

Coefficients = NDArray[np.float64]

CLOSE = 0.6
"""Below this share of the root mean square of a view's frequencies, the sign of one (or which of two is greater)
is a close call. Measured: fewer forms lose turned copies, more cost look-ups and gain nothing."""


class Seen(NamedTuple):
    """An upright view's lowest 8 × 8 and 16 × 16 frequencies; whether its upright form is wanted in any case."""

    code: int
    near: Coefficients
    confirm: Coefficients
    upright: bool = False


def forms(near: Coefficients) -> list[int]:
    """The turns of a view's canonical form and of the alternates to it, canonical first.

    Args:
        near: the lowest 8 × 8 frequencies of the upright view.
    """
    across, down = float(near[0, 1]), float(near[1, 0])
    squares = float(np.square(near).sum()) - float(near[0, 0]) ** 2
    close = CLOSE * (max(squares, 0.0) / (near.size - 1)) ** 0.5
    transposed = abs(across) < abs(down)
    turns = []
    for transpose in (transposed, not transposed) if abs(abs(across) - abs(down)) < close else (transposed,):
        first, second = (down, across) if transpose else (across, down)
        for left_right in _ways(first, close):
            for top_bottom in _ways(second, close):
                turns.append(transpose * TRANSPOSED | left_right * LEFT_RIGHT | top_bottom * TOP_BOTTOM)
    return turns


def _ways(value: float, close: float) -> tuple[bool, ...]:
    """Whether to mirror so that a frequency becomes positive, the better way first."""
    return (value < 0, value >= 0) if abs(value) < close else (value < 0,)


def entries(views: Iterable[Seen]) -> NDArray[np.void]:
    """All forms of all views, the canonical one of each view first."""
    codes: list[tuple[int, int]] = []
    near_blocks, confirm_blocks = [], []
    for view in views:
        found = forms(view.near)
        flags = [KEPT, *([0] * (len(found) - 1))]
        if view.upright and UPRIGHT in found:
            flags[found.index(UPRIGHT)] = KEPT
        elif view.upright:
            found.append(UPRIGHT)
            flags.append(KEPT | UPRIGHT_TOO)
        for turn, flag in zip(found, flags, strict=True):
            codes.append((view.code, turn | flag))
            near_blocks.append(turned(view.near, turn))
            confirm_blocks.append(turned(view.confirm, turn))
    packed = np.zeros(len(codes), ENTRY)
    if codes:
        packed["view"], packed["turn"] = np.array(codes, np.uint8).T
        packed["near"] = hash_bits(np.stack(near_blocks)).view(">u8")[:, 0]
        packed["confirm"] = hash_bits(np.stack(confirm_blocks)).view(">u8")
    return packed


def turned(coefficients: Coefficients, turn: int) -> Coefficients:
    """The frequencies of the turned picture."""
    result = coefficients.T if turn & TRANSPOSED else coefficients
    if turn & 3:
        result = result.copy()
        if turn & LEFT_RIGHT:
            result[:, 1::2] *= -1
        if turn & TOP_BOTTOM:
            result[1::2] *= -1
    return result

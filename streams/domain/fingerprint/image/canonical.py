"""Hashes of views from their frequencies: which forms of a view there are, and the packed entries of all of them.

A view comes as the lowest frequencies of its upright picture. Its seven other mirror and quarter-turn forms cost no
pixel: mirroring negates the odd columns of the DCT or its odd rows, mirroring at the diagonal transposes it. Only
the median has to be found again.

So that a turned copy is found with one look-up and not eight, a view has a canonical form: transposed so that its
slowest change goes from left to right, and mirrored so that it gets darker to the right and to the bottom.
Where that is a close call, both ways are among its forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.fingerprint.image.phash import hash_bits
from streams.domain.hashes.orientation import LEFT_RIGHT, TOP_BOTTOM, TRANSPOSED, UPRIGHT
from streams.domain.hashes.packing import CANONICAL, ENTRY, EXTRA_UPRIGHT

Coefficients = NDArray[np.float64]

CLOSE, CLOSE_OF_DERIVED = 0.6, 0.2
"""Below this share of the root mean square of a view's frequencies, the sign of one (or which of two is greater)
is a close call. Of whole pictures fewer forms were measured to lose copies with captions; of derived views more forms
were measured to find nothing more, and each is a look-up."""

NEAR, CONFIRM = 8, 16


class ViewFrequencies(NamedTuple):
    """An upright view's lowest 8 × 8 and 16 × 16 frequencies. Of a whole one the upright form is always wanted."""

    code: int
    whole: bool
    near: Coefficients
    confirm: Coefficients


def _signs() -> Coefficients:
    """What the frequencies of a mirrored picture are multiplied by; by LEFT_RIGHT and TOP_BOTTOM."""
    signs = np.ones((4, CONFIRM, CONFIRM))
    signs[[LEFT_RIGHT, LEFT_RIGHT | TOP_BOTTOM], :, 1::2] *= -1
    signs[[TOP_BOTTOM, LEFT_RIGHT | TOP_BOTTOM], 1::2] *= -1
    return signs


SIGNS = _signs()


def forms(across: float, down: float, close: float) -> list[int]:
    """The turns of a view's canonical form and of the alternates to it, canonical first.

    Args:
        across: the view's lowest horizontal frequency.
        down: its lowest vertical frequency.
        close: what is less is a close call.
    """
    transposed = abs(across) < abs(down)
    turns = []
    for transpose in (transposed, not transposed) if abs(abs(across) - abs(down)) < close else (transposed,):
        first, second = (down, across) if transpose else (across, down)
        for left_right in (first < 0, first >= 0) if abs(first) < close else (first < 0,):
            for top_bottom in (second < 0, second >= 0) if abs(second) < close else (second < 0,):
                turns.append(transpose * TRANSPOSED | left_right * LEFT_RIGHT | top_bottom * TOP_BOTTOM)
    return turns


def _forms_with_flags(view: ViewFrequencies) -> list[int]:
    squares = max(0.0, float(np.square(view.near).sum()) - float(view.near[0, 0]) ** 2)
    share = CLOSE if view.whole else CLOSE_OF_DERIVED
    found = forms(float(view.near[0, 1]), float(view.near[1, 0]), share * (squares / (view.near.size - 1)) ** 0.5)
    flagged = [found[0] | CANONICAL, *found[1:]]
    if view.whole and UPRIGHT not in found:
        flagged.append(UPRIGHT | EXTRA_UPRIGHT)
    return flagged


def view_entries(views: Sequence[ViewFrequencies]) -> NDArray[np.void]:
    """All forms of all views, the canonical one of each view first."""
    flagged = [_forms_with_flags(view) for view in views]
    which = np.repeat(np.arange(len(views)), [len(each) for each in flagged])
    turns = np.array([turn for each in flagged for turn in each], np.uint8)
    packed = np.zeros(len(turns), ENTRY)
    if len(turns):
        packed["view"], packed["turn"] = np.array([view.code for view in views], np.uint8)[which], turns
        packed["near"] = _bits(np.stack([view.near for view in views])[which], turns).view(">u8")[:, 0]
        packed["confirm"] = _bits(np.stack([view.confirm for view in views])[which], turns).view(">u8")
    return packed


def _bits(blocks: Coefficients, turns: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return hash_bits(reoriented(blocks, turns))


def reoriented(blocks: Coefficients, turns: NDArray[np.uint8]) -> Coefficients:
    """The frequencies of turned pictures; one turn a block."""
    transposed = (turns & TRANSPOSED > 0)[:, None, None]
    size = blocks.shape[1]
    return np.where(transposed, blocks.swapaxes(1, 2), blocks) * SIGNS[turns & 3, :size, :size]

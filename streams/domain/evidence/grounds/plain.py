"""How plain a picture is, by the ends of its thumbnail's blocks: where more evidence than the thumbnail is kept."""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.domain.evidence.thumbnail import BLOCK_BYTES, BLOCK_SIDE, BLOCKS, SIDE

MIN_SPREAD: Final = 6
"""Grey levels between the ends of a block with structure."""

MIN_STRUCTURED: Final = 4
"""A picture with fewer blocks (of 64) that have structure is blank."""

MAX_STRUCTURED: Final = 51
"""A picture with more blocks (of 64) that have structure is not plain. 95 % of photos of garments have 57 or more,
flags 16, drawings 30 to 40."""

EVEN_STEP: Final = 5
MIN_EVEN_PERCENT: Final = 50
"""Even ground: so many neighbouring blocks have their bright ends, or their dark ends, within EVEN_STEP grey levels.
All drawn pages have it, and 15 % of photos of garments."""

MIN_NEARLY_EVEN_PERCENT: Final = 40
SMOOTH_STEP: Final = 4
MIN_SMOOTH_PERCENT: Final = 50
"""Ground that words may lie on is nearly even; or it is a gradient: from block to block an end changes as it did before
but for SMOOTH_STEP grey levels, at so many places. 2 % of photos are so smooth, and all tickets."""

BOLD_SPREAD: Final = 90
MIN_BOLD_PERCENT: Final = 60
MIN_BOLD_STRUCTURED: Final = 8
"""A bold drawing: so many of its blocks with structure have ends so far apart. Of icons and emoji 60 to 95 % have, of
pages, forms, receipts, slides and chats, whose words are grey at this size, 47 % at most."""

_LINE: Final = SIDE // BLOCK_SIDE


def is_blank(thumbnail: bytes) -> bool:
    """Whether a picture is of one colour, or nearly so."""
    return _structured(thumbnail) < MIN_STRUCTURED


def is_plain(thumbnail: bytes) -> bool:
    """Whether a picture has large parts without structure, so that its shape says little."""
    return _structured(thumbnail) <= MAX_STRUCTURED


def is_bold(thumbnail: bytes) -> bool:
    """Whether what a thumbnail shows is drawn in strong contrasts, so that it would show other words or lines."""
    bold, structured = _structured(thumbnail, BOLD_SPREAD), _structured(thumbnail)
    return structured >= MIN_BOLD_STRUCTURED and bold * 100 >= MIN_BOLD_PERCENT * structured


def _structured(thumbnail: bytes, spread: int = MIN_SPREAD) -> int:
    ends = np.frombuffer(thumbnail, np.uint8).reshape(BLOCKS, BLOCK_BYTES)[:, :2].astype(np.int16)
    return int((ends[:, 1] - ends[:, 0] >= spread).sum())


def may_have_words(thumbnail: bytes) -> bool:
    """Whether a picture may be paper if there are words on it. The paper rule looks closer."""
    return has_even_ground(thumbnail, MIN_NEARLY_EVEN_PERCENT) or _is_steady(
        thumbnail, 2, SMOOTH_STEP, MIN_SMOOTH_PERCENT
    )


def has_even_ground(thumbnail: bytes, percent: int = MIN_EVEN_PERCENT) -> bool:
    """Whether the ground of a picture is even.

    Args:
        thumbnail: as `encode_thumbnail` makes it.
        percent: of neighbouring blocks that must be even.
    """
    return _is_steady(thumbnail, 1, EVEN_STEP, percent)


def _is_steady(thumbnail: bytes, order: int, step: int, percent: int) -> bool:
    """Whether the dark or the bright ends of so many neighbouring blocks differ by `step` at most: the ends themselves
    (order 1), or how they change from block to block (order 2).
    """
    ends = np.frombuffer(thumbnail, np.uint8).reshape(_LINE, _LINE, BLOCK_BYTES)[..., :2].astype(np.int16)
    steady = sum((np.abs(np.diff(ends, order, axis=axis)) <= step).sum(axis=(0, 1)) for axis in (0, 1))
    return int(np.max(steady)) * 100 >= percent * 2 * _LINE * (_LINE - order)

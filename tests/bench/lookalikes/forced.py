"""Pairs of pictures that are laid on each other although no look-up proposes them: those whose hashes are nearest.

What the index proposes is few, and a tail needs pairs. The nearest of the others are what a wider look-up would propose
next, so they continue the candidates; pairs that are further apart have less in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.verify import MatchedViews
from streams.domain.hashes.packing import CANONICAL, ENTRY, ORIENTATION_MASK
from streams.domain.hashes.views import FULL

ROWS: Final = 256
"""Pictures compared with all others at once."""

MAX_BITS: Final = 112
"""Of 256; two pictures that have nothing in common differ in 128."""


class WholeHashes:
    """The hash of the whole picture, in the orientation that all its orientations share, of many pictures."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        """Args:
        entries: packed entries by picture.
        """
        whole = [_whole(packed) for packed in entries]
        self._words: NDArray[np.uint64] = np.array([each["hash256"] for each in whole], np.uint64)
        self._orientations = [int(each["orientation"]) & ORIENTATION_MASK for each in whole]

    def nearest_pairs(self, folders: Sequence[int], most: int) -> list[tuple[int, int, int]]:
        """The nearest pairs of the pictures of every folder, and of pictures of two folders.

        Args:
            folders: the number of every picture's folder.
            most: pairs of one folder, and pairs of two.

        Returns:
            Bits that differ, and the numbers of an earlier and a later picture.
        """
        numbers, parts = np.array(folders), []
        for start in range(0, len(self._words), ROWS):
            part = self._words[start : start + ROWS]
            bits = np.bitwise_count(part[:, None] ^ self._words[None]).sum(axis=2, dtype=np.int16)
            rows, columns = np.nonzero(bits <= MAX_BITS)
            kept = columns < rows + start
            rows, columns = rows[kept], columns[kept]
            parts.append(np.stack([bits[rows, columns].astype(np.int64), columns, rows + start]))
        pairs = np.concatenate(parts, axis=1)
        pairs = pairs[:, np.argsort(pairs[0], kind="stable")]
        same = numbers[pairs[1]] == numbers[pairs[2]]
        groups = [same & (numbers[pairs[1]] == folder) for folder in np.unique(numbers)]
        found: list[tuple[int, int, int]] = []
        for group in (*groups, ~same):
            found += zip(*pairs[:, group][:, :most].tolist(), strict=True)
        return found

    def matched_views(self, earlier: int, later: int) -> list[MatchedViews]:
        """The views that lay two pictures on each other."""
        return [MatchedViews(FULL, self._orientations[earlier], FULL, self._orientations[later])]


def _whole(packed: bytes) -> np.void:
    entries = np.frombuffer(packed, ENTRY)
    whole = entries[(entries["view"] == FULL) & (entries["orientation"] & CANONICAL != 0)]
    found: np.void = whole[0]
    return found

"""The arrays that hold known pictures, in the form that the kernel takes. They are made and enlarged here."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NO_ACTION, MATCH_AND_INSERT, REFRESH, REMOVE = 0, 1, 2, 3
"""What an operation does to the index; see match/operations.py. NO_ACTION: the content is not in the index."""


class RowArrays(NamedTuple):
    """Stored entries by row. The row is their key in the Hamming indexes. The rows of a content are adjacent."""

    hash64: NDArray[np.uint64]
    hash256: NDArray[np.uint64]  # rows × 4
    slot: NDArray[np.int32]
    view_code: NDArray[np.uint8]
    orientation: NDArray[np.uint8]
    used: NDArray[np.int64]  # one number: how many rows are used


class ContentArrays(NamedTuple):
    """Contents by slot. A content that was replaced or removed is not `alive`, and its slot is not used again."""

    digest: NDArray[np.uint64]  # slots × 4
    first_ms: NDArray[np.int64]
    expires_ms: NDArray[np.int64]  # forgotten after it
    alive: NDArray[np.uint8]
    first_row: NDArray[np.int64]
    row_count: NDArray[np.uint8]


class IndexBatch(NamedTuple):
    """Operations on one collection in their order, and the entries of their submissions, joined."""

    action: NDArray[np.uint8]
    slot: NDArray[np.int32]
    replaced_slot: NDArray[np.int32]  # slot of an expired content of equal bytes, or -1
    time_ms: NDArray[np.int64]
    expires_ms: NDArray[np.int64]
    radius_bits: NDArray[np.uint8]
    view_radius_bits: NDArray[np.uint8]
    confirm_bits: NDArray[np.uint16]
    level: NDArray[np.uint8]
    entry_starts: NDArray[np.int64]  # operations + 1 positions in the entries
    hash64: NDArray[np.uint64]
    hash256: NDArray[np.uint64]  # entries × 4
    view_code: NDArray[np.uint8]
    orientation: NDArray[np.uint8]
    query_groups: NDArray[np.uint8]  # the search groups in which the entry is looked up, or'ed
    stored_group: NDArray[np.uint8]  # the search group in which the entry is stored, or 0


MAX_CANDIDATES = 16
"""Of the contents that a submission may be a copy of, so many are verified, the nearest first. Of the true originals of
altered photos, 0.05 % rank lower."""


class Candidates(NamedTuple):
    """The nearest contents of each operation, the nearest first, by their nearest pairs of entries."""

    found: NDArray[np.uint8]  # operations: how many there are
    slot: NDArray[np.int32]  # operations × MAX_CANDIDATES, as the next two
    hash64_distance_bits: NDArray[np.uint8]
    hash256_distance_bits: NDArray[np.uint16]


def new_rows(capacity: int) -> RowArrays:
    return RowArrays(
        hash64=np.zeros(capacity, np.uint64),
        hash256=np.zeros((capacity, 4), np.uint64),
        slot=np.zeros(capacity, np.int32),
        view_code=np.zeros(capacity, np.uint8),
        orientation=np.zeros(capacity, np.uint8),
        used=np.zeros(1, np.int64),
    )


def new_contents(capacity: int) -> ContentArrays:
    return ContentArrays(
        digest=np.zeros((capacity, 4), np.uint64),
        first_ms=np.zeros(capacity, np.int64),
        expires_ms=np.zeros(capacity, np.int64),
        alive=np.zeros(capacity, np.uint8),
        first_row=np.zeros(capacity, np.int64),
        row_count=np.zeros(capacity, np.uint8),
    )


def no_candidates(operations: int) -> Candidates:
    shape = (operations, MAX_CANDIDATES)
    return Candidates(
        found=np.zeros(operations, np.uint8),
        slot=np.zeros(shape, np.int32),
        hash64_distance_bits=np.zeros(shape, np.uint8),
        hash256_distance_bits=np.zeros(shape, np.uint16),
    )


def ensure_capacity(arrays: RowArrays | ContentArrays, capacity: int) -> None:
    """Enlarge arrays that are shorter than `capacity`, by half or more, with zeros.

    They are resized in place: nobody else holds these arrays, and where memory can grow nothing is copied.
    """
    for name, array in arrays._asdict().items():
        if name != "used" and capacity > len(array):
            array.resize((max(capacity, len(array) * 3 // 2), *array.shape[1:]), refcheck=False)


def copy_rows(source: RowArrays, selected: NDArray[np.int64], target: RowArrays) -> None:
    """Copy the selected rows to the beginning of `target`; the caller must then set `slot`."""
    for name in source._fields:
        if name != "used":
            getattr(target, name)[: len(selected)] = getattr(source, name)[selected]
    target.used[0] = len(selected)


def copy_contents(source: ContentArrays, selected: NDArray[np.int64], target: ContentArrays) -> None:
    """Copy the selected contents to the beginning of `target`; the caller must then set `first_row`."""
    for name in source._fields:
        getattr(target, name)[: len(selected)] = getattr(source, name)[selected]

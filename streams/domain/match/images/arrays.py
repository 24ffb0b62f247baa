"""The arrays in which near contents stand, as the kernels take them; made and made larger here, used elsewhere."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NOTHING, LOOK_UP, SEE, FORGET = 0, 1, 2, 3
"""What a step does: nothing, look up a new content and take it in, note when one was seen, or let go of one."""


class Rows(NamedTuple):
    """Stored entries by row, which is their key in the indexes; those of one content are neighbours."""

    hash64: NDArray[np.uint64]
    hash256: NDArray[np.uint64]  # rows × 4
    slot: NDArray[np.int32]
    view_code: NDArray[np.uint8]
    orientation: NDArray[np.uint8]
    used: NDArray[np.int64]  # one number: how many


class Slots(NamedTuple):
    """Contents by slot. One that was replaced or forgotten is not `alive`, and its slot is not used again."""

    digest: NDArray[np.uint64]  # slots × 4
    first_ms: NDArray[np.int64]
    expires_ms: NDArray[np.int64]  # forgotten after that
    member: NDArray[np.uint8]
    alive: NDArray[np.uint8]
    first_row: NDArray[np.int64]
    rows: NDArray[np.uint8]


class Batch(NamedTuple):
    """Submissions of one collection in order, and their entries one after the other."""

    action: NDArray[np.uint8]
    slot: NDArray[np.int32]
    replaced: NDArray[np.int32]  # slot of an expired content of equal bytes, or -1
    time_ms: NDArray[np.int64]
    expires_ms: NDArray[np.int64]
    radius_bits: NDArray[np.uint8]
    view_radius_bits: NDArray[np.uint8]
    confirm_bits: NDArray[np.uint16]
    level: NDArray[np.uint8]
    starts: NDArray[np.int64]  # n + 1 positions in the entries
    hash64: NDArray[np.uint64]
    hash256: NDArray[np.uint64]  # entries × 4
    view_code: NDArray[np.uint8]
    orientation: NDArray[np.uint8]
    asked: NDArray[np.uint8]  # among which rows it is looked up, AMONG or'ed
    stored: NDArray[np.uint8]  # among which rows it is kept, AMONG or 0


class Found(NamedTuple):
    """The best match of each submission: slot, or -1; its row's view and turn; the entry that found it; distances."""

    slot: NDArray[np.int32]
    view_code: NDArray[np.uint8]
    orientation: NDArray[np.uint8]
    entry: NDArray[np.int64]
    near_bits: NDArray[np.uint8]
    confirm_bits: NDArray[np.uint16]


def rows_of(room: int) -> Rows:
    """Room for so many rows."""
    return Rows(
        hash64=np.zeros(room, np.uint64),
        hash256=np.zeros((room, 4), np.uint64),
        slot=np.zeros(room, np.int32),
        view_code=np.zeros(room, np.uint8),
        orientation=np.zeros(room, np.uint8),
        used=np.zeros(1, np.int64),
    )


def slots_of(room: int) -> Slots:
    """Room for so many contents."""
    return Slots(
        digest=np.zeros((room, 4), np.uint64),
        first_ms=np.zeros(room, np.int64),
        expires_ms=np.zeros(room, np.int64),
        member=np.zeros(room, np.uint8),
        alive=np.zeros(room, np.uint8),
        first_row=np.zeros(room, np.int64),
        rows=np.zeros(room, np.uint8),
    )


def found_of(count: int) -> Found:
    """Nothing found yet for so many steps."""
    return Found(
        slot=np.full(count, -1, np.int32),
        view_code=np.zeros(count, np.uint8),
        orientation=np.zeros(count, np.uint8),
        entry=np.zeros(count, np.int64),
        near_bits=np.zeros(count, np.uint8),
        confirm_bits=np.zeros(count, np.uint16),
    )


def make_room(arrays: Rows | Slots, room: int) -> None:
    """Let there be places for so many rows or contents: grown by half or more, with zeros, where there are not.

    In place: nobody else has these arrays, and nothing is copied where their memory can grow.
    """
    for name, array in arrays._asdict().items():
        if name != "used" and room > len(array):
            array.resize((max(room, len(array) * 3 // 2), *array.shape[1:]), refcheck=False)


def move_rows(old: Rows, kept: NDArray[np.int64], new: Rows) -> None:
    """Copy some rows to the beginning of others; `slot` is for the caller to set right."""
    for name in old._fields:
        if name != "used":
            getattr(new, name)[: len(kept)] = getattr(old, name)[kept]
    new.used[0] = len(kept)


def move_slots(old: Slots, kept: NDArray[np.int64], new: Slots) -> None:
    """Copy some contents to the beginning of others; `first_row` is for the caller to set right."""
    for name in old._fields:
        getattr(new, name)[: len(kept)] = getattr(old, name)[kept]

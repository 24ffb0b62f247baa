"""Operations as the arrays that the kernel takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.packing import ENTRY
from streams.domain.hashes.views import QUERY_GROUPS, STORED_GROUPS
from streams.domain.match.images.arrays import MATCH_AND_INSERT, NO_ACTION, REFRESH, REMOVE, IndexBatch
from streams.domain.match.operations import IndexUpdate, MatchAndInsert, Refresh, Remove
from streams.domain.policy.policy import Policy

ACTIONS = {MatchAndInsert: MATCH_AND_INSERT, Refresh: REFRESH, Remove: REMOVE}
NO_LIMITS = (0, 0, 0, 0)


class BatchEntries(NamedTuple):
    """The entries of all operations, joined. Operations other than `MatchAndInsert` have none."""

    limits: NDArray[np.int64]  # operations × 4, see `_limits`
    counts: NDArray[np.int64]  # entries of each operation
    entries: NDArray[np.void]
    query_groups: NDArray[np.uint8]
    stored_group: NDArray[np.uint8]


def join_entries(operations: Sequence[IndexUpdate]) -> BatchEntries:
    inserts = [each if isinstance(each, MatchAndInsert) else None for each in operations]
    packed = [insert.entries if insert else b"" for insert in inserts]
    limits = np.array([_limits(each.policy) if each else NO_LIMITS for each in inserts], np.int64).reshape(-1, 4)
    entries = np.frombuffer(b"".join(packed), ENTRY)
    counts = np.fromiter(map(len, packed), np.int64, len(packed)) // ENTRY.itemsize
    levels = np.repeat(limits[:, 0], counts)
    query_groups = QUERY_GROUPS[levels, entries["view"], entries["orientation"]]
    stored_group = STORED_GROUPS[levels, entries["view"], entries["orientation"]]
    return BatchEntries(limits, counts, entries, query_groups, stored_group)


def index_batch(
    operations: Sequence[IndexUpdate],
    joined: BatchEntries,
    slots: NDArray[np.int32],
    replaced_slots: NDArray[np.int32],
) -> IndexBatch:
    """The batch for the kernel. A slot is -1 where the index does not have the content."""
    limits, counts, entries, query_groups, stored_group = joined
    action = np.array([ACTIONS[type(each)] for each in operations], np.uint8)
    action[slots < 0] = NO_ACTION
    return IndexBatch(
        action=action,
        slot=slots,
        replaced_slot=replaced_slots,
        time_ms=np.array([getattr(each, "time_ms", 0) for each in operations], np.int64),
        expires_ms=np.array([getattr(each, "expires_ms", 0) for each in operations], np.int64),
        radius_bits=limits[:, 1].astype(np.uint8),
        view_radius_bits=limits[:, 2].astype(np.uint8),
        confirm_bits=limits[:, 3].astype(np.uint16),
        level=limits[:, 0].astype(np.uint8),
        entry_starts=np.concatenate(([0], np.cumsum(counts))),
        hash64=entries["hash64"].astype(np.uint64),
        # Copies, even of a single entry: numba would compile the kernel again for a read-only array.
        hash256=np.array(entries["hash256"], np.uint64, order="C"),
        view_code=entries["view"].copy(),
        orientation=entries["orientation"].copy(),
        query_groups=query_groups,
        stored_group=stored_group,
    )


def _limits(policy: Policy) -> tuple[int, int, int, int]:
    """Level, and how many bits may differ: of hash64 for whole pictures and for other views, and of hash256."""
    confirm_bits = policy.confirm_bits if policy.hash_bits == 256 else 0
    return LEVEL_NUMBERS[policy.views], policy.radius_bits, policy.view_radius_bits, confirm_bits

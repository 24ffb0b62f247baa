"""The pictures of one collection in memory, for finding near duplicates; rebuilt from the state.

The index finds the contents that a submission may be a copy of. Evidence decides which it is, in verification.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.index import NearIndex
from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.hashes.views import (
    GROUP_ASPECT,
    GROUP_CROPS,
    GROUP_OVAL,
    GROUP_QUARTERS,
    GROUP_WHOLE,
    SEARCH_GROUPS,
    VIEW_PAIRS,
)
from streams.domain.match.images.arrays import (
    REMOVE,
    Candidates,
    copy_contents,
    copy_rows,
    ensure_capacity,
    new_contents,
    new_rows,
    no_candidates,
)
from streams.domain.match.images.batch_arrays import index_batch, join_entries
from streams.domain.match.images.kernel import GroupIndexes, apply_batch, load_contents, remove_content
from streams.domain.match.images.slot_table import enter_slots, find_slots, new_slot_table
from streams.domain.match.operations import (
    FindAppearances,
    FoundAppearance,
    ImageCandidate,
    IndexOperation,
    IndexUpdate,
    MatchAndInsert,
    Remove,
)
from streams.domain.match.videos.appearances import nearest_appearances
from streams.domain.match.videos.kernel import FrameTable, QueryFrames, search_index
from streams.domain.records.ids import content_id_of, digest_of
from streams.domain.state.content import ENTRY_COUNT_AT

GROUPS = (GROUP_WHOLE, GROUP_CROPS, GROUP_OVAL, GROUP_ASPECT, GROUP_QUARTERS)
TYPICAL_RADIUS_BITS = dict.fromkeys(GROUPS, 7) | {GROUP_WHOLE: 12}
"""What most look-ups ask for, by search group: `NearIndex` is fastest at it."""

GROUPS_BY_SIZE = (GROUP_CROPS, GROUP_ASPECT, GROUP_QUARTERS, GROUP_WHOLE, GROUP_OVAL)
INDEXING_THREADS = 2
MIN_REMOVED_TO_COMPACT = 10_000
"""The arrays are rebuilt when this many contents have been removed, and at least as many as are left."""


class ImageIndex:
    """Pictures of one collection, all hashed by one algorithm and version.

    A batch costs a look-up for each entry that is queried and an insert for each entry that is stored (see
    `NearIndex`), all without the GIL. Memory is about 105 bytes for each stored entry, 60 more for that of a whole
    picture once crops are looked up, and 80 for each content.
    """

    def __init__(self) -> None:
        self._indexes = {group: NearIndex(bits) for group, bits in TYPICAL_RADIUS_BITS.items()}
        self._crops_include_whole = False
        self._rows = new_rows(0)
        self._contents = new_contents(0)
        self._slots_used = 0
        self._removed = 0
        self._slot_table = new_slot_table(0)

    def __len__(self) -> int:
        return self._slots_used - self._removed

    @property
    def memory_bytes(self) -> int:
        arrays = (*self._rows, *self._contents, self._slot_table)
        indexes = sum(index.memory_bytes for index in self._indexes.values())
        return indexes + sum(array.nbytes for array in arrays)

    def load(self, data: NDArray[np.uint8], starts: NDArray[np.int64]) -> None:
        """Load contents of the state, as `Content.pack` packs them. They are found only after `index`.

        Args:
            data: bytes, of any number of contents.
            starts: where the contents to load begin.
        """
        self._ensure_capacity(len(starts), int(data[starts + ENTRY_COUNT_AT].sum(dtype=np.int64)))
        load_contents(data, starts, self._slots_used, self._rows, self._contents)
        self._slots_used += len(starts)

    def index(self) -> None:
        """Index all loaded contents, some millions of entries a second; once, before `apply`."""
        self._build_slot_table(self._slots_used)
        hash64, rows = self._rows.hash64, np.arange(self._rows.used[0], dtype=np.uint32)
        groups = SEARCH_GROUPS[self._rows.view_code[rows]]
        self._crops_include_whole = bool((groups == GROUP_CROPS).any())

        def add(group: int) -> None:
            members = rows[groups & self._groups_held_by(group) > 0]
            self._indexes[group].add_batch(hash64[members], members)

        with ThreadPoolExecutor(INDEXING_THREADS) as pool:
            deque(pool.map(add, GROUPS_BY_SIZE), maxlen=0)

    def apply(self, operations: Sequence[IndexOperation]) -> list[list[ImageCandidate] | list[FoundAppearance]]:
        """Apply the operations in order. The result is the same as applying them one at a time.

        Candidates are other contents that have not expired and are within the policy's thresholds: the MAX_CANDIDATES
        nearest, in the order of match/ranking.py.

        Returns:
            An answer for each operation: candidates for `MatchAndInsert`, appearances for `FindAppearances`, an empty
            list for the others.
        """
        answers: list[list[ImageCandidate] | list[FoundAppearance]] = []
        updates: list[IndexUpdate] = []
        for operation in operations:
            if isinstance(operation, FindAppearances):
                answers += self._update(updates)
                answers.append(self._find_appearances(operation))
                updates.clear()
            else:
                updates.append(operation)
        return [*answers, *self._update(updates)]

    def _update(self, operations: Sequence[IndexUpdate]) -> list[list[ImageCandidate]]:
        if not operations:
            return []
        joined = join_entries(operations)
        if not self._crops_include_whole and (joined.query_groups & GROUP_CROPS).any():
            self._add_whole_pictures_to_crops()
        self._reserve(len(operations), joined.stored_group)
        batch = index_batch(operations, joined, *self._assign_slots(operations))
        found = no_candidates(len(operations))
        apply_batch(self._bands(), self._rows, self._contents, batch, found, VIEW_PAIRS, SEARCH_GROUPS)
        removed = np.concatenate((batch.replaced_slot, batch.slot[batch.action == REMOVE]))
        for slot in removed[removed >= 0]:
            self._remove(int(slot))
        candidates = [self._candidates(found, at) for at in range(len(operations))]
        self._compact()
        return candidates

    def _find_appearances(self, operation: FindAppearances) -> list[FoundAppearance]:
        """The whole pictures that a video shows, and when."""
        frames = np.frombuffer(operation.entries, FRAME_ENTRY)
        query = QueryFrames.from_entries(frames, np.array([0, len(frames)], np.int64))
        table = FrameTable(
            self._rows.hash64, self._rows.hash256, self._rows.slot, self._rows.view_code,
            self._contents.alive, self._contents.expires_ms,
            np.zeros(len(self._contents.alive), np.int32),
        )  # fmt: skip
        matches = search_index(
            self._bands().whole, table, query, operation.policy, operation.time_ms, -1, skip_common=False,
            groups=GROUP_WHOLE,
        )  # fmt: skip
        at_ms = frames["from_ms"].astype(np.int64)[matches.entry]
        return nearest_appearances(self._rows.slot[matches.row], matches, at_ms, self._first_ms_and_id)

    def _first_ms_and_id(self, slot: int) -> tuple[int, str]:
        """When a content was first seen, and its id."""
        return int(self._contents.first_ms[slot]), content_id_of(self._contents.digest[slot].astype("<u8").tobytes())

    def _assign_slots(self, operations: Sequence[IndexUpdate]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The slot of each operation's content, and the slot that it replaces; -1 for none.

        A content that `MatchAndInsert` inserts gets a new slot if it has none or has expired.
        """
        digests = _digests([each.content_id for each in operations])
        slots, replaced = self._find_slots(digests), np.full(len(operations), -1, np.int32)
        slots[(slots >= 0) & (self._contents.alive[slots] == 0)] = -1
        assigned: dict[str, int] = {}
        first = self._slots_used
        for at, each in enumerate(operations):
            slot = assigned.get(each.content_id, int(slots[at]))
            if isinstance(each, MatchAndInsert) and (slot < 0 or each.replaces_expired):
                replaced[at] = slot
                slot = assigned[each.content_id] = self._slots_used
                self._slots_used += 1
                self._contents.digest[slot] = digests[at]
                self._contents.first_ms[slot], self._contents.expires_ms[slot] = each.time_ms, each.expires_ms
            elif isinstance(each, Remove):
                assigned[each.content_id] = -1  # a later operation may insert it again
            slots[at] = slot
        enter_slots(self._slot_table, self._contents, first, self._slots_used)
        return slots, replaced

    def _find_slots(self, digests: NDArray[np.uint64]) -> NDArray[np.int32]:
        out = np.empty(len(digests), np.int32)
        find_slots(self._slot_table, self._contents, digests, out)
        return out

    def _candidates(self, found: Candidates, at: int) -> list[ImageCandidate]:
        count = found.found[at]
        if not count:
            return []
        slots = found.slot[at, :count]
        digests = self._contents.digest[slots].astype("<u8")
        return [
            ImageCandidate(content_id_of(digest.tobytes()), hash64_bits, hash256_bits)
            for digest, hash64_bits, hash256_bits in zip(
                digests,
                found.hash64_distance_bits[at, :count].tolist(),
                found.hash256_distance_bits[at, :count].tolist(),
                strict=True,
            )
        ]

    def _remove(self, slot: int) -> None:
        remove_content(slot, self._bands(), self._rows, self._contents, SEARCH_GROUPS)
        self._removed += 1

    def _bands(self) -> GroupIndexes:
        whole, crops, oval, aspect, quarters = (index.bands for index in self._indexes.values())
        return GroupIndexes(whole, crops, oval, aspect, quarters, self._crops_include_whole)

    def _groups_held_by(self, group: int) -> int:
        """The search groups whose rows a group's index holds, or'ed: see `GroupIndexes`."""
        return group | GROUP_WHOLE if group == GROUP_CROPS and self._crops_include_whole else group

    def _add_whole_pictures_to_crops(self) -> None:
        """For the first query that searches the crops."""
        rows = np.arange(self._rows.used[0], dtype=np.uint32)
        alive = self._contents.alive[self._rows.slot[rows]] > 0
        whole = rows[alive & (SEARCH_GROUPS[self._rows.view_code[rows]] == GROUP_WHOLE)]
        self._indexes[GROUP_CROPS].add_batch(self._rows.hash64[whole], whole)
        self._crops_include_whole = True

    def _reserve(self, contents: int, stored_group: NDArray[np.uint8]) -> None:
        """Make room for more contents, and for their entries, given by search group (0: not stored)."""
        self._ensure_capacity(contents, int(np.count_nonzero(stored_group)))
        for group, index in self._indexes.items():
            index.reserve(int(np.count_nonzero(stored_group & self._groups_held_by(group))))
        if 2 * (self._slots_used + contents) > len(self._slot_table):
            self._build_slot_table(self._slots_used + contents)

    def _ensure_capacity(self, more_contents: int, more_rows: int) -> None:
        ensure_capacity(self._rows, int(self._rows.used[0]) + more_rows)
        ensure_capacity(self._contents, self._slots_used + more_contents)

    def _build_slot_table(self, contents: int) -> None:
        self._slot_table = new_slot_table(contents)
        enter_slots(self._slot_table, self._contents, 0, self._slots_used)

    def _compact(self) -> None:
        """Rebuild the arrays without the removed contents, once these are many."""
        if self._removed < max(MIN_REMOVED_TO_COMPACT, len(self)):
            return
        fresh = ImageIndex()
        alive = np.flatnonzero(self._contents.alive[: self._slots_used])
        rows = np.flatnonzero(self._contents.alive[self._rows.slot[: self._rows.used[0]]])
        fresh._ensure_capacity(len(alive), len(rows))
        copy_contents(self._contents, alive, fresh._contents)
        copy_rows(self._rows, rows, fresh._rows)
        counts = fresh._contents.row_count[: len(alive)].astype(np.int64)
        fresh._contents.first_row[: len(alive)] = np.cumsum(counts) - counts
        fresh._rows.slot[: len(rows)] = np.repeat(np.arange(len(alive), dtype=np.int32), counts)
        fresh._slots_used = len(alive)
        fresh.index()
        self.__dict__.update(fresh.__dict__)


def _digests(content_ids: Sequence[str]) -> NDArray[np.uint64]:
    """The sha256 of each content id as four words."""
    data = b"".join(map(digest_of, content_ids))
    return np.frombuffer(data, "<u8").astype(np.uint64, copy=False).reshape(-1, 4)

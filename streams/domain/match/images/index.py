"""The contents of one collection that near duplicates are looked up among, in memory; rebuilt from the state.

Decides nothing but which known content is nearest; what follows from that is decide.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.index import NearIndex
from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.packing import ENTRY
from streams.domain.hashes.views import (
    GROUP_ASPECT,
    GROUP_CROPS,
    GROUP_OVAL,
    GROUP_WHOLE,
    QUERY_GROUPS,
    SEARCH_GROUPS,
    STORED_GROUPS,
    VIEW_PAIRS,
)
from streams.domain.match.images.arrays import (
    FORGET,
    LOOK_UP,
    NOTHING,
    SEE,
    Batch,
    Found,
    found_of,
    make_room,
    move_rows,
    move_slots,
    rows_of,
    slots_of,
)
from streams.domain.match.images.kernel import (
    Indexes,
    drop_rows,
    enter_slots,
    find_and_take_in,
    find_slots,
    unpack_contents,
)
from streams.domain.match.operations import (
    FindAppearances,
    FoundAppearance,
    IndexOperation,
    IndexUpdate,
    MatchAndInsert,
    Refresh,
    Remove,
)
from streams.domain.match.outcome import Hit
from streams.domain.match.videos.appearances import nearest_appearances
from streams.domain.match.videos.kernel import FrameTable, QueryFrames, search_index
from streams.domain.policy.policy import Policy
from streams.domain.records.ids import content_id_of, digest_of
from streams.domain.state.content import ENTRIES_AT, HEADER

LARGEST_FIRST, INDEXED_AT_ONCE = (GROUP_CROPS, GROUP_WHOLE, GROUP_OVAL, GROUP_ASPECT), 2
COMPACT_ABOVE = 10_000
"""So many contents that are gone, or as many as are there, are worth making the arrays anew."""


class NearContents:
    """Contents of one collection, all hashed by one algorithm and version.

    A batch costs a look-up for each queried entry and an insert for each stored one (see `NearIndex`); nothing of it
    holds the GIL. Memory is about 105 bytes a stored entry, 60 more a whole one once crops are looked up, and 80 a
    content.
    """

    def __init__(self) -> None:
        self._indexes = {among: NearIndex() for among in (GROUP_WHOLE, GROUP_CROPS, GROUP_OVAL, GROUP_ASPECT)}
        self._joined = False
        self._rows = rows_of(0)
        self._slots = slots_of(0)
        self._used = 0
        self._gone = 0
        self._table = np.full(64, -1, np.int32)

    def __len__(self) -> int:
        return self._used - self._gone

    @property
    def memory_bytes(self) -> int:
        arrays = (*self._rows, *self._slots, self._table)
        indexes = sum(index.memory_bytes for index in self._indexes.values())
        return indexes + sum(array.nbytes for array in arrays)

    def load(self, data: NDArray[np.uint8], starts: NDArray[np.int64]) -> None:
        """Take in contents as the state holds them, packed by `Content.pack`; found only after `index`.

        Args:
            data: bytes, of any number of contents.
            starts: where those to take in begin.
        """
        self._make_room(len(starts), int(data[starts + ENTRIES_AT].sum(dtype=np.int64)))
        unpack_contents(data, starts, HEADER.size, self._used, self._rows, self._slots)
        self._used += len(starts)

    def index(self) -> None:
        """Make all that was loaded findable, at some millions of entries a second; once, before anything is taken."""
        self._make_table(self._used)
        near, keys = self._rows.hash64, np.arange(self._rows.used[0], dtype=np.uint32)
        among_of = SEARCH_GROUPS[self._rows.view_code[keys]]
        self._joined = bool((among_of == GROUP_CROPS).any())

        def add(among: int) -> None:
            chosen = keys[among_of & self._kept_among(among) > 0]
            self._indexes[among].add_batch(near[chosen], chosen)

        with ThreadPoolExecutor(INDEXED_AT_ONCE) as pool:
            deque(pool.map(add, LARGEST_FIRST), maxlen=0)

    def apply(self, steps: Sequence[IndexOperation]) -> list[Hit | list[FoundAppearance] | None]:
        """Do all in order, exactly as one by one: each sees those before it.

        A content is not found where it is the same content, is forgotten by then, or is farther than the policy's
        thresholds. Of several, a canonical content comes before a member of a group, then one whose whole picture
        matches before one of which parts do, then the least distance of the confirming hash, then of the near hash,
        then the one seen first, then the content id.

        Returns:
            For each step the nearest content; None where there is none, or nothing was looked up; for
            `FindAppearances` its answer.
        """
        answers: list[Hit | list[FoundAppearance] | None] = []
        waiting: list[IndexUpdate] = []
        for step in steps:
            if isinstance(step, FindAppearances):
                answers += self._take(waiting)
                answers.append(self._asked(step))
                waiting.clear()
            else:
                waiting.append(step)
        return [*answers, *self._take(waiting)]

    def _take(self, steps: Sequence[IndexUpdate]) -> list[Hit | None]:
        if not steps:
            return []
        arrays, entries = self._arrays(steps)
        count = len(steps)
        found = found_of(count)
        find_and_take_in(self._bands(), self._rows, self._slots, arrays, found, VIEW_PAIRS, SEARCH_GROUPS)
        gone = np.concatenate((arrays.replaced, arrays.slot[arrays.action == FORGET]))
        for slot in gone[gone >= 0]:
            self._drop(int(slot))
        hits = [self._hit(found, index, entries) if found.slot[index] >= 0 else None for index in range(count)]
        self._compact()
        return hits

    def _asked(self, step: FindAppearances) -> list[FoundAppearance]:
        """Pictures that a video shows, whole, and when."""
        frames = np.frombuffer(step.entries, FRAME_ENTRY)
        asked = QueryFrames.from_entries(frames, np.array([0, len(frames)], np.int64))
        among = FrameTable(
            self._rows.hash64, self._rows.hash256, self._rows.slot, self._rows.view_code,
            self._slots.alive, self._slots.expires_ms,
            np.zeros(len(self._slots.alive), np.int32),
        )  # fmt: skip
        seen = search_index(self._bands().whole, among, asked, step.policy, step.time_ms, -1, skip_common=False)
        at_ms = frames["from_ms"].astype(np.int64)[seen.entry]
        return nearest_appearances(self._rows.slot[seen.row], seen, at_ms, self._named)

    def _named(self, slot: int) -> tuple[int, str]:
        """When a content was first seen, and its id."""
        return int(self._slots.first_ms[slot]), content_id_of(self._slots.digest[slot].astype("<u8").tobytes())

    def _arrays(self, steps: Sequence[IndexUpdate]) -> tuple[Batch, NDArray[np.void]]:
        """The batch as the kernel takes it, with room made and a slot given to every content that is new."""
        lookups = [each if isinstance(each, MatchAndInsert) else None for each in steps]
        blobs = [each.entries if each else b"" for each in lookups]
        rules = np.array([_rules(each.policy) if each else NO_RULES for each in lookups], np.int64).reshape(-1, 4)
        entries = np.frombuffer(b"".join(blobs), ENTRY)
        counts = np.fromiter(map(len, blobs), np.int64, len(blobs)) // ENTRY.itemsize
        levels = np.repeat(rules[:, 0], counts)
        asked = QUERY_GROUPS[levels, entries["view"], entries["orientation"]]
        stored = STORED_GROUPS[levels, entries["view"], entries["orientation"]]
        if not self._joined and (asked & GROUP_CROPS).any():
            self._join()
        time_ms = np.array([getattr(each, "time_ms", 0) for each in steps], np.int64)
        self._reserve(len(steps), stored)
        slots, replaced = self._give_slots(steps)
        action = np.array([ACTIONS[type(each)] for each in steps], np.uint8)
        action[slots < 0] = NOTHING
        return Batch(
            action=action,
            slot=slots,
            replaced=replaced,
            time_ms=time_ms,
            expires_ms=np.array([getattr(each, "expires_ms", 0) for each in steps], np.int64),
            radius_bits=rules[:, 1].astype(np.uint8),
            view_radius_bits=rules[:, 2].astype(np.uint8),
            confirm_bits=rules[:, 3].astype(np.uint16),
            level=rules[:, 0].astype(np.uint8),
            starts=np.concatenate(([0], np.cumsum(counts))),
            hash64=entries["hash64"].astype(np.uint64),
            # Copies, also of a single entry: for an array that cannot be written to, the kernel would be compiled anew.
            hash256=np.array(entries["hash256"], np.uint64, order="C"),
            view_code=entries["view"].copy(),
            orientation=entries["orientation"].copy(),
            asked=asked,
            stored=stored,
        ), entries

    def _give_slots(self, steps: Sequence[IndexUpdate]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The slot of each content, made where there is none or it was forgotten; and the slot that this replaces."""
        digests = _digests([each.content_id for each in steps])
        slots, replaced = self._find(digests), np.full(len(steps), -1, np.int32)
        slots[(slots >= 0) & (self._slots.alive[slots] == 0)] = -1
        given: dict[str, int] = {}
        first = self._used
        for index, each in enumerate(steps):
            known = given.get(each.content_id, int(slots[index]))
            if isinstance(each, MatchAndInsert) and (known < 0 or each.replaces_expired):
                replaced[index] = known
                known = given[each.content_id] = self._used
                self._used += 1
                self._slots.digest[known] = digests[index]
                self._slots.first_ms[known], self._slots.expires_ms[known] = each.time_ms, each.expires_ms
            slots[index] = known
        enter_slots(self._table, self._slots, first, self._used)
        return slots, replaced

    def _find(self, digests: NDArray[np.uint64]) -> NDArray[np.int32]:
        out = np.empty(len(digests), np.int32)
        find_slots(self._table, self._slots, digests, out)
        return out

    def _hit(self, found: Found, index: int, entries: NDArray[np.void]) -> Hit:
        entry = entries[found.entry[index]]
        return Hit(
            self._named(int(found.slot[index]))[1],
            int(found.view_code[index]),
            int(found.orientation[index]),
            int(entry["view"]),
            int(entry["orientation"]),
            int(found.near_bits[index]),
            int(found.confirm_bits[index]),
        )

    def _drop(self, slot: int) -> None:
        drop_rows(slot, self._bands(), self._rows, self._slots, SEARCH_GROUPS)
        self._gone += 1

    def _bands(self) -> Indexes:
        whole, crops, round_, shaped = (index.bands for index in self._indexes.values())
        return Indexes(whole, crops, round_, shaped, self._joined)

    def _kept_among(self, among: int) -> int:
        """Whose rows stand in this index: see `Indexes`."""
        return among | GROUP_WHOLE if among == GROUP_CROPS and self._joined else among

    def _join(self) -> None:
        """Somebody looks among crops for the first time."""
        keys = np.arange(self._rows.used[0], dtype=np.uint32)
        there = self._slots.alive[self._rows.slot[keys]] > 0
        chosen = keys[there & (SEARCH_GROUPS[self._rows.view_code[keys]] == GROUP_WHOLE)]
        self._indexes[GROUP_CROPS].add_batch(self._rows.hash64[chosen], chosen)
        self._joined = True

    def _reserve(self, contents: int, stored: NDArray[np.uint8]) -> None:
        """Room for so many more, and for their entries, `stored` among these."""
        self._make_room(contents, int(np.count_nonzero(stored)))
        for among, index in self._indexes.items():
            index.reserve(int(np.count_nonzero(stored & self._kept_among(among))))
        if 2 * (self._used + contents) > len(self._table):
            self._make_table(self._used + contents)

    def _make_room(self, contents: int, entries: int) -> None:
        make_room(self._rows, int(self._rows.used[0]) + entries)
        make_room(self._slots, self._used + contents)

    def _make_table(self, contents: int) -> None:
        self._table = np.full(max(64, 1 << (4 * contents).bit_length()), -1, np.int32)
        enter_slots(self._table, self._slots, 0, self._used)

    def _compact(self) -> None:
        """Make the arrays anew without the contents that are gone, once these are many."""
        if self._gone < max(COMPACT_ABOVE, len(self)):
            return
        fresh = NearContents()
        kept = np.flatnonzero(self._slots.alive[: self._used])
        rows = np.flatnonzero(self._slots.alive[self._rows.slot[: self._rows.used[0]]])
        fresh._make_room(len(kept), len(rows))
        move_slots(self._slots, kept, fresh._slots)
        move_rows(self._rows, rows, fresh._rows)
        counts = fresh._slots.rows[: len(kept)].astype(np.int64)
        fresh._slots.first_row[: len(kept)] = np.cumsum(counts) - counts
        fresh._rows.slot[: len(rows)] = np.repeat(np.arange(len(kept), dtype=np.int32), counts)
        fresh._used = len(kept)
        fresh.index()
        self.__dict__.update(fresh.__dict__)


def _rules(policy: Policy) -> tuple[int, int, int, int]:
    """Level, radius, radius of views, and of confirmation."""
    confirm_bits = policy.confirm_bits if policy.hash_bits == 256 else 0
    return LEVEL_NUMBERS[policy.views], policy.radius_bits, policy.view_radius_bits, confirm_bits


ACTIONS = {MatchAndInsert: LOOK_UP, Refresh: SEE, Remove: FORGET}
NO_RULES = (0, 0, 0, 0)


def _digests(content_ids: Sequence[str]) -> NDArray[np.uint64]:
    """Each content id's sha256 as four words."""
    data = b"".join(map(digest_of, content_ids))
    return np.frombuffer(data, "<u8").astype(np.uint64, copy=False).reshape(-1, 4)

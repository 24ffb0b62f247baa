"""The kernel that looks up and takes in a batch of contents, in order, as one by one would; numba, without the GIL.

Nothing here is for calling from elsewhere than index.py, which owns the arrays. The plain twin of it
stands in tests/reference/nearest.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from streams.domain.hamming.insert import Bands, delete, insert
from streams.domain.hamming.intrinsics import bit_count, byteswap, word_at
from streams.domain.hamming.jit import compiled
from streams.domain.hamming.search import search_into
from streams.domain.hashes.views import AS_WHOLE, GROUP_ASPECT, GROUP_CROPS, GROUP_OVAL, GROUP_WHOLE, NOT_COMPARED
from streams.domain.match.images.arrays import FORGET, NOTHING, SEE, Batch, Found, Rows, Slots
from streams.domain.state.content import MEMBER

FIRST_FOUND = 4096


class Indexes(NamedTuple):
    """Of rows, by what they are looked up among (`streams.domain.hashes.views.AMONG`).

    Whoever looks among crops looks among whole pictures, too: once something does, these stand among the crops as well,
    `joined`, since one look-up in both costs little more than in either.
    """

    whole: Bands
    crops: Bands
    oval: Bands
    shaped: Bands
    joined: bool


@compiled()
def _less(one: Any, other: Any) -> bool:
    for word in range(4):
        if one[word] != other[word]:
            return bool(one[word] < other[word])
    return False


@compiled()
def _consider(
    index: int, entry: int, count: int, keys: Any, distances: Any, rows: Rows, slots: Slots, batch: Batch,
    found: Found, pairs: Any,
) -> None:  # fmt: skip
    """Of the rows found for an entry, keep the best: see `NearContents.take`."""
    level, view, own = batch.level[index], batch.view_code[entry], batch.slot[index]
    for at in range(count):
        row = keys[at]
        slot = rows.slot[row]
        rule = pairs[level, view, rows.view_code[row]]
        near_bits = distances[at]
        limit = batch.radius_bits[index] if rule == AS_WHOLE else batch.view_radius_bits[index]
        if rule == NOT_COMPARED or near_bits > limit or slot == own:
            continue
        if not slots.alive[slot] or slots.expires_ms[slot] < batch.time_ms[index]:
            continue
        confirm_bits = 0
        for word in range(4):
            confirm_bits += bit_count(batch.hash256[entry, word] ^ rows.hash256[row, word])
        if confirm_bits > batch.confirm_bits[index]:
            continue
        best = found.slot[index]
        if best >= 0:
            best_rule = pairs[level, batch.view_code[found.entry[index]], found.view_code[index]]
            if slots.member[slot] != slots.member[best]:
                better = slots.member[slot] < slots.member[best]
            elif rule != best_rule:  # all of a picture says more than parts of it, which are nearer more often
                better = rule == AS_WHOLE
            elif confirm_bits != found.confirm_bits[index]:
                better = confirm_bits < found.confirm_bits[index]
            elif near_bits != found.near_bits[index]:
                better = near_bits < found.near_bits[index]
            elif slots.first_ms[slot] != slots.first_ms[best]:
                better = slots.first_ms[slot] < slots.first_ms[best]
            elif slot != best:
                better = _less(slots.digest[slot], slots.digest[best])
            else:  # the same content through other entries: the first entry, and of its views the first
                better = entry == found.entry[index] and (rows.view_code[row], rows.orientation[row]) < (
                    found.view_code[index],
                    found.orientation[index],
                )
            if not better:
                continue
        found.slot[index] = slot
        found.view_code[index] = rows.view_code[row]
        found.orientation[index] = rows.orientation[row]
        found.entry[index] = entry
        found.near_bits[index] = near_bits
        found.confirm_bits[index] = confirm_bits


@compiled()
def _insert(indexes: Indexes, among: int, code: np.uint64, row: int) -> None:
    if among == GROUP_WHOLE:
        insert(indexes.whole, code, np.uint32(row))
    if among == GROUP_CROPS or (among == GROUP_WHOLE and indexes.joined):
        insert(indexes.crops, code, np.uint32(row))
    if among == GROUP_OVAL:
        insert(indexes.oval, code, np.uint32(row))
    if among == GROUP_ASPECT:
        insert(indexes.shaped, code, np.uint32(row))


@compiled()
def _delete(indexes: Indexes, among: int, code: np.uint64, row: int) -> None:
    if among == GROUP_WHOLE:
        delete(indexes.whole, code, np.uint32(row))
    if among == GROUP_CROPS or (among == GROUP_WHOLE and indexes.joined):
        delete(indexes.crops, code, np.uint32(row))
    if among == GROUP_OVAL:
        delete(indexes.oval, code, np.uint32(row))
    if among == GROUP_ASPECT:
        delete(indexes.shaped, code, np.uint32(row))


@compiled()
def _take_in(index: int, indexes: Indexes, rows: Rows, slots: Slots, batch: Batch) -> None:
    slot = batch.slot[index]
    slots.first_row[slot] = rows.used[0]
    for entry in range(batch.starts[index], batch.starts[index + 1]):
        if not batch.stored[entry]:
            continue
        row = rows.used[0]
        rows.used[0] += 1
        rows.hash64[row] = batch.hash64[entry]
        for word in range(4):
            rows.hash256[row, word] = batch.hash256[entry, word]
        rows.slot[row] = slot
        rows.view_code[row] = batch.view_code[entry]
        rows.orientation[row] = batch.orientation[entry]
        _insert(indexes, batch.stored[entry], batch.hash64[entry], row)
    slots.rows[slot] = rows.used[0] - slots.first_row[slot]


@compiled()
def find_and_take_in(
    indexes: Indexes, rows: Rows, slots: Slots, batch: Batch, found: Found, pairs: Any, among_of: Any
) -> None:
    """Do a batch in order. Room for all its stored entries has been reserved in rows and indexes.

    Args:
        indexes: of the rows.
        rows: written.
        slots: written.
        batch: read.
        found: written; `slot` must be -1 everywhere.
        pairs: `streams.domain.hashes.views.PAIRS`.
        among_of: `streams.domain.hashes.views.AMONG`.
    """
    keys, distances = np.empty(FIRST_FOUND, np.uint32), np.empty(FIRST_FOUND, np.uint8)
    for index in range(len(batch.action)):
        if batch.action[index] == NOTHING:
            continue
        slot = batch.slot[index]
        if batch.action[index] == SEE:
            slots.expires_ms[slot] = batch.expires_ms[index]
            continue
        if batch.action[index] == FORGET:
            slots.alive[slot] = 0
            continue
        if batch.replaced[index] >= 0:
            slots.alive[batch.replaced[index]] = 0
        for entry in range(batch.starts[index], batch.starts[index + 1]):
            code, is_whole = batch.hash64[entry], among_of[batch.view_code[entry]] == GROUP_WHOLE
            for among in (GROUP_WHOLE, GROUP_CROPS, GROUP_OVAL, GROUP_ASPECT):
                if not batch.asked[entry] & among:
                    continue
                if among == GROUP_WHOLE and not is_whole and batch.asked[entry] & GROUP_CROPS:
                    continue  # they are looked up among the crops
                whole_pair = is_whole and among == GROUP_WHOLE
                radius = np.int64(batch.radius_bits[index] if whole_pair else batch.view_radius_bits[index])
                count, room = 0, -1
                while count > room:  # the calls stand here, since handing over all indexes costs 1 µs
                    room = len(keys)
                    if among == GROUP_WHOLE:
                        count = search_into(indexes.whole, code, radius, keys, distances)
                    elif among == GROUP_CROPS:
                        count = search_into(indexes.crops, code, radius, keys, distances)
                    elif among == GROUP_OVAL:
                        count = search_into(indexes.oval, code, radius, keys, distances)
                    else:
                        count = search_into(indexes.shaped, code, radius, keys, distances)
                    if count > room:
                        keys, distances = np.empty(2 * count, np.uint32), np.empty(2 * count, np.uint8)
                _consider(index, entry, count, keys, distances, rows, slots, batch, found, pairs)
        if not slots.alive[slot]:  # else it was taken in before a kill, and is only decided again
            slots.member[slot] = found.slot[index] >= 0
            _take_in(index, indexes, rows, slots, batch)
            slots.alive[slot] = 1


@compiled()
def unpack_contents(data: Any, starts: Any, header_bytes: int, slot: int, rows: Rows, slots: Slots) -> None:
    """Read contents as `state.content` packs them into slots from `slot` on, and their rows; room is there.

    Args:
        data: bytes, one content after the other.
        starts: where each begins.
        header_bytes: size of a content's header, after which its entries stand.
        slot: the first to be used.
        rows: written.
        slots: written.
    """
    for start in starts:
        slots.first_ms[slot] = np.int64(word_at(data, start + 4))
        slots.expires_ms[slot] = np.int64(word_at(data, start + 12))
        for word in range(4):
            slots.digest[slot, word] = word_at(data, start + 20 + 8 * word)
        slots.member[slot] = data[start + 1] & MEMBER
        slots.alive[slot] = 1
        slots.first_row[slot] = rows.used[0]
        slots.rows[slot] = data[start + 3]
        for entry in range(data[start + 3]):
            at, row = start + header_bytes + 42 * entry, rows.used[0]
            rows.view_code[row] = data[at]
            rows.orientation[row] = data[at + 1]
            rows.hash64[row] = byteswap(word_at(data, at + 2))
            for word in range(4):
                rows.hash256[row, word] = byteswap(word_at(data, at + 10 + 8 * word))
            rows.slot[row] = slot
            rows.used[0] += 1
        slot += 1


@compiled()
def drop_rows(slot: int, indexes: Indexes, rows: Rows, slots: Slots, among_of: Any) -> None:
    """Take the rows of a content out of the indexes."""
    first = slots.first_row[slot]
    for row in range(first, first + np.int64(slots.rows[slot])):
        _delete(indexes, among_of[rows.view_code[row]], rows.hash64[row], row)
    slots.rows[slot] = 0
    slots.alive[slot] = 0


@compiled()
def find_slots(table: Any, slots: Slots, digests: Any, out: Any) -> None:
    """The slot of each digest (n × 4), or -1; `table` is open addressing by the digest's first word."""
    mask = np.uint64(len(table) - 1)
    for index in range(len(digests)):
        place = digests[index, 0] & mask
        out[index] = -1
        while table[place] >= 0:
            slot = table[place]
            if _same(slots.digest[slot], digests[index]):
                out[index] = slot
                break
            place = (place + np.uint64(1)) & mask


@compiled()
def enter_slots(table: Any, slots: Slots, first: int, end: int) -> None:
    """Put the digests of slots from `first` up to `end` into the table, in place of an older slot of equal digest."""
    mask = np.uint64(len(table) - 1)
    for slot in range(first, end):
        place = slots.digest[slot, 0] & mask
        while table[place] >= 0 and not _same(slots.digest[table[place]], slots.digest[slot]):
            place = (place + np.uint64(1)) & mask
        table[place] = slot


@compiled()
def _same(one: Any, other: Any) -> bool:
    return bool(one[0] == other[0] and one[1] == other[1] and one[2] == other[2] and one[3] == other[3])

"""The pairs of views in which a submission and a known picture are near: each implies where one lies in the other."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from streams.domain.evidence.verify import MatchedViews
from streams.domain.hamming.intrinsics import bit_count, word_at
from streams.domain.hamming.jit import compiled
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.views import AS_WHOLE, NOT_COMPARED, QUERY_GROUPS, SEARCH_GROUPS, VIEW_PAIRS
from streams.domain.policy.policy import Policy
from streams.domain.state.content import ENTRY_BYTES, HASH64_AT, HASH256_AT, ORIENTATION_AT, VIEW_AT

MAX_PAIRS: Final = 64
"""So many of the nearest pairs are kept: all that differ in what they imply are among them."""


class NearPair(NamedTuple):
    """An entry of the submission and an entry of a known picture, both distances within the policy's thresholds.

    Pairs are compared as tuples: the nearest is the lowest.

    Attributes:
        hash256_distance_bits: 0 if the policy compares one hash.
        hash64_distance_bits: of the 64-bit hashes, or of the only hashes that the policy compares.
        rule: AS_WHOLE or AS_DERIVED.
        entry: number of the submission's entry.
        view: of the submission.
        orientation: of the submission's entry.
        known_view: of the known picture.
        known_orientation: of the known picture's entry.
    """

    hash256_distance_bits: int
    hash64_distance_bits: int
    rule: int
    entry: int
    view: int
    orientation: int
    known_view: int
    known_orientation: int

    @property
    def views(self) -> MatchedViews:
        return MatchedViews(self.known_view, self.known_orientation, self.view, self.orientation)


def near_pairs(own: bytes, known: bytes, policy: Policy) -> list[NearPair]:
    """The nearest pairs, at most MAX_PAIRS.

    Args:
        own: entries of the submission, as `hashes.packing.ENTRY` packs them.
        known: stored entries of the known picture.
        policy: of the submission.
    """
    level = LEVEL_NUMBERS[policy.views]
    confirm_bits = policy.confirm_bits if policy.hash_bits == 256 else 0
    keys = _near_pairs(
        np.frombuffer(own, np.uint8), np.frombuffer(known, np.uint8), policy.radius_bits, policy.view_radius_bits,
        confirm_bits, VIEW_PAIRS[level], QUERY_GROUPS[level], SEARCH_GROUPS,
    )  # fmt: skip
    return [_pair(key, own) for key in np.sort(keys)[:MAX_PAIRS].tolist()]


@compiled()
def _near_pairs(
    own: Any, known: Any, radius_bits: int, view_radius_bits: int, confirm_bits: int, view_pairs: Any,
    query_groups: Any, search_groups: Any,
) -> Any:  # fmt: skip
    """Keys, see `_pair`."""
    own_count, known_count = len(own) // ENTRY_BYTES, len(known) // ENTRY_BYTES
    keys = np.empty(own_count * known_count, np.int64)
    found = 0
    for entry in range(own_count):
        at = entry * ENTRY_BYTES
        view, groups = own[at + VIEW_AT], query_groups[own[at + VIEW_AT], own[at + ORIENTATION_AT]]
        if not groups:
            continue
        hash64 = word_at(own, at + HASH64_AT)
        for known_entry in range(known_count):
            there = known_entry * ENTRY_BYTES
            known_view = known[there + VIEW_AT]
            rule = view_pairs[view, known_view]
            if rule == NOT_COMPARED or not groups & search_groups[known_view]:
                continue
            near = bit_count(hash64 ^ word_at(known, there + HASH64_AT))
            if near > (radius_bits if rule == AS_WHOLE else view_radius_bits):
                continue
            confirm = 0
            for word in range(4):
                confirm += bit_count(
                    word_at(own, at + HASH256_AT + 8 * word) ^ word_at(known, there + HASH256_AT + 8 * word)
                )
            if confirm <= confirm_bits:
                key = np.int64(confirm) << 50 | np.int64(near) << 40 | np.int64(rule) << 36 | np.int64(entry) << 16
                keys[found] = key | np.int64(known_view) << 8 | np.int64(known[there + ORIENTATION_AT])
                found += 1
    return keys[:found]


def _pair(key: int, own: bytes) -> NearPair:
    entry = key >> 16 & 0xFFFFF
    at = entry * ENTRY_BYTES
    return NearPair(
        key >> 50, key >> 40 & 0x3FF, key >> 36 & 0xF, entry,
        own[at + VIEW_AT], own[at + ORIENTATION_AT], key >> 8 & 0xFF, key & 0xFF,
    )  # fmt: skip

"""A picture in the form that is compared: entries of its views, evidence, hashes of other tools."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.evidence import Evidence, unpack_evidence
from streams.domain.evidence.verify import MatchedViews
from streams.domain.fingerprint import fingerprint_image
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.packing import ENTRY, ORIENTATION_MASK
from streams.domain.hashes.views import AS_WHOLE, SEARCH_GROUPS, VIEW_PAIRS, query_groups
from streams.domain.match.selection import comparable_entries, stored_entries
from streams.domain.policy.policy import Policy
from streams.domain.records.fingerprint import MediaFacts
from tests.bench.detection import PEERS, Peer
from tests.bench.lookalikes.families import decoded

TODAY = Policy.of()
WIDE = Policy.of(radius_bits=12, view_radius_bits=12, confirm_bits=92)
"""Candidates may be looked up this much wider where evidence decides; see `streams.domain.evidence`."""

MAX_VERIFIED = 16
"""Candidates of one submission that are verified at most, the nearest first."""


PHASH_PEER, PDQ_PEER = "imagehash.phash ≤ 10", "PDQ ≤ 31"


def available_peers() -> dict[str, Peer]:
    """The hashes of other tools that are measured; PDQ only where the optional library pdqhash is installed."""
    names = [PHASH_PEER] if find_spec("pdqhash") is None else [PHASH_PEER, PDQ_PEER]
    return {name: PEERS[name] for name in names}


@dataclass(frozen=True)
class HashedPicture:
    """`entries` are those of a submission, of the views of level standard."""

    facts: MediaFacts
    entries: NDArray[np.void]
    evidence: Evidence
    codes: Mapping[str, bytes]


def hash_picture(file: bytes) -> HashedPicture:
    facts = fingerprint_image(file)
    shown = decoded(file)
    return HashedPicture(
        facts,
        np.frombuffer(comparable_entries(facts, TODAY).entries, ENTRY),
        evidence_of(facts),
        {name: peer.hasher(shown) for name, peer in available_peers().items()},
    )


def evidence_of(facts: MediaFacts) -> Evidence:
    evidence = unpack_evidence(b64decode(facts.evidence))
    assert evidence is not None
    return evidence


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known picture that hashes propose: its number, the views that matched (nearest first), the nearest's distances.

    The distance in 64 bits is that of the pair that is nearest in 256.
    """

    number: int
    views: tuple[MatchedViews, ...]
    hash64_distance_bits: int
    hash256_distance_bits: int


class KnownPictures:
    """The pictures of a family as the state keeps them. Slow and plain: every entry is compared with every other."""

    def __init__(self, known: Sequence[HashedPicture]) -> None:
        packed = [stored_entries(each.entries.tobytes(), TODAY) for each in known]
        self._entries = np.frombuffer(b"".join(packed), ENTRY)
        self._owners = np.repeat(np.arange(len(packed)), [len(each) // ENTRY.itemsize for each in packed])
        self._hash64 = self._entries["hash64"].astype(np.uint64)
        self._hash256 = self._entries["hash256"].astype(np.uint64)
        self._codes = {name: _as_words([each.codes[name] for each in known]) for name in available_peers()}

    def candidates(self, submitted: HashedPicture, policy: Policy) -> list[Candidate]:
        """All known pictures that match by hashes, the nearest first."""
        entries = submitted.entries[query_groups(submitted.entries, policy.views) > 0]
        asked, found, bits = self._matching_entries(entries, policy)
        by_owner: dict[int, list[tuple[int, int, MatchedViews]]] = {}
        for at in np.argsort(bits, kind="stable").tolist():
            known, query = self._entries[found[at]], entries[asked[at]]
            views = MatchedViews(
                int(known["view"]),
                int(known["orientation"]) & ORIENTATION_MASK,
                int(query["view"]),
                int(query["orientation"]) & ORIENTATION_MASK,
            )
            near = int(known["hash64"] ^ query["hash64"]).bit_count()
            by_owner.setdefault(int(self._owners[found[at]]), []).append((near, int(bits[at]), views))
        return [
            Candidate(number, tuple(views for _, _, views in pairs), *pairs[0][:2])
            for number, pairs in by_owner.items()
        ]

    def _matching_entries(
        self, entries: NDArray[np.void], policy: Policy
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the submission's entries, rows of the known ones and their distances in 256 bits."""
        groups = query_groups(entries, policy.views)
        asked: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        found: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        distances: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        for row, entry in enumerate(entries):
            rules = VIEW_PAIRS[LEVEL_NUMBERS[policy.views], entry["view"], self._entries["view"]]
            compared = (rules > 0) & (SEARCH_GROUPS[self._entries["view"]] & groups[row] > 0)
            limits = np.where(rules == AS_WHOLE, policy.radius_bits, policy.view_radius_bits)
            near = np.bitwise_count(self._hash64 ^ np.uint64(entry["hash64"])) <= limits
            rows = np.flatnonzero(compared & near)
            differing = self._hash256[rows] ^ entry["hash256"].astype(np.uint64)
            bits = np.bitwise_count(differing).sum(axis=1, dtype=np.int64)
            confirmed = bits <= policy.confirm_bits
            found.append(rows[confirmed])
            distances.append(bits[confirmed])
            asked.append(np.full(int(confirmed.sum()), row, np.int64))
        return np.concatenate(asked), np.concatenate(found), np.concatenate(distances)

    def joined_by_peer(self, submitted: HashedPicture) -> dict[str, set[int]]:
        """By tool, the numbers of the known pictures within its threshold."""
        joined: dict[str, set[int]] = {}
        for name, peer in available_peers().items():
            bits = np.bitwise_count(self._codes[name] ^ _as_words([submitted.codes[name]])).sum(axis=1)
            joined[name] = set(np.flatnonzero(bits <= peer.radius_bits).tolist())
        return joined


def _as_words(codes: Sequence[bytes]) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(codes), ">u8").astype(np.uint64).reshape(len(codes), -1)

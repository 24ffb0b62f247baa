"""Compares two pictures: every distance that a policy looks at, and the match that it comes to.

For people who ask why; it decides as the index does, and leaves nothing out. Finding a match among millions of pictures
is in index.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.evidence import unpack_evidence
from streams.domain.evidence.judge import Judgement
from streams.domain.evidence.verify import MatchedViews
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.orientation import ORIENTATION_NAMES
from streams.domain.hashes.packing import ENTRY, ORIENTATION_MASK
from streams.domain.hashes.transformation import transformation_between
from streams.domain.hashes.views import AS_WHOLE, SEARCH_GROUPS, VIEW_PAIRS, VIEWS, query_groups
from streams.domain.match.images.pairs import near_pairs
from streams.domain.match.images.verification import compare, judge_pairs
from streams.domain.match.outcome import exact_match, near_match
from streams.domain.match.selection import comparable_entries, packed_evidence, stored_entries
from streams.domain.moderation.standing import Standing
from streams.domain.policy.policy import Policy
from streams.domain.records import Match, MediaFacts
from streams.domain.state.content import Content

Distances = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ViewComparison:
    """A view of the submission and a view of the known picture, compared by their nearest pair of entries.

    All fields but `pair` are fields of `mediasieve explain --json`.

    Attributes:
        view: of the submission.
        turn: orientation of the submission's entry: how its upright view was turned before it was hashed.
        known_view: of the known picture.
        known_turn: orientation of the known picture's entry.
        near_bits: distance of the 64-bit hashes, or of the only hashes that the policy compares.
        near_threshold_bits: the largest `near_bits` that matches.
        near_hash: in hex.
        known_near_hash: in hex.
        confirm_bits: distance of the 256-bit hashes. This and the next three are None if the policy compares one hash.
        confirm_threshold_bits: the largest `confirm_bits` that matches.
        confirm_hash: in hex.
        known_confirm_hash: in hex.
        transformation: what the pair means if it matches (`hashes.transformation.transformation_between`).
        pair: the codes of the views and their orientations.
    """

    view: str
    turn: str
    known_view: str
    known_turn: str
    near_bits: int
    near_threshold_bits: int
    near_hash: str
    known_near_hash: str
    confirm_bits: int | None
    confirm_threshold_bits: int | None
    confirm_hash: str | None
    known_confirm_hash: str | None
    transformation: str
    pair: MatchedViews

    @property
    def matches(self) -> bool:
        """Both distances are within their thresholds."""
        confirmed = self.confirm_bits is None or self.confirm_bits <= (self.confirm_threshold_bits or 0)
        return confirmed and self.near_bits <= self.near_threshold_bits


def compare_pictures(known: MediaFacts, submitted: MediaFacts, policy: Policy) -> list[ViewComparison]:
    """Compare all pairs of views that a policy compares when one picture is known and the other submitted.

    Returns:
        One comparison for each pair of views: first pairs that match, of these first whole pictures, then nearer ones.
        Empty if the policy looks for no near duplicates, or if a picture has nothing to compare (its quality is below
        `min_quality`, or it has no hash of this algorithm and version).

    Raises:
        BadInput: bad_field, if a hash is not what its name says.
    """
    algorithm, own_packed = comparable_entries(submitted, policy)
    known_algorithm, known_packed = comparable_entries(known, policy)
    if not algorithm or algorithm != known_algorithm:
        return []
    own, other = np.frombuffer(own_packed, ENTRY), np.frombuffer(stored_entries(known_packed, policy), ENTRY)
    own = own[query_groups(own, policy.views) > 0]
    rules = _rules(own, other, policy)
    hash64_distances, hash256_distances = _distances(own, other)
    near_limits = np.where(rules == AS_WHOLE, policy.radius_bits, policy.view_radius_bits)
    confirm_limit = policy.confirm_bits if policy.hash_bits == 256 else 0
    outside = (hash64_distances > near_limits) | (hash256_distances > confirm_limit)
    views, orientations = other["view"].tolist(), other["orientation"].tolist()

    def order(pair: tuple[int, int]) -> tuple[object, ...]:
        row, column = pair
        distances = int(hash256_distances[pair]), int(hash64_distances[pair])
        return bool(outside[pair]), int(rules[pair]), distances, row, views[column], orientations[column]

    found: dict[tuple[int, int], ViewComparison] = {}
    for row, column in sorted(((int(row), int(column)) for row, column in np.argwhere(rules)), key=order):
        pair = int(own["view"][row]), views[column]
        if pair not in found:
            distances = int(hash64_distances[row, column]), int(hash256_distances[row, column])
            found[pair] = _comparison(own[row], other[column], distances, policy)
    return list(found.values())


def match_pictures(
    known: MediaFacts, submitted: MediaFacts, policy: Policy, *, media_id: str, submitted_id: str = ""
) -> Match | None:
    """The match of a decision if only this picture were known, as medium `media_id`; None if they do not match.

    `submitted_id` is the medium that is submitted: it names a group of its own.

    Raises:
        BadInput: as `compare_pictures`.
    """
    content = Content(known.content_id, media_id, "", known.content_id, media_id, 0, 0, b"")
    if known.content_id == submitted.content_id:
        return exact_match(content, Standing.of(content))
    algorithm, entries = comparable_entries(known, policy)
    own_algorithm, own_entries = comparable_entries(submitted, policy)
    if not algorithm or algorithm != own_algorithm:
        return None
    content = replace(content, entries=stored_entries(entries, policy))
    copy = compare(content, packed_evidence(known), own_entries, packed_evidence(submitted), policy)
    if copy is None:
        return None
    group = (known.content_id, media_id) if copy.is_reused else (submitted.content_id, submitted_id)
    return near_match(copy, policy, group)


def judge_pictures(known: MediaFacts, submitted: MediaFacts, policy: Policy) -> Judgement | None:
    """What the evidence says when one picture is known and the other submitted, also where it refuses a match.

    Returns:
        None if no views are near enough for a candidate, or a picture has no evidence.

    Raises:
        BadInput: as `compare_pictures`, or the evidence is damaged.
    """
    algorithm, entries = comparable_entries(known, policy)
    own_algorithm, own_entries = comparable_entries(submitted, policy)
    of_known, of_query = unpack_evidence(packed_evidence(known)), unpack_evidence(packed_evidence(submitted))
    if not algorithm or algorithm != own_algorithm or of_known is None or of_query is None:
        return None
    pairs = near_pairs(own_entries, stored_entries(entries, policy), policy)
    return judge_pairs(pairs, of_known, of_query, policy) if pairs else None


def _rules(own: NDArray[np.void], other: NDArray[np.void], policy: Policy) -> NDArray[np.uint8]:
    """AS_WHOLE or AS_DERIVED for each pair of entries, which decides about its radius; 0 for pairs not compared."""
    rules: NDArray[np.uint8] = VIEW_PAIRS[LEVEL_NUMBERS[policy.views], own["view"][:, None], other["view"][None]]
    searched = query_groups(own, policy.views)[:, None] & SEARCH_GROUPS[other["view"]][None] > 0
    return np.where(searched, rules, 0).astype(np.uint8)


def _distances(own: NDArray[np.void], other: NDArray[np.void]) -> tuple[Distances, Distances]:
    hash64_distances = np.bitwise_count(own["hash64"][:, None] ^ other["hash64"][None]).astype(np.int64)
    hash256_distances = np.bitwise_count(own["hash256"][:, None] ^ other["hash256"][None]).sum(axis=2, dtype=np.int64)
    return hash64_distances, hash256_distances


def _comparison(own: Any, other: Any, distances: tuple[int, int], policy: Policy) -> ViewComparison:
    hash64_distance_bits, hash256_distance_bits = distances
    view, known_view = VIEWS[own["view"]], VIEWS[other["view"]]
    orientation, known_orientation = int(own["orientation"]), int(other["orientation"])
    confirmed = policy.hash_bits == 256
    return ViewComparison(
        view=view.name,
        turn=ORIENTATION_NAMES[orientation & ORIENTATION_MASK],
        known_view=known_view.name,
        known_turn=ORIENTATION_NAMES[known_orientation & ORIENTATION_MASK],
        near_bits=hash64_distance_bits,
        near_threshold_bits=policy.radius_bits if view.whole and known_view.whole else policy.view_radius_bits,
        near_hash=_hash64_hex(own, policy),
        known_near_hash=_hash64_hex(other, policy),
        confirm_bits=hash256_distance_bits if confirmed else None,
        confirm_threshold_bits=policy.confirm_bits if confirmed else None,
        confirm_hash=_hash256_hex(own) if confirmed else None,
        known_confirm_hash=_hash256_hex(other) if confirmed else None,
        transformation=transformation_between(view.code, orientation, known_view.code, known_orientation),
        pair=MatchedViews(known_view.code, known_orientation, view.code, orientation),
    )


def _hash64_hex(entry: Any, policy: Policy) -> str:
    return f"{int(entry['hash64']):0{min(policy.hash_bits, 64) // 4}x}"


def _hash256_hex(entry: Any) -> str:
    return "".join(f"{int(word):016x}" for word in entry["hash256"])

"""Two pictures held against each other: every distance that a policy looks at, and what it comes to.

As matching decides it, with nothing left out, for people who ask why. Looking up among millions is index.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.orientation import ORIENTATION_NAMES
from streams.domain.hashes.packing import ENTRY
from streams.domain.hashes.selection import comparable_entries, stored_entries
from streams.domain.hashes.transformation import transformation_between
from streams.domain.hashes.views import AS_WHOLE, SEARCH_GROUPS, VIEW_PAIRS, VIEWS, query_groups
from streams.domain.match.outcome import Hit, exact_match, near_match
from streams.domain.policy.policy import Policy
from streams.domain.records import Match, MediaFacts
from streams.domain.state.content import Content

Distances = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ViewComparison:
    """A view of the submission beside one of the known picture, through the forms of both that are nearest.

    `orientation` and `known_orientation` name those forms: what was done to each upright view before it was hashed. `near_bits` is
    the distance of the hashes that are looked up by, `confirm_bits` that of those of 256 bits which confirm, None
    under a policy that compares by one hash alone; the hashes are in hex. `transformation` is what this pair would
    mean if it matched (`streams.domain.hashes.views.undone`). `hit` is all of it for `near_match`.
    """

    view: str
    orientation: str
    known_view: str
    known_orientation: str
    near_bits: int
    near_threshold_bits: int
    near_hash: str
    known_near_hash: str
    confirm_bits: int | None
    confirm_threshold_bits: int | None
    confirm_hash: str | None
    known_confirm_hash: str | None
    transformation: str
    hit: Hit

    @property
    def matches(self) -> bool:
        """Both distances are within their thresholds."""
        confirmed = self.confirm_bits is None or self.confirm_bits <= (self.confirm_threshold_bits or 0)
        return confirmed and self.near_bits <= self.near_threshold_bits


def compare_pictures(known: MediaFacts, submitted: MediaFacts, policy: Policy) -> list[ViewComparison]:
    """Every pair of views that a policy compares when one picture is known and the other submitted.

    Returns:
        One comparison a pair of views: those that match first, then whole pictures before parts, then by the distance
        of the confirming hash, then of the near hash. None if the policy looks for no near duplicates, or one of the
        two has nothing to compare by (less quality than `min_quality`, no hash of this algorithm and version).

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
    near_bits, confirm_bits = _distances(own, other)
    near_limits = np.where(rules == AS_WHOLE, policy.radius_bits, policy.view_radius_bits)
    confirm_limit = policy.confirm_bits if policy.hash_bits == 256 else 0
    outside = (near_bits > near_limits) | (confirm_bits > confirm_limit)
    rows, columns = np.nonzero(rules)
    # As NearContents.take prefers them, and its entries of one distance in their order.
    order = np.lexsort(
        (
            other["orientation"][columns],
            other["view"][columns],
            rows,
            near_bits[rows, columns],
            confirm_bits[rows, columns],
            rules[rows, columns],
            outside[rows, columns],
        )
    )
    found: dict[tuple[int, int], ViewComparison] = {}
    for at in order:
        row, column = int(rows[at]), int(columns[at])
        pair = int(own["view"][row]), int(other["view"][column])
        if pair not in found:
            distances = int(near_bits[row, column]), int(confirm_bits[row, column])
            found[pair] = _comparison(own[row], other[column], distances, known.content_id, policy)
    return list(found.values())


def match_pictures(known: MediaFacts, submitted: MediaFacts, policy: Policy, *, media_id: str) -> Match | None:
    """The match that a decision would have if only this picture were known, as medium `media_id`; None if it is none.

    Raises:
        BadInput: as `compare_pictures`.
    """
    content = Content(known.content_id, media_id, "", known.content_id, media_id, 0, 0, b"")
    if known.content_id == submitted.content_id:
        return exact_match(content)
    nearest = next(iter(compare_pictures(known, submitted, policy)), None)
    return near_match(nearest.hit, content, policy) if nearest is not None and nearest.matches else None


def _rules(own: NDArray[np.void], other: NDArray[np.void], policy: Policy) -> NDArray[np.uint8]:
    """For each pair of entries AS_WHOLE or AS_DERIVED, by which its radius goes; 0 where it is not compared."""
    rules: NDArray[np.uint8] = VIEW_PAIRS[LEVEL_NUMBERS[policy.views], own["view"][:, None], other["view"][None]]
    asked = query_groups(own, policy.views)[:, None] & SEARCH_GROUPS[other["view"]][None] > 0
    return np.where(asked, rules, 0).astype(np.uint8)


def _distances(own: NDArray[np.void], other: NDArray[np.void]) -> tuple[Distances, Distances]:
    near = np.bitwise_count(own["hash64"][:, None] ^ other["hash64"][None]).astype(np.int64)
    confirm = np.bitwise_count(own["hash256"][:, None] ^ other["hash256"][None]).sum(axis=2, dtype=np.int64)
    return near, confirm


def _comparison(own: Any, other: Any, distances: tuple[int, int], content_id: str, policy: Policy) -> ViewComparison:
    near_bits, confirm_bits = distances
    view, known_view = VIEWS[own["view"]], VIEWS[other["view"]]
    orientation, known_orientation = int(own["orientation"]), int(other["orientation"])
    confirmed = policy.hash_bits == 256
    return ViewComparison(
        view=view.name,
        orientation=ORIENTATION_NAMES[orientation & 7],
        known_view=known_view.name,
        known_orientation=ORIENTATION_NAMES[known_orientation & 7],
        near_bits=near_bits,
        near_threshold_bits=policy.radius_bits if view.whole and known_view.whole else policy.view_radius_bits,
        near_hash=_near_hex(own, policy),
        known_near_hash=_near_hex(other, policy),
        confirm_bits=confirm_bits if confirmed else None,
        confirm_threshold_bits=policy.confirm_bits if confirmed else None,
        confirm_hash=_confirm_hex(own) if confirmed else None,
        known_confirm_hash=_confirm_hex(other) if confirmed else None,
        transformation=transformation_between(view.code, orientation, known_view.code, known_orientation),
        hit=Hit(content_id, known_view.code, known_orientation, view.code, orientation, near_bits, confirm_bits),
    )


def _near_hex(entry: Any, policy: Policy) -> str:
    return f"{int(entry['hash64']):0{min(policy.hash_bits, 64) // 4}x}"


def _confirm_hex(entry: Any) -> str:
    return "".join(f"{int(word):016x}" for word in entry["hash256"])

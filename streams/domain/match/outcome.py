"""How a decision is put: its fields from what was found. What is found is decide.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.domain.hashes.algorithms import FRAMES_HASH, VIEWS_HASH
from streams.domain.hashes.transformation import describe_transformation, transformation_between
from streams.domain.hashes.views import VIEWS
from streams.domain.policy.policy import Policy
from streams.domain.records import (
    Action,
    Appearance,
    Decision,
    Fingerprint,
    Match,
    MediaFacts,
    Outcome,
    Verdict,
    new_unchecked,
)
from streams.domain.records.ids import PARTS_SCHEME
from streams.domain.state.content import Content

PENDING = Verdict()
ACTIONS: dict[Outcome, Action] = {
    "unique": "process",
    "duplicate": "reuse",
    "near_duplicate": "reuse",
    "failed": "inspect",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """The nearest content: which, through which of its entries and of the submission's, at which distances."""

    content_id: str
    view: int
    orientation: int
    own_view: int
    own_orientation: int
    near_bits: int
    confirm_bits: int


REVIEWED = ("contains", "overlaps")
"""Relations of a video that has new material in it: it is in no group but its own, and inherits nothing."""


def build_decision(
    fingerprint: Fingerprint,
    decision_id: str,
    revision: int,
    outcome: Outcome,
    match: Match | None,
    appears_in: Sequence[Appearance] = (),
) -> Decision:
    """The decision about one submission."""
    reviewed = match is not None and match.relation in REVIEWED
    facts = _without_views(fingerprint.facts) if fingerprint.facts is not None else None
    return new_unchecked(
        Decision,
        decision_id=decision_id,
        revision=revision,
        outcome=outcome,
        action="review" if reviewed else ACTIONS[outcome],
        collection=fingerprint.collection,
        media_id=fingerprint.media_id,
        submission_id=fingerprint.submission_id,
        attempt=fingerprint.attempt,
        kind=facts.kind if facts is not None else fingerprint.kind,
        content_id=facts.content_id if facts is not None else None,
        match=match,
        verdict=PENDING if match is None or reviewed else Verdict(inherited_from=match.group_media_id),
        failure=fingerprint.failure,
        facts=facts,
        metadata=fingerprint.metadata,
        submitted_at=fingerprint.submitted_at,
        fingerprinted_at=fingerprint.fingerprinted_at,
        versions={"policy": fingerprint.policy.version},
        appears_in=list(appears_in),
    )


def exact_match(known: Content) -> Match:
    """Equal bytes, of all or of what was read."""
    of_parts = known.content_id.startswith(PARTS_SCHEME)
    return new_unchecked(
        Match,
        content_id=known.content_id,
        media_id=known.media_id,
        submission_id=known.submission_id,
        group_content_id=known.group_content_id,
        group_media_id=known.group_media_id,
        method="exact",
        similarity=1.0,
        distance_bits=0,
        threshold_bits=0,
        explanation="The same bytes in all parts that were read." if of_parts else "The same bytes.",
        candidate_distance_bits=None,
        candidate_threshold_bits=None,
        transformation="none",
        view="full",
        known_view="full",
        relation="",
        segments=[],
        share=0.0,
        known_share=0.0,
    )


def near_match(hit: Hit, known: Content, policy: Policy) -> Match:
    """Another encoding or alteration of a known content."""
    own, other = VIEWS[hit.own_view], VIEWS[hit.view]
    radius_bits = policy.radius_bits if own.whole and other.whole else policy.view_radius_bits
    confirmed = policy.hash_bits == 256
    distance_bits, threshold_bits = (
        (hit.confirm_bits, policy.confirm_bits) if confirmed else (hit.near_bits, radius_bits)
    )
    transformation = transformation_between(hit.own_view, hit.own_orientation, hit.view, hit.orientation)
    how = (
        "The same picture"
        if transformation == "none"
        else f"The same picture, {describe_transformation(transformation)}"
    )
    return Match(
        content_id=known.content_id,
        media_id=known.media_id,
        submission_id=known.submission_id,
        group_content_id=known.group_content_id,
        group_media_id=known.group_media_id,
        method=policy.hash,
        similarity=round(1 - distance_bits / policy.hash_bits, 4),
        distance_bits=distance_bits,
        threshold_bits=threshold_bits,
        candidate_distance_bits=hit.near_bits if confirmed else None,
        candidate_threshold_bits=radius_bits if confirmed else None,
        transformation=transformation,
        view=own.name,
        known_view=other.name,
        explanation=f"{how}: {distance_bits} of {policy.hash_bits} bits differ, {threshold_bits} may.",
    )


def _without_views(facts: MediaFacts) -> MediaFacts:
    """Views and frames serve matching, and would be most of a decision's bytes; the fingerprint record keeps them."""
    packed = FRAMES_HASH if facts.kind == "video" else VIEWS_HASH
    if packed not in facts.hashes:
        return facts
    without = object.__new__(MediaFacts)
    without.__dict__.update(facts.__dict__)  # as `replace` would, at a fifth of the time
    without.__dict__["hashes"] = {name: value for name, value in facts.hashes.items() if name != packed}
    return without

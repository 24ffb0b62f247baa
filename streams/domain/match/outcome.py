"""The fields of a decision and of its match. Videos: videos/outcome.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streams.domain.evidence.differences import ADDED, AGREES, DIFFERS, MAP_SIDE, PLAIN
from streams.domain.evidence.judge import MIN_SCORE
from streams.domain.hashes.transformation import transformation_between
from streams.domain.hashes.views import VIEWS
from streams.domain.match.images.verification import PictureCopy
from streams.domain.match.images.wording import BEYOND, NOTHING, OTHER, SAME, match_in_sentence
from streams.domain.moderation.standing import Standing, told_verdict
from streams.domain.policy.policy import Policy
from streams.domain.records import (
    Action,
    Appearance,
    Decision,
    Fingerprint,
    Match,
    Outcome,
    new_unchecked,
)
from streams.domain.records.ids import is_partial
from streams.domain.records.verdict import Inheritance
from streams.domain.state.content import Content

ACTIONS: dict[Outcome, Action] = {
    "unique": "process",
    "duplicate": "reuse",
    "near_duplicate": "reuse",
    "failed": "inspect",
    "deleted": "forget",
}


MAP_CHARACTERS: Final = bytes.maketrans(
    bytes((PLAIN, AGREES, DIFFERS, ADDED)), f"{NOTHING}{SAME}{OTHER}{BEYOND}".encode()
)


def build_decision(
    fingerprint: Fingerprint,
    decision_id: str,
    revision: int,
    outcome: Outcome,
    match: Match | None,
    appears_in: Sequence[Appearance] = (),
    standing: Standing | None = None,
    *,
    is_reviewed: bool = False,
    inheritance: Inheritance | None = None,
) -> Decision:
    """A decision.

    Args:
        standing: of the content; None for a failed submission.
        is_reviewed: the match goes to review, forms a group of its own and inherits no verdict.
        inheritance: of the content; None if every verdict of its group passes.
    """
    facts = fingerprint.facts.published() if fingerprint.facts is not None else None
    has_verdict = standing is not None and standing.verdict is not None
    return new_unchecked(
        Decision,
        decision_id=decision_id,
        revision=revision,
        outcome=outcome,
        action="reuse" if has_verdict else "review" if is_reviewed else ACTIONS[outcome],
        collection=fingerprint.collection,
        media_id=fingerprint.media_id,
        submission_id=fingerprint.submission_id,
        attempt=fingerprint.attempt,
        kind=facts.kind if facts is not None else fingerprint.kind,
        content_id=facts.content_id if facts is not None else None,
        match=match,
        verdict=told_verdict(
            standing.verdict if standing is not None else None,
            fingerprint.media_id,
            None if match is None or is_reviewed else match.group_media_id,
        ),
        failure=fingerprint.failure,
        facts=facts,
        metadata=fingerprint.metadata,
        submitted_at=fingerprint.submitted_at,
        fingerprinted_at=fingerprint.fingerprinted_at,
        versions={"policy": fingerprint.policy.version},
        appears_in=list(appears_in),
        supersedes=None,
        group_content_id=standing.group_content_id if standing is not None else None,
        group_media_id=standing.group_media_id if standing is not None else None,
        origin=fingerprint.origin,
        **({} if fingerprint.job_id is None else {"job_id": fingerprint.job_id}),
        **({} if inheritance is None else {"inheritance": inheritance}),
        **({"probe": True} if fingerprint.is_probe else {}),
    )


def exact_match(known: Content, standing: Standing) -> Match:
    """The match of a submission whose bytes are known: all bytes, or all parts that were read of a video."""
    read = " in all parts that were read" if is_partial(known.content_id) else ""
    return new_unchecked(
        Match,
        content_id=known.content_id,
        media_id=known.media_id,
        submission_id=known.submission_id,
        group_content_id=standing.group_content_id,
        group_media_id=standing.group_media_id,
        method="exact",
        similarity=1.0,
        distance_bits=0,
        threshold_bits=0,
        explanation=f"The same bytes{read}.",
        confidence="exact",
        score=None,
        differs=None,
        map=[],
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


def near_match(copy: PictureCopy, policy: Policy, group: tuple[str, str]) -> Match:
    """The match of a submission that is another encoding or an alteration of a known picture, or may be one.

    Args:
        copy: the known picture, and why.
        policy: of the submission.
        group: content id and media id that name the submission's group.
    """
    known, pair = copy.known, copy.pair
    own, other = VIEWS[pair.view], VIEWS[pair.known_view]
    radius_bits = policy.radius_bits if own.whole and other.whole else policy.view_radius_bits
    confirmed = policy.hash_bits == 256
    distance_bits, threshold_bits = (
        (pair.hash256_distance_bits, policy.confirm_bits) if confirmed else (pair.hash64_distance_bits, radius_bits)
    )
    transformation = transformation_between(pair.view, pair.orientation, pair.known_view, pair.known_orientation)
    if copy.is_reused:  # parts in their place matched first, but nothing beside them differs
        transformation = "+".join(part for part in transformation.split("+") if part != "retouched") or "none"
    rows = map_rows(copy.blocks)
    return Match(
        content_id=known.content_id,
        media_id=known.media_id,
        submission_id=known.submission_id,
        group_content_id=group[0],
        group_media_id=group[1],
        method=policy.hash,
        similarity=round(1 - distance_bits / policy.hash_bits, 4),
        distance_bits=distance_bits,
        threshold_bits=threshold_bits,
        explanation=match_in_sentence(
            transformation,
            copy.confidence,
            rows,
            copy.differs,
            score=copy.score,
            needed_score=MIN_SCORE,
            bits=f"{distance_bits} of {policy.hash_bits} bits differ, {threshold_bits} may",
        ),
        confidence=copy.confidence,
        score=copy.score,
        differs=copy.differs,
        map=rows,
        candidate_distance_bits=pair.hash64_distance_bits if confirmed else None,
        candidate_threshold_bits=radius_bits if confirmed else None,
        transformation=transformation,
        view=own.name,
        known_view=other.name,
        relation=copy.relation,
    )


def map_rows(blocks: bytes) -> list[str]:
    """The map of what differs, as decisions have it: a text for each row of blocks."""
    characters = blocks.translate(MAP_CHARACTERS).decode()
    return [characters[at : at + MAP_SIDE] for at in range(0, len(characters), MAP_SIDE)]

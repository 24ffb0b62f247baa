"""Known contents that are like a picture: candidates by the hashes of ClickHouse, each judged as a decision would.

Candidates are found by whole pictures in all eight orientations, with and without borders. A content that the picture
was cropped from may be missing: the match stage finds it by views that only its state has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from streams.analytics.pool import QueryPool
from streams.analytics.queries.stored import DecisionFilter, StoredDecision
from streams.analytics.queries.stored.contents import (
    Candidate,
    ContentUse,
    candidates,
    content_uses,
    decisions_of_contents,
)
from streams.domain.hashes.algorithms import current_algorithm
from streams.domain.hashes.packing import ENTRY
from streams.domain.hashes.reoriented import reoriented_hashes
from streams.domain.hashes.views import VIEWS
from streams.domain.match.images.comparison import judge_pictures, match_pictures
from streams.domain.match.selection import comparable_entries
from streams.domain.policy.policy import Policy
from streams.domain.records import Match, MediaFacts, Verdict
from streams.errors import BadInput
from streams.services.find.known_facts import KnownFacts
from streams.services.search import HASH_BITS

MAX_VERIFIED: Final = 32
"""Candidates that are judged for one question, the nearest first; those beyond have no judgement."""


@dataclass(frozen=True)
class FoundContent:
    """A known content that is near, and the match that a decision would name.

    Attributes:
        content_id: of the known content.
        group_content_id: the canonical content of its group.
        media_id: its first medium.
        submissions: how often the content was submitted.
        distance_bits: of 256 between the whole pictures, in the nearest orientation.
        similarity: share of equal bits.
        verified: whether evidence was compared, as for a decision. If not, Kafka no longer has the fingerprint, or
            there were too many nearer candidates.
        match: what the decision about a submission would say if only this content were known; None if it would not
            match, or was not verified.
        score: of the evidence, in thousandths, also where it refuses a match.
        differs: share of the picture that is not the known one, also where it refuses a match.
        verdict: in force on the known content.
        decision: the latest about the known content, with its metadata and labels.
        thumbnails: URLs of small pictures, by size in pixels; filled by the API.
    """

    content_id: str
    group_content_id: str
    media_id: str
    submissions: int
    distance_bits: int
    similarity: float
    verified: bool
    match: Match | None
    score: int | None
    differs: float | None
    verdict: Verdict
    decision: StoredDecision
    thumbnails: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SearchWithin:
    """Where a search looks, and how far; `after` is distance and content id of the last one of the page before."""

    chosen: DecisionFilter
    policy: Policy
    max_distance_bits: int
    limit: int
    after: tuple[int, str] | None = None

    @property
    def collection(self) -> str:
        return self.chosen.collection


async def find_pictures(
    queries: QueryPool,
    known_facts: KnownFacts,
    hashes256: Sequence[bytes],
    facts: MediaFacts | None,
    within: SearchWithin,
) -> list[FoundContent]:
    """Known contents near to some hashes, the nearest first.

    Args:
        queries: to ClickHouse.
        known_facts: evidence of known contents.
        hashes256: of the picture, 32 bytes each.
        facts: of the picture, with its evidence; without them nothing is verified.
        within: where to look.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
        BadInput: a hash of the facts is damaged.
    """  # fmt: skip
    if not hashes256:
        return []
    near = await queries.run(
        candidates,
        [value.hex() for value in hashes256],
        within.chosen,
        version=str(current_algorithm("phash256").version),
        min_quality=within.policy.min_quality,
        max_distance_bits=within.max_distance_bits,
        after=within.after,
        limit=within.limit,
    )
    names = [candidate.content_id for candidate in near]
    if not names:
        return []
    decisions, uses, evidence = await asyncio.gather(
        queries.run(decisions_of_contents, within.collection, names),
        queries.run(content_uses, within.collection, names),
        known_facts.of(within.collection, names[:MAX_VERIFIED] if facts else []),
    )
    return [
        await asyncio.to_thread(_found, candidate, decision, uses.get(candidate.content_id), facts,
                                evidence.get(candidate.content_id), within.policy)
        for candidate in near
        if (decision := decisions.get(candidate.content_id)) is not None
    ]  # fmt: skip


def query_hashes(facts: MediaFacts, policy: Policy) -> list[bytes]:
    """The hashes of a picture to look for: of the whole, and of what its border or frame holds, in all orientations.

    Raises:
        BadInput: a hash is not what its name says.
    """
    algorithm, packed = comparable_entries(facts, policy)
    upright = facts.hashes.get(current_algorithm("phash256").key, "")
    hashes = [bytes.fromhex(upright)] if upright and facts.quality >= policy.min_quality else []
    if algorithm.startswith("views"):
        entries = np.frombuffer(packed, ENTRY)
        hashes += [entry["hash256"].tobytes() for entry in entries if VIEWS[int(entry["view"])].whole]
    turned = (oriented for value in dict.fromkeys(hashes) if len(value) * 8 == HASH_BITS
              for oriented in reoriented_hashes(value))  # fmt: skip
    return list(dict.fromkeys(turned))


def _found(
    candidate: Candidate,
    decision: StoredDecision,
    use: ContentUse | None,
    facts: MediaFacts | None,
    known: MediaFacts | None,
    policy: Policy,
) -> FoundContent:
    media_id = use.first_media_id if use else decision.media_id
    match, score, differs, verified = None, None, None, False
    if facts is not None and known is not None and facts.kind == known.kind == "image":
        match, score, differs = _judge(known, facts, policy, media_id)
        verified = True
    return FoundContent(
        content_id=candidate.content_id,
        group_content_id=decision.group_content_id or candidate.content_id,
        media_id=media_id,
        submissions=use.submissions if use else 1,
        distance_bits=candidate.distance_bits,
        similarity=round(1 - candidate.distance_bits / HASH_BITS, 4),
        verified=verified,
        match=match,
        score=score,
        differs=differs,
        verdict=decision.verdict,
        decision=decision,
    )


def _judge(
    known: MediaFacts, facts: MediaFacts, policy: Policy, media_id: str
) -> tuple[Match | None, int | None, float | None]:
    try:
        match = match_pictures(known, facts, policy, media_id=media_id)
        if match is not None:
            return match, match.score, match.differs
        judged = judge_pictures(known, facts, policy)
    except BadInput:  # what an earlier version stored
        return None, None, None
    return None, judged.score if judged else None, judged.differs if judged else None

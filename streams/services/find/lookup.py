"""Looks a medium up without submitting it: fingerprint, matches, verdict, labels and sources in one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from streams.analytics.pool import QueryPool
from streams.analytics.queries.stored import StoredDecision
from streams.analytics.queries.stored.contents import decisions_of_contents
from streams.domain.records import Label, MediaFacts, Verdict
from streams.services.find.known_facts import KnownFacts
from streams.services.find.pictures import FoundContent, SearchWithin, find_pictures, query_hashes
from streams.services.search import SimilarVideo, search_by_video

MAX_VIDEOS: Final = 20


@dataclass(frozen=True)
class LookupResult:
    """The answer to a look-up of a medium.

    Attributes:
        fingerprint: of the medium; evidence and packed views are left out.
        known: whether exactly these bytes are known.
        exact: the latest decision about these bytes.
        matches: near contents; those that the medium would be a copy of come first.
        videos: for a video, known videos that share frames with the submitted one.
        verdict: that a submission would inherit, by these matches; `pending` if there is none.
        labels: of that verdict.
        source: the metadata of the medium whose verdict it is, or of the best match.
    """

    fingerprint: MediaFacts
    known: bool
    exact: StoredDecision | None
    matches: Sequence[FoundContent]
    videos: Sequence[SimilarVideo]
    verdict: Verdict
    labels: Sequence[Label]
    source: dict[str, Any] | None


async def look_up(queries: QueryPool, known_facts: KnownFacts, facts: MediaFacts, within: SearchWithin) -> LookupResult:
    """Looks up a medium with the given facts.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
        BadInput: a hash of the facts is damaged.
    """
    exact = await queries.run(_exact, within.collection, facts.content_id)
    matches: list[FoundContent] = []
    videos: Sequence[SimilarVideo] = ()
    if facts.kind == "image" and within.policy.near:
        found = await find_pictures(queries, known_facts, query_hashes(facts, within.policy), facts, within)
        matches = sorted(found, key=_order)
    elif facts.kind == "video" and within.policy.near:
        videos = await queries.run(
            search_by_video, facts, within.policy, collection=within.collection, limit=min(within.limit, MAX_VIDEOS)
        )
    best = next((found for found in matches if found.match is not None), None)
    decided = exact or (best.decision if best else None)
    verdict = decided.verdict if decided is not None else Verdict()
    return LookupResult(
        fingerprint=facts.published(),
        known=exact is not None,
        exact=exact,
        matches=matches,
        videos=videos,
        verdict=verdict,
        labels=verdict.labels,
        source=decided.metadata if decided is not None else None,
    )


def _exact(client: Client, collection: str, content_id: str) -> StoredDecision | None:
    return decisions_of_contents(client, collection, [content_id]).get(content_id)


def _order(found: FoundContent) -> tuple[bool, int, int, str]:
    """Matches first, surer ones before others, then nearer ones."""
    sure = {"exact": 0, "certain": 1, "likely": 2, "unverified": 3}
    confidence = found.match.confidence if found.match is not None else ""
    return found.match is None, sure.get(confidence, 4), found.distance_bits, found.content_id

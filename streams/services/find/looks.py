"""Known media that look like a picture or a video, to us or to a picture model. Nothing is verified."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy.typing as npt
from clickhouse_connect.driver.client import Client

from streams.analytics.queries.embeddings import embedding_neighbours
from streams.analytics.queries.stored import DecisionFilter, StoredDecision
from streams.analytics.queries.stored.contents import decisions_of_contents
from streams.analytics.queries.visuals import VisualNeighbour, visual_neighbours
from streams.domain.evidence.visual import describe_evidence
from streams.domain.records import MediaFacts

FAR: Final = 33_000
"""Half of all pairs of photos that have nothing to do with each other are nearer, half are farther."""


@dataclass(frozen=True)
class VisualMatch:
    """A known content that looks like the medium.

    Attributes:
        content_id: of the known content.
        media_id: of its latest decision.
        distance: the sum of squared differences between what both look like; by a model, the cosine distance in
            millionths.
        similarity: 1 if both look the same, 0 if they look no more alike than others; by a model, the cosine, or 0.
        at_s: of a video, when its nearest frame is shown, or the frame that the model saw.
        decision: the latest about the known content.
        thumbnails: URLs of small pictures, by size in pixels; filled by the API.
    """

    content_id: str
    media_id: str
    distance: int
    similarity: float
    at_s: float
    decision: StoredDecision
    thumbnails: dict[str, str] | None = None


def looks_of_facts(
    client: Client, facts: MediaFacts, chosen: DecisionFilter, *, after: tuple[int, str] | None, limit: int
) -> list[VisualMatch]:
    """Known contents that look most like a medium, the nearest first; its own content is left out.

    Args:
        client: connected.
        facts: of the medium, with its evidence; nothing looks like a medium without.
        chosen: the collection, and filters.
        after: distance and content id of the last one of the page before.
        limit: the most contents.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
        BadInput: the evidence is damaged.
    """
    described = describe_evidence(facts.evidence)
    if not described:
        return []
    descriptors = [descriptor for _, descriptor in described]
    near = visual_neighbours(client, descriptors, chosen, without=facts.content_id, after=after, limit=limit)
    return _matches(client, chosen, near, similarity_of)


def looks_of_vector(
    client: Client,
    model: str,
    vector: npt.NDArray[Any],
    chosen: DecisionFilter,
    *,
    without: str,
    after: tuple[int, str] | None,
    limit: int,
) -> list[VisualMatch]:
    """Known contents that a picture model takes for most like a medium, the nearest first.

    Args:
        client: connected.
        model: the name of the model.
        vector: that it made of the medium.
        chosen: the collection, and filters.
        without: the content of the medium, which is left out.
        after: distance and content id of the last one of the page before.
        limit: the most contents.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    near = embedding_neighbours(client, model, vector, chosen, without=without, after=after, limit=limit)
    return _matches(client, chosen, near, cosine_of)


def _matches(
    client: Client, chosen: DecisionFilter, near: Sequence[VisualNeighbour], similarity: Callable[[int], float]
) -> list[VisualMatch]:
    """The neighbours with the latest decisions about them."""
    if not near:
        return []
    decisions = decisions_of_contents(client, chosen.collection, [neighbour.content_id for neighbour in near])
    return [
        VisualMatch(
            content_id=neighbour.content_id,
            media_id=decision.media_id,
            distance=neighbour.distance,
            similarity=similarity(neighbour.distance),
            at_s=neighbour.at_ms / 1000,
            decision=decision,
        )
        for neighbour in near
        if (decision := decisions.get(neighbour.content_id)) is not None
    ]


def similarity_of(distance: int) -> float:
    """From 1 for no distance to 0 for FAR and more."""
    return round(max(0.0, 1 - distance / FAR), 4)


def cosine_of(distance: int) -> float:
    """The cosine of a cosine distance in millionths; 0 for a right angle and more."""
    return round(max(0.0, 1 - distance / 1_000_000), 4)

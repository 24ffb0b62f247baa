"""Which known media look like a file of this machine, to us or to the picture model of the settings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, Literal

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.stored import DecisionFilter
from streams.config.settings import Settings
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts, Submission
from streams.errors import ConfigurationError
from streams.services.find.looks import VisualMatch, looks_of_facts, looks_of_vector
from streams.services.submit.records import NO_ORIGIN
from streams.stages.fingerprint.fingerprinter import Fingerprinter

LooksBy = Literal["visual", "model"]

NO_MODEL: Final = "There is no picture model here: set MEDIASIEVE_PICTURE_MODEL, or ask for the likeness visual."
NO_ANSWER: Final = "The picture model gave no answer about this file."


def looks_of_file(
    client: Client,
    path: Path,
    facts: MediaFacts,
    settings: Settings,
    policy: Policy,
    by: LooksBy,
    *,
    collection: str,
    limit: int,
) -> list[VisualMatch]:
    """Known contents of a collection that look most like a file, the nearest first; its own content is left out.

    Args:
        client: connected.
        path: of the picture or video.
        facts: its fingerprint.
        settings: with the picture model, if that is asked.
        policy: of the collection.
        by: what says what is alike.
        collection: that is searched.
        limit: the most contents.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
        BadInput: the file cannot be decoded.
        ConfigurationError: there is no picture model, it cannot be used, or it gave no answer.
    """  # fmt: skip
    chosen = DecisionFilter(collection)
    if by == "visual":
        return looks_of_facts(client, facts, chosen, after=None, limit=limit)
    embedding = asyncio.run(_embedded(path.read_bytes(), settings, policy)).embedding
    if embedding is None:
        raise ConfigurationError(NO_ANSWER)
    return looks_of_vector(
        client, embedding.model, embedding.values(), chosen, without=facts.content_id, after=None, limit=limit
    )


async def _embedded(data: bytes, settings: Settings, policy: Policy) -> MediaFacts:
    """The facts of a medium with what the model says of it; the fingerprint stage shows it to the model."""
    fingerprinter = Fingerprinter(settings)
    try:
        if await fingerprinter.model_name() is None:
            raise ConfigurationError(NO_MODEL)
        kind = "application/octet-stream"
        submission = Submission("", "file", "default", "auto", "", NO_ORIGIN, None, data, kind)
        return (await fingerprinter.fingerprint(submission, policy)).facts
    finally:
        await fingerprinter.close()

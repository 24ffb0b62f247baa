"""Finds decisions by words, and says where they matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from clickhouse_connect.driver.client import Client

from streams.analytics.queries.stored import DecisionFilter, Keyset, StoredDecision
from streams.analytics.queries.stored.texts import decisions_with_words

MAX_WORDS: Final = 16
MAX_PLACES: Final = 20


@dataclass(frozen=True)
class TextPlace:
    """Where a word matched: the field, its text, and from which to which character."""

    field: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class FoundText:
    """A decision that has all words."""

    decision: StoredDecision
    places: Sequence[TextPlace]


def search_texts(
    client: Client, words: Sequence[str], chosen: DecisionFilter, *, before: Keyset | None, limit: int
) -> list[FoundText]:
    """Decisions with all words in names, metadata, labels, explanations or reasons, the latest first.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    found = decisions_with_words(client, words, chosen, before=before, limit=limit)
    return [FoundText(decision, find_places(decision, words)) for decision in found]


def split_words(text: str) -> list[str]:
    return list(dict.fromkeys(text.split()))[:MAX_WORDS]


def find_places(decision: StoredDecision, words: Sequence[str]) -> list[TextPlace]:
    """Every place of every word, whatever its case."""
    texts = {
        "media_id": decision.media_id,
        "metadata": orjson.dumps(decision.metadata).decode(),
        "match.explanation": decision.match.explanation if decision.match else "",
        "verdict.reason": decision.verdict.reason or "",
        "failure.reason": decision.failure.reason if decision.failure else "",
        **{f"verdict.labels[{number}].name": label.name for number, label in enumerate(decision.verdict.labels)},
    }
    places = []
    for name, text in texts.items():
        lowered = text.lower()
        if len(lowered) != len(text):  # a few letters change their length
            lowered = text
        for word in words:
            start = lowered.find(word.lower())
            if start >= 0:
                places.append(TextPlace(name, text, start, start + len(word)))
    return places[:MAX_PLACES]

"""Finds decisions by words, and says where they matched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
    """The places of every word, whatever its case, field by field; at most MAX_PLACES.

    A word that is only the name of a field of the metadata is found in their JSON.
    """
    places, missing = [], dict.fromkeys(words)
    for name, text in _texts(decision):
        for word in words:
            found = _find_all(text, word)
            places += [TextPlace(name, text, start, start + len(word)) for start in found]
            if found:
                missing.pop(word, None)
    names = orjson.dumps(decision.metadata).decode()
    for word in missing:
        places += [TextPlace("metadata", names, start, start + len(word)) for start in _find_all(names, word)]
    return places[:MAX_PLACES]


def _texts(decision: StoredDecision) -> Iterator[tuple[str, str]]:
    """Every text that a search looks through, with its path."""
    yield "media_id", decision.media_id
    yield from _texts_of_metadata(decision.metadata)
    if decision.match is not None:
        yield "match.explanation", decision.match.explanation
    yield "verdict.reason", decision.verdict.reason or ""
    for number, label in enumerate(decision.verdict.labels):
        yield f"verdict.labels[{number}].name", label.name
    if decision.failure is not None:
        yield "failure.reason", str(decision.failure.reason)


def _texts_of_metadata(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The values of the metadata in their order, without recursion: they may be nested deeply."""
    waiting: list[tuple[str, Any]] = [("metadata", metadata)]
    while waiting:
        path, value = waiting.pop()
        match value:
            case dict():
                waiting += [(f"{path}.{name}", inner) for name, inner in reversed(value.items())]
            case list():
                waiting += [(f"{path}[{number}]", inner) for number, inner in reversed(list(enumerate(value)))]
            case str():
                yield path, value
            case bool() | None:
                continue
            case _:
                yield path, str(value)


def _find_all(text: str, word: str) -> list[int]:
    """Where a word begins in a text, whatever the case."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters change their length
        lowered = text
    return [found.start() for found in re.finditer(re.escape(word.lower()), lowered)]

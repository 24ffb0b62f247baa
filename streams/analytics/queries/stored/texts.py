"""Which decisions have all words of a text in their names, metadata, labels, explanations or reasons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.stored.decision import StoredDecision
from streams.analytics.queries.stored.keys import KEY_COLUMNS
from streams.analytics.queries.stored.lists import FILTER, DecisionFilter, Keyset, latest_first

TOKEN_REGEX: Final = re.compile(r"[0-9A-Za-z\u0080-\U0010ffff]+")

#: A word that is found stands as it was given, at any place; the index knows it by its letters and digits.
WITH_WORDS: Final = f"""
    SELECT {KEY_COLUMNS} FROM decisions_by_time
    WHERE {FILTER} AND decided_at <= {{before:DateTime64(3, 'UTC')}}
        AND (decided_at, decision_id) < ({{before:DateTime64(3, 'UTC')}}, {{before_id:UUID}})
        AND hasAllTokens(words, {{tokens:Array(String)}})
        AND arrayAll(word -> position(words, word) > 0, {{words:Array(String)}})
    ORDER BY decided_at DESC, decision_id DESC
    LIMIT {{limit:UInt32}}
"""  # noqa: S608 - constants


def decisions_with_words(
    client: Client, words: Sequence[str], chosen: DecisionFilter, *, before: Keyset | None, limit: int
) -> tuple[StoredDecision, ...]:
    """The current decisions with all words, whatever their case, the latest first."""
    lowered = [word.lower() for word in words]
    parameters = {**chosen.parameters(), "words": lowered, "tokens": tokens_of(lowered)}
    return latest_first(client, WITH_WORDS, chosen.collection, parameters, before, limit)


def tokens_of(words: Sequence[str]) -> list[str]:
    """The parts of words between which the index divides texts: at every ASCII character but letters and digits."""
    return list(dict.fromkeys(token for word in words for token in TOKEN_REGEX.findall(word)))

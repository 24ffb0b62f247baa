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

MAX_TOKENS: Final = 24
"""Parts that the index is asked for; all words are looked for in the texts that it leaves."""

#: A word that is found stands as it was given; the index knows texts by the parts between signs and spaces.
WITH_WORDS: Final = f"""
    SELECT {KEY_COLUMNS} FROM decisions_by_time
    WHERE {FILTER} AND decided_at <= {{before:DateTime64(3, 'UTC')}}
        AND (decided_at, decision_id) < ({{before:DateTime64(3, 'UTC')}}, {{before_id:UUID}})
        AND {{has_tokens}}
        AND arrayAll(word -> position(words, word) > 0, {{words:Array(String)}})
    ORDER BY decided_at DESC, decision_id DESC
    LIMIT {{limit:UInt32}}
"""  # noqa: S608 - constants


def decisions_with_words(
    client: Client, words: Sequence[str], chosen: DecisionFilter, *, before: Keyset | None, limit: int
) -> tuple[StoredDecision, ...]:
    """The current decisions with all words, whatever their case, the latest first; none for words of signs alone."""
    lowered = [word.lower() for word in words]
    tokens = tokens_of(lowered)[:MAX_TOKENS]
    if not tokens:
        return ()
    named = {f"token{number}": token for number, token in enumerate(tokens)}
    has_tokens = " AND ".join(f"hasToken(words, {{{name}:String}})" for name in named)
    parameters = {**chosen.parameters(), **named, "words": lowered}
    sql = WITH_WORDS.replace("{has_tokens}", has_tokens)
    return latest_first(client, sql, chosen.collection, parameters, before, limit)


def tokens_of(words: Sequence[str]) -> list[str]:
    """The parts of words between which the index divides texts: at every ASCII character but letters and digits."""
    return list(dict.fromkeys(token for word in words for token in TOKEN_REGEX.findall(word)))

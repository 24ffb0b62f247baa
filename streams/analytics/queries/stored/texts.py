"""Which decisions have all words of a text in their names, metadata, labels, explanations or reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.stored.decision import COLUMNS, StoredDecision
from streams.analytics.queries.stored.lists import FAR, FILTER, LAST_ID, DecisionFilter, Keyset, read_decisions

WITH_WORDS: Final = f"""
    SELECT {COLUMNS} FROM decisions_current
    WHERE {FILTER} AND (decided_at, decision_id) < ({{before:DateTime64(3, 'UTC')}}, {{before_id:UUID}})
        AND arrayAll(
            word -> positionCaseInsensitiveUTF8(
                concatWithSeparator('\\n', media_id, metadata, match_explanation, verdict_reason,
                    arrayStringConcat(verdict_labels.name, '\\n'), failure_reason),
                word) > 0,
            {{words:Array(String)}})
    ORDER BY decided_at DESC, decision_id DESC
    LIMIT {{limit:UInt32}}
"""  # noqa: S608 - constants


def decisions_with_words(
    client: Client, words: Sequence[str], chosen: DecisionFilter, *, before: Keyset | None, limit: int
) -> tuple[StoredDecision, ...]:
    """The current decisions with all words, whatever their case, the latest first."""
    keyset = before or Keyset(FAR, LAST_ID)
    where = {"before": keyset.decided_at, "before_id": keyset.decision_id, "limit": limit, "words": list(words)}
    return read_decisions(client, WITH_WORDS, {**chosen.parameters(), **where})

"""Which topic goes into which table."""

from __future__ import annotations

from typing import Final

from streams.analytics.rows import deadletters, decisions, fingerprints
from streams.analytics.rows.table import TopicTable
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, FINGERPRINTS

#: Topic, without the deployment's prefix, to its table.
TABLES: Final[dict[str, TopicTable]] = {
    DECISIONS: decisions.TABLE,
    FINGERPRINTS: fingerprints.TABLE,
    DEAD_LETTERS: deadletters.TABLE,
}

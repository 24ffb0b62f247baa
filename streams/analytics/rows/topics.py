"""Which topic goes into which table, and which kinds of record of one topic go elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from streams.analytics.rows import deadletters, decisions, deletions, fingerprints, hash_lists, jobs, moderation_events
from streams.analytics.rows.table import DetailTable, TopicTable
from streams.domain.records import RawRecord
from streams.kafka.cloudevents import (
    DELETED_TYPE,
    DELETION_STEP_TYPE,
    LIST_ENTRIES_TYPE,
    LIST_TYPE,
    MODERATION_TYPE,
    WALK_TYPE,
    event_type,
)
from streams.kafka.topics import DEAD_LETTER_ACTS, DEAD_LETTERS, DECISIONS, FINGERPRINTS, JOBS

#: Topic, without the deployment's prefix, to its table.
TABLES: Final[dict[str, TopicTable]] = {
    DECISIONS: decisions.TABLE,
    FINGERPRINTS: fingerprints.TABLE,
    DEAD_LETTERS: deadletters.TABLE,
    DEAD_LETTER_ACTS: deadletters.ACTS_TABLE,
    JOBS: jobs.TABLE,
}

#: Records of a topic that go into another table, or (None) into no table, by their `ce_type`.
OTHER_KINDS: Final[dict[str, dict[bytes, TopicTable | None]]] = {
    FINGERPRINTS: {
        MODERATION_TYPE: moderation_events.TABLE,
        LIST_TYPE: hash_lists.EVENTS_TABLE,
        LIST_ENTRIES_TYPE: hash_lists.CHUNKS_TABLE,
        WALK_TYPE: None,
        DELETION_STEP_TYPE: None,
    },
    DECISIONS: {DELETED_TYPE: deletions.TABLE},
}


def by_table(topic: str, records: Sequence[RawRecord]) -> Iterator[tuple[TopicTable, list[RawRecord]]]:
    """The records of one topic with the table that each goes into, in their order; those without a table are left out.

    Args:
        topic: one of TABLES.
        records: of this topic.
    """
    kinds = OTHER_KINDS.get(topic)
    if kinds is None:
        yield TABLES[topic], list(records)
        return
    found: dict[str, tuple[TopicTable, list[RawRecord]]] = {}
    for record in records:
        table = kinds.get(event_type(record) or b"", TABLES[topic])
        if table is not None:
            found.setdefault(table.name, (table, []))[1].append(record)
    yield from found.values()


def all_tables() -> Iterator[TopicTable | DetailTable]:
    """Every table that the writer fills."""
    others = (table for kinds in OTHER_KINDS.values() for table in kinds.values() if table is not None)
    for table in (*TABLES.values(), *others):
        yield table
        yield from table.details

"""Deletes the rows of submissions from before an event that deletes a medium or a content by its name.

Decisions of deleted submissions follow for all that the match stage knows, and take their rows. The event itself takes
those that the match stage does not know: what has expired there, and failed submissions, which have no content.

"Before" is another moment for each name: a batch has many events, and a medium that was deleted may come again before
others are deleted. Rows with a place in the log are compared by it, as the match stage does. Times of records tell
less, since several producers write the log; a decision comes after all that it was made from. An event that is in the
log more than once holds from its first record on, for the match stage knows the others as repeats.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from streams.domain.records import ModerationEvent, RawRecord

KEY_TABLES: Final = ("decisions_by_medium", "decisions_by_group", "decisions_by_time")

NAMED: Final = {
    "medium": "(collection, media_id) IN {names:Array(Tuple(String, String))}",
    "content": "(collection, content_id) IN {names:Array(Tuple(String, String))}",
    "both": "(collection, content_id, media_id) IN {names:Array(Tuple(String, String, String))}",
}
"""The rows that an event names by a medium, by a content, or by both."""

KEY_OF: Final = {
    "medium": "concat(toString(collection), '\\0', media_id)",
    "content": "concat(toString(collection), '\\0', content_id)",
    "both": "concat(toString(collection), '\\0', content_id, '\\0', media_id)",
}
"""A text for the name of a row; NUL is in no name."""

LINGER_MS: Final = 3_600_000
"""A record is in the log this long after its time, or never. Rows further apart may be of a log that was written anew,
with other offsets, and are compared by their times.
"""

HASHES_OF: Final = """
    DELETE FROM content_hashes
    WHERE (collection, content_id) IN (SELECT collection, content_id FROM decisions_by_time WHERE {rows})
        AND (collection, content_id) NOT IN
        (
            SELECT collection, content_id FROM decisions
            WHERE content_id IN (SELECT content_id FROM decisions_by_time WHERE {rows})
        )
"""
"""After the decisions were deleted, and before their keys are."""

DOCUMENTS_OF: Final = """
    DELETE FROM decision_documents
    WHERE (collection, decided_at, decision_id) IN
        (SELECT collection, decided_at, decision_id FROM decisions_by_time WHERE {rows})
"""

_SUBMISSIONS_OF: Final = """(collection, submission_id, attempt) IN
    (
        SELECT collection, submission_id, attempt FROM decisions_by_time
        WHERE {rows}
    )
"""
FACTS_OF: Final = (
    f"DELETE FROM submission_facts WHERE outcome != 'deleted' AND {_SUBMISSIONS_OF}",  # noqa: S608
    f"DELETE FROM waiting_facts WHERE {_SUBMISSIONS_OF}",  # noqa: S608
)

FAILURES: Final = """
    SELECT DISTINCT collection, submission_id, attempt, '', media_id FROM fingerprints
    WHERE failure_reason != '' AND {rows}
"""

#: Decisions that are not here yet are hidden from now on, and deleted when they come.
FAILURES_DELETED: Final = """
    INSERT INTO deletions (collection, submission_id, attempt, revision, submitted_at, deleted_at)
    SELECT collection, submission_id, attempt, 1, submitted_at, {until}
    FROM fingerprints
    WHERE failure_reason != '' AND {rows}
"""

EVENTS_OF_MEDIA: Final = """
    ALTER TABLE moderation_events
    UPDATE
        media_digest = lower(hex(SHA256(concat(collection, '\\0', media_id)))),
        reason = if(event = 'deletion', reason, ''),
        media_id = ''
    WHERE media_id != '' AND (collection, media_id) IN {media:Array(Tuple(String, String))}
"""


FIRST_RECORDS: Final = """
    SELECT
        collection, event_id, toUnixTimestamp64Milli(min(routed_at)),
        argMin(kafka_partition, (routed_at, kafka_offset)), argMin(kafka_offset, (routed_at, kafka_offset))
    FROM moderation_events
    WHERE (collection, event_id) IN {events:Array(Tuple(String, String))}
    GROUP BY collection, event_id
"""


class StoredSubmission(NamedTuple):
    """A submission that has rows. `content_id` is empty where it has none."""

    collection: str
    submission_id: str
    attempt: int
    content_id: str
    media_id: str


class _Until(NamedTuple):
    """The first record of an event: its time in ms, and its place in the log."""

    time_ms: int
    partition: int
    offset: int


def delete_named(
    client: Client, events: Sequence[tuple[ModerationEvent, RawRecord]], answer_ms: int
) -> list[StoredSubmission]:
    """Delete the rows of what these events name, from before each of them.

    Returns the failed submissions among them. They are in `deletions` now, and the caller deletes their rows.

    Args:
        client: of ClickHouse.
        events: with their records; they have rows of their own by now.
        answer_ms: how long the match stage knows an event again.
    """
    failed: list[StoredSubmission] = []
    for kind, names in _by_kind(_first_records(client, events, answer_ms)).items():
        parameters = _parameters(names)
        _delete_decisions(client, kind, parameters)
        rows = f"{NAMED[kind]} AND {_is_before_in_log(kind)}"
        if kind == "medium":
            failed += [
                StoredSubmission(*row) for row in client.query(FAILURES.replace("{rows}", rows), parameters).result_rows
            ]
            client.command(FAILURES_DELETED.replace("{rows}", rows).replace("{until}", _until(kind)), parameters)
            _delete_of_media(client, parameters)
        # those of failed submissions say what is to be deleted, and go last
        client.command(f"DELETE FROM fingerprints WHERE failure_reason = '' AND {rows}", parameters)  # noqa: S608
    media = list(dict.fromkeys((event.collection, event.media_id) for event, _ in events if event.media_id is not None))
    if media:
        client.command(EVENTS_OF_MEDIA, {"media": media})
    return failed


def _first_records(
    client: Client, events: Sequence[tuple[ModerationEvent, RawRecord]], answer_ms: int
) -> Iterator[tuple[ModerationEvent, _Until]]:
    """The events, each with its first record as far as the match stage remembers it."""
    named = list(dict.fromkeys((event.collection, event.event_id) for event, _ in events))
    rows = client.query(FIRST_RECORDS, {"events": named}).result_rows
    first = {(collection, event_id): _Until(*place) for collection, event_id, *place in rows}
    for event, record in events:
        own = _Until(record.timestamp, record.partition, record.offset)
        known = first.get((event.collection, event.event_id), own)
        yield event, known if own.time_ms - known.time_ms <= answer_ms else own


def _by_kind(events: Iterable[tuple[ModerationEvent, _Until]]) -> dict[str, dict[tuple[str, ...], _Until]]:
    """By kind, the names, each with the last event about it."""
    kinds: dict[str, dict[tuple[str, ...], _Until]] = {}
    for event, until in events:
        named = tuple(name for name in (event.content_id, event.media_id) if name is not None)
        kind = "both" if len(named) == 2 else "content" if event.content_id is not None else "medium"
        names, name = kinds.setdefault(kind, {}), (event.collection, *named)
        names[name] = max(until, names.get(name, until))
    return kinds


def _parameters(names: dict[tuple[str, ...], _Until]) -> dict[str, Any]:
    return {
        "names": list(names),
        "keys": ["\0".join(name) for name in names],
        "untils": [until.time_ms for until in names.values()],
        "partitions": [until.partition for until in names.values()],
        "offsets": [until.offset for until in names.values()],
    }


def _delete_decisions(client: Client, kind: str, parameters: dict[str, Any]) -> None:
    rows = f"{NAMED[kind]} AND decided_at <= {_until(kind)}"
    client.command(f"DELETE FROM decisions WHERE {rows}", parameters)  # noqa: S608
    for statement in (HASHES_OF, *FACTS_OF, DOCUMENTS_OF):
        client.command(statement.replace("{rows}", rows), parameters)
    for table in KEY_TABLES:
        client.command(f"DELETE FROM {table} WHERE {rows}", parameters)  # noqa: S608


def _delete_of_media(client: Client, parameters: dict[str, Any]) -> None:
    named, until = NAMED["medium"], _until("medium")
    client.command(f"DELETE FROM deadletters WHERE {named} AND published_at <= {until}", parameters)  # noqa: S608
    client.command(
        "ALTER TABLE job_decisions UPDATE media_id = '', failure_detail = '' "
        f"WHERE media_id != '' AND {named} AND decided_at <= {until}",
        parameters,
    )


def _until(kind: str) -> str:
    """The time of the last event about a row's name."""
    untils = f"transform({KEY_OF[kind]}, {{keys:Array(String)}}, {{untils:Array(Int64)}}, toInt64(0))"
    return f"fromUnixTimestamp64Milli({untils}, 'UTC')"


def _is_before_in_log(kind: str) -> str:
    """A row of `fingerprints` is from before the last event about its name."""
    partition = f"transform({KEY_OF[kind]}, {{keys:Array(String)}}, {{partitions:Array(Int64)}}, toInt64(-1))"
    offset = f"transform({KEY_OF[kind]}, {{keys:Array(String)}}, {{offsets:Array(Int64)}}, toInt64(-1))"
    apart_ms = f"toUnixTimestamp64Milli(published_at) - toUnixTimestamp64Milli({_until(kind)})"
    by_offset = f"kafka_partition = {partition} AND abs({apart_ms}) < {LINGER_MS}"
    return f"if({by_offset}, toInt64(kafka_offset) < {offset}, {apart_ms} <= 0)"

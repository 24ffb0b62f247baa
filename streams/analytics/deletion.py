"""Deletes the rows of deleted media. Run again for the same records, it changes nothing more.

A deletion arrives twice: as the event itself, in media.fingerprints, and as decisions of deleted submissions, in
media.decisions, where they follow all other decisions about their medium. The event also reaches the rows of what the
match stage has forgotten, and of failed submissions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from streams.domain.records import Decision, ModerationEvent, RawRecord
from streams.errors import BadInput
from streams.kafka.cloudevents import DELETED_TYPE, MODERATION_TYPE, event_type

NAMES_PER_STATEMENT: Final = 1_000
"""Deletions that one statement carries out."""

SUBMISSIONS: Final = "(collection, submission_id, attempt) IN {submissions:Array(Tuple(String, String, UInt32))}"
EVENTS_OF_MEDIA: Final = """
    ALTER TABLE moderation_events
    UPDATE
        media_digest = lower(hex(SHA256(concat(collection, '\\0', media_id)))),
        reason = if(event = 'deletion', reason, ''),
        media_id = ''
    WHERE media_id != '' AND (collection, media_id) IN {media:Array(Tuple(String, String))}
"""

#: After the decisions were deleted, and before their keys are.
HASHES_OF_NAMED: Final = """
    DELETE FROM content_hashes
    WHERE (collection, content_id) IN (SELECT collection, content_id FROM decisions_by_time WHERE {named})
        AND (collection, content_id) NOT IN
        (
            SELECT collection, content_id FROM decisions
            WHERE content_id IN (SELECT content_id FROM decisions_by_time WHERE {named})
        )
"""


DOCUMENTS_OF_NAMED: Final = """
    DELETE FROM decision_documents
    WHERE (collection, decided_at, decision_id) IN
        (SELECT collection, decided_at, decision_id FROM decisions_by_time WHERE {named})
"""

FACTS_OF_NAMED: Final = """
    DELETE FROM submission_facts
    WHERE outcome != 'deleted' AND (collection, submission_id, attempt) IN
    (
        SELECT collection, submission_id, attempt FROM decisions_by_time
        WHERE {named}
    )
"""


KEY_TABLES: Final = ("decisions_by_medium", "decisions_by_group", "decisions_by_time")

STATEMENTS_OF_DECISIONS: Final = (
    # content_id leads the order of decisions, so that few parts are read
    f"DELETE FROM decisions WHERE content_id IN {{contents:Array(String)}} AND {SUBMISSIONS}",  # noqa: S608
    f"DELETE FROM fingerprints WHERE {SUBMISSIONS}",  # noqa: S608
    DOCUMENTS_OF_NAMED.replace("{named}", SUBMISSIONS),
    *(f"DELETE FROM {table} WHERE {SUBMISSIONS}" for table in (*KEY_TABLES, "revised_submissions")),  # noqa: S608
    f"DELETE FROM submission_facts WHERE {SUBMISSIONS} AND outcome != 'deleted'",  # noqa: S608
    # a job counts its submissions still
    f"ALTER TABLE job_decisions UPDATE media_id = '', failure_detail = '' WHERE media_id != '' AND {SUBMISSIONS}",
    # the frames of a video are those of its content: they stay without a medium while another medium shows them
    """
    DELETE FROM content_hashes
    WHERE (collection, content_id) IN {pairs:Array(Tuple(String, String))}
        AND (collection, content_id) NOT IN
            (SELECT collection, content_id FROM decisions WHERE content_id IN {contents:Array(String)})
    """,
    """
    DELETE FROM video_frames
    WHERE (collection, content_id) IN {pairs:Array(Tuple(String, String))}
        AND (collection, content_id) NOT IN
            (SELECT collection, content_id FROM decisions WHERE content_id IN {contents:Array(String)})
    """,
    """
    ALTER TABLE video_frames UPDATE media_id = ''
    WHERE media_id != '' AND (collection, content_id) IN {pairs:Array(Tuple(String, String))}
        AND (collection, media_id) IN {media:Array(Tuple(String, String))}
    """,
    # so is what they look like
    """
    DELETE FROM visuals
    WHERE (collection, content_id) IN {pairs:Array(Tuple(String, String))}
        AND (collection, content_id) NOT IN
            (SELECT collection, content_id FROM decisions WHERE content_id IN {contents:Array(String)})
    """,
    EVENTS_OF_MEDIA,
)

STATEMENTS_OF_MEDIA: Final = (
    """
    DELETE FROM deadletters
    WHERE (collection, media_id) IN {media:Array(Tuple(String, String))}
        AND published_at <= fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    """,
    """
    ALTER TABLE job_decisions UPDATE media_id = '', failure_detail = ''
    WHERE media_id != '' AND (collection, media_id) IN {media:Array(Tuple(String, String))}
        AND decided_at <= fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
    """,
    EVENTS_OF_MEDIA,
)

NAMED: Final = {
    "medium": "(collection, media_id) IN {names:Array(Tuple(String, String))}",
    "content": "(collection, content_id) IN {names:Array(Tuple(String, String))}",
    "both": "(collection, content_id, media_id) IN {names:Array(Tuple(String, String, String))}",
}
"""The rows that an event names by a medium, by a content, or by both."""


class _Named(NamedTuple):
    """What events of one kind name, and the latest of their records' times in ms."""

    names: list[tuple[str, ...]]
    until_ms: int


def delete_rows(client: Client, records: Sequence[RawRecord]) -> None:
    """Delete the rows of what these records say is deleted, if any. Returns when queries do not see them any more."""
    told = [decision for record in records if (decision := _deleted(record)) is not None]
    for at in range(0, len(told), NAMES_PER_STATEMENT):
        _delete_submissions(client, told[at : at + NAMES_PER_STATEMENT])
    events = [(event, record) for record in records if (event := _deletion(record)) is not None]
    for at in range(0, len(events), NAMES_PER_STATEMENT):
        _delete_named(client, events[at : at + NAMES_PER_STATEMENT])


def _deleted(record: RawRecord) -> Decision | None:
    if event_type(record) != DELETED_TYPE:
        return None
    try:
        return Decision.from_json(record.value)
    except BadInput:  # its row was refused, with a dead letter
        return None


def _deletion(record: RawRecord) -> ModerationEvent | None:
    if event_type(record) != MODERATION_TYPE or b'"deletion"' not in (record.value or b""):
        return None
    try:
        event = ModerationEvent.from_json(record.value)
    except BadInput:
        return None
    return event if event.event == "deletion" else None


def _delete_submissions(client: Client, decisions: Sequence[Decision]) -> None:
    contents = [(each.collection, each.content_id or "") for each in decisions]
    parameters = {
        "submissions": [(each.collection, each.submission_id, each.attempt) for each in decisions],
        "contents": _once(content_id for _, content_id in contents),
        "pairs": _once(contents),
        "media": _once((each.collection, each.media_id) for each in decisions),
    }
    for statement in STATEMENTS_OF_DECISIONS:
        client.command(statement, parameters)


def _delete_named(client: Client, events: Sequence[tuple[ModerationEvent, RawRecord]]) -> None:
    """Rows from before the events that name media or contents."""
    kinds: dict[str, _Named] = {}
    for event, record in events:
        names = tuple(name for name in (event.content_id, event.media_id) if name is not None)
        kind = "both" if len(names) == 2 else "content" if event.content_id is not None else "medium"
        known = kinds.get(kind, _Named([], 0))
        kinds[kind] = _Named([*known.names, (event.collection, *names)], max(known.until_ms, record.timestamp))
    for kind, events_named in kinds.items():
        parameters: dict[str, Any] = {"names": _once(events_named.names), "until_ms": events_named.until_ms}
        _delete_until(client, "decisions", "decided_at", kind, parameters)
        _delete_until(client, "fingerprints", "published_at", kind, parameters)
        named = f"{NAMED[kind]} AND decided_at <= fromUnixTimestamp64Milli({{until_ms:Int64}}, 'UTC')"
        for statement in (HASHES_OF_NAMED, FACTS_OF_NAMED, DOCUMENTS_OF_NAMED):
            client.command(statement.replace("{named}", named), parameters)
        for table in KEY_TABLES:
            _delete_until(client, table, "decided_at", kind, parameters)
    media = _once((event.collection, event.media_id) for event, _ in events if event.media_id is not None)
    if media:
        until_ms = max(record.timestamp for _, record in events)
        for statement in STATEMENTS_OF_MEDIA:
            client.command(statement, {"media": media, "until_ms": until_ms})


def _delete_until(client: Client, table: str, time: str, kind: str, parameters: dict[str, Any]) -> None:
    client.command(
        f"DELETE FROM {table} WHERE {NAMED[kind]} "  # noqa: S608
        f"AND {time} <= fromUnixTimestamp64Milli({{until_ms:Int64}}, 'UTC')",
        parameters,
    )


def _once(names: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(names))

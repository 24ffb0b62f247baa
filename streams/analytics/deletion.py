"""Deletes the rows of deleted media. Run again for the same records, it changes nothing more.

A deletion arrives twice: as the event itself, in media.fingerprints, and as decisions of deleted submissions, in
media.decisions, where they follow all other decisions about their medium. The event also reaches the rows of what the
match stage has forgotten, and of failed submissions: named_deletion.py.

The two topics have no common order, and neither have the partitions of one. So a fingerprint, or the decision about a
failed submission, may come after the submission was deleted. What is stored is looked up in `deletions` therefore.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from streams.analytics.named_deletion import DOCUMENTS_OF, EVENTS_OF_MEDIA, KEY_TABLES, StoredSubmission, delete_named
from streams.domain.records import Decision, ModerationEvent, RawRecord
from streams.errors import BadInput
from streams.kafka.cloudevents import DELETED_TYPE, MODERATION_TYPE, event_type

NAMES_PER_STATEMENT: Final = 1_000
"""Deletions that one statement carries out."""

PAIRS: Final = "(collection, content_id) IN {pairs:Array(Tuple(String, String))}"
SUBMISSIONS: Final = "(collection, submission_id, attempt) IN {submissions:Array(Tuple(String, String, UInt32))}"

#: Another submission shows the content, or is about to: its fingerprint is stored before its decision.
SHOWN: Final = """(collection, content_id) IN
    (
        SELECT collection, content_id FROM decisions WHERE content_id IN {contents:Array(String)}
        UNION ALL
        SELECT collection, content_id FROM fingerprints WHERE content_id IN {contents:Array(String)}
    )"""

STATEMENTS: Final = (
    # content_id leads the order of decisions, so that few parts are read
    f"DELETE FROM decisions WHERE content_id IN {{contents:Array(String)}} AND {SUBMISSIONS}",  # noqa: S608
    DOCUMENTS_OF.replace("{rows}", SUBMISSIONS),
    *(f"DELETE FROM {table} WHERE {SUBMISSIONS}" for table in (*KEY_TABLES, "waiting_facts", "revised_submissions")),  # noqa: S608
    f"DELETE FROM submission_facts WHERE {SUBMISSIONS} AND outcome != 'deleted'",  # noqa: S608
    # a job counts its submissions still
    f"ALTER TABLE job_decisions UPDATE media_id = '', failure_detail = '' WHERE media_id != '' AND {SUBMISSIONS}",
    f"""
    DELETE FROM content_hashes
    WHERE {PAIRS} AND (collection, content_id) NOT IN
        (SELECT collection, content_id FROM decisions WHERE content_id IN {{contents:Array(String)}})
    """,  # noqa: S608
    # after the rows above, which are found by it when this is done again, and before what is there for a content
    f"DELETE FROM fingerprints WHERE {SUBMISSIONS}",  # noqa: S608
    # the frames of a video are those of its content: they stay without a medium while another medium shows them
    f"DELETE FROM video_frames WHERE {PAIRS} AND NOT {SHOWN}",  # noqa: S608
    f"""
    ALTER TABLE video_frames UPDATE media_id = ''
    WHERE media_id != '' AND {PAIRS} AND (collection, media_id) IN {{media:Array(Tuple(String, String))}}
    """,
    # so is what they look like, to us and to a model
    *(f"DELETE FROM {table} WHERE {PAIRS} AND NOT {SHOWN}" for table in ("visuals", "embeddings")),  # noqa: S608
    EVENTS_OF_MEDIA,
)

KNOWN_AS_DELETED: Final = f"SELECT collection, submission_id, attempt FROM deletions WHERE {SUBMISSIONS}"  # noqa: S608


def delete_rows(
    client: Client, records: Sequence[RawRecord], stored: Sequence[StoredSubmission], answer_ms: int
) -> None:
    """Delete the rows of what is deleted, if anything is. Returns when queries do not see them any more.

    Args:
        client: of ClickHouse.
        records: of one topic, whose rows are stored.
        stored: submissions whose rows are among them, and that may have been deleted before these rows came.
        answer_ms: how long the match stage knows an event again.
    """
    told = [submission for record in records if (submission := _deleted(record)) is not None]
    for at in range(0, len(stored), NAMES_PER_STATEMENT):
        told += _known_as_deleted(client, stored[at : at + NAMES_PER_STATEMENT])
    _delete_submissions(client, told)
    events = [(event, record) for record in records if (event := _deletion(record)) is not None]
    for at in range(0, len(events), NAMES_PER_STATEMENT):
        _delete_submissions(client, delete_named(client, events[at : at + NAMES_PER_STATEMENT], answer_ms))


def _deleted(record: RawRecord) -> StoredSubmission | None:
    if event_type(record) != DELETED_TYPE:
        return None
    try:
        told = Decision.from_json(record.value)
    except BadInput:  # its row was refused, with a dead letter
        return None
    return StoredSubmission(told.collection, told.submission_id, told.attempt, told.content_id or "", told.media_id)


def _deletion(record: RawRecord) -> ModerationEvent | None:
    if event_type(record) != MODERATION_TYPE or b'"deletion"' not in (record.value or b""):
        return None
    try:
        event = ModerationEvent.from_json(record.value)
    except BadInput:
        return None
    return event if event.event == "deletion" else None


def _known_as_deleted(client: Client, submissions: Sequence[StoredSubmission]) -> list[StoredSubmission]:
    """Those of these submissions that are in `deletions`."""
    by_key = {submission[:3]: submission for submission in submissions}
    found = client.query(KNOWN_AS_DELETED, {"submissions": list(by_key)}).result_rows
    return [by_key[collection, submission_id, attempt] for collection, submission_id, attempt in dict.fromkeys(found)]


def _delete_submissions(client: Client, submissions: Sequence[StoredSubmission]) -> None:
    for at in range(0, len(submissions), NAMES_PER_STATEMENT):
        some = submissions[at : at + NAMES_PER_STATEMENT]
        contents = [(each.collection, each.content_id) for each in some]
        parameters = {
            "submissions": [each[:3] for each in some],
            "contents": _once(content_id for _, content_id in contents),
            "pairs": _once(contents),
            "media": _once((each.collection, each.media_id) for each in some),
        }
        for statement in STATEMENTS:
            client.command(statement, parameters)


def _once(names: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(names))

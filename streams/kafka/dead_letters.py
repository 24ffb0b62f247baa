"""Dead letters: the record as it came, with its reason and origin in headers, so that it can be replayed."""

from __future__ import annotations

from typing import Final

from streams.domain.records import ModerationEvent, Origin, RawRecord, submission_id_of
from streams.domain.records.dead_letter import HEADER_PREFIX, DeadLetter
from streams.domain.records.submission import MAX_ATTEMPT, salvage_attempt
from streams.errors import BadInput, Reason
from streams.kafka.outputs import Output
from streams.kafka.topics import (
    BULK_SUBMISSIONS,
    DEAD_LETTERS,
    DECISIONS,
    FINGERPRINTS,
    JOBS,
    SUBMISSIONS,
    VERDICTS,
)

SUBMISSION_TOPICS: Final = frozenset({SUBMISSIONS, BULK_SUBMISSIONS})
REPLAYABLE: Final = SUBMISSION_TOPICS | {VERDICTS, FINGERPRINTS, DECISIONS, JOBS}
#: Headers that a replay sets, and takes from a letter that was itself a replay.
REPLAY_HEADERS: Final = frozenset({"ms_attempt", "ms_replay_of", "ms_replay_by", "ms_replay_at"})


def dead_letter(record: RawRecord, error: BadInput, *, stage: str, topic: str, at: str) -> Output:
    """The dead letter for a record that `stage` could not process.

    Args:
        record: its key, value and headers are kept.
        error: gives the reason and a detail for people.
        stage: the stage's name.
        topic: where the record came from, without the deployment's prefix.
        at: now, in RFC 3339.
    """
    headers = [(name, value or b"") for name, value in record.headers if not name.startswith(HEADER_PREFIX)]
    headers += _reason_headers(error, stage, topic, at)
    headers += [
        ("dl_origin_partition", str(record.partition).encode()),
        ("dl_origin_offset", str(record.offset).encode()),
    ]
    return (DEAD_LETTERS, record.key, record.value, headers)


def refusal(key: bytes | None, value: bytes | None, error: BadInput, *, stage: str, topic: str, at: str) -> Output:
    """The dead letter for what came from `topic` and was refused by a later stage, so without its place there."""
    return (DEAD_LETTERS, key, value, _reason_headers(error, stage, topic, at))


def replay_of(letter: DeadLetter, *, by: str, at: str, replays: int) -> Output:
    """The record that replays a dead letter: key and value as they came, to the topic they came from.

    The record is the same submission or event again: it keeps its CloudEvents id, or else names its first place in
    `ms_origin`. `ms_attempt` is raised, so that a submission gets a decision of its own and not that of before. So the
    same replay twice is one. Headers `ms_replay_*` say which letter this is, who replayed it, and when.

    Args:
        letter: to replay.
        by: who does it.
        at: now, in RFC 3339.
        replays: how often the letter was replayed before.

    Raises:
        BadInput: bad_field if the letter does not come from a topic that can be replayed.
    """
    topic = letter.letter_id.origin_topic
    if topic not in REPLAYABLE:
        raise BadInput(Reason.BAD_FIELD, f"it comes from {topic[:249]!r}, which nothing is replayed to")
    headers = [(name, value or b"") for name, value in letter.headers if name not in REPLAY_HEADERS]
    if topic in SUBMISSION_TOPICS:
        attempt = min(salvage_attempt(letter.headers) + 1 + replays, MAX_ATTEMPT)
        headers.append(("ms_attempt", str(attempt).encode()))
    if letter.has_origin:
        headers += _first_place(letter)
    elif topic == VERDICTS:
        headers += _event_again(letter, replays)
    place = letter.place
    headers += [
        ("ms_replay_of", f"{place.topic}/{place.partition}/{place.offset}".encode()),
        ("ms_replay_by", by.encode()),
        ("ms_replay_at", at.encode()),
    ]
    return (topic, letter.key, letter.value, headers)


def _first_place(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """The header that names a record which has no id of its own."""
    topic, partition, offset, _ = letter.letter_id
    origin = Origin(topic, partition, offset)
    place = f"{topic}/{partition}/{offset}"
    return [("ms_origin", place.encode())] if submission_id_of(letter.headers, origin) == place else []


def _event_again(letter: DeadLetter, replays: int) -> list[tuple[str, bytes]]:
    """The headers of an event that match refused: it remembers the event's id, and would refuse it again."""
    event_id = ModerationEvent.from_json(letter.value).event_id
    source, hash_sign, identity = event_id.partition("#")
    if not hash_sign:
        source, identity = "mediasieve/replay", event_id
    return [("ce_source", source.encode()), ("ce_id", f"{identity}~{replays + 1}".encode())]


def _reason_headers(error: BadInput, stage: str, topic: str, at: str) -> list[tuple[str, bytes]]:
    return [
        ("dl_reason", str(error.reason).encode()),
        ("dl_detail", error.detail[:1024].encode(errors="replace")),
        ("dl_stage", stage.encode()),
        ("dl_at", at.encode()),
        ("dl_origin_topic", topic.encode()),
    ]

"""Lists, replays and drops dead letters.

Kafka has the letters, and the acts on them, from which a replay is made. ClickHouse has rows of both and is asked for
lists alone. A replay of a letter is published first and recorded second: a replay that nobody recorded, because the
process was killed, is published once more as the same submission, and so changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.dead_letters import LetterGroup, LetterRow, letter_groups, letter_rows
from streams.config.settings import Settings
from streams.domain.records.dead_letter import Act, DeadLetter, LetterFilter
from streams.errors import BadInput
from streams.kafka.dead_letters import replay_of
from streams.kafka.readers.dead_letter_reader import (
    Handled,
    HandledLetters,
    TopicScan,
    dead_letters,
    letter_digest,
    read_dead_letter,
)
from streams.kafka.topics import DEAD_LETTERS
from streams.services.dead_letters.groups import LetterGroups
from streams.services.dead_letters.sender import ActOptions, LetterSender
from streams.services.progress import TrackProgress
from streams.services.submit.pace import Pace

MAX_ERRORS: Final = 20


@dataclass(slots=True)
class ActResult:
    """What became of the letters that were looked at.

    Attributes:
        looked_at: letters in the time that was asked for.
        matched: those of them that the filter accepts.
        done: replayed or dropped, or would be in a dry run.
        handled: left alone because somebody replayed or dropped them before.
        refused: letters that cannot be replayed.
        size_bytes: of the letters done.
        errors: why letters were refused, the first few.
    """

    looked_at: int = 0
    matched: int = 0
    done: int = 0
    handled: int = 0
    refused: int = 0
    size_bytes: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ShownLetter:
    """One letter as Kafka has it; `handled` is None if nobody replayed or dropped the letter."""

    letter: DeadLetter
    handled: Handled | None


def show_letter(settings: Settings, partition: int, offset: int) -> ShownLetter | None:
    """One dead letter by its place; None if Kafka has none there, or no longer.

    Raises:
        BrokerError: the broker is away or refuses.
    """
    letter = read_dead_letter(settings, partition, offset)
    if letter is None:
        return None
    return ShownLetter(letter, HandledLetters.read(settings).get(letter.letter_id))


def list_groups(client: Client, wanted: LetterFilter, status: str = "") -> tuple[LetterGroup, ...]:
    """Dead letters by reason, stage and topic, the most frequent first; `status` is empty for any.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    return letter_groups(client, wanted, status)


def list_letters(client: Client, wanted: LetterFilter, status: str = "", *, limit: int) -> tuple[LetterRow, ...]:
    """Single dead letters, the latest first; `status` is empty for any.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    return letter_rows(client, wanted, status, limit=limit)


def groups_from_kafka(
    settings: Settings, wanted: LetterFilter, track_progress: TrackProgress, *, status: str = ""
) -> tuple[LetterGroup, ...]:
    """Dead letters by reason, stage and topic, read from the topic itself: for when ClickHouse is away or late.

    Raises:
        BrokerError: the broker is away or refuses.
    """
    handled, groups = HandledLetters.read(settings), LetterGroups()
    for letter in _selected(settings, wanted, track_progress, "reading dead letters", ActResult()):
        done = handled.get(letter.letter_id)
        if status in ("", "open" if done is None else done.act):
            groups.add(letter, done)
    return groups.sorted()


def replay_letters(
    settings: Settings, wanted: LetterFilter, options: ActOptions, track_progress: TrackProgress
) -> ActResult:
    """Publish letters to the topics they came from, with their key, value and headers.

    Raises:
        BrokerError: the broker is away, refuses, or does not take a record. Replays made until then are recorded;
            the same call goes on with the rest.
    """
    return _act(settings, wanted, options, track_progress, "replayed")


def drop_letters(
    settings: Settings, wanted: LetterFilter, options: ActOptions, track_progress: TrackProgress
) -> ActResult:
    """Mark letters as handled: lists hide them, and no replay takes them but one with `again`.

    Raises:
        BrokerError: as `replay_letters`.
    """
    return _act(settings, wanted, options, track_progress, "dropped")


def _act(
    settings: Settings, wanted: LetterFilter, options: ActOptions, track_progress: TrackProgress, act: Act
) -> ActResult:
    result, handled = ActResult(), HandledLetters.read(settings)
    pace = Pace(options.per_second) if options.per_second else None
    seen: set[int] = set()  # a worker that was killed may have written a letter twice
    what = "looking" if options.dry_run else "replaying" if act == "replayed" else "dropping"
    with nullcontext() if options.dry_run else LetterSender(settings, options, act) as sender:
        for letter in _selected(settings, wanted, track_progress, what, result):
            before, digest = handled.get(letter.letter_id), letter_digest(letter.letter_id)
            if digest in seen or (before is not None and not options.again):
                result.handled += 1
                continue
            seen.add(digest)
            if pace is not None and sender is not None:
                pace.wait()
            replays = before.replays if before else 0
            refusal = _refusal(letter, act) if sender is None else sender.send(letter, replays)
            if refusal is None:
                result.done += 1
                result.size_bytes += letter.size_bytes
                continue
            result.refused += 1
            if len(result.errors) < MAX_ERRORS:
                result.errors.append(f"{letter.place.partition}/{letter.place.offset}: {refusal}")
    return result


def _selected(
    settings: Settings, wanted: LetterFilter, track_progress: TrackProgress, what: str, result: ActResult
) -> Iterator[DeadLetter]:
    """The letters that the filter accepts; counts those looked at."""
    if wanted.places:
        yield from _at_places(settings, wanted, result)
        return
    with TopicScan(settings, DEAD_LETTERS) as scan, track_progress(what, scan.count(wanted.since_ms)) as progress:
        for letter in dead_letters(scan, wanted.since_ms):
            result.looked_at += 1
            progress.advance(1, letter.size_bytes)
            if wanted.accepts(letter):
                result.matched += 1
                yield letter


def _at_places(settings: Settings, wanted: LetterFilter, result: ActResult) -> Iterator[DeadLetter]:
    with TopicScan(settings, DEAD_LETTERS) as scan:
        for partition, offset in wanted.places:
            record = scan.record_at(partition, offset)
            if record is None:
                result.refused += 1
                result.errors.append(f"{partition}/{offset}: Kafka has no dead letter there, or no longer")
                continue
            result.looked_at += 1
            letter = DeadLetter.of(record)
            if wanted.accepts(letter):
                result.matched += 1
                yield letter


def _refusal(letter: DeadLetter, act: Act) -> str | None:
    """Why a letter cannot be replayed; None if it can."""
    if act == "dropped":
        return None
    try:
        replay_of(letter, by="", at="", replays=0)
    except BadInput as error:
        return error.detail
    return None

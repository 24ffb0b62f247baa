"""Dead letters on a real broker: a replay publishes them once, however often it is asked for and wherever it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer

from streams.config.settings import Settings
from streams.domain.records import Origin, submission_id_of
from streams.domain.records.dead_letter import DeadLetter, DeadLetterAct, LetterFilter
from streams.errors import BadInput, Reason
from streams.kafka.dead_letters import dead_letter
from streams.kafka.readers.dead_letter_reader import HandledLetters, KafkaRecord, TopicScan
from streams.kafka.topic_admin import apply_topics
from streams.kafka.topics import DEAD_LETTER_ACTS, DEAD_LETTERS, SUBMISSIONS, wire_name
from streams.services.dead_letters.letters import (
    ActResult,
    drop_letters,
    groups_from_kafka,
    replay_letters,
    show_letter,
)
from streams.services.dead_letters.sender import ActOptions
from streams.services.progress import no_progress
from tests.support.brokers import Namespace
from tests.support.patience import PATIENCE_S
from tests.support.stories import Record

ANN = ActOptions("ann", "once more")
ALL = LetterFilter()

REPLAY_ALL = """
import sys
from streams.config.settings import load_settings
from streams.domain.records.dead_letter import LetterFilter
from streams.services.dead_letters.letters import replay_letters
from streams.services.dead_letters.sender import ActOptions
from streams.services.progress import no_progress
settings = load_settings(broker=sys.argv[1], topic_prefix=sys.argv[2], group_prefix=sys.argv[3])
print("begun", flush=True)
replay_letters(settings, LetterFilter(), ActOptions("ann", per_second=300), no_progress)
"""


@pytest.fixture
def settings(broker: Namespace, tmp_path: Path) -> Settings:
    found = broker.settings(tmp_path)
    apply_topics(found)
    return found


def give_up(
    settings: Settings, count: int, *, first: int = 0, reason: Reason = Reason.NOT_MEDIA, size_bytes: int = 10
) -> None:
    """Write dead letters about `count` submissions, whose offsets begin with `first`."""
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers, "message.max.bytes": 32 << 20})
    for number in range(first, first + count):
        headers: list[tuple[str, bytes | None]] = [("content-type", b"image/jpeg"), ("ce_collection", b"shop")]
        record = Record(SUBMISSIONS, 0, number, 0, b"%s-%d" % (reason.encode(), number), b"x" * size_bytes, headers)
        _, key, value, told = dead_letter(
            record, BadInput(reason, "no"), stage="fingerprint", topic=SUBMISSIONS, at="2026-01-01T00:00:00.000Z"
        )
        while True:
            try:
                producer.produce(wire_name(settings, DEAD_LETTERS), value, key, headers=list(told or []))
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(60) == 0


def all_of(settings: Settings, topic: str) -> list[KafkaRecord]:
    with TopicScan(settings, topic) as scan:
        return list(scan.records())


def replay(settings: Settings, wanted: LetterFilter = ALL, options: ActOptions = ANN) -> ActResult:
    return replay_letters(settings, wanted, options, no_progress)


def submissions(settings: Settings) -> list[tuple[str, bytes | None]]:
    """Identity and attempt of all submissions that Kafka has."""
    return [
        (
            submission_id_of(record.headers, Origin(record.topic, record.partition, record.offset)),
            dict(record.headers)["ms_attempt"],
        )
        for record in all_of(settings, SUBMISSIONS)
    ]


def test_letters_are_replayed_once_and_the_acts_say_where_to(settings: Settings) -> None:
    give_up(settings, 3)
    give_up(settings, 2, first=10, reason=Reason.TOO_LONG)
    result = replay(settings, LetterFilter(reasons=("not_media",), collections=("shop",)))
    assert (result.looked_at, result.matched, result.done, result.handled, result.refused) == (5, 3, 3, 0, 0)
    again = replay(settings)
    assert (again.matched, again.done, again.handled) == (5, 2, 3)
    assert replay(settings).done == 0
    found = submissions(settings)
    assert sorted(found) == [(f"media.submissions/0/{n}", b"1") for n in (0, 1, 10, 11, 2)]
    acts = [DeadLetterAct.from_json(record.value) for record in all_of(settings, DEAD_LETTER_ACTS)]
    assert len(acts) == 5
    places = {(record.partition, record.offset) for record in all_of(settings, SUBMISSIONS)}
    assert {(act.replayed.partition, act.replayed.offset) for act in acts if act.replayed} == places
    assert {(act.by, act.note, act.replays) for act in acts} == {("ann", "once more", 1)}


def test_a_dry_run_publishes_nothing_and_again_brings_the_next_attempt(settings: Settings) -> None:
    give_up(settings, 1)
    assert replay(settings, options=ActOptions("ann", dry_run=True)).done == 1
    assert (all_of(settings, SUBMISSIONS), all_of(settings, DEAD_LETTER_ACTS)) == ([], [])
    replay(settings)
    replay(settings, options=ActOptions("ann", again=True))
    assert [attempt for _, attempt in submissions(settings)] == [b"1", b"2"]


def test_letters_of_a_time_are_found_by_it(settings: Settings) -> None:
    give_up(settings, 3)
    now_ms = round(time.time() * 1000)
    hour_ms = 3_600_000
    options = ActOptions("ann", dry_run=True)
    assert replay(settings, LetterFilter(since_ms=now_ms - hour_ms), options).done == 3
    assert replay(settings, LetterFilter(since_ms=now_ms + hour_ms), options).looked_at == 0
    assert replay(settings, LetterFilter(until_ms=now_ms - hour_ms), options).matched == 0


def test_dropped_letters_are_hidden_and_not_replayed(settings: Settings) -> None:
    give_up(settings, 3)
    letters = [DeadLetter.of(record) for record in all_of(settings, DEAD_LETTERS)]
    place = letters[0].place
    one = LetterFilter(places=((place.partition, place.offset), (1, 999)))
    result = drop_letters(settings, one, ANN, no_progress)
    assert (result.done, result.refused) == (1, 1)
    assert "no dead letter there" in result.errors[0]
    (group,) = groups_from_kafka(settings, ALL, no_progress)
    assert (group.letters, group.open, group.dropped) == (3, 2, 1)
    (group,) = groups_from_kafka(settings, ALL, no_progress, status="open")
    assert group.letters == 2
    assert replay(settings).done == 2
    shown = show_letter(settings, place.partition, place.offset)
    assert shown is not None
    assert shown.handled is not None
    assert (shown.handled.act, shown.handled.replays, shown.letter.value) == ("dropped", 0, b"x" * 10)
    assert show_letter(settings, 0, 10_000) is None


def test_a_replay_that_is_killed_loses_no_letter_and_makes_no_submission_anew(settings: Settings) -> None:
    count = 1_500  # three chunks, at 300 a second
    give_up(settings, count)
    arguments = [settings.kafka.bootstrap_servers, settings.kafka.topic_prefix, settings.kafka.group_prefix]
    process = subprocess.Popen([sys.executable, "-c", REPLAY_ALL, *arguments], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"begun\n"
        deadline = time.monotonic() + PATIENCE_S
        while len(all_of(settings, DEAD_LETTER_ACTS)) < 500:
            assert time.monotonic() < deadline
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    recorded = len(all_of(settings, DEAD_LETTER_ACTS))
    result = replay(settings)
    assert (result.done, result.handled) == (count - recorded, recorded)
    assert {identity for identity, _ in submissions(settings)} == {f"media.submissions/0/{n}" for n in range(count)}
    assert {attempt for _, attempt in submissions(settings)} == {b"1"}
    handled = HandledLetters.read(settings)
    letters = [DeadLetter.of(record) for record in all_of(settings, DEAD_LETTERS)]
    assert {handled.get(letter.letter_id) for letter in letters} == {("replayed", 1)}


def test_large_letters_are_replayed_within_bounded_memory(settings: Settings, broker: Namespace) -> None:
    if broker.kind == "embedded":
        pytest.skip("the embedded broker answers with all records of a partition at once: more than a client takes")
    give_up(settings, 24, size_bytes=15 << 20)
    arguments = [settings.kafka.bootstrap_servers, settings.kafka.topic_prefix, settings.kafka.group_prefix]
    script = REPLAY_ALL + "\nprint(open('/proc/self/status').read())"  # ru_maxrss begins with that of the parent
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    peak_mb = int(done.stdout.partition("VmHWM:")[2].split()[0]) // 1024
    with TopicScan(settings, SUBMISSIONS) as scan:
        sizes = [len(record.value or b"") for record in scan.records()]
    assert sizes == [15 << 20] * 24
    assert peak_mb < 300, "360 MB went through"

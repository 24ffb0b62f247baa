"""The record that replays a dead letter: the same submission, one attempt later."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.records import Origin, RawRecord, decode_submission, submission_id_of
from streams.domain.records.dead_letter import DeadLetter, LetterId
from streams.errors import BadInput, Reason
from streams.kafka.dead_letters import dead_letter, refusal, replay_of
from streams.kafka.outputs import Output
from tests.support.stories import Record, moderation_event

CAME = Record("media.submissions", 3, 41, 5, b"cat", b"\xff\xd8 not really", [
    ("content-type", b"image/jpeg"), ("ce_collection", b"shop"), ("x-trace", b"\xff\x00"),
])  # fmt: skip
ERROR = BadInput(Reason.NOT_MEDIA, "no picture")


def letter_of(output: Output, offset: int = 7) -> DeadLetter:
    topic, key, value, headers = output
    return DeadLetter.of(Record(topic, 1, offset, 9, key, value, list(headers or [])))


def given_up(record: RawRecord = CAME, stage: str = "fingerprint", topic: str = "media.submissions") -> DeadLetter:
    return letter_of(dead_letter(record, ERROR, stage=stage, topic=topic, at="2026-01-01T00:00:00.000Z"))


def came_back(letter: DeadLetter, replays: int = 0) -> Record:
    topic, key, value, headers = replay_of(letter, by="ann", at="2026-01-02T00:00:00.000Z", replays=replays)
    return Record(topic, 0, 99, 9, key, value, list(headers or []))


def test_key_value_and_headers_come_back_as_they_came() -> None:
    record = came_back(given_up())
    assert (record.topic, record.key, record.value) == ("media.submissions", b"cat", CAME.value)
    assert set(CAME.headers) <= set(record.headers)
    told = dict(record.headers)
    assert told["ms_replay_of"] == b"media.deadletters/1/7"
    assert (told["ms_replay_by"], told["ms_replay_at"]) == (b"ann", b"2026-01-02T00:00:00.000Z")
    assert not any(name.startswith("dl_") for name in told)


@pytest.mark.parametrize("named", [[], [("ce_id", b"5"), ("ce_source", b"/app")], [("ce_id", b"x" * 2000)]])
def test_a_replay_is_the_same_submission_one_attempt_later(named: list[tuple[str, bytes]]) -> None:
    came = replace(CAME, headers=[*CAME.headers, *named])
    first = submission_id_of(came.headers, Origin("media.submissions", 3, 41))
    record = came_back(given_up(came))
    again = decode_submission(
        key=record.key,
        value=record.value,
        headers=record.headers,
        origin=Origin("media.submissions", 0, 99),
        timestamp_ms=0,
    )
    assert (again.submission_id, again.attempt) == (first, 1)
    failed_again = given_up(replace(record, topic="media.submissions"))
    third = came_back(failed_again, replays=2)
    assert dict(third.headers)["ms_attempt"] == b"4"
    assert submission_id_of(third.headers, Origin("media.submissions", 5, 5)) == first
    names = [name for name, _ in third.headers]
    assert len(names) == len(set(names))


def test_a_refused_event_comes_back_under_another_id_that_is_always_the_same() -> None:
    event = moderation_event(1)
    letter = letter_of(
        refusal(b"k", event.to_json(), ERROR, stage="match", topic="media.verdicts", at="2026-01-01T00:00:00.000Z")
    )
    assert not letter.has_origin
    record = came_back(letter)
    assert (record.topic, record.value) == ("media.verdicts", event.to_json())
    assert submission_id_of(record.headers, Origin("media.verdicts", 0, 0)) == f"{event.event_id}~1"
    assert record == came_back(letter)


@pytest.mark.parametrize("topic", ["media.deadletters", "other", "mediasieve-match-contents-changelog", ""])
def test_nothing_is_replayed_to_a_topic_that_is_no_input(topic: str) -> None:
    with pytest.raises(BadInput):
        came_back(given_up(topic=topic))


@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                ("dl_origin_topic", "dl_origin_partition", "dl_origin_offset", "dl_stage", "dl_reason", "x")
            ),
            st.none() | st.binary(max_size=30),
        )
    ),
    key=st.none() | st.binary(max_size=9),
    value=st.none() | st.binary(max_size=40),
)
def test_anything_can_be_read_as_a_dead_letter(
    headers: list[tuple[str, bytes | None]], key: bytes | None, value: bytes | None
) -> None:
    letter = DeadLetter.of(Record("media.deadletters", 1, 2, 3, key, value, headers))
    assert isinstance(letter.letter_id, LetterId)
    assert letter.letter_id.text
    assert letter.identity()[1]
    assert letter.reason

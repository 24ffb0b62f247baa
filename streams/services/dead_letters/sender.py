"""Sends replays of dead letters to Kafka, and records the acts on them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import KafkaException, Producer

from streams.config.settings import Settings
from streams.domain.records import Origin, format_timestamp
from streams.domain.records.dead_letter import Act, DeadLetter, DeadLetterAct
from streams.errors import BadInput, BrokerError
from streams.kafka.clients import make_producer, reach_broker
from streams.kafka.dead_letters import replay_of
from streams.kafka.outputs import Output
from streams.kafka.topics import DEAD_LETTER_ACTS, load_topics, plain_name, wire_name

CHUNK_LETTERS: Final = 500
CHUNK_BYTES: Final = 16 << 20
CHUNK_S: Final = 2.0
QUEUE_KBYTES: Final = 96 << 10
MAX_NOTE_CHARS: Final = 1024


@dataclass(frozen=True, slots=True)
class ActOptions:
    """How to act on letters.

    Attributes:
        by: who does it.
        note: why, for people.
        again: also on letters that were replayed or dropped before.
        dry_run: only count.
        per_second: letters a second at most; None for as fast as Kafka takes them.
    """

    by: str
    note: str = ""
    again: bool = False
    dry_run: bool = False
    per_second: float | None = None


@dataclass(slots=True)
class _UnsentLetter:
    """A letter that is being sent, without its value; `place` is set, or `error`, once Kafka has answered."""

    letter: DeadLetter
    replays: int
    at: str
    place: Origin | None = None
    error: str | None = None


class LetterSender:
    """Sends replays, then the acts that record them, a chunk at a time: so no act stands for what Kafka has not."""

    def __init__(self, settings: Settings, options: ActOptions, act: Act) -> None:
        self._settings, self._options, self._act = settings, options, act
        self._producer: Producer = make_producer(settings, queue_buffering_max_kbytes=QUEUE_KBYTES)
        known = reach_broker(settings, self._producer).topics
        self._topics = {name for name in load_topics() if wire_name(settings, name) in known}
        if DEAD_LETTER_ACTS not in self._topics:
            raise BrokerError(
                f"Kafka at {settings.kafka.bootstrap_servers} has no topic {wire_name(settings, DEAD_LETTER_ACTS)}; "
                "run `mediasieve topics apply`."
            )
        self._pending: list[_UnsentLetter] = []
        self._act_errors: list[str] = []
        self._size_bytes = 0
        self._flushed_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Replays that were sent are recorded, also when somebody presses Ctrl-C."""
        if kind is None or kind is KeyboardInterrupt:
            self.flush()

    def send(self, letter: DeadLetter, replays: int) -> str | None:
        """Queue a letter; returns why it cannot be replayed, or None."""
        pending = _UnsentLetter(replace(letter, value=None), replays, format_timestamp(time.time_ns() // 1_000_000))
        if self._act == "replayed":
            try:
                output = replay_of(letter, by=self._options.by, at=pending.at, replays=replays)
            except BadInput as error:
                return error.detail
            if output[0] not in self._topics:
                return f"Kafka has no topic {wire_name(self._settings, output[0])}"
            self._produce(output, lambda error, message: self._on_answer(pending, error, message))
        self._pending.append(pending)
        self._size_bytes += letter.size_bytes
        is_late = time.monotonic() - self._flushed_at > CHUNK_S
        if is_late or len(self._pending) >= CHUNK_LETTERS or self._size_bytes >= CHUNK_BYTES:
            self.flush()
        return None

    def flush(self) -> None:
        """Wait until Kafka has all replays, and then all their acts.

        Raises:
            BrokerError: Kafka does not take a record; those that it took are recorded.
        """
        self._await_answers()
        self._flushed_at = time.monotonic()
        pending, self._pending, self._size_bytes = self._pending, [], 0
        errors = [each.error for each in pending if each.error is not None]
        for each in pending:
            if each.error is None:
                act = self._act_on(each)
                key = act.letter_id.text.encode(errors="replace")
                self._produce((DEAD_LETTER_ACTS, key, act.to_json(), None), self._on_act_answer)
        self._await_answers()
        errors += self._act_errors
        if errors:
            raise BrokerError(
                f"Kafka did not take a record: {errors[0]}. All that it took is recorded; the same command goes on "
                "with the rest."
            )

    def _act_on(self, pending: _UnsentLetter) -> DeadLetterAct:
        letter = pending.letter
        return DeadLetterAct(
            *letter.letter_id,
            act=self._act,
            replays=pending.replays + (self._act == "replayed"),
            letter=letter.place,
            reason=letter.reason,
            by=self._options.by,
            note=self._options.note[:MAX_NOTE_CHARS],
            at=pending.at,
            replayed=pending.place,
        )

    def _produce(self, output: Output, on_answer: Callable[[Any, Any], None]) -> None:
        topic, key, value, headers = output
        while True:
            try:
                self._producer.produce(
                    wire_name(self._settings, topic), value, key, headers=list(headers or []), on_delivery=on_answer
                )
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                on_answer(error.args[0], None)
                return
            else:
                self._producer.poll(0)
                return

    def _on_answer(self, pending: _UnsentLetter, error: Any, message: Any) -> None:
        if error is not None:
            pending.error = error.str()
        else:
            topic = plain_name(self._settings, message.topic())
            pending.place = Origin(topic, message.partition(), message.offset())

    def _on_act_answer(self, error: Any, _message: Any) -> None:
        if error is not None:
            self._act_errors.append(error.str())

    def _await_answers(self) -> None:
        while len(self._producer):
            self._producer.poll(0.1)

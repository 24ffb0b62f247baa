"""From files to one decision each: publishes them and waits for the answers. `scan` and `demo` are made of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from streams.cli.commands.publish import Tally, outgoing_files
from streams.cli.progress import tracking
from streams.config.settings import Settings
from streams.errors import BrokerError
from streams.kafka.decision_reader import Decision, DecisionReader
from streams.services.files import FoundFile, Unreadable
from streams.services.outgoing import Envelope
from streams.services.publisher import Publisher, Receipt


@dataclass(slots=True)
class FileDecisions:
    """What became of some files: decisions in the order in which they came, and what is still without one.

    `missing` are media ids by submission id; `unpublished` counts files that never got into Kafka.
    """

    decisions: list[Decision] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    unpublished: int = 0

    @property
    def complete(self) -> bool:
        return not self.missing and not self.unpublished


def decide_files(
    settings: Settings,
    files: list[FoundFile | Unreadable],
    envelope: Envelope,
    *,
    inline: bool | None,
    patience_s: float,
    on_decision: Callable[[Decision], None],
    between: Callable[[], None],
) -> FileDecisions:
    """Publish files and wait until each has a decision, or none has come for `patience_s`.

    Args:
        inline: bytes, references, or None for bytes where they fit.
        on_decision: called with the first decision of each submission, as it comes.
        between: called a few times a second while waiting; may raise.

    Raises:
        BrokerError: the broker is away, or has no such topics.
    """
    answers = FileDecisions()

    def sent(receipt: Receipt) -> None:
        answers.missing[receipt.sent.submission_id] = receipt.sent.media_id

    with DecisionReader(settings, "end") as reader:
        with tracking("publishing", len(files)) as tracker:
            tally = Tally(tracker, sent)
            publisher = Publisher(settings, tally.receipt)
            for outgoing in outgoing_files(files, envelope, tally, inline=inline):
                publisher.send(outgoing)
            publisher.finish()
        answers.unpublished = tally.failed
        with tracking("deciding", len(answers.missing)) as tracker:
            heard_at = time.monotonic()
            while answers.missing and time.monotonic() - heard_at < patience_s:
                try:
                    read = reader.read()
                except BrokerError:
                    between()  # may know better what is wrong
                    raise
                for decision in read:
                    if answers.missing.pop(decision["submission_id"], None) is not None:
                        heard_at = time.monotonic()
                        answers.decisions.append(decision)
                        on_decision(decision)
                        tracker.advance()
                if not read:
                    between()
    return answers

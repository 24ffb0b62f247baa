"""Random logs of submissions and moderation events for the match stage."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from hashlib import sha256

from streams.domain.match.batch import MatchInput, ModerationInput
from streams.domain.moderation.events import LogPosition
from streams.domain.moderation.steps import Step
from streams.domain.records import Fingerprint, Label, ModerationEvent, VerdictSource
from streams.domain.records.moderation import EventName
from streams.domain.records.verdict import SourceKind
from tests.support import picture_streams
from tests.support.partition import Partition

Record = MatchInput | ModerationInput
EVENTS: tuple[EventName, ...] = ("verdict", "verdict", "verdict", "withdrawal", "split", "merge", "undo", "deletion")
SOURCES: tuple[tuple[SourceKind, str], ...] = (
    ("person", "ann"),
    ("person", "bob"),
    ("list", "known"),
    ("model", "m1"),
    ("rule", "size"),
)


def event(number: int, rng: random.Random, seed: int, at: str) -> ModerationEvent:
    """About one of the contents and media of `picture_streams.submission`."""
    name = rng.choice(EVENTS)
    contents = [f"sha256:{sha256(b'%d' % (25 * seed + each)).hexdigest()}" for each in rng.sample(range(26), 2)]
    by_medium = rng.random() < 0.3
    by_both = name == "deletion" and rng.random() < 0.4
    kind, source = rng.choice(SOURCES)
    is_verdict = name == "verdict"
    return ModerationEvent(
        event_id=f"events#{number if rng.random() < 0.9 else number // 2}",
        event=name,
        collection=rng.choice(("shop", "album") if seed % 2 else ("shop",)),
        by=VerdictSource(kind, source, rng.choice((None, "2"))),
        at=at,
        content_id=None if by_medium and not by_both else contents[0],
        media_id=f"m{rng.randrange(42)}" if by_medium or by_both else None,
        other_content_id=contents[1] if name in ("split", "merge", "undo") else None,
        status=rng.choice(("allowed", "review", "blocked")) if is_verdict else None,
        labels=[Label("nudity", None, 0.5)] if is_verdict and rng.random() < 0.5 else [],
        reason=rng.choice((None, "seen")),
        scope=rng.choice(("group", "group", "content")),
    )


def log(seed: int, length: int, max_gap_ms: int, *, near: bool = True) -> list[Record]:
    """The log of a partition, with the steps of walks that the match stage adds to its end, at random places after the
    records that bring them; some of them come twice."""
    rng = random.Random(seed)
    partition, records, steps = Partition(), list[Record](), list[Step]()
    time_ms = 0
    while len(records) < length or steps:
        time_ms += rng.choice((1, 1_000, max_gap_ms // 3, max_gap_ms, -max_gap_ms // 5))
        at = LogPosition(len(records), time_ms)
        if steps and (rng.random() < 0.4 or len(records) >= length):
            step = steps[0] if rng.random() < 0.1 else steps.pop(0)
            records.append(ModerationInput(step, at, b"key"))
        elif rng.random() < 0.4:
            happened = event(len(records), rng, seed, f"2026-01-01T00:00:{len(records) % 60:02d}.000Z")
            records.append(ModerationInput(ModerationEvent.from_json(happened.to_json()), at, b"key"))
        else:
            submission = picture_streams.submission(len(records), rng, seed)
            records.append(MatchInput.of(Fingerprint.from_json(submission.to_json()), time_ms, len(records)))
        result = partition.process(records[-1:])
        steps += [each.step for each in result.continuations]
    return records


def batches(records: Sequence[Record], rng: random.Random) -> Iterator[Sequence[Record]]:
    while records:
        size = rng.choice((1, 2, 5, 20))
        yield records[:size]
        records = records[size:]


def decided(partition: Partition, records: Sequence[Record], rng: random.Random) -> list[bytes]:
    """The decisions of records that come in batches of any size."""
    return [decision.value for batch in batches(records, rng) for decision in partition.process(batch).decisions]

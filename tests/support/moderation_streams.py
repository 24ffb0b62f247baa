"""Random logs of submissions and moderation events for the match stage."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

from streams.domain.match.batch import MatchInput, ModerationInput
from streams.domain.moderation.effects import LogPosition
from streams.domain.moderation.steps import Step
from streams.domain.policy.policy import RULE_NAMES, Policy
from streams.domain.records import Fingerprint, Label, ListEntry, ListEvent, ModerationEvent, VerdictSource
from streams.domain.records.hash_list import ListAlgorithm, ListEventName
from streams.domain.records.moderation import EventName
from streams.domain.records.verdict import SourceKind
from tests.support import picture_streams, video_streams
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


LIST_EVENTS: tuple[ListEventName, ...] = (
    *("list_entries",) * 6,
    *("list_effective",) * 6,
    *("list_drop", "list_release"),
)


def list_event(number: int, rng: random.Random, seed: int, at: str) -> ListEvent:
    """About one of three lists, each with the hashes of some contents of `picture_streams.submission`."""
    name = rng.choice(LIST_EVENTS)
    list_name = rng.choice(("bad", "bad", "bad", "good", "never"))
    entry = list_entry(rng, seed)
    has_entry, is_effective = name == "list_release", name == "list_effective"
    return ListEvent(
        event_id=f"lists#{number if rng.random() < 0.9 else number // 2}",
        event=name,
        collection=rng.choice(("shop", "album") if seed % 2 else ("shop",)),
        list_name=list_name,
        at=at,
        by=None if name == "list_entries" else VerdictSource("person", "ann"),
        import_id=f"import-{rng.choice((0, 0, 1))}" if name in ("list_entries", "list_effective") else None,
        chunk=rng.choice((0, 0, 0, 1)) if name == "list_entries" else 0,
        entries=[list_entry(rng, seed) for _ in range(rng.randrange(3, 12))] if name == "list_entries" else [],
        chunks=rng.choice((0, 1, 1, 1, 1, 2)) if is_effective else 0,
        version=rng.choice(("1", "2")) if is_effective else None,
        status=rng.choice(("blocked", "allowed")) if is_effective and list_name != "never" else None,
        labels=[Label("known")] if is_effective and rng.random() < 0.5 else [],
        negative=is_effective and list_name == "never",
        bits={"phash64": 8, "pdq256": 40} if is_effective and rng.random() < 0.7 else {},
        perceptual=rng.choice(("review", "entry")) if is_effective else "review",
        quarantine_after=rng.choice((1, 2, 50)) if is_effective else 50,
        algorithm=entry.algorithm if has_entry else None,
        hash=entry.hash if has_entry else None,
    )


def list_entry(rng: random.Random, seed: int) -> ListEntry:
    """A hash of one of the contents, as it is or some bits away."""
    facts = picture_streams.facts_of(25 * seed + rng.randrange(25))
    algorithm: ListAlgorithm = rng.choice(("sha256", "md5", "phash64", "phash64", "pdq256"))
    key = {"md5": "md5", "phash64": "phash64:1", "pdq256": "pdq256:1"}.get(algorithm, "")
    value = facts.hashes.get(key, facts.content_id.removeprefix("sha256:")[: 32 if algorithm == "md5" else 64])
    bits = None
    if algorithm in ("phash64", "pdq256"):
        width = 4 * len(value)
        value = f"{picture_streams.flipped(int(value, 16), rng.choice((0, 2, 5, 12)), width, rng):0{len(value)}x}"
        value = value if rng.random() < 0.9 else "0" * len(value)
        bits = rng.choice((None, None, 3, 10))
    says = rng.random() < 0.3
    return ListEntry(
        algorithm,
        value,
        rng.choice(("blocked", "review", "allowed")) if says else None,
        [Label("weapon", None, 0.5)] if says else None,
        "said so" if says else None,
        bits,
    )


def film_log(seed: int, length: int) -> list[Record]:
    """As `log`, of videos, with events about their contents. Some are known by parts of their bytes."""
    rng, partition, records, steps = random.Random(seed), Partition(), list[Record](), list[Step | ListEvent]()
    films = [video_streams.video(20 * (seed % 50) + number).content_id for number in range(20)]
    while len(records) < length or steps:
        at = LogPosition(len(records), 1_000 * len(records))
        if steps and (rng.random() < 0.4 or len(records) >= length):
            records.append(ModerationInput(steps.pop(0), at, b"key"))
        elif rng.random() < 0.4:
            happened = event(len(records), rng, 0, f"2026-01-01T00:00:{len(records) % 60:02d}.000Z")
            one, two = rng.sample(films, 2)
            other = None if happened.other_content_id is None else two
            happened = replace(happened, content_id=one, media_id=None, other_content_id=other)
            records.append(ModerationInput(ModerationEvent.from_json(happened.to_json()), at, b"key"))
        else:
            facts = video_streams.video(20 * (seed % 50) + rng.randrange(20))
            policy = video_streams.POLICIES[0]
            submitted = video_streams.submission(facts, len(records), rng.randrange(40), policy, "shop")
            records.append(MatchInput.of(Fingerprint.from_json(submitted.to_json()), at.time_ms, at.offset))
        steps += what_follows(partition, records[-1])
    return records


def what_follows(partition: Partition, record: Record) -> list[Step | ListEvent]:
    """What the match stage adds to the end of the log when it reads a record."""
    result = partition.process([record])
    events = [ListEvent.from_json(each.event.to_json()) for each in result.log_events]
    return [*(each.step for each in result.continuations), *events]


def log(seed: int, length: int, max_gap_ms: int, *, near: bool = True) -> list[Record]:
    """The log of a partition, with the steps of walks that the match stage adds to its end, at random places after the
    records that bring them; some of them come twice."""
    rng = random.Random(seed)
    partition, records, steps = Partition(), list[Record](), list[Step | ListEvent]()
    time_ms = 0
    while len(records) < length or steps:
        time_ms += rng.choice((1, 1_000, max_gap_ms // 3, max_gap_ms, -max_gap_ms // 5))
        at = LogPosition(len(records), time_ms)
        if steps and (rng.random() < 0.4 or len(records) >= length):
            step = steps[0] if rng.random() < 0.1 else steps.pop(0)
            records.append(ModerationInput(step, at, b"key"))
        elif rng.random() < 0.25:
            listed = list_event(len(records), rng, seed, f"2026-01-01T00:01:{len(records) % 60:02d}.000Z")
            records.append(ModerationInput(ListEvent.from_json(listed.to_json()), at, b"key"))
        elif rng.random() < 0.35:
            happened = event(len(records), rng, seed, f"2026-01-01T00:00:{len(records) % 60:02d}.000Z")
            records.append(ModerationInput(ModerationEvent.from_json(happened.to_json()), at, b"key"))
        else:
            submission = with_probes(picture_streams.submission(len(records), rng, seed), rng, seed)
            # Some are slow to be fingerprinted: deletions overtake them, and so do later submissions.
            second = int(submission.submission_id.removeprefix("s#")) * 7 % 60
            submission = replace(submission, submitted_at=f"2026-01-01T00:00:{second:02d}.000Z")
            records.append(MatchInput.of(Fingerprint.from_json(submission.to_json()), time_ms, len(records)))
        steps += what_follows(partition, records[-1])
    return records


def with_probes(submission: Fingerprint, rng: random.Random, seed: int) -> Fingerprint:
    """Of every third seed, the collection `shop` has references only, and some submissions are none."""
    if seed % 3 or submission.collection != "shop":
        return submission
    rules = {name: getattr(submission.policy, name) for name in RULE_NAMES}
    return replace(submission, policy=Policy(**{**rules, "reference": True}), reference=rng.random() < 0.6)


def batches(records: Sequence[Record], rng: random.Random) -> Iterator[Sequence[Record]]:
    while records:
        size = rng.choice((1, 2, 5, 20))
        yield records[:size]
        records = records[size:]


def decided(partition: Partition, records: Sequence[Record], rng: random.Random) -> list[bytes]:
    """The decisions of records that come in batches of any size."""
    return [decision.value for batch in batches(records, rng) for decision in partition.process(batch).decisions]

"""Forgotten state goes, in small steps, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest

from streams.domain.match import expiry
from streams.domain.match.decide import MatchInput
from streams.domain.match.expiry import remove_expired
from streams.domain.policy.policy import Policy
from streams.domain.state.keys import FRAMES_PREFIX
from tests.domain.match.images.test_index import DAY_MS, stream
from tests.domain.match.videos.test_matching import stream as videos
from tests.support.partition import Partition

SHORT, LONG = Policy.of(name="short", retention_days=2), Policy.of(name="long")


def swept(partition: Partition, before_ms: int) -> list[bytes]:
    """Keys that went, over as many sweeps as it takes."""
    gone: list[bytes] = []
    after = b""
    while True:
        entries: Iterator[tuple[bytes, bytes]] = iter(sorted(item for item in partition.items() if item[0] > after))
        partition.log.clear()
        after = remove_expired(entries, before_ms, partition, partition.indexes)
        gone += [key for key, value in partition.log if value is None]
        if not after:
            return gone


def aged(policy: Policy, day: int, seed: int) -> list[MatchInput]:
    records = [each.fingerprint for each in stream(seed, 30)]
    return [
        MatchInput.of(replace(each, policy=policy, submission_id=f"{policy.name}{day} {number}"), day * DAY_MS)
        for number, each in enumerate(records)
    ]


@pytest.mark.parametrize("at_once", [1, 7, 2_000])
def test_only_what_expired_before_the_time_goes(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "ENTRIES_PER_SWEEP", at_once)
    partition = Partition()
    partition.decide(aged(SHORT, 0, 2))
    old = set(partition)
    partition.decide(aged(SHORT, 5, 4))
    partition.decide(aged(LONG, 0, 6))
    known = len(partition.indexes)

    assert swept(partition, 2 * DAY_MS) == []
    gone = swept(partition, 2 * DAY_MS + 1)

    assert set(gone) == old
    assert not old & set(partition)
    assert 0 < len(partition.indexes) < known
    assert len(Partition(partition.items()).indexes) == len(partition.indexes)


def test_the_frames_of_a_video_go_with_it_and_so_do_those_that_were_left_behind() -> None:
    partition = Partition()
    partition.decide([MatchInput.of(replace(each.fingerprint, policy=SHORT), 0) for each in videos(7, 25)])
    frames = {key for key in partition if key.startswith(FRAMES_PREFIX)}
    known = len(partition.indexes)
    partition[left := b"fshop\0sha256:00"] = b"of no content"

    assert swept(partition, DAY_MS) == [left]
    gone = swept(partition, 2 * DAY_MS + 1)

    assert len(frames) > 4
    assert frames < set(gone)
    assert known > 4
    assert len(partition.indexes) == len(Partition(partition.items()).indexes) == 0
    assert not partition


def test_frames_go_when_equal_bytes_come_again_under_a_policy_that_keeps_none() -> None:
    partition = Partition()
    batch = [each.fingerprint for each in videos(7, 25)]
    partition.decide([MatchInput.of(replace(each, policy=SHORT), 0) for each in batch])
    exact = Policy.of(name="exact", near=False)
    again = [replace(each, policy=exact, submission_id=f"again {number}") for number, each in enumerate(batch)]
    partition.decide([MatchInput.of(each, 5 * DAY_MS) for each in again])

    swept(partition, 0)

    assert not [key for key in partition if key.startswith(FRAMES_PREFIX)]
    assert len(partition.indexes) == 0


def test_decisions_are_the_same_with_and_without_sweeping() -> None:
    kept, cleaned = Partition(), Partition()
    for day in range(0, 12, 3):
        batch = aged(SHORT, day, 2)
        assert [orjson.loads(each.value) for each in kept.decide(batch)] == [
            orjson.loads(each.value) for each in cleaned.decide(batch)
        ]
        assert bool(swept(cleaned, day * DAY_MS)) == (day > 0)


def test_what_a_batch_renews_stays() -> None:
    partition = Partition()
    partition.decide(aged(SHORT, 0, 2))
    before = dict(partition)
    partition.decide(aged(SHORT, 2, 2))
    renewed = {key for key, value in before.items() if partition[key] != value}
    assert renewed
    remove_expired(iter(sorted(before.items())), 2 * DAY_MS + 1, partition, partition.indexes)
    assert renewed <= set(partition)

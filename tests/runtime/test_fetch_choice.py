"""A consumer holds no more than its share and one record, whatever their sizes are, and no partition starves."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.config.byte_shares import MEDIA_WEIGHT, SMALL_RECORDS_WEIGHT, sources_share, stage_shares
from streams.runtime.fetch_choice import FetchChoice

SHARE_BYTES = 1000


class Broker:
    """Answers as Kafka does: at least one record of the first partition that has any, else no more than asked for."""

    def __init__(self, sizes: dict[int, list[int]]) -> None:
        self.left = {partition: deque(records) for partition, records in sizes.items()}

    def fetch(self, partitions: list[int], max_bytes: int) -> dict[int, list[int]]:
        answer: dict[int, list[int]] = {}
        for partition in partitions:
            answer[partition] = []
            while (left := self.left[partition]) and (left[0] <= max_bytes or not any(answer.values())):
                max_bytes -= left[0]
                answer[partition].append(left.popleft())
        return answer


@settings(max_examples=50)
@given(
    sizes=st.dictionaries(st.integers(0, 7), st.lists(st.integers(1, 3000), min_size=1, max_size=20), min_size=1),
    data=st.data(),
)
def test_no_more_than_the_share_and_one_record_is_held_and_all_is_fetched(
    sizes: dict[int, list[int]], data: st.DataObject
) -> None:
    broker, choice = Broker(sizes), FetchChoice[int](SHARE_BYTES)
    held: deque[tuple[int, int]] = deque()
    now = 0.0
    while any(broker.left.values()):
        now += 0.1
        held_bytes = sum(size for _, size in held)
        asked = data.draw(st.permutations(list(sizes)))
        chosen = choice.choose(
            asked,
            held_bytes,
            SHARE_BYTES - held_bytes,
            lambda partition: sum(size for owner, size in held if owner == partition),
            now,
        )
        assert chosen or held
        max_bytes = max(1, min(SHARE_BYTES - held_bytes, choice.max_fetch_bytes))
        answer = broker.fetch(chosen, max_bytes) if chosen else {}
        for partition, records in answer.items():
            choice.on_answer(partition, sum(records))
            held.extend((partition, size) for size in records)
        largest = max((size for _, size in held), default=0)
        assert sum(size for _, size in held) <= SHARE_BYTES + largest
        for _ in range(min(len(held), data.draw(st.integers(0, 3)) if chosen else 1)):
            held.popleft()


def test_a_partition_that_is_full_does_not_stop_the_others() -> None:
    choice = FetchChoice[str](SHARE_BYTES)
    for partition in "ab":
        choice.on_answer(partition, 100)
    held = {"a": 600, "b": 0}
    assert choice.choose("ab", 600, 400, held.__getitem__, now=0.0) == ["b"]


def test_a_partition_with_large_records_gets_its_turn_although_the_others_always_have_small_ones() -> None:
    choice = FetchChoice[str](SHARE_BYTES)
    choice.on_answer("large", 900)
    choice.on_answer("small", 50)
    held = {"large": 0, "small": 200}
    assert choice.choose(["large", "small"], 200, 800, held.__getitem__, now=0.0) == ["small"]
    assert choice.choose(["large", "small"], 200, 800, held.__getitem__, now=1.0) == []
    assert choice.choose(["large", "small"], 100, 900, held.__getitem__, now=1.1) == ["large", "small"]


def test_records_larger_than_the_share_and_small_ones_take_turns() -> None:
    choice = FetchChoice[str](SHARE_BYTES)
    choice.on_answer("large", 2000)
    choice.on_answer("small", 50)
    chosen = []
    for turn in range(4):
        chosen += choice.choose(["large", "small"], 0, SHARE_BYTES, lambda _: 0, now=turn)
        choice.choose(["large", "small"], 2000, -1000, lambda _: 0, now=turn + 0.1)  # refused while the stage is full
    assert chosen[:2] in (["large", "small"], ["small", "large"])
    assert chosen[2:] == chosen[:2]


def test_partitions_that_nobody_has_asked_for_are_asked_for_one_by_one() -> None:
    choice = FetchChoice[str](SHARE_BYTES)
    assert choice.choose("ab", 0, SHARE_BYTES, lambda _: 0, now=0.0) == ["a"]
    choice.on_answer("a", 0)
    assert choice.choose("ab", 0, SHARE_BYTES, lambda _: 0, now=0.0) == ["b"]
    choice.on_answer("b", 0)
    assert choice.choose("ab", 0, SHARE_BYTES, lambda _: 0, now=0.0) == ["a", "b"]


def test_the_shares_of_a_worker_are_its_budget() -> None:
    weights = {"fingerprint": MEDIA_WEIGHT, "match": SMALL_RECORDS_WEIGHT, "record": SMALL_RECORDS_WEIGHT}
    assert sum(stage_shares(1 << 20, weights).values()) + sources_share(1 << 20) == 1 << 20
    with_processes = stage_shares(1 << 20, weights, decoding_processes=True)
    assert sum(with_processes.values()) + sources_share(1 << 20) == (1 << 20) * 3 // 4
    assert stage_shares(1 << 20, {"match": SMALL_RECORDS_WEIGHT}, decoding_processes=True) == {"match": 1 << 20}

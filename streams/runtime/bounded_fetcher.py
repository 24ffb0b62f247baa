"""aiokafka's fetcher under a bound of bytes: it asks for the bytes that fit, and pauses single partitions.

Runs on the thread of consumer_thread.py. `InFlight` is the account of all that one stage holds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Any

from aiokafka.consumer.fetcher import Fetcher, FetchResult
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import ConsumerRecord, TopicPartition

from streams.runtime.fetch_choice import FetchChoice
from streams.runtime.in_flight import InFlight
from streams.runtime.ledger import size_of

#: How long the broker may wait with an empty answer, and how long once it has had nothing for some time. While a
#: question leaves out partitions, they wait for its answer.
WHOLE_WAIT_MS, IDLE_WAIT_MS, PARTIAL_WAIT_MS = 250, 1_000, 40
#: How often a broker is asked that answers at once; and how often once it has had nothing for some time.
EMPTY_INTERVAL_S, IDLE_INTERVAL_S, IDLE_AFTER_S = 0.02, 0.2, 1.0
#: An answer with less than this part of the permitted bytes is all that the broker has.
FULL_ANSWER_PART = 2
#: While records are handed out, the partitions without records are asked for after this time.
PREFETCH_BACKOFF_S = 0.1
#: How often the routine that asks the brokers is told to end.
CANCEL_INTERVAL_S = 0.1
#: Records of a partition with fewer bytes left are taken with those before them, which frees the bytes they came in.
SMALL_REST_BYTES = 64 << 10


class BoundedFetcher(Fetcher):  # type: ignore[misc]
    """The fetcher of one consumer, made from aiokafka's by `bound`.

    `idle`: the broker has had nothing for some time. `gathering`: the next question waits until more records have come
    than one. `starved`: some partitions were not asked for, for lack of room.
    """

    _in_flight_account: InFlight
    _open_bytes: Callable[[TopicPartition], int]
    _asked_bytes: int
    _choice: FetchChoice[TopicPartition]
    _empty_since: float
    _nudged: asyncio.Event
    gather_s: float
    idle: bool
    gathering: bool
    starved: bool

    @classmethod
    def bound(
        cls, fetcher: Fetcher, account: InFlight, open_bytes: Callable[[TopicPartition], int], gather_s: float
    ) -> BoundedFetcher:
        """Bound a fetcher that waits for its first assignment. A consumer makes its fetcher itself when it starts.

        Args:
            account: of the stage.
            open_bytes: the size of a partition's delivered and unfinished records.
            gather_s: how long records that come slowly are gathered, from one question to the next.
        """
        fetcher.__class__ = cls
        bounded: BoundedFetcher = fetcher
        bounded._in_flight_account, bounded._open_bytes = account, open_bytes
        bounded._asked_bytes, bounded._choice = 0, FetchChoice(account.max_bytes)
        bounded._empty_since, bounded._nudged = time.monotonic(), asyncio.Event()
        bounded.gather_s = gather_s
        bounded.idle = bounded.gathering = bounded.starved = False
        return bounded

    async def close(self) -> None:
        """The routine of aiokafka that waits for the end of a question takes a cancellation for that end, and goes on.

        Its own `close` then waits for ever.
        """
        self._closed = True
        while not self._fetch_task.done():
            self._fetch_task.cancel()
            await asyncio.wait([self._fetch_task], timeout=CANCEL_INTERVAL_S)
        for question in self._pending_tasks:
            question.cancel()
        await asyncio.gather(*self._pending_tasks, return_exceptions=True)
        self._pending_tasks.clear()
        await super().close()

    def wake(self) -> None:
        """There is room again, or `starved` was set before there was."""
        self._notify(self._wait_consume_future)

    def nudge(self) -> None:
        """There may be records: do not wait before the next question."""
        self._nudged.set()

    def _get_actions_per_node(self, assignment: Any) -> Any:
        """A question counts as open until aiokafka's callback runs, a moment after the question's task has ended.

        If records were taken in that moment, nobody would be asked for the 0.2 s of aiokafka's timeout: look again.
        """
        if len(self._in_flight) > sum(not task.done() for task in self._pending_tasks):
            asyncio.get_running_loop().call_soon(self.wake)
        requests, *others = super()._get_actions_per_node(assignment)
        granted = [
            (node, limited)
            for node, request in requests
            if (limited := self._limited(request, assignment, len(requests))) is not None
        ]
        return granted, *others

    def _limited(self, request: FetchRequest, assignment: Any, nodes: int) -> FetchRequest | None:
        """The request for the partitions and bytes that fit into the bound; None without room."""
        held_bytes = self._count_fetched()
        room_bytes = (self._in_flight_account.max_bytes - held_bytes - self._asked_bytes) // nodes
        asked = {
            TopicPartition(topic, partition): (offset, max_bytes)
            for topic, partitions in request.topics
            for partition, offset, max_bytes in partitions
        }
        self.starved = True  # before the choice: room that comes meanwhile wakes the fetcher
        chosen = self._choice.choose(asked, held_bytes, room_bytes, self._open_bytes, time.monotonic())
        self.starved = len(chosen) < len(asked)
        if not chosen:
            return None
        first_question = not self._choice.is_known(chosen[0])
        # New partitions are asked for singly, and without waiting for the records of earlier ones.
        self._prefetch_backoff = 0.0 if first_question else PREFETCH_BACKOFF_S
        fetch_bytes = max(1, min(room_bytes, self._choice.max_fetch_bytes))
        topics: dict[str, list[tuple[int, int, int]]] = {}
        for tp in chosen:
            offset, max_bytes = asked[tp]
            topics.setdefault(tp.topic, []).append((tp.partition, offset, min(max_bytes, fetch_bytes)))
        whole = len(chosen) == sum(not assignment.state_value(tp).paused for tp in assignment.tps)
        empty_wait_ms = IDLE_WAIT_MS if self.idle else WHOLE_WAIT_MS
        wait_ms = empty_wait_ms if whole else 0 if first_question else PARTIAL_WAIT_MS
        return FetchRequest(wait_ms, self._fetch_min_bytes, fetch_bytes, self._isolation_level, list(topics.items()))

    async def _proc_fetch_request(self, assignment: Any, node_id: int, request: FetchRequest) -> bool:
        """Ask, note the sizes of the answer, and wait before the next question if a broker has answered at once.

        Records are handed out meanwhile.
        """
        begun_at, fetch_bytes = time.monotonic(), request._max_bytes
        self._asked_bytes += fetch_bytes
        try:
            found = bool(await super()._proc_fetch_request(assignment, node_id, request))
        finally:
            self._asked_bytes -= fetch_bytes
        answer_bytes = self._note_answer(request)
        now = time.monotonic()
        if request._max_wait_ms == 0:
            return found
        if found:
            self._empty_since, self.idle = now, False
            if answer_bytes * FULL_ANSWER_PART < fetch_bytes:
                for waiter in self._fetch_waiters:
                    self._notify(waiter)
                self.gathering = True
                await self._wait_for_nudge(begun_at + self.gather_s - now)
                self.gathering = False
            return True
        self.idle = now - self._empty_since > IDLE_AFTER_S
        await self._wait_for_nudge(begun_at + (IDLE_INTERVAL_S if self.idle else EMPTY_INTERVAL_S) - now)
        return False

    def _note_answer(self, request: FetchRequest) -> int:
        """Note the sizes of an answer, by partition; returns their sum."""
        answer_bytes = 0
        for topic, partitions in request.topics:
            for partition, *_ in partitions:
                tp = TopicPartition(topic, partition)
                size_bytes = _raw_bytes(self._records.get(tp))
                self._choice.on_answer(tp, size_bytes)
                answer_bytes += size_bytes
        self._count_fetched()
        return answer_bytes

    async def _wait_for_nudge(self, timeout_s: float) -> None:
        if timeout_s <= 0:
            return
        self._nudged.clear()
        try:
            await asyncio.wait_for(self._nudged.wait(), timeout_s)
        except TimeoutError:
            return
        except asyncio.CancelledError:  # like the fetcher's own: its answer is not needed
            return

    async def fetched_records(
        self,
        partitions: Collection[TopicPartition],
        timeout: float = 0,  # noqa: ASYNC109
        max_records: int | None = None,
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Returns at most `max_records`, and at most the bytes of one fetch, of all partitions in turn.

        aiokafka returns any number of bytes, and all records of one partition before any of the next. After another
        worker's death, the last partition with a backlog would wait for all others.
        """
        deadline = time.monotonic() + timeout
        while True:
            if self._subscriptions.reassignment_in_progress:
                await self._subscriptions.wait_for_assignment()
            taken = self._take(partitions, max_records or 1)
            left_s = deadline - time.monotonic()
            if taken or left_s <= 0:
                return taken
            waiter = self._create_fetch_waiter()
            done, _ = await asyncio.wait([waiter], timeout=left_s)
            if not done or self._closed:
                waiter.cancel()
                return {}
            waiter.result()  # raises if the group refuses this member

    def _take(
        self, partitions: Collection[TopicPartition], max_records: int
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        taken: dict[TopicPartition, list[ConsumerRecord]] = {}
        left_bytes = self._choice.max_fetch_bytes
        taken_bytes = 0
        for tp in list(self._records):
            if partitions and tp not in partitions:
                if not self._subscriptions.is_assigned(tp):
                    del self._records[tp]
                continue
            if max_records <= 0 or left_bytes <= taken_bytes:
                break
            result = self._records[tp]
            if not isinstance(result, FetchResult):
                if taken:
                    break  # the error is for the next call
                self._drop(tp)
                result.check_raise()
                continue
            records, size_bytes = _records_of(result, tp, max_records, left_bytes - taken_bytes)
            if result.has_more():
                self._records.move_to_end(tp)
            else:
                self._drop(tp)
            if records:
                taken[tp] = records
                max_records -= len(records)
                taken_bytes += size_bytes
        self._in_flight_account.handed_bytes = taken_bytes
        self._count_fetched()
        return taken

    def _drop(self, tp: TopicPartition) -> None:
        del self._records[tp]
        self._notify(self._wait_consume_future)

    def _count_fetched(self) -> int:
        """Bring the account up to date; returns all that the stage holds."""
        account = self._in_flight_account
        account.fetched_bytes = sum(_raw_bytes(result) for result in self._records.values())
        return account.held_bytes


def _raw_bytes(result: Any) -> int:
    """The size of a partition's answer, as it came."""
    if not isinstance(result, FetchResult) or not result.has_more():
        return 0
    return int(result._partition_records._records.size_in_bytes())


def _records_of(
    result: FetchResult, tp: TopicPartition, max_records: int, max_bytes: int
) -> tuple[list[ConsumerRecord], int]:
    """The next records of a partition and their bytes; at least one, and few that would be left alone."""
    if not result.check_assignment(tp) or not result.has_more():
        return [], 0
    raw_bytes, records, size_bytes = _raw_bytes(result), [], 0
    for record in result._partition_records:
        records.append(record)
        size_bytes += size_of(record)
        if len(records) >= max_records or (
            size_bytes >= max_bytes and not 0 <= raw_bytes - size_bytes < SMALL_REST_BYTES
        ):
            result._update_position()
            break
    else:
        result._update_position()
        result._partition_records = None
    return records, size_bytes

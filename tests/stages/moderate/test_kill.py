"""kill -9 of the moderate worker, again and again: no verdict is lost, and few calls are made twice."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from streams.domain.records import ModerationEvent
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, VERDICTS
from tests.runtime.conftest import Bench, eventually
from tests.support.moderators import CountingModerator, write_moderation_file
from tests.support.processes import end, kill, launch, tail
from tests.support.stories import decision

CONTENTS, CONCURRENCY, KILLS = 300, 8, 4


async def test_no_verdict_is_lost_and_at_most_the_calls_in_flight_are_made_twice(
    bench: Bench, moderator: CountingModerator
) -> None:
    moderator.delay_s = 0.05
    path = write_moderation_file(bench.data_dir, moderator.url, concurrency=CONCURRENCY)
    unique = [decision(number) for number in range(CONTENTS)]
    bench.publish(DECISIONS, [(each.media_id.encode(), each.to_json(), n % 8) for n, each in enumerate(unique)])
    settings = bench.settings()
    names = ("broker", "topic_prefix", "group_prefix", "data_dir", "session_timeout_s", "heartbeat_s", "worker_id")
    env = {**settings.environment(*names), "MEDIASIEVE_MODERATION_FILE": str(path), "MEDIASIEVE_HTTP": ""}
    log = bench.data_dir / "worker.log"
    in_flight = 0

    def start() -> Any:
        command = [sys.executable, "-m", "streams.cli", "worker", "--stages", "moderate", "--afresh"]
        return launch(command, log=log, env=env)

    for _ in range(KILLS):
        before = moderator.calls.total()
        worker = start()
        try:
            wanted = min(before + CONTENTS // (KILLS + 1), CONTENTS)
            await eventually(lambda wanted=wanted: moderator.calls.total() >= wanted)  # type: ignore[misc]
        finally:
            in_flight += moderator.at_work
            await asyncio.to_thread(kill, worker)
        assert moderator.calls.total() < CONTENTS, "the worker was killed when all was done"
    worker = start()
    try:
        contents: set[str | None] = set()

        def all_there(messages: list[Any]) -> bool:
            contents.update(ModerationEvent.from_json(message.value()).content_id for message in messages)
            return len(contents) == CONTENTS

        await asyncio.to_thread(bench.read, VERDICTS, all_there, 60.0)
        letters = await asyncio.to_thread(bench.read, DEAD_LETTERS, lambda _: True)
    finally:
        await asyncio.to_thread(end, worker)
    assert len(contents) == CONTENTS, tail(log)
    assert letters == []
    # A call may end between its count here and the kill, so what was under way is at most the concurrency.
    assert moderator.calls.total() <= CONTENTS + KILLS * CONCURRENCY, (moderator.calls.total(), in_flight)
    assert max(moderator.calls.values()) <= KILLS + 1

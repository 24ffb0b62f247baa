"""A moderator that answers later, by a callback to the API: with kill -9 of the worker and of the API in between."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from streams.domain.records import ModerationEvent
from streams.kafka.topics import CALLBACKS, DEAD_LETTERS, DECISIONS, VERDICTS
from tests.runtime.conftest import Bench, eventually
from tests.support.moderators import write_moderation_file
from tests.support.patience import PATIENCE_S
from tests.support.processes import end, free_port, kill, launch, tail
from tests.support.stories import decision
from tests.support.web_servers import Servers

CONTENTS = 24
SECRET = "0123456789abcdef0123456789abcdef"


class LateService:
    """Notes what it is asked, and calls back when it is told to. `asked` has the addresses by content."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.asked: dict[str, str] = {}
        self.polled: Counter[str] = Counter()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.calls[body["id"]] += 1
        self.asked[body["id"]] = body["notify"]
        return web.json_response({"job": body["id"].removeprefix("sha256:")[:32], "taken": True})

    async def job(self, request: web.Request) -> web.Response:
        self.polled[request.match_info["job"]] += 1
        return web.json_response({"state": "done", "outcome": "rejected", "note": "by poll"})

    async def call_back(self, content_id: str, note: str) -> int:
        """Post an answer; the status of the API's, 0 if it is away."""
        try:
            async with aiohttp.ClientSession() as session:
                answer = {"outcome": "rejected", "note": note}
                async with session.post(self.asked[content_id], json=answer) as response:
                    return response.status
        except aiohttp.ClientError:
            return 0


@pytest.fixture
async def service(servers: Servers) -> tuple[LateService, str]:
    made = LateService()
    return made, await servers.serve({"/check": made.take, "/jobs/{job}": made.job})


def mapping(**later: Any) -> dict[str, Any]:
    return {
        "request": {"json": {"id": "${content_id}", "notify": "${callback_url}"}},
        "response": {"status": "outcome", "statuses": {"rejected": "blocked"}, "reason": "note"},
        **later,
    }


class Processes:
    """A worker of the moderate stage and an API on one broker."""

    def __init__(self, bench: Bench, moderation_file: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        names = ("broker", "topic_prefix", "group_prefix", "data_dir", "session_timeout_s", "heartbeat_s", "worker_id")
        self._env = {
            **bench.settings().environment(*names),
            "MEDIASIEVE_MODERATION_FILE": moderation_file,
            "MEDIASIEVE_HTTP": "",
            "MEDIASIEVE_API": f"127.0.0.1:{port}",
            "MEDIASIEVE_CALLBACK_URL": self.url,
            "MEDIASIEVE_CALLBACK_SECRET": SECRET,
        }
        self.worker_log, self.api_log = bench.data_dir / "worker.log", bench.data_dir / "api.log"
        self.running: list[Any] = []

    def start_worker(self) -> Any:
        return self._start(["worker", "--stages", "moderate", "--afresh"], self.worker_log)

    async def start_api(self) -> Any:
        process = self._start(["api"], self.api_log)
        await eventually(lambda: process.poll() is not None or _is_live(self.url), blocking=True, timeout_s=PATIENCE_S)
        return process

    def _start(self, arguments: list[str], log: Any) -> Any:
        process = launch([sys.executable, "-m", "streams.cli", *arguments], log=log, env=self._env)
        self.running.append(process)
        return process

    def stop(self) -> None:
        for process in self.running:
            end(process)


def _is_live(url: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{url}/livez", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _verdicts(bench: Bench, count: int) -> list[ModerationEvent]:
    """Of every content the last one."""
    found: dict[str | None, ModerationEvent] = {}

    def all_there(messages: list[Any]) -> bool:
        found.update({each.content_id: each for each in (ModerationEvent.from_json(m.value()) for m in messages)})
        return len(found) >= count

    bench.read(VERDICTS, all_there, 90.0)
    return list(found.values())


async def test_answers_that_are_called_back_survive_kills_and_are_asked_for_once(
    bench: Bench, service: tuple[LateService, str]
) -> None:
    late, url = service
    path = write_moderation_file(
        bench.data_dir, f"{url}/check", mapping=mapping(callback={"timeout_s": 300}), concurrency=CONTENTS
    )
    unique = [decision(number) for number in range(CONTENTS)]
    contents = [str(each.content_id) for each in unique]
    bench.publish(DECISIONS, [(each.media_id.encode(), each.to_json(), n % 8) for n, each in enumerate(unique)])
    processes = Processes(bench, str(path))
    try:
        api, worker = await processes.start_api(), processes.start_worker()
        await eventually(lambda: len(late.asked) == CONTENTS, timeout_s=PATIENCE_S)
        for content_id in contents[:8]:
            assert await late.call_back(content_id, "before the kill") == 202, tail(processes.api_log)
        await asyncio.to_thread(kill, worker)
        for content_id in contents[8:16]:  # while no worker runs
            assert await late.call_back(content_id, "without a worker") == 202
        await asyncio.to_thread(kill, api)
        assert await late.call_back(contents[16], "without an API") == 0
        await processes.start_api()
        processes.start_worker()
        for content_id in contents[16:]:
            assert await late.call_back(content_id, "after the kill") == 202
            assert await late.call_back(content_id, "after the kill") == 202  # services repeat themselves
        said = await asyncio.to_thread(_verdicts, bench, CONTENTS)
        letters = await asyncio.to_thread(bench.read, DEAD_LETTERS, lambda _: True)
    finally:
        await asyncio.to_thread(processes.stop)
    assert {each.content_id for each in said} == set(contents), tail(processes.worker_log)
    assert {(each.status, each.by.name) for each in said} == {("blocked", "safety")}
    assert {each.reason for each in said} == {"before the kill", "without a worker", "after the kill"}
    assert letters == []
    assert late.calls == dict.fromkeys(contents, 1), "a kill made it ask again"


async def test_a_job_is_asked_for_where_the_callback_is_lost(bench: Bench, service: tuple[LateService, str]) -> None:
    late, url = service
    job = {"id": "job", "url": f"{url}/jobs/${{job}}", "state": "state", "done": ["done"], "every_s": 2}
    path = write_moderation_file(bench.data_dir, f"{url}/check", mapping=mapping(job=job, callback={"timeout_s": 60}))
    unique = decision(1)
    bench.publish(DECISIONS, [(unique.media_id.encode(), unique.to_json(), 0)])
    processes = Processes(bench, str(path))
    try:
        processes.start_worker()
        said = await asyncio.to_thread(_verdicts, bench, 1)
    finally:
        await asyncio.to_thread(processes.stop)
    assert [(each.status, each.reason) for each in said] == [("blocked", "by poll")], tail(processes.worker_log)
    assert late.calls.total() == 1


async def test_addresses_that_are_forged_or_of_another_deployment_reach_nothing(bench: Bench, tmp_path: Any) -> None:
    processes = Processes(bench, "")
    try:
        await processes.start_api()
        async with aiohttp.ClientSession() as session:
            for token in ("A" * 54, "x", "%2e%2e", "A" * 500):
                async with session.post(
                    f"{processes.url}/v1/callbacks/{token}", json={"outcome": "approved"}
                ) as answer:
                    assert answer.status in (403, 404, 422), token
    finally:
        await asyncio.to_thread(processes.stop)
    assert await asyncio.to_thread(bench.read, CALLBACKS, lambda _: True) == []

"""Services that answer later: a job is begun once, and asked for until it is done, also by the next process."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import Any

import pytest
from aiohttp import web

from streams.errors import BadInput
from tests.moderation.conftest import MakeCaller, inquiry
from tests.support.moderators import MAPPING
from tests.support.web_servers import Servers, wait_until


class Jobs:
    """A service with jobs; `states` are told in order, the last again and again."""

    def __init__(self) -> None:
        self.begun = 0
        self.asked: Counter[str] = Counter()
        self.states = ["queued", "running", "done"]
        self.url = ""
        self.job_id: Any = None

    async def begin(self, request: web.Request) -> web.Response:
        self.begun += 1
        return web.json_response({"job": self.job_id or f"j-{self.begun}"})

    async def state(self, request: web.Request) -> web.Response:
        job = request.match_info["job"]
        state = self.states[min(self.asked[job], len(self.states) - 1)]
        self.asked[job] += 1
        return web.json_response({"state": state, "decision": "bad"})

    def mapping(self, **job: Any) -> dict[str, Any]:
        return {
            "request": MAPPING["request"],
            "response": {"status": "decision", "statuses": {"bad": "blocked"}},
            "job": {
                **{"id": "job", "url": f"{self.url}/jobs/${{job}}", "state": "state", "done": ["done"]},
                **{"failed": ["failed"], "every_s": 0.02, "timeout_s": 5, **job},
            },
        }


@pytest.fixture
async def jobs(servers: Servers) -> Jobs:
    made = Jobs()
    made.url = await servers.serve({"/check": made.begin, "/jobs/{job}": made.state})
    return made


async def test_a_job_is_asked_for_until_it_is_done(make_caller: MakeCaller, jobs: Jobs) -> None:
    given = await make_caller(f"{jobs.url}/check", mapping=jobs.mapping()).ask(inquiry(1))
    assert given is not None
    assert given.answer is not None
    assert given.answer.status == "blocked"
    assert (jobs.begun, jobs.asked) == (1, {"j-1": 3})


async def test_the_next_process_goes_on_with_a_job_that_was_begun(make_caller: MakeCaller, jobs: Jobs) -> None:
    jobs.states = ["running"]
    first = make_caller(f"{jobs.url}/check", mapping=jobs.mapping())
    asked = asyncio.create_task(first.ask(inquiry(1)))
    await wait_until(lambda: jobs.asked["j-1"] >= 2)
    asked.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asked
    await first.close()
    jobs.states = ["done"]
    given = await make_caller(f"{jobs.url}/check", mapping=jobs.mapping()).ask(inquiry(1))
    assert given is not None
    assert jobs.begun == 1


async def test_a_job_that_fails_is_begun_again(make_caller: MakeCaller, jobs: Jobs) -> None:
    jobs.states = ["failed"]
    caller = make_caller(f"{jobs.url}/check", mapping=jobs.mapping())
    with pytest.raises(BadInput, match="the job ended as 'failed'"):
        await caller.ask(inquiry(1))
    assert jobs.asked == {"j-1": 1, "j-2": 1, "j-3": 1}


async def test_a_job_that_is_never_done_is_given_up(make_caller: MakeCaller, jobs: Jobs) -> None:
    jobs.states = ["running"]
    caller = make_caller(f"{jobs.url}/check", mapping=jobs.mapping(timeout_s=0.1))
    with pytest.raises(BadInput, match=r"the job is not done after 0\.1 s"):
        await caller.ask(inquiry(1))


async def test_the_id_of_a_job_cannot_lead_elsewhere(make_caller: MakeCaller, jobs: Jobs) -> None:
    jobs.job_id = "../../admin?x="
    caller = make_caller(
        f"{jobs.url}/check", mapping=jobs.mapping(), retry={"first_wait_s": 0.02, "give_up_after_s": 0.3}
    )
    with pytest.raises(BadInput, match="the id of the job is"):
        await caller.ask(inquiry(1))
    assert not jobs.asked


async def test_jobs_of_another_host_are_refused_at_the_start(make_caller: MakeCaller, jobs: Jobs) -> None:
    from streams.moderation.moderation_file import ModerationFileError

    with pytest.raises(ModerationFileError, match="keys go to no other"):
        make_caller("http://127.0.0.1:9/check", mapping=jobs.mapping())

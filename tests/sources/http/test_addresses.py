"""The guard at work: before resolution, after it, at connect, and on redirects; with real servers behind."""

from __future__ import annotations

import socket

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from streams.errors import Reason
from tests.sources.conftest import Servers, fetched, opened, refusal


class Answers(AbstractResolver):
    """Gives one prepared answer after the other; the last one again and again."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in answer
        ]

    async def close(self) -> None:
        pass


class Secret:
    """A server nobody should reach; counts who did."""

    def __init__(self) -> None:
        self.reached = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.reached += 1
        return web.Response(body=b"secret")


def port_of(url: str) -> str:
    return url.rpartition(":")[2]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::]",
    ],
)
async def test_by_default_nothing_reaches_this_machine(servers: Servers, host: str) -> None:
    secret = Secret()
    port = port_of(await servers.web({"/": secret.answer}))
    async with opened() as fetcher:
        assert await refusal(fetcher, f"http://{host}:{port}/") is Reason.SOURCE_REFUSED_ADDRESS
    assert secret.reached == 0


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["10.0.0.1", "192.168.0.1"],
        ["169.254.169.254"],
        ["fe80::1%lo"],
    ],
)
async def test_a_name_is_judged_by_what_it_resolves_to(addresses: list[str]) -> None:
    async with opened(Answers(addresses)) as fetcher:
        assert await refusal(fetcher, "http://photos.example.org/") is Reason.SOURCE_REFUSED_ADDRESS


async def test_a_name_without_addresses_is_unreachable() -> None:
    async with opened(Answers([])) as fetcher:
        assert await refusal(fetcher, "http://photos.example.org/") is Reason.SOURCE_UNREACHABLE


async def good_and_secret(servers: Servers) -> tuple[str, Secret]:
    """A permitted server on 127.0.0.2 and a forbidden one on 127.0.0.1, on the same port."""

    async def good(request: web.Request) -> web.Response:
        return web.Response(body=b"good", headers={"Connection": "close"})

    secret = Secret()
    port = port_of(await servers.web({"/": good}, host="127.0.0.2"))
    await servers.web({"/": secret.answer}, port=int(port))
    return port, secret


async def test_a_name_that_answers_differently_the_second_time_gains_nothing(servers: Servers) -> None:
    port, secret = await good_and_secret(servers)
    rebinding = Answers(["127.0.0.2"], ["127.0.0.1"])
    async with opened(rebinding, source_allow="127.0.0.2") as fetcher:
        assert await fetched(fetcher, f"http://rebinding.example.org:{port}/") == b"good"
        assert rebinding.asked == 1  # the address that was checked is the one that was connected to
    async with opened(rebinding, source_allow="127.0.0.2") as fetcher:
        url = f"http://rebinding.example.org:{port}/"
        assert await refusal(fetcher, url) is Reason.SOURCE_REFUSED_ADDRESS
    assert secret.reached == 0


async def test_of_mixed_answers_only_the_permitted_are_connected_to(servers: Servers) -> None:
    port, secret = await good_and_secret(servers)
    for answer in (["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"]):
        async with opened(Answers(answer), source_allow="127.0.0.2") as fetcher:
            assert await fetched(fetcher, f"http://mixed.example.org:{port}/") == b"good"
    assert secret.reached == 0


async def test_a_redirect_to_a_name_that_leads_inside_is_refused(servers: Servers) -> None:
    secret = Secret()
    inside = port_of(await servers.web({"/": secret.answer}))

    async def outward(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"http://inside.example.org:{inside}/"})

    outside = await servers.web({"/": outward}, host="127.0.0.2")
    async with opened(Answers(["127.0.0.1"]), source_allow="127.0.0.2") as fetcher:
        assert await refusal(fetcher, outside) is Reason.SOURCE_REFUSED_ADDRESS
    assert secret.reached == 0


async def test_the_allow_list_opens_a_host_name_or_one_port_only(servers: Servers) -> None:
    secret = Secret()
    port = port_of(await servers.web({"/": secret.answer}))
    other = port_of(await servers.web({"/": secret.answer}))
    for entry in (f"127.0.0.1:{port}", f"files.internal:{port}", "files.internal"):
        async with opened(Answers(["127.0.0.1"]), source_allow=entry) as fetcher:
            assert await fetched(fetcher, f"http://files.internal:{port}/") == b"secret"
            if ":" in entry:
                refused = await refusal(fetcher, f"http://files.internal:{other}/")
                assert refused is Reason.SOURCE_REFUSED_ADDRESS
    assert secret.reached == 3


async def test_the_system_resolver_finds_localhost_where_it_is_allowed(servers: Servers) -> None:
    port = port_of(await servers.web({"/": Secret().answer}))
    async with opened(source_allow="localhost") as fetcher:
        assert await fetched(fetcher, f"http://localhost:{port}/") == b"secret"

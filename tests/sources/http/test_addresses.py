"""The address guard before and after resolution, at connect, and on redirects, with real servers."""

from __future__ import annotations

import pytest
from aiohttp import web

from streams.errors import Reason
from tests.support.fetchers import fetch_bytes, open_fetcher, refusal_reason
from tests.support.web_servers import ForbiddenServer, PreparedResolver, Servers, port_of


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
    secret = ForbiddenServer()
    port = port_of(await servers.web({"/": secret.answer}))
    async with open_fetcher() as fetcher:
        assert await refusal_reason(fetcher, f"http://{host}:{port}/") is Reason.SOURCE_REFUSED_ADDRESS
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
async def test_a_name_is_judged_by_its_addresses(addresses: list[str]) -> None:
    async with open_fetcher(PreparedResolver(addresses)) as fetcher:
        assert await refusal_reason(fetcher, "http://photos.example.org/") is Reason.SOURCE_REFUSED_ADDRESS


async def test_a_name_without_addresses_is_unreachable() -> None:
    async with open_fetcher(PreparedResolver([])) as fetcher:
        assert await refusal_reason(fetcher, "http://photos.example.org/") is Reason.SOURCE_UNREACHABLE


async def permitted_and_forbidden(servers: Servers) -> tuple[str, ForbiddenServer]:
    """A permitted server on 127.0.0.2 and a forbidden one on 127.0.0.1, on the same port."""

    async def good(request: web.Request) -> web.Response:
        return web.Response(body=b"good", headers={"Connection": "close"})

    secret = ForbiddenServer()
    port = port_of(await servers.web({"/": good}, host="127.0.0.2"))
    await servers.web({"/": secret.answer}, port=int(port))
    return port, secret


async def test_dns_rebinding_gains_nothing(servers: Servers) -> None:
    port, secret = await permitted_and_forbidden(servers)
    rebinding = PreparedResolver(["127.0.0.2"], ["127.0.0.1"])
    async with open_fetcher(rebinding, source_allow="127.0.0.2") as fetcher:
        assert await fetch_bytes(fetcher, f"http://rebinding.example.org:{port}/") == b"good"
        assert rebinding.asked == 1  # the client connected to the checked address
    async with open_fetcher(rebinding, source_allow="127.0.0.2") as fetcher:
        url = f"http://rebinding.example.org:{port}/"
        assert await refusal_reason(fetcher, url) is Reason.SOURCE_REFUSED_ADDRESS
    assert secret.reached == 0


async def test_only_permitted_addresses_of_a_name_are_connected_to(servers: Servers) -> None:
    port, secret = await permitted_and_forbidden(servers)
    for answer in (["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"]):
        async with open_fetcher(PreparedResolver(answer), source_allow="127.0.0.2") as fetcher:
            assert await fetch_bytes(fetcher, f"http://mixed.example.org:{port}/") == b"good"
    assert secret.reached == 0


async def test_a_redirect_to_a_name_with_a_private_address_is_refused(servers: Servers) -> None:
    secret = ForbiddenServer()
    inside = port_of(await servers.web({"/": secret.answer}))

    async def outward(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"http://inside.example.org:{inside}/"})

    outside = await servers.web({"/": outward}, host="127.0.0.2")
    async with open_fetcher(PreparedResolver(["127.0.0.1"]), source_allow="127.0.0.2") as fetcher:
        assert await refusal_reason(fetcher, outside) is Reason.SOURCE_REFUSED_ADDRESS
    assert secret.reached == 0


async def test_the_allow_list_permits_a_host_name_or_one_port_only(servers: Servers) -> None:
    secret = ForbiddenServer()
    port = port_of(await servers.web({"/": secret.answer}))
    other = port_of(await servers.web({"/": secret.answer}))
    for entry in (f"127.0.0.1:{port}", f"files.internal:{port}", "files.internal"):
        async with open_fetcher(PreparedResolver(["127.0.0.1"]), source_allow=entry) as fetcher:
            assert await fetch_bytes(fetcher, f"http://files.internal:{port}/") == b"secret"
            if ":" in entry:
                refused = await refusal_reason(fetcher, f"http://files.internal:{other}/")
                assert refused is Reason.SOURCE_REFUSED_ADDRESS
    assert secret.reached == 3


async def test_the_system_resolver_finds_localhost_where_it_is_allowed(servers: Servers) -> None:
    port = port_of(await servers.web({"/": ForbiddenServer().answer}))
    async with open_fetcher(source_allow="localhost") as fetcher:
        assert await fetch_bytes(fetcher, f"http://localhost:{port}/") == b"secret"

"""A moderator of the tests' own: an HTTP service on the loopback address that counts what it is asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
import yaml
from aiohttp import web

from tests.support.web_servers import Servers

Respond = Callable[[Mapping[str, Any]], Awaitable[web.StreamResponse]]

#: The mapping that the service understands.
MAPPING: dict[str, Any] = {
    "request": {
        "headers": {"Authorization": "Bearer ${key}"},
        "json": {"id": "${content_id}", "url": "${url}", "image": "${bytes_base64}", "hash": "${hash.phash256}"},
    },
    "response": {
        "labels": {"path": "labels", "score": "score", "parent": "parent"},
        "verdict": [
            {"label": "nudity", "at_least": 0.8, "status": "blocked"},
            {"label": "nudity", "at_least": 0.5, "status": "review"},
            {"otherwise": "allowed"},
        ],
    },
}


class CountingModerator:
    """Answers after `delay_s` with `labels`, or as `respond` says. `calls` counts the requests for each content."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self.url = ""
        self.calls: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.at_work = self.most_at_work = 0
        self.delay_s = 0.0
        self.labels: list[dict[str, Any]] = [{"name": "nudity", "score": 0.9, "parent": "sex"}]
        self.respond: Respond | None = None

    async def start(self) -> CountingModerator:
        self.url = await self._servers.serve({"/check": self._answer}) + "/check"
        return self

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        self.bodies.append(body)
        self.keys.append(request.headers.get("Authorization", ""))
        for item in body.get("items", [body]):
            self.calls[item["id"]] += 1
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            await asyncio.sleep(self.delay_s)
            if self.respond is not None:
                return await self.respond(body)
            return web.json_response({"labels": self.labels})
        finally:
            self.at_work -= 1


def write_moderation_file(
    folder: Path, url: str, *, collections: Mapping[str, Any] | None = None, mapping: Any = None, **moderator: Any
) -> Path:
    """A file in which the collections (all, if not given) ask the moderator `safety` at `url`."""
    (folder / "key.txt").write_text("secret-key\n")
    options = {"url": url, "mapping": mapping or MAPPING, "keys": ["key.txt"]}
    document = {
        "moderators": {"safety": {"plugin": "http", "version": "1", "send": "hashes", "options": options, **moderator}},
        "collections": dict(collections or {"*": "safety"}),
    }
    path = folder / "moderation.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


#: Fast settings: what takes seconds in production takes moments here.
QUICK: dict[str, Any] = {
    "retry": {"attempts": 3, "first_wait_s": 0.02, "max_wait_s": 0.1},
    "breaker": {"failures": 5, "open_s": 0.2},
}

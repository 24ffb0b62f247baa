"""The console's files: what they are, how they are served, and that nothing is loaded from elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import httpx
import pytest

from streams.api.app import make_server_app
from streams.config.api_keys import make_key
from streams.config.settings import load_settings
from streams.console.files import STATIC, static_files

VENDOR = STATIC / "vendor"
OWN = [path for path in sorted(STATIC.rglob("*")) if path.is_file() and VENDOR not in path.parents]
MAX_WIRE_BYTES = 150_000


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    made = make_key("k", frozenset({"read"}), ("*",), rate=None, expires=None)
    (tmp_path / "keys.yaml").write_text("keys:\n" + made.as_yaml())
    app = make_server_app(load_settings(api_keys=tmp_path / "keys.yaml"))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8080")


def test_vendored_files_are_those_of_npm() -> None:
    document = json.loads((VENDOR / "vendor.json").read_text())
    for entry in document["files"]:
        text = (VENDOR / entry["file"]).read_text()
        for original, rewritten in entry["rewritten"].items():
            assert f'from"{rewritten}"' in text
            text = text.replace(f'from"{rewritten}"', f'from"{original}"')
        assert hashlib.sha256(text.encode()).hexdigest() == entry["sha256"], entry["file"]
        assert (VENDOR / f"LICENSE-{entry['package']}").is_file()
    assert {path.name for path in VENDOR.glob("*.js")} == {entry["file"] for entry in document["files"]}


async def test_the_page_has_no_inline_script_or_style_and_loads_only_its_own(client: httpx.AsyncClient) -> None:
    page = await client.get("/console/")
    assert page.status_code == 200
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page.text) == []
    assert re.search(r"<style|\bstyle=|\bon\w+=", page.text) is None
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) > 20
    for address in addresses:
        assert address.startswith("/console/static/")
        found = await client.get(address)
        assert found.status_code == 200
        assert "immutable" in found.headers["cache-control"]


async def test_the_policy_lets_no_inline_code_run_and_no_page_frame_it(client: httpx.AsyncClient) -> None:
    script = (await client.get("/console/")).text.split('src="')[1].split('"')[0]
    for path in ("/console/", "/console/groups/x", script):
        headers = (await client.get(path)).headers
        policy = dict(part.partition(" ")[::2] for part in headers["content-security-policy"].split("; "))
        assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
        assert (policy["frame-ancestors"], policy["base-uri"], policy["connect-src"]) == ("'none'", "'none'", "'self'")
        assert "unsafe" not in headers["content-security-policy"]
        assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")


async def test_the_console_needs_no_key_and_opens_nothing_else(client: httpx.AsyncClient) -> None:
    assert (await client.get("/console")).headers["location"] == "/console/"
    for path in ("/v1/me", "/consolex", "/metrics", "/console/../v1/me"):
        assert (await client.get(path)).status_code == 401
    for path in ("/console/%2e%2e/v1/me", "/console/..%2fv1/me"):
        assert "<title>mediasieve</title>" in (await client.get(path)).text
    for name in ("..%2f..%2ffiles.py", "vendor/vendor.json", "", "nothing.js", "%00"):
        assert (await client.get(f"/console/static/x/{name}")).status_code == 404
    assert (await client.post("/console/", content=b"x")).status_code == 405


def test_the_code_is_small_over_the_wire() -> None:
    assert sum(len(gzip.compress(data, 6)) for data in static_files().values()) < MAX_WIRE_BYTES


@pytest.mark.parametrize("path", [path for path in OWN if path.suffix == ".js"], ids=lambda path: path.name)
def test_texts_are_never_made_into_markup_or_code(path: Path) -> None:
    found = re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", path.read_text()
    )
    assert found == []


def test_folders_and_files_are_of_a_size_that_people_read() -> None:
    for path in OWN:
        assert len(path.read_text().splitlines()) <= 300, path.name
        assert len([other for other in path.parent.iterdir() if other.is_file()]) <= 15

"""docs/integrate/moderators.md as people follow it: its service, its file and its commands, on a system of the test's
own; a copy inherits what the service said of the original.
"""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from PIL import ImageEnhance

from streams.analytics.client import connect
from streams.analytics.queries.moderation.saved_calls import SavedCalls, saved_calls
from streams.config.settings import load_settings
from tests.support.commands import mediasieve, running_system, until
from tests.support.media import encode, photo
from tests.support.processes import end, free_port, launch

PAGE = Path(__file__).resolve().parents[2] / "docs" / "integrate" / "moderators.md"
pytest.importorskip("chdb")


def block(language: str) -> str:
    """The first block of the page in a language."""
    found = re.search(rf"^ *```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return dedent(found[1]).strip()


def commands() -> list[list[str]]:
    """All commands of the page, as words."""
    found = re.findall(r"^ *\$ (?:MEDIASIEVE\S+ )?mediasieve (.*)$", PAGE.read_text(), re.MULTILINE)
    return [line.split() for line in found]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the files of the page, while its service runs."""
    folder = tmp_path_factory.mktemp("home")
    port = str(free_port())
    assert "8099" in block("python")
    (folder / "service.py").write_text(block("python").replace("8099", port))
    (folder / "moderation.yaml").write_text(block("yaml").replace("8099", port) + "\n")
    cat = photo("chelsea.png", (640, 427))
    dark = ImageEnhance.Brightness(photo("coffee.png", (600, 400))).enhance(0.35)
    (folder / "cat.jpg").write_bytes(encode(cat, "JPEG", quality=90))
    (folder / "dark.jpg").write_bytes(encode(dark, "JPEG", quality=90))
    (folder / "dark-small.jpg").write_bytes(encode(dark.resize((480, 320)), "JPEG", quality=80))
    service = launch([sys.executable, folder / "service.py"], log=folder / "service.log")
    until(lambda: _listens(int(port)))
    yield folder
    end(service)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_commands_that_try_a_file_run_as_the_page_says(home: Path) -> None:
    check, ask, *_ = commands()
    checked = mediasieve(home, *check)
    assert (checked.returncode, checked.stdout) == (
        0,
        "moderation.yaml: ok; moderators safety; 1 collections or patterns named\n",
    ), checked.stderr
    asked = mediasieve(home, *ask)
    assert asked.returncode == 0, asked.stderr
    assert re.fullmatch(r"safety: allowed \(dark 0\.\d\d\), \d+ ms\n", asked.stdout), asked.stdout
    dark = mediasieve(home, *("dark.jpg" if word == "cat.jpg" else word for word in ask))
    assert dark.stdout.startswith("safety: review (dark 0."), dark.stdout
    nobody = mediasieve(home, *("other" if word == "album" else word for word in ask))
    assert nobody.returncode == 2
    assert "no moderator is asked about the collection 'other'" in nobody.stderr


def test_a_wrong_file_is_named_with_its_line(home: Path) -> None:
    (home / "wrong.yaml").write_text((home / "moderation.yaml").read_text().replace("send:", "sned:"))
    checked = mediasieve(home, "moderators", "check", "wrong.yaml")
    assert checked.returncode == 2
    assert "wrong.yaml:5: moderators.safety.sned: there is no such setting here; did you mean send?" in checked.stderr


def current(home: Path, name: str) -> dict[str, Any] | None:
    """The last decision about a file."""
    read = mediasieve(home, "decisions", "--json", "--collection", "album")
    decisions = [json.loads(line) for line in read.stdout.splitlines()]
    return max(
        (each for each in decisions if each["media_id"] == name), key=lambda each: int(each["revision"]), default=None
    )


def test_the_service_is_asked_once_and_a_copy_inherits(home: Path) -> None:
    (home / ".env").write_text("MEDIASIEVE_MODERATION_FILE=moderation.yaml\n")
    publish = commands()[3]
    assert publish[:2] == ["publish", "cat.jpg"]
    with running_system(home) as running:
        for name in ("cat.jpg", "dark.jpg"):
            done = mediasieve(home, *(name if word == "cat.jpg" else word for word in publish))
            assert done.returncode == 0, done.stderr
        verdict = until(lambda: _given(home, "dark.jpg"))
        assert (verdict["status"], verdict["by"], verdict["kind"]) == ("review", "safety", "model")
        assert (verdict["version"], verdict["inherited_from"]) == ("1", None)
        assert until(lambda: _given(home, "cat.jpg"))["status"] == "allowed"

        mediasieve(home, "publish", "dark-small.jpg", "--collection", "album")
        inherited = until(lambda: _given(home, "dark-small.jpg"))
        assert (inherited["status"], inherited["inherited_from"]) == ("review", "dark.jpg")

        settings = load_settings(clickhouse=running.clickhouse, clickhouse_database=running.clickhouse_database)

        def totals() -> SavedCalls | None:
            with connect(settings) as client:
                found = saved_calls(client, "album")
            return found if (found.calls, found.pending, found.inherited) == (2, 0, 1) else None

        assert until(totals) == SavedCalls(own=2, inherited=1, pending=0, calls=2, cost=0.002, currency="USD")


def _given(home: Path, name: str) -> dict[str, Any] | None:
    decision = current(home, name)
    if decision is None or decision["verdict"]["status"] == "pending":
        return None
    verdict: dict[str, Any] = decision["verdict"]
    return verdict

"""`mediasieve decisions`, on a real broker with decisions that are written here."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.config.settings import Settings
from streams.domain.records import decision_id, format_timestamp
from streams.kafka.clients import make_producer
from streams.kafka.topics import DECISIONS, wire_name
from tests.cli.conftest import Run
from tests.support.patience import PATIENCE_S

Write = Callable[..., None]
EXAMPLE = Path(__file__).parents[2] / "examples" / DECISIONS


def decision(name: str, example: str = "1_unique", **changes: object) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads((EXAMPLE / f"{example}.json").read_bytes())
    return {**document, "decision_id": decision_id("shop", name, 0, 0), "media_id": name, **changes}


@pytest.fixture
def write(settings: Settings) -> Write:
    """`write(decision, …, at_ms=…)` produces them to media.decisions."""

    def produce(*decisions: dict[str, Any] | bytes, at_ms: int = 0) -> None:
        producer = make_producer(settings)
        for each in decisions:
            value = each if isinstance(each, bytes) else orjson.dumps(each)
            key = b"" if isinstance(each, bytes) else str(each["media_id"]).encode()
            producer.produce(wire_name(settings, DECISIONS), value, key, timestamp=at_ms)
        assert producer.flush(20) == 0

    return produce


def lines(output: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in output.splitlines()]


def test_every_decision_is_one_line_of_json_with_its_time(run: Run, write: Write) -> None:
    unique, failed = decision("a"), decision("b", "3_failed")
    now_ms = round(time.time() * 1000)
    write(unique, failed, at_ms=now_ms)

    result = run("decisions", "--json")

    assert result.exit_code == 0
    assert result.stderr == ""
    found = {each["media_id"]: each for each in lines(result.stdout)}
    assert found["a"] == {**unique, "decided_at": format_timestamp(now_ms)}
    assert found["b"]["failure"]["reason"] == "truncated_media"


def test_a_repeated_decision_is_shown_once(run: Run, write: Write) -> None:
    write(decision("a"), decision("b"), decision("a"))

    assert sorted(each["media_id"] for each in lines(run("decisions", "--json").stdout)) == ["a", "b"]


def test_the_table_names_matches_and_reasons(run: Run, write: Write) -> None:
    near = decision("cat-4", "4_near_duplicate")
    near["match"] |= {"media_id": "cat-2", "transformation": "mirrored+cropped"}
    write(decision("cat-2", "2_duplicate"), decision("cat-3", "3_failed"), near)

    table = run("decisions").stdout

    assert "cat-2" in table
    assert "93.0 %, mirrored left to right, then cropped; in the group of cat-1" in table
    assert "cat-1" in table
    assert "same bytes" in table
    assert "cut off, its end is missing" in table


def test_no_decisions_yet_is_a_message(run: Run, settings: Settings) -> None:
    result = run("decisions")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "no decisions yet" in result.stderr


def test_decisions_of_one_collection_can_be_selected(run: Run, write: Write) -> None:
    write(decision("a"), decision("b", collection="other"))

    assert [each["media_id"] for each in lines(run("decisions", "--json", "--collection", "other").stdout)] == ["b"]


def test_limit_shows_the_newest_of_all_partitions(run: Run, write: Write) -> None:
    now_ms = round(time.time() * 1000)  # a topic forgets what is older than its retention
    for number in range(10):
        write(decision(f"m{number}"), at_ms=now_ms + number)

    result = run("decisions", "--json", "--limit", "3")

    assert [each["media_id"] for each in lines(result.stdout)] == ["m7", "m8", "m9"]


def test_since_shows_only_later_decisions(run: Run, write: Write) -> None:
    now = datetime.now(UTC)
    hour_ago = now - timedelta(hours=1)
    write(decision("old"), at_ms=round(hour_ago.timestamp() * 1000))
    write(decision("new"), at_ms=round(now.timestamp() * 1000))

    for since in ("10m", "600s", (now - timedelta(minutes=10)).isoformat()):
        found = lines(run("decisions", "--json", "--since", since).stdout)
        assert [each["media_id"] for each in found] == ["new"], since
    assert len(lines(run("decisions", "--json", "--since", "1d").stdout)) == 2


def test_records_that_are_not_decisions_are_skipped_and_counted(run: Run, write: Write) -> None:
    write(decision("a"), b"nonsense", b'{"decision_id": 5}', b"[]")

    result = run("decisions", "--json")

    assert len(lines(result.stdout)) == 1
    assert "3 records" in result.stderr


def test_follow_shows_new_decisions_until_the_limit(settings: Settings, write: Write) -> None:
    write(decision("before"))
    command = subprocess.Popen(
        [sys.executable, "-m", "streams.cli", "decisions", "--follow", "--json", "--limit", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdout is not None
    assert command.stderr is not None
    with command.stdout as stdout, command.stderr:
        deadline = time.monotonic() + PATIENCE_S
        number = 0
        while command.poll() is None and time.monotonic() < deadline:
            write(decision(f"new{number}"))  # repeated, since nobody knows when the reader starts to listen
            number += 1
            time.sleep(0.2)
        found = lines(stdout.read().decode())
    assert command.returncode == 0
    names = [each["media_id"] for each in found]
    assert len(names) == 2
    assert all(name.startswith("new") for name in names)


def test_control_characters_in_a_name_do_not_reach_the_terminal(run: Run, write: Write) -> None:
    write(decision("\x1b[2J[bold]red[/bold]"))

    table = run("decisions").stdout

    assert "\x1b[2J" not in table
    assert r"\x1b[2J[bold]red[/bold]" in table

"""`mediasieve stats`, on the embedded ClickHouse with decisions that are written here and made just now."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.analytics.client import connect
from streams.analytics.queries.figures.throughput import CacheUse, Throughput, cache_use, throughput
from streams.analytics.queries.moderation.verdict_totals import CallTotal, VerdictTotal, call_totals, totals_by_verdict
from streams.cli.printing.statistics import milliseconds, money
from streams.config.settings import load_settings
from streams.domain.records import Outcome, Verdict, VerdictSource
from streams.domain.records.moderation import ModeratorCall
from streams.kafka.topics import DECISIONS, FINGERPRINTS
from tests.cli.conftest import Run, stored, words
from tests.support.commands import MEDIASIEVE, environment
from tests.support.patience import PATIENCE_S
from tests.support.processes import free_port
from tests.support.stories import (
    Record,
    decision,
    decision_record,
    fingerprint,
    fingerprint_record,
    moderation_event,
    moderation_record,
)

MINUTE_MS = 60_000
SOURCE = VerdictSource("model", "nsfw", "1")


def decided(number: int, age_ms: int, outcome: Outcome = "unique", *, allowed: bool = False) -> Record:
    """The decision about medium `number`, made so long ago; a copy has the verdict of medium 0."""
    made = decision(number, content=0 if outcome == "duplicate" else None, outcome=outcome)
    if allowed:
        inherited = "photos/0.jpg" if outcome == "duplicate" else None
        made = replace(
            made,
            verdict=Verdict("allowed", SOURCE.name, inherited_from=inherited, kind=SOURCE.kind, version=SOURCE.version),
        )
    return decision_record(made, number, decided_ms=round(time.time() * 1000) - age_ms)


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two decisions of this minute, one of three minutes ago, two of half an hour ago, and one of yesterday."""
    records = [
        decided(0, 1440 * MINUTE_MS, allowed=True),
        decided(1, 30 * MINUTE_MS),
        decided(2, 30 * MINUTE_MS, "duplicate", allowed=True),
        decided(3, 3 * MINUTE_MS, "duplicate", allowed=True),
        decided(4, 0),
        decided(5, 0, "failed"),
    ]
    folder = tmp_path_factory.mktemp("clickhouse")
    with stored(folder, DECISIONS, [*records, *records[3:]]) as url:
        _store(url, folder)
        yield url


def _store(url: str, folder: Path) -> None:
    """A fingerprint that the cache had not, two that it had, a failed one, and the call that a verdict comes from."""
    import asyncio

    from streams.analytics.writer import ClickHouseSink

    call = replace(moderation_event(0), status="allowed", by=SOURCE, call=ModeratorCall(20.0, 2, 0.01, "USD"))
    made = [fingerprint(0), *(replace(fingerprint(n), cached=True, decode_ms=0.0) for n in (1, 2))]
    records = [fingerprint_record(one, n) for n, one in enumerate([*made, fingerprint(3, failed=True)])]

    async def write() -> None:
        sink = ClickHouseSink(load_settings(clickhouse=url))
        assert await sink.write(FINGERPRINTS, [*records, moderation_record(call, 9)]) == []
        await sink.close()

    asyncio.run(write())


def test_the_questions_count_every_record_once(clickhouse: str) -> None:
    with connect(load_settings(clickhouse=clickhouse)) as client:
        assert throughput(client) == (
            Throughput(60, 2, 2 / 60, 0, 0.0),
            Throughput(300, 3, 0.01, 1, 1 / 3),
            Throughput(3600, 5, 5 / 3600, 2, 0.4),
        )
        assert {span.decisions for span in throughput(client, "other")} == {0}
        assert cache_use(client) == CacheUse(3, 2, 2 / 3, 3.25)
        assert cache_use(client, "other") == CacheUse(0, 0, 0.0, 0.0)
        assert totals_by_verdict(client) == (VerdictTotal("allowed", 3, 2), VerdictTotal("pending", 2, 0))
        assert call_totals(client) == (CallTotal("USD", 1, 2, 0.02, 2, 0.02),)
        assert call_totals(client, "other") == ()


def test_json_is_what_the_api_answers_and_the_lag(run: Run, clickhouse: str) -> None:
    nobody = f"127.0.0.1:{free_port()}"

    done = run("stats", "--json", "--clickhouse", clickhouse, "--broker", nobody)

    assert (done.exit_code, done.stderr) == (0, "")
    found = orjson.loads(done.stdout)
    assert [span["decisions"] for span in found["throughput"]] == [2, 3, 5]
    assert found["savings"]["copies"] == 2
    assert found["collection"] == ""
    assert {stage["stage"]: stage["records"] for stage in found["lag"]} == dict.fromkeys(
        ("fingerprint", "bulk", "match", "record")
    )


def test_people_read_tables(run: Run, clickhouse: str) -> None:
    nobody = f"127.0.0.1:{free_port()}"

    shown = words(run("stats", "--clickhouse", clickhouse, "--broker", nobody).stdout)

    for expected in (
        "Throughput of all collections", "last 5 minutes 3 0.01 33.3 %", "2 of 5 are copies (40.0 %, 2.0 kB)",
        "match 5", "3 2 66.7 % 3.2 ms", "allowed 3 2", "USD 1 2 0.0200 2 0.0200", "not an image or video 1",
    ):  # fmt: skip
        assert expected in shown, shown
    other = run("stats", "--clickhouse", clickhouse, "--broker", nobody, "--collection", "other").stdout
    assert "Throughput of collection other" in other
    assert "Verdicts" not in other


def _heed_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_watching_goes_on_until_ctrl_c(clickhouse: str, tmp_path: Path) -> None:
    """On a terminal, drawn in place; elsewhere an object a look."""
    nobody = f"127.0.0.1:{free_port()}"
    words = [*MEDIASIEVE, "stats", "--watch", "--interval", "1", "--clickhouse", clickhouse, "--broker", nobody]
    # In the background of a shell, tests ignore Ctrl-C, and so would the command.
    ways: dict[str, Any] = {"cwd": tmp_path, "env": environment(tmp_path), "preexec_fn": _heed_ctrl_c}
    with subprocess.Popen([*words, "--json"], stdout=subprocess.PIPE, **ways) as watch:
        assert watch.stdout is not None
        looks = [orjson.loads(watch.stdout.readline()) for _ in range(2)]
        watch.send_signal(signal.SIGINT)
        assert watch.wait(PATIENCE_S) == 130
    assert [look["savings"]["copies"] for look in looks] == [2, 2]

    shown, terminal = pty.openpty()
    with subprocess.Popen(words, stdin=terminal, stdout=terminal, **ways) as watch:
        os.close(terminal)
        seen = b""
        while seen.count(b"Throughput of all") < 2:
            seen += os.read(shown, 65536)
        watch.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # the end of a terminal
            while part := os.read(shown, 65536):
                seen += part
        assert watch.wait(PATIENCE_S) == 130
    os.close(shown)
    assert b"\x1b[2K" in seen, "drawn again in its place"
    assert b"\x1b[?25h" in seen, "the cursor is back"


def test_clickhouse_that_is_away_is_one_line(run: Run) -> None:
    nobody = f"127.0.0.1:{free_port()}"

    done = run("stats", "--clickhouse", f"http://{nobody}", "--broker", nobody)

    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "does not answer" in done.stderr


def test_a_name_that_no_collection_has_is_refused(run: Run) -> None:
    assert run("stats", "--collection", "A/B").exit_code == 2


def test_amounts_are_short() -> None:
    assert [milliseconds(value) for value in (0.25, 12.4, 2500)] == ["0.2 ms", "12 ms", "2.5 s"]
    assert [money(value) for value in (0.0, 0.002, 1234.5)] == ["0.0000", "0.0020", "1,234.50"]

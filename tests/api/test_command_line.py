"""Commands with `--api`, as a person uses them on another machine: no broker, no ClickHouse, only a URL and a key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.cli.app import cli
from tests.api.conftest import Api, eventually, photo


@pytest.fixture
def run(api: Api, story: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs a command against the API as the key `shop`."""
    monkeypatch.setenv("MEDIASIEVE_API_KEY", api.keys["shop"])
    monkeypatch.setenv("MEDIASIEVE_BROKER", "127.0.0.1:1")  # nothing answers there
    monkeypatch.setenv("MEDIASIEVE_CLICKHOUSE", "http://127.0.0.1:1")
    monkeypatch.chdir(tmp_path)

    def invoke(*args: str) -> Result:
        return CliRunner().invoke(cli, [*args, "--api", api.url])

    return invoke


def lines_of(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_files_are_published_and_their_decisions_are_read(run: Any, tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(photo(471))
    (tmp_path / "two.jpg").write_bytes(photo(472))
    (tmp_path / "line.ndjson").write_text('{"url": "https://[::1]/x.jpg", "media_id": "line"}\n\n[]\n{"x"\n')
    job = "from-afar"

    result = run(
        "publish", "one.jpg", "two.jpg", "--collection", "shop", "--job", job, "--metadata", '{"owner":"ann"}', "--json"
    )
    assert (result.exit_code, sorted(line["media_id"] for line in lines_of(result))) == (0, ["one.jpg", "two.jpg"])

    watched = run("jobs", "watch", job, "--collection", "shop", "--interval", "0.2")
    assert watched.exit_code == 0, watched.output
    assert any(found["name"] == job for found in lines_of(run("jobs", "list", "--collection", "shop", "--json")))
    assert lines_of(run("jobs", "show", job, "--collection", "shop", "--json"))[0]["report"]["decided"] == 2

    found = eventually(
        lambda: [
            line
            for line in lines_of(run("decisions", "--collection", "shop", "--json"))
            if line["media_id"] == "one.jpg"
        ]
    )
    assert found[0]["metadata"] == {"owner": "ann"}
    table = run("decisions", "--collection", "shop", "--limit", "3")
    assert table.exit_code == 0 and "unique" in table.stdout

    result = run("publish", "--ndjson", "line.ndjson", "--collection", "shop")
    assert result.exit_code == 1
    assert "line 3: must be a JSON object" in result.stderr and "line 4: not valid JSON" in result.stderr


def test_a_file_finds_its_copies(run: Any, tmp_path: Path) -> None:
    (tmp_path / "query.jpg").write_bytes(photo(1))
    found = eventually(lambda: lines_of(run("similar", "query.jpg", "--collection", "shop", "--json")))
    assert found[0]["distance_bits"] == 0
    assert "a/original" in run("similar", "query.jpg", "--collection", "shop").stdout


def test_a_moderator_says_something_and_reads_it_back(run: Any, tmp_path: Path) -> None:
    for name, seed in (("x.jpg", 473), ("y.jpg", 474), ("z.jpg", 475)):
        (tmp_path / name).write_bytes(photo(seed))
    assert run("publish", "x.jpg", "y.jpg", "z.jpg", "--collection", "shop").exit_code == 0
    more = ("--collection", "shop", "--wait", "--timeout", "30")

    said = run("verdict", "set", "x.jpg", "blocked", "--label", "fake=0.5", "--by", "ann", *more)
    assert said.exit_code == 0 and "x.jpg is blocked by ann" in said.output, said.output

    def shown_verdicts() -> dict[str, Any] | None:
        found = lines_of(run("verdict", "show", "x.jpg", "--collection", "shop", "--json"))[0]
        is_whole = found["acts"] and found["current"] and found["current"][0]["verdict_status"] != "pending"
        return found if is_whole else None

    shown = eventually(shown_verdicts)
    assert (shown["current"][0]["verdict_status"], shown["acts"][0]["by_name"]) == ("blocked", "ann")
    assert "blocked" in run("verdict", "show", "x.jpg", "--collection", "shop").stdout
    assert run("verdict", "withdraw", "x.jpg", "--by", "ann", *more).exit_code == 0
    assert run("merge", "x.jpg", "y.jpg", *more).exit_code == 0
    assert run("undo", "x.jpg", "y.jpg", "--json", *more).exit_code == 0

    plan = run("delete", "z.jpg", "--dry-run", "--collection", "shop")
    assert "deletes 1 submission" in plan.output
    refused = run("delete", "z.jpg", "--collection", "shop")
    assert refused.exit_code == 2 and "--yes" in refused.stderr
    assert run("delete", "z.jpg", "--yes", *more).exit_code == 0


def test_the_figures_are_those_of_the_api(run: Any) -> None:
    assert lines_of(run("stats", "--collection", "shop", "--json"))[0]["lag"] == []
    assert "unique" in run("stats", "--collection", "shop").stdout


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("stats", "--collection", "other"), 1, "forbidden"),
        (("stats", "--broker", "127.0.0.1:9"), 2, "--api and --broker"),
        (("decisions", "--follow"), 2, "/v1/events/decisions"),
        (("publish", ".", "--reference"), 2, "--reference"),
        (("jobs", "show", "no-such-job", "--collection", "shop"), 1, "no job no-such-job"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(run: Any, args: tuple[str, ...], code: int, said: str) -> None:
    result = run(*args)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr


@pytest.mark.parametrize("url", ["media.example.com", "ftp://x"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    result = CliRunner().invoke(cli, ["stats", "--api", url])
    assert result.exit_code == 2 and "address of the API" in result.stderr


def test_an_api_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.client.retries.Retries.pause_s", lambda *_: 0.0)
    result = CliRunner().invoke(cli, ["stats", "--api", "http://127.0.0.1:1"])
    assert (result.exit_code, "does not answer" in result.stderr) == (1, True)

"""The story of an import: pictures through the bulk lane as a job, what failed of it, its dead letters, and a replay.

With the commands as people run them, on a broker, ClickHouse and workers of the test's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import mediasieve, running_system, until
from tests.support.media import PHOTOS, jpeg

pytest.importorskip("chdb")
PICTURES = 12


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which mediasieve runs, with pictures of which two are equal, and a text."""
    folder = tmp_path_factory.mktemp("home")
    archive = folder / "archive"
    archive.mkdir()
    for number in range(PICTURES):
        quality = 60 + max(1, number) * 3  # the first two are equal
        (archive / f"{number:02}.jpg").write_bytes(jpeg(PHOTOS[0], (160, 120), quality=quality))
    (archive / "broken.jpg").write_text("This is a text.")
    with running_system(folder):
        yield folder


@pytest.fixture(scope="module")
def job_id(home: Path) -> str:
    """The job that publishes them, all decided."""
    published = mediasieve(home, "publish", "archive", "--job", "My archive", "--collection", "album")
    assert published.returncode == 0, published.stderr
    (line,) = (line for line in published.stderr.splitlines() if line.startswith("job "))
    job_id = line.split()[1].rstrip(":")
    assert job_id.startswith("my-archive-")
    watched = until(lambda: _watched(home, job_id))
    assert watched.returncode == 1, "one submission has failed"
    assert json.loads(watched.stdout.splitlines()[-1])["progress"] == "done"
    return job_id


def _watched(home: Path, job_id: str) -> Any:
    """The job followed to its end; None while ClickHouse does not know it."""
    done = mediasieve(home, "jobs", "watch", job_id, "--json", "--interval", "0.3")
    return None if "There is no job" in done.stderr else done


def lines_of(home: Path, *args: str) -> list[dict[str, Any]]:
    done = mediasieve(home, *args)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_job_tells_what_came_out_and_what_failed(home: Path, job_id: str) -> None:
    (shown,) = lines_of(home, "jobs", "show", "My archive", "--json")
    report = shown["report"]
    assert (report["job_id"], report["lane"], report["collection"]) == (job_id, "bulk", "album")
    assert (report["expected"], report["decided"], report["failed"], report["refused"]) == (13, 13, 1, 0)
    assert report["unique"] + report["duplicate"] + report["near_duplicate"] == PICTURES
    assert report["duplicate"] == 1
    assert [(each["reason"], each["submissions"]) for each in shown["failures"]] == [("not_media", 1)]
    (failure,) = lines_of(home, "jobs", "show", job_id, "--failures")
    assert (failure["media_id"], failure["reason"]) == ("archive/broken.jpg", "not_media")
    assert [each["job_id"] for each in lines_of(home, "jobs", "list", "--json")] == [job_id]
    assert lines_of(home, "jobs", "list", "--open", "--json") == []
    people = mediasieve(home, "jobs", "show", job_id)
    assert "My archive" in people.stdout
    assert "1 × not_media" in people.stdout
    unknown = mediasieve(home, "jobs", "show", "nothing")
    assert (unknown.returncode, "There is no job nothing" in unknown.stderr) == (1, True)


def test_every_decision_carries_the_job(home: Path, job_id: str) -> None:
    decisions = lines_of(home, "decisions", "--json", "--collection", "album")
    assert {each["job_id"] for each in decisions} == {job_id}


def test_a_dead_letter_is_replayed_once_as_the_next_attempt_then_dropped(home: Path, job_id: str) -> None:
    (group,) = until(lambda: lines_of(home, "deadletters", "list", "--json"))
    assert (group["reason"], group["stage"], group["topic"], group["open"]) == (
        "not_media",
        "bulk",
        "media.submissions.bulk",
        1,
    )
    (place,) = group["examples"]
    (letter,) = lines_of(home, "deadletters", "show", place, "--json")
    assert (letter["media_id"], letter["collection"], letter["status"]) == ("archive/broken.jpg", "album", "open")
    assert letter["value"] == "This is a text."
    (dry,) = lines_of(home, "deadletters", "replay", "--reason", "not_media", "--dry-run", "--json")
    assert (dry["done"], dry["handled"]) == (1, 0)
    (done,) = lines_of(home, "deadletters", "replay", "--collection", "album", "--by", "ann", "--json")
    assert (done["done"], done["refused"]) == (1, 0)
    (again,) = lines_of(home, "deadletters", "replay", place, "--json")
    assert (again["done"], again["handled"]) == (0, 1)
    replayed = until(lambda: _attempts(home) == [0, 1])
    assert replayed, "the replay has a decision of its own"
    until(lambda: _job_counts(home, job_id) == (13, 1, 1))
    letters = until(lambda: _letters_of_both_attempts(home))
    assert [each["status"] for each in letters] == ["open", "replayed"]
    assert letters[1]["acted_by"] == "ann"
    (dropped,) = lines_of(home, "deadletters", "drop", "--reason", "not_media", "--note", "no pictures", "--json")
    assert dropped["done"] == 1
    until(lambda: lines_of(home, "deadletters", "list", "--json") == [])
    (kafka,) = lines_of(home, "deadletters", "list", "--from", "kafka", "--status", "any", "--json")
    assert (kafka["letters"], kafka["open"], kafka["replayed"], kafka["dropped"]) == (2, 0, 1, 1)


def _attempts(home: Path) -> list[int]:
    decisions = lines_of(home, "decisions", "--json", "--collection", "album")
    return sorted(each["attempt"] for each in decisions if each["media_id"] == "archive/broken.jpg")


def _job_counts(home: Path, job_id: str) -> tuple[int, int, int]:
    (shown,) = lines_of(home, "jobs", "show", job_id, "--json")
    report = shown["report"]
    return report["decided"], report["failed"], report["replayed"]


def _letters_of_both_attempts(home: Path) -> list[dict[str, Any]] | None:
    """The letters, the latest first, once ClickHouse has both and the act."""
    letters = lines_of(home, "deadletters", "list", "--letters", "--status", "any", "--json")
    return letters if len(letters) == 2 and any(each["status"] == "replayed" for each in letters) else None


def test_a_replay_of_everything_must_be_asked_for(home: Path) -> None:
    refused = mediasieve(home, "deadletters", "replay")
    assert (refused.returncode, "or --all" in refused.stderr) == (2, True)
    wrong = mediasieve(home, "deadletters", "show", "7")
    assert (wrong.returncode, "PARTITION/OFFSET" in wrong.stderr) == (2, True)


def test_a_job_whose_publisher_was_killed_is_closed_by_hand(home: Path) -> None:
    line = json.dumps({"media_id": "gone", "url": "https://example.invalid/x.jpg", "job_id": "by-hand"})
    (home / "lines.ndjson").write_text(line + "\n")
    assert mediasieve(home, "publish", "--ndjson", "lines.ndjson").returncode == 0
    (shown,) = until(lambda: _shown(home, "by-hand"))
    assert (shown["report"]["progress"], shown["report"]["expected"]) == ("publishing", None)
    assert mediasieve(home, "jobs", "close", "by-hand").returncode == 0
    until(lambda: _shown(home, "by-hand")[0]["report"]["progress"] == "done")


def _shown(home: Path, job_id: str) -> list[dict[str, Any]]:
    done = mediasieve(home, "jobs", "show", job_id, "--json")
    return [json.loads(line) for line in done.stdout.splitlines()]

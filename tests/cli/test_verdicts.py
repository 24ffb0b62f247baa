"""The story of one picture: it is blocked, so is its altered copy; a person splits them, thinks better of it, and takes
all of it back. Another picture is merged with it, and in the end it is deleted.

With the commands as people run them, on a broker, ClickHouse and workers of the test's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageOps

from streams.local.data_dir import find_running_system
from tests.support.commands import decisions_of, mediasieve, running_system, until
from tests.support.media import encode, photo

CAT, CUP = photo("chelsea.png", (640, 427)), photo("coffee.png", (600, 400))
pytest.importorskip("chdb")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which mediasieve runs, with a collection `fast` that compares equal bytes only."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "policies.yaml").write_text("policies: {exact: {near: false}}\ncollections: {fast: exact}\n")
    (folder / ".env").write_text(f"MEDIASIEVE_POLICY_FILE={folder / 'policies.yaml'}\n")
    (folder / "cat.jpg").write_bytes(encode(CAT, "JPEG", quality=90))
    (folder / "cup.jpg").write_bytes(encode(CUP, "JPEG", quality=90))
    (folder / "mirrored.jpg").write_bytes(encode(ImageOps.mirror(CAT).resize((480, 320)), "JPEG", quality=75))
    with running_system(folder):
        yield folder


def submit(home: Path, name: str, collection: str = "shop") -> dict[str, Any]:
    """The decision about a file."""
    scanned = mediasieve(home, "scan", name, "--collection", collection, "--broker", broker(home), "--json")
    assert scanned.returncode == 0, scanned.stderr
    return decisions_of(scanned.stdout)[name]


def broker(home: Path) -> str:
    running = find_running_system(home / "data")
    assert running is not None
    return running.broker


def say(home: Path, *args: str, collection: str = "shop", by: str = "ann") -> dict[str, Any]:
    """Publish a moderation event and wait for its effect: the decision that shows it."""
    done = mediasieve(home, *args, "--collection", collection, "--by", by, "--wait", "--timeout", "60", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    effect: dict[str, Any] = json.loads(done.stdout)["effect"]
    return effect


def current(home: Path, name: str, collection: str = "shop") -> dict[str, Any]:
    """The last decision about a file."""
    read = mediasieve(home, "decisions", "--json", "--collection", collection)
    decisions = [json.loads(line) for line in read.stdout.splitlines()]
    return max((each for each in decisions if each["media_id"] == name), key=lambda each: int(each["revision"]))


def test_a_copy_is_blocked_freed_blocked_again_and_pending_again(home: Path) -> None:
    # Nobody has said anything yet.
    original = submit(home, "cat.jpg")
    assert (original["outcome"], original["action"], original["verdict"]["status"]) == ("unique", "process", "pending")

    # Ann blocks the picture: its decision is revised.
    blocked = say(home, "verdict", "set", "cat.jpg", "blocked", "--label", "claws=0.9", "--reason", "It scratches.")
    assert (blocked["media_id"], blocked["revision"], blocked["action"]) == ("cat.jpg", 1, "reuse")
    assert blocked["supersedes"] == original["decision_id"]
    assert blocked["verdict"]["labels"] == [{"name": "claws", "parent": None, "score": 0.9}]

    # An altered copy comes. Nobody has to look at it: it inherits the verdict, and says from whom.
    copy = submit(home, "mirrored.jpg")
    assert (copy["outcome"], copy["match"]["media_id"], copy["match"]["confidence"]) == (
        *("near_duplicate", "cat.jpg"),
        "certain",
    )
    verdict = copy["verdict"]
    assert (verdict["status"], verdict["by"], verdict["reason"]) == ("blocked", "ann", "It scratches.")
    assert (verdict["inherited_from"], verdict["content_id"]) == ("cat.jpg", original["content_id"])

    assert "blocked by ann" in mediasieve(home, "decisions", "--collection", "shop").stdout

    # Bob says that the two are not the same: the copy is free, in a group of its own.
    freed = say(home, "split", copy["content_id"], original["content_id"], by="bob")
    assert (freed["media_id"], freed["verdict"]["status"], freed["action"]) == ("mirrored.jpg", "pending", "process")
    assert freed["match"]["group_content_id"] == copy["content_id"]
    assert current(home, "cat.jpg")["verdict"]["status"] == "blocked"

    # He thinks better of it: the copy is blocked again.
    again = say(home, "undo", copy["content_id"], original["content_id"], by="bob")
    assert (again["media_id"], again["revision"], again["supersedes"]) == ("mirrored.jpg", 2, freed["decision_id"])
    assert (again["verdict"]["status"], again["verdict"]["inherited_from"]) == ("blocked", "cat.jpg")

    # Ann takes her verdict back: both are pending, as at the beginning.
    say(home, "verdict", "withdraw", "cat.jpg")
    until(lambda: current(home, "mirrored.jpg")["verdict"]["status"] == "pending")
    assert current(home, "cat.jpg")["verdict"]["status"] == "pending"

    # ClickHouse knows who said what.
    def said() -> list[tuple[str, str]] | None:
        shown = json.loads(mediasieve(home, "verdict", "show", "cat.jpg", "--collection", "shop", "--json").stdout)
        events = [(act["event"], act["by_name"]) for act in shown["acts"]]
        is_current = [each["verdict_status"] for each in shown["current"]] == ["pending"]
        return events if len(events) == 4 and is_current else None

    assert sorted(until(said)) == [("split", "bob"), ("undo", "bob"), ("verdict", "ann"), ("withdrawal", "ann")]
    table = mediasieve(home, "verdict", "show", "cat.jpg", "--collection", "shop").stdout
    assert "It scratches." in table
    assert "ann (person)" in table


def test_a_merged_picture_has_the_verdict_of_its_group_and_a_deleted_one_leaves_it_behind(home: Path) -> None:
    cat, cup, copy = (submit(home, name, "story") for name in ("cat.jpg", "cup.jpg", "mirrored.jpg"))
    say(home, "verdict", "set", "cat.jpg", "blocked", "--reason", "It scratches.", collection="story")
    until(lambda: current(home, "mirrored.jpg", "story")["verdict"]["status"] == "blocked")

    # Ann says that the cup is the same: it has no match, but its decision names the group that it is in now.
    merged = say(home, "merge", cup["content_id"], cat["content_id"], collection="story")
    assert (merged["media_id"], merged["match"], merged["verdict"]["inherited_from"]) == ("cup.jpg", None, "cat.jpg")
    assert (merged["group_content_id"], merged["group_media_id"]) == (cat["content_id"], "cat.jpg")

    # She takes the merge back, and the cup is free.
    parted = say(home, "undo", cup["content_id"], cat["content_id"], collection="story")
    assert (parted["verdict"]["status"], parted["group_content_id"]) == ("pending", cup["content_id"])

    # The owner of the cat wants it gone. A deletion cannot be taken back, so it asks, or is told not to ask.
    unsure = mediasieve(home, "delete", "cat.jpg", "--collection", "story")
    assert (unsure.returncode, "say --yes" in unsure.stderr) == (2, True)
    dry = mediasieve(home, "delete", "cat.jpg", "--collection", "story", "--dry-run")
    assert "1 submission of 1 medium with 1 content" in dry.stderr
    gone = say(home, "delete", "cat.jpg", "--yes", "--reason", "The owner asked.", collection="story")
    assert (gone["media_id"], gone["outcome"], gone["action"]) == ("cat.jpg", "deleted", "forget")
    assert (gone["facts"], gone["metadata"], gone["match"]) == (None, {}, None)

    # Its copy keeps the verdict and the name of the group; whoever submits the picture again joins the copy.
    assert current(home, "mirrored.jpg", "story")["verdict"]["status"] == "blocked"
    (home / "again.jpg").write_bytes((home / "cat.jpg").read_bytes())
    again = submit(home, "again.jpg", "story")
    assert (again["outcome"], again["match"]["media_id"]) == ("near_duplicate", "mirrored.jpg")
    assert (again["verdict"]["status"], again["group_content_id"]) == ("blocked", cat["content_id"])
    assert again["match"]["group_content_id"] == copy["match"]["group_content_id"] == cat["content_id"]

    # ClickHouse has no row of the medium any more. Who deleted it, and why, stays.
    def rows() -> dict[str, Any]:
        shown = mediasieve(home, "verdict", "show", "cat.jpg", "--collection", "story", "--json")
        document: dict[str, Any] = json.loads(shown.stdout)
        return document

    until(lambda: not rows()["current"])
    acts = rows()["acts"]
    assert [(act["event"], act["by_name"], act["reason"], act["media_id"]) for act in acts] == [
        ("deletion", "ann", "The owner asked.", ""),
        ("verdict", "ann", "", ""),
    ]


def test_a_verdict_waits_for_a_medium_that_comes_later(home: Path) -> None:
    unknown = ("verdict", "set", "cat.jpg", "allowed", "--collection", "later", "--wait", "--timeout", "2")
    early = mediasieve(home, *unknown)
    assert early.returncode == 1
    assert "a medium that is not known yet is waited for" in early.stderr

    first = submit(home, "cat.jpg", "later")

    assert first["verdict"]["status"] == "pending"
    until(lambda: current(home, "cat.jpg", "later")["verdict"]["status"] == "allowed")


def test_where_equal_bytes_alone_are_compared_a_medium_is_looked_up(home: Path) -> None:
    content_id = submit(home, "cat.jpg", "fast")["content_id"]

    def blocked() -> dict[str, Any] | None:
        done = mediasieve(home, "verdict", "set", "cat.jpg", "blocked", "--collection", "fast", "--wait", "--json")
        document: dict[str, Any] | None = json.loads(done.stdout) if done.returncode == 0 else None
        assert document or "ClickHouse knows no medium 'cat.jpg'" in done.stderr
        return document

    done = until(blocked)  # ClickHouse may be a moment behind
    assert (done["event"]["content_id"], done["event"]["media_id"]) == (content_id, None)
    assert done["effect"]["verdict"]["status"] == "blocked"
    split = mediasieve(home, "split", content_id, f"sha256:{7:064x}", "--collection", "fast")
    assert split.returncode == 1
    assert "compares equal bytes only, so it has no groups" in split.stderr

"""The story of a hash list: imported, matched by what is known and by what comes, replaced, dropped. With the commands
as people run them, on a broker, ClickHouse and workers of the test's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import imagehash
import pytest
from PIL import Image, ImageOps

from streams.local.data_dir import find_running_system
from tests.support.commands import decisions_of, mediasieve, running_system, until
from tests.support.media import encode, photo

CAT, COFFEE = photo("chelsea.png", (640, 427)), photo("coffee.png", (600, 400))
pytest.importorskip("chdb")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which mediasieve runs, with a collection `fast` that compares equal bytes only."""
    folder = tmp_path_factory.mktemp("home")
    policies = "policies: {exact: {near: false, also: [md5]}}\ncollections: {fast: exact}\n"
    (folder / "policies.yaml").write_text(policies)
    (folder / ".env").write_text(f"MEDIASIEVE_POLICY_FILE={folder / 'policies.yaml'}\n")
    (folder / "cat.jpg").write_bytes(encode(CAT, "JPEG", quality=90))
    (folder / "mirrored.jpg").write_bytes(encode(ImageOps.mirror(CAT).resize((480, 320)), "JPEG", quality=75))
    (folder / "coffee.jpg").write_bytes(encode(COFFEE, "JPEG", quality=90))
    with running_system(folder):
        yield folder


def broker(home: Path) -> str:
    running = find_running_system(home / "data")
    assert running is not None
    return running.broker


def submit(home: Path, name: str, collection: str) -> dict[str, Any]:
    scanned = mediasieve(home, "scan", name, "--collection", collection, "--broker", broker(home), "--json")
    assert scanned.returncode == 0, scanned.stderr
    return decisions_of(scanned.stdout)[name]


def current(home: Path, name: str, collection: str) -> dict[str, Any]:
    read = mediasieve(home, "decisions", "--json", "--collection", collection)
    decisions = [json.loads(line) for line in read.stdout.splitlines()]
    return max((each for each in decisions if each["media_id"] == name), key=lambda each: int(each["revision"]))


def lists(home: Path, *args: str, collection: str) -> str:
    done = mediasieve(home, "lists", *args, "--collection", collection)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def verdict_of(home: Path, name: str, collection: str, status: str) -> dict[str, Any]:
    """The verdict of a file, once it has this status."""

    def verdict() -> dict[str, Any] | None:
        found: dict[str, Any] = current(home, name, collection)["verdict"]
        return found if found["status"] == status else None

    holding: dict[str, Any] = until(verdict)
    return holding


def test_a_list_holds_for_what_is_known_and_for_what_comes_until_it_is_dropped(home: Path) -> None:
    known = submit(home, "cat.jpg", "shop")
    assert known["verdict"]["status"] == "pending"
    digest = sha256((home / "cat.jpg").read_bytes()).hexdigest()
    near = str(imagehash.phash(COFFEE))
    (home / "known.csv").write_text(
        f"algorithm,hash,status,labels,reason\nsha256,{digest},,violence=0.9,It scratches.\nphash,{near},,,\n"
    )

    said = lists(home, "import", "known.csv", "--name", "known", "--version", "7", "--status", "blocked",
                 "--source", "https://lists.example/7", "--by", "ann", collection="shop")  # fmt: skip

    assert "version 7, with 2 entries" in said
    blocked = verdict_of(home, "cat.jpg", "shop", "blocked")
    assert (blocked["kind"], blocked["by"], blocked["version"]) == ("list", "known", "7")
    assert blocked["labels"] == [{"name": "violence", "parent": None, "score": 0.9}]
    assert blocked["entry"] == {
        **{"hash": f"sha256:{digest}", "distance_bits": 0, "threshold_bits": 0, "confidence": "exact"}
    }

    copy = submit(home, "mirrored.jpg", "shop")  # a copy inherits what the list says
    assert (copy["verdict"]["status"], copy["verdict"]["inherited_from"]) == ("blocked", "cat.jpg")

    alike = submit(home, "coffee.jpg", "shop")  # only a hash says so: a person must look
    assert (alike["outcome"], alike["action"], alike["verdict"]["status"]) == ("unique", "reuse", "review")
    assert alike["verdict"]["entry"]["confidence"] == "unverified"
    assert alike["verdict"]["entry"]["hash"] == f"phash64:{near}"

    def shown() -> dict[str, Any] | None:
        found = mediasieve(home, "lists", "show", "known", "--collection", "shop", "--json")
        document: dict[str, Any] | None = json.loads(found.stdout) if found.returncode == 0 else None
        return document if document and int(document["list"]["contents"]) == 3 else None

    document = until(shown)
    assert (document["list"]["version"], document["list"]["source"]) == ("7", "https://lists.example/7")
    assert document["acts"][0]["by_name"] == "ann"
    exported = [json.loads(line) for line in lists(home, "export", "known", collection="shop").splitlines()]
    assert [entry["hash"] for entry in exported] == [digest, near]
    assert exported[0]["reason"] == "It scratches."

    lists(home, "drop", "known", collection="shop")
    verdict_of(home, "coffee.jpg", "shop", "pending")
    verdict_of(home, "mirrored.jpg", "shop", "pending")


def test_where_equal_bytes_alone_are_compared_every_partition_has_the_list(home: Path) -> None:
    names = ("cat.jpg", "mirrored.jpg", "coffee.jpg")
    for name in names[:2]:
        submit(home, name, "fast")
    digests = [md5((home / name).read_bytes(), usedforsecurity=False).hexdigest() for name in names]
    (home / "files.ndjson").write_text("".join(json.dumps({"md5": digest}) + "\n" for digest in digests))

    lists(home, "import", "files.ndjson", "--name", "files", "--version", "1", "--status", "allowed", collection="fast")

    for name in names[:2]:
        assert verdict_of(home, name, "fast", "allowed")["entry"]["confidence"] == "exact"
    assert submit(home, "coffee.jpg", "fast")["verdict"]["status"] == "allowed"


def test_a_wrong_file_is_refused_with_its_lines_and_nothing_is_imported(home: Path) -> None:
    (home / "wrong.csv").write_text(f"sha256\n{'0' * 64}\nxyz\n{'1' * 63}\n")

    done = mediasieve(home, "lists", "import", "wrong.csv", "--name", "wrong", "--version", "1", "--status", "blocked")

    assert done.returncode == 1
    assert "2 lines are wrong, so nothing was imported" in done.stderr
    assert "line 3: field 'hash' must be 64 lower-case hex digits" in done.stderr
    assert "line 4" in done.stderr


def test_a_picture_beside_the_list_stays_as_it_was(home: Path) -> None:
    Image.new("RGB", (64, 64), "white").save(home / "white.png")
    zeros = "0" * 16
    (home / "plain.csv").write_text(f"phash64\n{zeros}\n")
    lists(home, "import", "plain.csv", "--name", "plain", "--version", "1", "--status", "blocked", collection="plain")

    assert submit(home, "white.png", "plain")["verdict"]["status"] == "pending"  # too plain to be known by a near hash

"""`mediasieve similar`, on the embedded ClickHouse with decisions that are written here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image, ImageOps

from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.match.images.comparison import match_pictures
from streams.domain.match.outcome import build_decision
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.domain.records import Fingerprint, Match, MediaFacts, Origin, Outcome, decision_id, format_timestamp
from streams.kafka.topics import DECISIONS
from tests.cli.conftest import Run, stored
from tests.support.media import encode, jpeg, photo
from tests.support.stories import Record

CAT = photo("chelsea.png", (450, 300))
T0_MS = 1_767_225_600_000


def decided(number: int, data: bytes, match: Match | None = None) -> Record:
    """The decision about medium `m<number>` of the collection shop, the number-th in its partition."""
    facts = fingerprint_image(data)
    at = format_timestamp(T0_MS + number)
    origin = Origin("media.submissions", 0, number)
    made = Fingerprint(f"#{number}", 0, f"m{number}", "shop", "image", at, at, origin, facts, None)
    outcome: Outcome = "unique" if match is None else "duplicate" if match.method == "exact" else "near_duplicate"
    identity = decision_id("shop", made.submission_id, 0, 0)
    value = build_decision(made, identity, 0, outcome, match).to_json()
    return Record("media.decisions", 0, number, T0_MS + number, made.media_id.encode(), value)


def matched(known: MediaFacts, data: bytes) -> Match:
    found = match_pictures(known, fingerprint_image(data), DEFAULT_POLICY, media_id="m0")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Five contents: a cat (three times, under two names), the cat mirrored, coffee, a rocket, and a red square."""
    cat, mirrored = encode(CAT, "JPEG", quality=90), encode(ImageOps.mirror(CAT), "JPEG", quality=70)
    known = fingerprint_image(cat)
    again = matched(known, cat)
    records = [
        decided(0, cat),
        decided(1, mirrored, matched(known, mirrored)),
        decided(2, cat, again),
        decided(3, jpeg("coffee.png")),
        decided(4, jpeg("rocket.jpg")),
        decided(5, encode(Image.new("RGB", (99, 99), "red"), "PNG")),
    ]
    records.append(
        replace(decided(6, cat, again), value=(decided(6, cat, again).value or b"").replace(b'"m6"', b'"m2"'))
    )
    with stored(tmp_path_factory.mktemp("clickhouse"), DECISIONS, records) as address:
        yield address


@pytest.fixture
def files(folder: Path, clickhouse: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDIASIEVE_CLICKHOUSE", clickhouse)
    for name, data in {
        "turned.webp": encode(CAT.transpose(Image.Transpose.ROTATE_270), "WEBP"),
        "mirrored.jpg": encode(ImageOps.mirror(CAT), "JPEG", quality=70),
        "letterbox.jpg": encode(ImageOps.expand(CAT, (0, 60), "black"), "JPEG", quality=85),
        "motorcycle.jpg": jpeg("motorcycle_left.png"),
        "red.png": encode(Image.new("RGB", (300, 200), (250, 0, 0)), "PNG"),
    }.items():
        (folder / name).write_bytes(data)
    return folder


def found(run: Run, *args: str) -> list[dict[str, Any]]:
    result = run("similar", *args, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return [orjson.loads(line) for line in result.stdout.splitlines()]


def words(text: str) -> str:
    return " ".join(text.split())


def test_every_content_is_one_line_with_its_media_the_nearest_first(run: Run, files: Path) -> None:
    contents = found(run, "turned.webp", "--collection", "shop")

    assert [each["media_ids"] for each in contents[:2]] in ([["m0", "m2"], ["m1"]], [["m1"], ["m0", "m2"]])
    cat, mirrored = sorted(contents[:2], key=lambda each: str(each["media_ids"]))
    assert {tuple(each["media_ids"]) for each in contents[2:]} == {("m3",), ("m4",)}
    distances = [each["distance_bits"] for each in contents]
    assert distances == sorted(distances)
    assert distances[1] <= 8 < 80 < distances[2]
    assert (cat["submissions"], cat["first_outcome"], cat["group_media_id"]) == (3, "unique", "m0")
    assert (cat["transformation"], cat["within_thresholds"], cat["width"]) == ("turned_90", True, 450)
    assert (mirrored["first_outcome"], mirrored["group_media_id"]) == ("near_duplicate", "m0")
    assert mirrored["transformation"] == "turned_270+mirrored"
    assert mirrored["explanation"].startswith("The same picture, mirrored left to right")
    for each in contents:
        assert each["similarity"] == round(1 - each["distance_bits"] / 256, 4)
    assert [each["within_thresholds"] for each in contents[2:]] == [False, False]


def test_the_table_says_how_the_file_is_a_copy(run: Run, files: Path) -> None:
    result = run("similar", "letterbox.jpg", "--collection", "shop", "--top", "2")

    assert (result.exit_code, result.stderr) == (0, "")
    said = words(result.stdout)
    assert "m0, m2 a candidate, set in a border unique jpeg, 450 × 300" in said
    assert "m1 a candidate, mirrored left to right, then set in a border altered copy m0 jpeg" in said


def test_equal_bytes_come_first_among_equal_distances(run: Run, files: Path) -> None:
    (only,) = found(run, "mirrored.jpg", "--collection", "shop", "--top", "1")

    assert (only["media_ids"], only["distance_bits"]) == (["m1"], 0)
    assert "m1 the same bytes" in words(run("similar", "mirrored.jpg", "--collection", "shop").stdout)


def test_without_a_near_content_the_nearest_are_shown_with_a_remark(run: Run, files: Path) -> None:
    result = run("similar", "motorcycle.jpg", "--collection", "shop")

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 5
    assert "None is near enough for a candidate (92 of 256 and 12 of 64 bits may differ" in result.stderr
    assert "a candidate" not in result.stdout


def test_an_empty_collection_gets_a_remark(run: Run, files: Path) -> None:
    result = run("similar", "turned.webp", "--collection", "other")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "no picture of the collection other" in result.stderr
    assert found(run, "turned.webp", "--collection", "other") == []


def test_a_picture_without_structure_finds_nothing(run: Run, files: Path) -> None:
    result = run("similar", "red.png", "--collection", "shop")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "There is too little to see in red.png" in result.stderr


def test_a_policy_with_another_hash_gets_a_remark(run: Run, files: Path) -> None:
    (files / "policies.yaml").write_text("policies:\n  small: {hash: dhash64}\ncollections: {shop: small}\n")
    args = ("turned.webp", "--collection", "shop", "--policy", "policies.yaml")

    assert "compares by dhash64, and not by these hashes" in run("similar", *args).stderr
    assert {each["within_thresholds"] for each in found(run, *args)} == {None}


@pytest.mark.parametrize(
    ("args", "mentions"),
    [
        ([], "Missing argument"),
        (["absent.jpg"], "absent.jpg"),
        (["turned.webp", "--top", "0"], "--top"),
        (["turned.webp", "--collection", "x' OR 1"], "--collection"),
        (["turned.webp", "--clickhouse", "nowhere"], "MEDIASIEVE_CLICKHOUSE"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(run: Run, files: Path, args: list[str], mentions: str) -> None:
    result = run("similar", *args)

    assert (result.exit_code, result.stdout) == (2, "")
    assert mentions in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_hostile_file_or_an_unreachable_clickhouse_is_one_line(run: Run, files: Path) -> None:
    (files / "notes.jpg").write_bytes(b"Dear diary")

    for args, says in (
        (["notes.jpg"], "notes.jpg: not an image or video"),
        (["turned.webp", "--clickhouse", "http://127.0.0.1:1"], "ClickHouse at http://127.0.0.1:1 does not answer"),
    ):
        result = run("similar", *args)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
        assert says in result.stderr


def test_a_missing_database_says_what_to_run(run: Run, files: Path) -> None:
    result = run("similar", "turned.webp", env={"MEDIASIEVE_CLICKHOUSE_DATABASE": "never_made"})

    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "mediasieve clickhouse migrate" in result.stderr

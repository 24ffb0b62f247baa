"""`mediasieve explain` of two pictures: outcome and evidence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from streams.domain.evidence.judge import MIN_SCORE
from streams.domain.policy.policy import DEFAULT_POLICY
from tests.cli.conftest import Run, explained, words
from tests.support.lookalikes import captioned, shirt
from tests.support.media import encode, jpeg, photo
from tests.support.patience import PATIENCE_S

CAT = photo("chelsea.png", (450, 300))


@pytest.fixture
def files(folder: Path) -> Path:
    """cat.png, altered copies, and other pictures."""
    for name, data in {
        "cat.png": encode(CAT, "PNG"),
        "again.png": encode(CAT, "PNG"),
        "mirrored.jpg": encode(ImageOps.mirror(CAT), "JPEG", quality=80),
        "letterbox.webp": encode(ImageOps.expand(CAT, (0, 60), "black"), "WEBP"),
        "cropped.jpg": encode(CAT.crop((45, 30, 405, 270)), "JPEG", quality=90),
        "captioned.jpg": encode(captioned(CAT), "JPEG", quality=90),
        "shirt.png": encode(shirt(1), "PNG"),
        "other shirt.png": encode(shirt(2), "PNG"),
        "coffee.jpg": jpeg("coffee.png"),
        "red.png": encode(Image.new("RGB", (300, 200), (200, 10, 10)), "PNG"),
    }.items():
        (folder / name).write_bytes(data)
    return folder


def test_a_copy_is_explained_with_its_hashes_distances_and_thresholds(run: Run, files: Path) -> None:
    result = run("explain", "cat.png", "mirrored.jpg")

    assert (result.exit_code, result.stderr) == (0, "")
    said = words(result.stdout)
    assert "A, known: cat.png" in said
    assert "B, submitted: mirrored.jpg" in said
    assert "B would be called an altered copy of A. The same picture, mirrored left to right." in said
    assert "with B known and A submitted: the same." in said
    found = explained(run, "cat.png", "mirrored.jpg")
    for each in found["hashes"]:
        assert each["known"] in said
        assert each["submitted"] in said
        assert f"{each['distance_bits']} of {each['bits']} {each['threshold_bits']} A" in said
    nearest = found["comparisons"][0]
    distances = f"{nearest['near_bits']} 12 {nearest['confirm_bits']} 92"
    assert f"the whole the whole {distances} decides: mirrored left to right" in said.replace("\u00a0", " ")


def test_json_has_all_evidence_in_both_directions(run: Run, files: Path) -> None:
    found = explained(run, "cat.png", "cropped.jpg", "--collection", "shop")

    assert (found["collection"], found["policy"], found["outcome"]) == (
        "shop",
        DEFAULT_POLICY.version,
        "near_duplicate",
    )
    assert found["known"]["file"] == "cat.png"
    assert found["submitted"]["facts"]["width"] == 360
    assert found["match"]["transformation"] == "cropped"
    assert found["match"]["explanation"] in found["summary"]
    for each in found["hashes"]:
        assert (int(each["known"], 16) ^ int(each["submitted"], 16)).bit_count() == each["distance_bits"]
    pairs = [(each["view"], each["known_view"]) for each in found["comparisons"]]
    assert len(pairs) == len(set(pairs)) > 50
    for each in found["comparisons"]:
        within = each["near_bits"] <= each["near_threshold_bits"]
        assert each["matches"] == (within and each["confirm_bits"] <= each["confirm_threshold_bits"])
        assert (int(each["near_hash"], 16) ^ int(each["known_near_hash"], 16)).bit_count() == each["near_bits"]
    assert found["reverse"]["known"] == found["submitted"]
    assert found["reverse"]["match"]["transformation"] == "extended"


def test_the_evidence_of_a_copy_is_shown_with_its_thresholds_and_block_by_block(run: Run, files: Path) -> None:
    found = explained(run, "cat.png", "mirrored.jpg")
    evidence, match = found["evidence"], found["match"]

    assert (evidence["confidence"], evidence["needed_score"]) == ("certain", MIN_SCORE)
    assert evidence["score"] == match["score"] >= MIN_SCORE
    assert (evidence["differs"], evidence["map"]) == (match["differs"], match["map"])
    assert (evidence["reuse_differs"], evidence["max_differs"]) == (0.05, 0.35)
    agreeing = [value for row in evidence["agreement"] for value in row if value is not None]
    assert len(evidence["agreement"]) == 8
    assert sum(value > 0.7 for value in agreeing) > 0.9 * len(agreeing) > 30
    said = words(run("explain", "cat.png", "mirrored.jpg").stdout)
    assert f"score, of 1,000 {match['score']} {MIN_SCORE} or more of B differs 0 % 5 % at most" in said
    assert "confidence certain" in said
    assert " ".join("".join(match["map"])) in said


def test_what_was_added_goes_to_review_and_is_named_with_its_place(run: Run, files: Path) -> None:
    found = explained(run, "cat.png", "captioned.jpg")

    assert (found["outcome"], found["review"]) == ("near_duplicate", True)
    assert found["match"]["map"] == found["evidence"]["map"]
    assert found["evidence"]["differs"] > 0.05
    assert found["match"]["group_content_id"] == found["submitted"]["facts"]["content_id"]
    assert found["summary"].startswith("captioned.jpg would go to review, beside cat.png. ")
    assert "but a strip at the bottom differs, such as a caption" in found["summary"]
    assert set("".join(found["evidence"]["map"][:-2])) <= {"=", "."}


def test_a_look_alike_is_refused_with_its_score(run: Run, files: Path) -> None:
    """Two shirts, one cut and one light, of another fabric."""
    result = run("explain", "shirt.png", "other shirt.png")

    found = explained(run, "shirt.png", "other shirt.png")
    score = found["evidence"]["score"]
    assert (found["outcome"], found["match"], found["evidence"]["confidence"]) == ("unique", None, "")
    assert any(pair["matches"] for pair in found["comparisons"])
    assert score < MIN_SCORE
    why = f"(score {score}, {MIN_SCORE} needed)."
    assert found["summary"].startswith("other shirt.png would not be called a copy of shirt.png: ")
    assert found["summary"].endswith(why)
    assert f"score, of 1,000 {score}" in words(result.stdout)
    assert "near" in words(result.stdout)
    assert "decides" not in result.stdout


def test_facts_are_shown_without_evidence(run: Run, files: Path) -> None:
    found = explained(run, "cat.png", "mirrored.jpg")
    assert "evidence" not in found["known"]["facts"]
    assert found["known"]["facts"]["hashes"].keys() == {"phash64:1", "phash256:1"}


def test_an_unrelated_picture_is_explained_by_the_nearest_views(run: Run, files: Path) -> None:
    result = run("explain", "cat.png", "coffee.jpg")

    assert (result.exit_code, result.stderr) == (0, "")
    said = words(result.stdout)
    assert "B would not be called a copy of A. Nearest are" in said
    assert "with B known and A submitted: no copy either." in said
    assert "decides" not in said
    assert explained(run, "cat.png", "coffee.jpg")["outcome"] == "unique"


def test_all_prints_every_pair_of_views(run: Run, files: Path) -> None:
    pairs = len(explained(run, "cat.png", "coffee.jpg")["comparisons"])
    few = run("explain", "cat.png", "coffee.jpg").stdout
    all_of_them = run("explain", "cat.png", "coffee.jpg", "--all").stdout

    more = re.search(r"\nand (\d+) more pairs of views, which --all shows\n", few)
    assert more is not None and pairs - 9 <= int(more[1]) <= pairs - 8
    assert "more pairs" not in all_of_them
    assert len(all_of_them.splitlines()) == len(few.splitlines()) - 1 + int(more[1])
    for said in (few, all_of_them):
        assert "the whole the whole" in words(said)


def test_the_other_direction_is_explained_if_it_differs(run: Run, files: Path) -> None:
    said = words(run("explain", "cat.png", "letterbox.webp").stdout)

    assert "B would be called an altered copy of A. The same picture, set in a border." in said
    assert "A would be called an altered copy of B. The same picture, rid of its border." in said


def test_the_same_bytes_are_an_exact_copy(run: Run, files: Path) -> None:
    said = words(run("explain", "cat.png", "again.png").stdout)

    assert "B would be called an exact copy of A. The same bytes." in said
    assert explained(run, "cat.png", "again.png")["outcome"] == "duplicate"


def test_the_policy_of_the_collection_decides(run: Run, files: Path) -> None:
    (files / "policies.yaml").write_text(
        "policies:\n"
        "  bytes: {near: false}\n"
        "  small: {hash: dhash64, also: [ahash64]}\n"
        "  strict: {radius_bits: 0, view_radius_bits: 0, confirm_bits: 0}\n"
        "collections: {archive: bytes, shop: small, court: strict}\n"
    )
    policy = ("--policy", "policies.yaml")

    archive = run("explain", "cat.png", "letterbox.webp", "--collection", "archive", *policy).stdout
    assert "The policy compares bytes alone, and these differ." in archive
    assert "Views" not in archive
    court = explained(run, "cat.png", "cropped.jpg", "--collection", "court", *policy)
    assert (court["outcome"], court["policy"].split(":")[0]) == ("unique", "strict")
    shop = explained(run, "cat.png", "coffee.jpg", "--collection", "shop", *policy)
    thresholds = {each["algorithm"]: each["threshold_bits"] for each in shop["hashes"]}
    assert thresholds == {"phash64:1": None, "phash256:1": None, "ahash64:1": None, "dhash64:1": 6}
    (only,) = shop["comparisons"]
    assert (only["confirm_bits"], only["near_threshold_bits"]) == (None, 6)
    assert "256 bits" not in run("explain", "cat.png", "coffee.jpg", "--collection", "shop", *policy).stdout
    assert explained(run, "cat.png", "letterbox.webp", "--collection", "other", *policy)["outcome"] == "near_duplicate"


def test_too_little_structure_is_explained(run: Run, files: Path) -> None:
    said = words(run("explain", "cat.png", "red.png").stdout)

    assert "There is too little to see in B (its quality is 0.00, and the policy asks for 0.10)" in said
    assert "too little to see in A" in words(run("explain", "red.png", "cat.png").stdout)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("notes.jpg", b"Dear diary", "not an image or video"),
        ("empty.jpg", b"", "not an image or video"),
        ("cut.jpg", jpeg()[:2000], "cut off"),
        (
            "giant.bmp",
            b"BM" + bytes(12) + b"\x28\0\0\0" + (10**5).to_bytes(4, "little") * 2 + b"\x01\0\x18\0" + bytes(90),
            "pixels",
        ),
        ("large.png", encode(photo("coffee.png"), "PNG"), "too large"),
    ],
)
def test_a_hostile_file_is_one_line(run: Run, files: Path, name: str, data: bytes, says: str) -> None:
    (files / name).write_bytes(data)
    most = {"MEDIASIEVE_SOURCE_MAX_BYTES": "300000"}
    assert (files / "cat.png").stat().st_size < 300_000

    for pair in (("cat.png", name), (name, "cat.png")):
        result = run("explain", *pair, "--picture", "out.png", env=most)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"mediasieve: {name}: ")
        assert says in result.stderr
        assert result.stderr.count("\n") == 1
    assert not (files / "out.png").exists()


def test_a_pipe_is_refused_without_waiting(run: Run, files: Path) -> None:
    os.mkfifo(files / "pipe")

    result = run("explain", "cat.png", "pipe")

    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "not a regular file" in result.stderr


@pytest.mark.parametrize(
    ("args", "mentions"),
    [
        (["cat.png"], "Missing argument"),
        (["cat.png", "absent.png"], "absent.png"),
        (["cat.png", "."], "directory"),
        (["cat.png", "cat.png", "--collection", "My Shop"], "--collection"),
        (["cat.png", "cat.png", "--policy", "absent.yaml"], "absent.yaml: cannot be read"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(run: Run, files: Path, args: list[str], mentions: str) -> None:
    result = run("explain", *args)

    assert (result.exit_code, result.stdout) == (2, "")
    assert mentions in result.stderr
    assert result.stderr.count("\n") == 1


def test_control_characters_in_a_name_do_not_reach_the_terminal(run: Run, files: Path) -> None:
    (files / "\x1b[2J[bold].png").write_bytes((files / "cat.png").read_bytes())

    said = run("explain", "cat.png", "\x1b[2J[bold].png", "--picture", "out.png").stdout

    assert "\x1b[2J" not in said
    assert r"B, submitted: \x1b[2J[bold].png" in said


def test_explaining_loads_no_index(files: Path) -> None:
    script = """
import sys
from streams.cli import main
sys.argv = ["mediasieve", "explain", "cat.png", "mirrored.jpg"]
try:
    main()
except SystemExit as ended:
    assert ended.code == 0
assert not {"streams.domain.match.images.index", "streams.domain.hamming.index"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, timeout=PATIENCE_S, cwd=files)


def test_the_drawing_is_a_png(run: Run, files: Path) -> None:
    result = run("explain", "cat.png", "mirrored.jpg", "--picture", "out.png")

    assert result.exit_code == 0, result.stderr
    assert "drawn: out.png" in result.stderr
    with Image.open("out.png") as image:
        assert (image.format, image.mode, image.width) == ("PNG", "RGB", 1600)


def test_an_unwritable_drawing_is_one_line(run: Run, files: Path) -> None:
    result = run("explain", "cat.png", "coffee.jpg", "--picture", "absent/out.png")

    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "absent/out.png" in result.stderr

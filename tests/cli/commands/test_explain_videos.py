"""`mediasieve explain` of videos: segments that are the same, evidence, and the drawing of both timelines."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streams.drawing.timelines import BAND, REST, SAME
from streams.services.wording import clock, percent, span
from tests.cli.conftest import Run, explained, words
from tests.support.films import Film, cached_file, encode, film
from tests.support.media import encode as encode_picture
from tests.support.videos import compilation, reencoded


@pytest.fixture
def files(folder: Path) -> Path:
    """A film of 12 s, a clip from 3 to 9 s, a mix of 70 % with other films, another film, and a frame of the first."""
    original = film(0, 12.0)
    for name, path in {
        "film.mp4": original,
        "clip.mp4": cached_file("3 to 9.mp4", lambda target: reencoded(original, target, begin=0.25, end=0.75, gop=75)),
        "mix.mp4": cached_file("mix.mp4", lambda target: compilation(original, target, 3, share=0.7)),
        "other.mp4": film(1, 12.0),
    }.items():
        shutil.copy(path, folder / name)
    (folder / "frame.jpg").write_bytes(encode_picture(Film(0, 12.0).picture(5.0, (640, 360)), "JPEG", quality=80))
    return folder


def test_a_clip_is_explained_with_its_segment_shares_and_frames(run: Run, files: Path) -> None:
    result = run("explain", "film.mp4", "clip.mp4", "--picture", "out.png")

    assert result.exit_code == 0, result.stderr
    said, found = words(result.stdout), explained(run, "film.mp4", "clip.mp4")
    match, comparison = found["match"], found["comparison"]
    assert (found["outcome"], match["relation"]) == ("near_duplicate", "clip_of")
    (part,) = match["segments"]
    assert (part["from_s"], part["to_s"]) == pytest.approx((0, 6), abs=0.5)
    assert (part["known_from_s"], part["known_to_s"]) == pytest.approx((3, 9), abs=0.5)
    assert f"B would be called a clip of A. {match['explanation']}" in said
    assert f"{span(0, part['to_s'])} {span(part['known_from_s'], part['known_to_s'])}" in said
    assert f"moments of B that vote {comparison['voters']} of {comparison['moments']}" in said
    assert f"of B {percent(comparison['share'])} 75 % for a clip" in said
    assert "75 % for a clip, of both for a copy; 30 % of either for an overlap" in said
    assert "with B known and A submitted: A would be said to contain B, and has something else too." in said
    facts = found["known"]["facts"]
    assert f"mp4, {facts['width']} × {facts['height']}," in said
    assert f"12.0 s, h264, 25 frames/s, quality {facts['quality']:.2f}" in said
    assert f"{facts['video']['decoded_frames']} frames decoded" in said
    assert "frames:1" not in facts["hashes"]
    for pair in (each for each in comparison["nearest"] if each["votes"]):
        assert abs(pair["known_at_s"] - pair["at_s"] - 3) < 2
    assert found["reverse"]["match"]["relation"] == "contains"

    image = drawn()
    pixels = np.asarray(image)
    rows = [row for row in range(image.height) if (pixels[row, 60] == REST).all()]
    upper = rows[len(rows) // 2]
    same = np.flatnonzero((pixels[upper] == SAME).all(axis=1))
    assert (same[0] - 48, same[-1] - 48) == pytest.approx((1504 * 0.25, 1504 * 0.75), abs=60)
    assert (pixels[upper + 40] == BAND).all(axis=1).sum() > 400


def drawn() -> Image.Image:
    with Image.open("out.png") as image:
        assert (image.format, image.mode, image.width) == ("PNG", "RGB", 1600)
        return image.copy()


def test_all_prints_every_pair_of_frames(run: Run, files: Path) -> None:
    moments = explained(run, "film.mp4", "mix.mp4")["comparison"]["moments"]
    few = run("explain", "film.mp4", "mix.mp4").stdout
    every = run("explain", "film.mp4", "mix.mp4", "--all").stdout

    assert f"and {moments - 8} more, which --all shows" in few
    assert len(every.splitlines()) == len(few.splitlines()) + moments - 8 - 1
    assert "B would be said to" in few


def test_an_unrelated_video_is_explained_by_the_nearest_frames_and_drawn(run: Run, files: Path) -> None:
    result = run("explain", "film.mp4", "other.mp4", "--picture", "out.png")

    assert result.exit_code == 0
    said = words(result.stdout)
    assert "B would not be called a copy of A, nor a part. None of its" in said
    assert "with B known and A submitted: no copy either." in said
    assert "votes" not in said
    assert not (np.asarray(drawn()) == BAND).all(axis=2).any()


def test_a_picture_is_explained_by_when_the_video_shows_it(run: Run, files: Path) -> None:
    for args, picture, video in ((("film.mp4", "frame.jpg"), "B", "A"), (("frame.jpg", "film.mp4"), "A", "B")):
        result = run("explain", *args, "--picture", "out.png")
        assert result.exit_code == 0, result.stderr
        found = explained(run, *args)
        nearest = found["frames"][0]
        at_s = nearest["known_at_s" if video == "A" else "at_s"]
        assert at_s == pytest.approx(5.0, abs=1.5)
        assert nearest["matches"]
        said = words(result.stdout)
        assert f"{picture} appears in {video} at {clock(at_s)}: {nearest['near_bits']} of 64 bits differ" in said
        assert "no `appears_in: true`" in said
        assert (np.asarray(drawn()) == SAME).all(axis=2).any()
    (files / "policies.yaml").write_text("policies: {default: {appears_in: true}}\n")
    assert "appears_in" not in run("explain", "film.mp4", "frame.jpg", "--policy", "policies.yaml").stdout
    assert "B does not appear in A. Nearest is" in words(run("explain", "other.mp4", "frame.jpg").stdout)


def test_equal_bytes_and_policies_without_frames_are_explained(run: Run, files: Path) -> None:
    shutil.copy("film.mp4", "again.mp4")
    (files / "policies.yaml").write_text(
        "policies:\n  exact: {near: false}\n  small: {hash: dhash64}\ncollections: {archive: exact, shop: small}\n"
    )
    policy = ("--policy", "policies.yaml")

    assert (
        "B would be called an exact copy of A." in run("explain", "film.mp4", "again.mp4", "--picture", "o.png").stdout
    )
    archive = words(run("explain", "film.mp4", "clip.mp4", "--collection", "archive", *policy).stdout)
    assert "The policy compares bytes alone, and these differ." in archive
    shop = words(run("explain", "film.mp4", "clip.mp4", "--collection", "shop", *policy).stdout)
    assert "compares by dhash64; frames are compared by phash256 alone" in shop


@pytest.mark.parametrize(("name", "says"), [("cut.mp4", ""), ("sound.mp4", ""), ("large.mp4", "too large")])
def test_a_hostile_video_is_one_line(run: Run, files: Path, name: str, says: str) -> None:
    data = (files / "film.mp4").read_bytes()
    contents = {"cut.mp4": data[:3000], "sound.mp4": data[:40] + bytes(2000), "large.mp4": data}
    (files / name).write_bytes(contents[name])
    (files / "small.jpg").write_bytes((files / "frame.jpg").read_bytes())

    most = {"MEDIASIEVE_VIDEO_MAX_BYTES": str(len(data) - 1)}
    result = run("explain", "small.jpg", name, "--picture", "out.png", env=most)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"mediasieve: {name}: ")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (files / "out.png").exists()


def test_turned_and_tiny_videos_are_drawn(run: Run, files: Path) -> None:
    encode(files / "turned.mov", Film(0, 3.0).pictures((160, 90)), rotation_degrees=90)
    encode(files / "short.mkv", (Film(0, 3.0).picture(1.0, (64, 48)) for _ in range(5)), codec="mpeg4")

    for name in ("turned.mov", "short.mkv"):
        result = run("explain", "film.mp4", name, "--picture", "out.png")
        assert result.exit_code == 0, result.stderr
        assert drawn().height > 700

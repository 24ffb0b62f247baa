"""`mediasieve similar` of videos and their frames, on the embedded ClickHouse with fingerprints written here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import ImageOps

from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.records import Fingerprint, Origin, format_timestamp
from streams.kafka.topics import FINGERPRINTS
from tests.cli.conftest import Run, stored
from tests.support.films import Film, cached_file, encode, film
from tests.support.media import encode as encode_picture
from tests.support.media import jpeg
from tests.support.stories import Record
from tests.support.videos import reencoded

T0_MS = 1_767_225_600_000
FILM = Film(0, 12.0)


def known(number: int, name: str, path: Path) -> Record:
    """The fingerprint of a video of the collection shop."""
    at, origin = format_timestamp(T0_MS + number), Origin("media.submissions", 0, number)
    facts = fingerprint_video(path.read_bytes())
    made = Fingerprint(f"#{number}", 0, name, "shop", "video", at, at, origin, facts, None)
    return Record("media.fingerprints", 0, number, T0_MS + number, b"shop", made.to_json())


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A film, and another."""
    records = [known(0, "film", film(0, 12.0)), known(1, "other", film(1, 12.0))]
    with stored(tmp_path_factory.mktemp("clickhouse"), FINGERPRINTS, records) as address:
        yield address


@pytest.fixture
def files(folder: Path, clickhouse: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDIASIEVE_CLICKHOUSE", clickhouse)
    original = film(0, 12.0)
    clip = cached_file("3 to 9.mp4", lambda target: reencoded(original, target, begin=0.25, end=0.75, gop=75))
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    frame = ImageOps.mirror(FILM.picture(5.0, (640, 360)))
    (folder / "frame.jpg").write_bytes(encode_picture(frame, "JPEG", quality=80))
    (folder / "motorcycle.jpg").write_bytes(jpeg("motorcycle_left.png"))
    encode(folder / "strange.mp4", Film(2, 3.0).pictures())
    return folder


def found(run: Run, *args: str) -> list[dict[str, Any]]:
    result = run("similar", *args, "--collection", "shop", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return [orjson.loads(line) for line in result.stdout.splitlines()]


def test_a_video_finds_the_videos_that_have_its_frames_and_where(run: Run, files: Path) -> None:
    (only,) = found(run, "clip.mp4")

    assert (only["media_id"], only["kind"], only["same_bytes"]) == ("film", "video", False)
    assert only["distance_bits"] <= 80
    assert only["frames_alike"] == len(only["places"]) > only["frames_asked"] // 2
    beside = sorted(known_s - at_s for at_s, known_s in only["places"])
    assert beside[len(beside) // 2] == pytest.approx(3, abs=0.7)
    said = " ".join(run("similar", "clip.mp4", "--collection", "shop").stdout.split())
    assert f"{only['distance_bits']} {only['frames_alike']} of {only['frames_asked']} film 00:0" in said
    assert " of it" in said


def test_a_picture_finds_the_videos_that_show_it(run: Run, files: Path) -> None:
    (only,) = found(run, "frame.jpg")

    assert (only["media_id"], only["frames_alike"]) == ("film", 1)
    assert min(abs(at_s - 5) for _, at_s in only["places"]) < 1.5
    result = run("similar", "frame.jpg", "--collection", "shop")
    assert "shows it at" in result.stdout
    assert "film" in result.stdout


def test_a_video_without_matches_is_said_to_have_none(run: Run, files: Path) -> None:
    assert found(run, "motorcycle.jpg") == []
    assert found(run, "strange.mp4") == []
    result = run("similar", "strange.mp4", "--collection", "shop")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "knows no video of the collection shop with a frame of strange.mp4" in result.stderr

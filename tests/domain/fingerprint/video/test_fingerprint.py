"""The facts of a video; its hashes are those of the pictures that it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint.image.fingerprint import compute_content_id, fingerprint_image
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.hashes.frames import STORED_FRAME_VIEWS, unpack_frames
from streams.domain.hashes.packing import CANONICAL, unpack_entries
from streams.domain.hashes.views import FULL, TRIMMED
from streams.domain.records import MediaFacts, VideoFacts
from tests.support import films, media
from tests.support.films import cached_file, encode, film, slides
from tests.support.videos import boxed

SMALL = (240, 136)


def facts_of(path: Path) -> tuple[MediaFacts, VideoFacts]:
    facts = fingerprint_video(path.read_bytes())
    assert facts.video is not None
    return facts, facts.video


def entries_of(facts: MediaFacts) -> NDArray[np.void]:
    return unpack_frames(facts.hashes["frames:1"])


def still(name: str, picture: Image.Image, *, seconds: float = 1.0, **coding: Any) -> Path:
    """A video that shows one picture."""
    frames = [picture] * round(seconds * films.FPS)
    return cached_file(name, lambda target: encode(target, frames, **coding))


@pytest.mark.parametrize(
    ("suffix", "coding", "form"),
    [
        (".mp4", {"sound": True}, "mp4"),
        (".mp4", {"faststart": False}, "mp4"),
        (".mp4", {"codec": "hevc"}, "mp4"),
        (".mov", {"codec": "mjpeg"}, "mov"),
        (".mkv", {"codec": "mpeg4"}, "matroska"),
        (".webm", {"codec": "vp9"}, "webm"),
        (".avi", {"codec": "mpeg4"}, "avi"),
        (".flv", {"codec": "flv1"}, "flv"),
        (".ts", {}, "mpeg_ts"),
        (".mpg", {"codec": "mpeg2"}, "mpeg_ps"),
        (".mp4", {"container_options": {"movflags": "frag_keyframe+empty_moov"}}, "mp4"),
    ],
)
def test_a_short_video_is_decoded_completely_whatever_its_container(
    suffix: str, coding: dict[str, Any], form: str
) -> None:
    facts, video = facts_of(film(3, 4.0, size=SMALL, suffix=suffix, gop=30, **coding))
    assert facts.kind == "video"
    assert facts.format == form
    assert (facts.width, facts.height) == SMALL
    assert video.path == "everything"
    assert video.codec == {"mpeg2": "mpeg2video"}.get(str(coding.get("codec")), coding.get("codec", "h264"))
    assert video.duration_s == pytest.approx(4.0, abs=0.15)
    assert video.frame_rate == pytest.approx(25, abs=0.1)
    assert 40 <= video.decoded_frames <= 100
    entries = entries_of(facts)
    assert len(entries) > 4
    assert entries["to_ms"].max() <= 4250


def test_facts_of_bytes_cover_the_whole_file_and_name_a_poster_and_thumbnails() -> None:
    path = film(3, 8.0, size=SMALL)
    facts, video = facts_of(path)
    assert facts.content_id == compute_content_id(path.read_bytes())
    assert facts.size_bytes == path.stat().st_size
    assert facts.frames == 200
    assert video.covers == "file"
    assert 0 < facts.quality <= 1
    assert 0.4 <= video.poster_s < 8
    assert 3 <= len(video.thumbnails_s) <= 9
    assert video.thumbnails_s == sorted(set(video.thumbnails_s))
    assert fingerprint_video(path.read_bytes()) == facts


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png", "motorcycle_left.png"])
@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (200, 120)])
def test_a_picture_as_a_frame_has_the_hashes_of_the_picture(name: str, size: tuple[int, int]) -> None:
    picture = media.photo(name, size)
    image = unpack_entries(fingerprint_image(media.encode(picture, "PNG"), level="standard").hashes["views:1"])
    path = still(f"still-{name}-{size[0]}.mp4", picture, seconds=0.5, options={"crf": "16"})
    entries = entries_of(facts_of(path)[0])
    one = image[(image["view"] == FULL) & (image["orientation"] & CANONICAL > 0)][0]
    other = entries[(entries["view"] == FULL) & (entries["orientation"] & CANONICAL > 0)][0]
    assert one["orientation"] == other["orientation"]
    assert int(np.bitwise_count(one["hash64"] ^ other["hash64"])) <= 2
    assert int(np.bitwise_count(one["hash256"] ^ other["hash256"]).sum()) <= 14


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_frames_are_hashed_as_players_turn_them(degrees: int) -> None:
    picture = media.photo(size=(320, 240))
    upright = entries_of(facts_of(still("upright.mp4", picture))[0])
    lying = picture.rotate(-degrees, expand=True)
    facts, video = facts_of(still(f"turned-{degrees}.mp4", lying, rotation_degrees=degrees))
    assert (facts.width, facts.height) == (320, 240)
    assert video.rotation_degrees == 360 - degrees
    entries = entries_of(facts)
    assert upright[0]["orientation"] == entries[0]["orientation"]
    assert int(np.bitwise_count(upright[0]["hash64"] ^ entries[0]["hash64"])) <= 4


def test_real_turned_videos_are_upright(shared_data: Path) -> None:
    for degrees in (0, 90, 180, 270):
        facts, video = facts_of(shared_data / "decord" / f"video_{degrees}.mov")
        assert video.rotation_degrees == degrees
        assert (facts.width, facts.height) == ((320, 568) if degrees % 180 else (568, 320))


def test_a_letterboxed_video_has_the_view_of_the_video_without_borders() -> None:
    plain, _ = facts_of(film(4, 6.0, size=SMALL))
    pictures = (boxed(each, down=0.2) for each in films.Film(4, 6.0).pictures(SMALL))
    path = cached_file("film4-letterboxed.mp4", lambda target: encode(target, pictures))
    known, boxed_entries = entries_of(plain), entries_of(facts_of(path)[0])
    assert set(known["view"].tolist()).isdisjoint({TRIMMED})
    inside = boxed_entries[(boxed_entries["view"] == TRIMMED) & (boxed_entries["orientation"] & CANONICAL > 0)]
    whole = known[(known["view"] == FULL) & (known["orientation"] & CANONICAL > 0)]
    met = [
        entry
        for entry in inside
        if (
            (whole["from_ms"] < entry["to_ms"])
            & (entry["from_ms"] < whole["to_ms"])
            & (np.bitwise_count(whole["hash64"] ^ entry["hash64"]) <= 10)
        ).any()
    ]
    assert len(met) >= 0.9 * len(inside)
    assert len(inside) > 5


def test_a_video_that_shows_nothing_has_facts_and_no_frames() -> None:
    path = cached_file("black.mp4", lambda target: encode(target, slides([(0, 0, 0), (90, 90, 90)], SMALL)))
    facts, video = facts_of(path)
    assert facts.hashes == {"frames:1": ""}
    assert facts.quality == 0
    assert video.duration_s == pytest.approx(4.0, abs=0.05)
    assert (video.poster_s, video.thumbnails_s) == (0.0, [])


def test_the_largest_of_several_videos_in_a_container_is_fingerprinted(shared_data: Path) -> None:
    facts, _ = facts_of(shared_data / "torchcodec" / "nasa_13013.mp4")
    assert (facts.width, facts.height) == (480, 270)


def test_views_that_are_stored_are_in_every_moment() -> None:
    entries = entries_of(facts_of(film(3, 8.0, size=SMALL))[0])
    kept = entries[np.isin(entries["view"], STORED_FRAME_VIEWS) & (entries["orientation"] & CANONICAL > 0)]
    assert set(kept["from_ms"].tolist()) == set(entries["from_ms"].tolist())

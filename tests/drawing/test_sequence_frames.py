"""Frames of animations and pages in drawings: those that are shown at the time, in colour, on white."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streams.config.settings import load_settings
from streams.domain.fingerprint.sequence.pages import PAGE_MS
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.drawing.save import save_drawing
from streams.drawing.video_frames import frames_at
from streams.services.explain.pair import explain
from streams.services.media_files import VideoFile, read_media_file
from tests.support import animations
from tests.support.animations import animated
from tests.support.media import noise

SIZE = (80, 60)
PICTURES = [noise(SIZE, seed) for seed in range(4)]


def read(path: Path, data: bytes) -> VideoFile:
    path.write_bytes(data)
    file = read_media_file(path, load_settings(), DEFAULT_POLICY)
    assert isinstance(file, VideoFile)
    return file


def difference(shown: Image.Image | None, picture: Image.Image) -> float:
    assert shown is not None
    assert (shown.mode, shown.size) == ("RGB", picture.size)
    return float(np.abs(np.asarray(shown, float) - np.asarray(picture, float)).mean())


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_the_frame_at_a_time_is_drawn(folder: Path, form: str) -> None:
    file = read(folder / "moving", animated(PICTURES, form, duration=[500, 100, 2000, 100]))
    found = frames_at(file, [0.0, 0.49, 0.5, 0.6, 2.599, 2.6], SIZE)
    for shown, number in zip(found, [0, 0, 1, 2, 2, 3], strict=True):
        assert difference(shown, PICTURES[number]) < 12


def test_the_page_at_a_time_is_drawn(folder: Path) -> None:
    file = read(folder / "fax.tif", animations.pages(PICTURES))
    found = frames_at(file, [number * PAGE_MS / 1000 for number in range(4)], SIZE)
    for shown, picture in zip(found, PICTURES, strict=True):
        assert difference(shown, picture) == 0


def test_frames_are_scaled_down_to_fit(folder: Path) -> None:
    file = read(folder / "moving.gif", animated(PICTURES))
    (shown,) = frames_at(file, [0.1], (40, 40))
    assert shown is not None
    assert shown.size == (40, 30)


def test_what_is_gone_or_broken_is_left_out(folder: Path) -> None:
    file = read(folder / "moving.png", animated(PICTURES, "PNG"))
    file.path.write_bytes(file.path.read_bytes()[:-20_000])
    assert frames_at(file, [0.0, 0.3], SIZE)[1] is None
    file.path.write_bytes(b"gone")
    assert frames_at(file, [0.0, 0.3], SIZE) == [None, None]
    pages = read(folder / "pages.tif", animations.pages(PICTURES))
    pages.path.write_bytes(b"II*\0")
    assert frames_at(pages, [0.0], SIZE) == [None]


def test_two_animations_are_drawn_as_timelines(folder: Path) -> None:
    known = read(folder / "a.gif", animated(PICTURES, duration=400))
    submitted = read(folder / "b.webp", animated(PICTURES, "WEBP", duration=400))
    save_drawing(explain(known, submitted, DEFAULT_POLICY), folder / "out.png")
    with Image.open(folder / "out.png") as drawing:
        assert (drawing.format, drawing.width) == ("PNG", 1600)

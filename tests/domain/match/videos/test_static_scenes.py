"""Different videos of one place match frame by frame: they are never certain copies, and other films are no match."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from PIL import Image, ImageDraw

from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.match.batch import MatchInput
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts
from tests.support.films import cached_file, encode
from tests.support.media import photo
from tests.support.partition import Partition
from tests.support.video_streams import submission

SIZE, FPS, LENGTH_S = (240, 136), 8, 12


def fixed_camera(take: int) -> Iterator[Image.Image]:
    """A street: things pass at other times, on other paths, in every take."""
    street, rng = photo("motorcycle_left.png", SIZE), np.random.default_rng(take)
    things = [(rng.uniform(0, LENGTH_S), rng.uniform(0.2, 0.8), rng.uniform(10, 40)) for _ in range(3)]
    for number in range(LENGTH_S * FPS):
        shown, at_s = street.copy(), number / FPS
        for begin_s, down, side in things:
            across = (at_s - begin_s) / 3 * SIZE[0]
            top = down * SIZE[1]
            ImageDraw.Draw(shown).ellipse((across, top, across + side, top + side), fill=(40, 60, 160))
        yield shown


def podcast(episode: int) -> Iterator[Image.Image]:
    """A still, and under it the curve of a voice."""
    still, rng = photo("astronaut.png", SIZE), np.random.default_rng(100 + episode)
    for _ in range(LENGTH_S * FPS):
        shown = still.copy()
        levels = rng.uniform(0, 16, 30)
        for number, level in enumerate(levels):
            left = 20 + 7 * number
            ImageDraw.Draw(shown).rectangle((left, 116 - level, left + 4, 116 + level), fill=(250, 250, 250))
        yield shown


def lecture(number: int) -> Iterator[Image.Image]:
    """A hall with a screen that shows other slides, and a speaker who walks about."""
    hall, rng = photo("brick.png", SIZE), np.random.default_rng(200 + number)
    slides = []
    for _ in range(4):
        slide = Image.new("RGB", (90, 60), (245, 245, 240))
        for line in range(6):
            ImageDraw.Draw(slide).rectangle(
                (6, 6 + 9 * line, 6 + int(rng.uniform(20, 76)), 10 + 9 * line), fill=(30,) * 3
            )
        slides.append(slide)
    for frame in range(LENGTH_S * FPS):
        shown = hall.copy()
        shown.paste(slides[frame // (LENGTH_S * FPS // 4) % 4], (75, 12))
        across = 110 + 60 * np.sin(frame / FPS * rng.uniform(0.98, 1.02) + number)
        ImageDraw.Draw(shown).rectangle((across, 90, across + 14, 132), fill=(20, 20, 30))
        yield shown


SCENES = {"fixed camera": fixed_camera, "podcast": podcast, "lecture": lecture}


@cache
def facts(scene: str, take: int) -> MediaFacts:
    def make(target: Path) -> None:
        encode(target, SCENES[scene](take), fps=FPS)

    return fingerprint_video(cached_file(f"{scene.replace(' ', '-')}-{take}.mp4", make).read_bytes())


def decisions(*videos: MediaFacts) -> list[dict[str, Any]]:
    partition = Partition()
    answers = []
    for number, video in enumerate(videos):
        record = submission(video, number, number, Policy.of(), "shop")
        answers += partition.decide([MatchInput.of(record, number)])
    return [orjson.loads(answer.value) for answer in answers]


@pytest.mark.parametrize("scene", SCENES)
def test_recordings_of_one_place_are_for_review_at_most(scene: str) -> None:
    for decision in decisions(*(facts(scene, take) for take in range(4)))[1:]:
        assert decision["action"] in ("process", "review")
        assert decision["match"] is None or decision["match"]["confidence"] == "likely"


def test_different_places_are_no_match() -> None:
    assert {decision["outcome"] for decision in decisions(*(facts(scene, 0) for scene in SCENES))} == {"unique"}

"""The media of the demo are the same at every run, and altered or broken as they claim."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.match.videos.comparison import compare_videos
from streams.domain.policy.policy import Policy
from streams.local.demo_samples import ALTERATIONS, BROKEN, CLIP, EXACT_COPY, ORIGINAL, VIDEO, DemoSample, write_samples
from streams.local.demo_videos import CLIP_S


@pytest.fixture(scope="module", params=["photos", "drawings"])
def samples(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[DemoSample]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "drawings":
            patch.setattr(importlib.util, "find_spec", lambda _: None)
        return write_samples(tmp_path_factory.mktemp("samples"))


def test_every_photo_has_every_alteration(samples: list[DemoSample]) -> None:
    done = Counter(sample.alteration for sample in samples)

    photos = done[ORIGINAL]
    assert photos >= 8
    assert done[EXACT_COPY] == 2 * photos
    assert {done[name] for name in ALTERATIONS} == {photos}
    assert len({sample.path for sample in samples}) == len(samples)


def test_only_exact_copies_have_equal_bytes(samples: list[DemoSample]) -> None:
    contents = Counter(sample.path.read_bytes() for sample in samples if sample.alteration != BROKEN)

    assert set(contents.values()) == {1, 3}
    assert Counter(contents.values())[3] == sum(sample.alteration == ORIGINAL for sample in samples)


def test_all_but_the_broken_can_be_decoded(samples: list[DemoSample]) -> None:
    for sample in samples:
        if sample.alteration in (VIDEO, CLIP):
            assert fingerprint_video(sample.path.read_bytes()).quality > 0.1
        elif sample.alteration != BROKEN:
            with Image.open(sample.path) as picture:
                picture.load()
                assert min(picture.size) > 50
        else:
            with pytest.raises((OSError, ValueError, Image.DecompressionBombError)), Image.open(sample.path) as broken:
                broken.load()


def test_the_clip_matches_its_video_and_not_the_other(samples: list[DemoSample]) -> None:
    film, clip, other = (
        fingerprint_video(sample.path.read_bytes()) for sample in samples if sample.alteration in (VIDEO, CLIP)
    )

    match = compare_videos(film, clip, Policy.of(), media_ids=("film", "clip")).match

    assert match is not None
    assert match.relation == "clip_of"
    (part,) = match.segments
    assert (part.known_from_s, part.known_to_s) == pytest.approx(CLIP_S, abs=0.5)
    assert compare_videos(film, other, Policy.of(), media_ids=("film", "other")).match is None


def test_samples_are_the_same_at_every_run(tmp_path: Path) -> None:
    one, other = write_samples(tmp_path / "one"), write_samples(tmp_path / "other")

    assert [a.path.read_bytes() for a in one] == [b.path.read_bytes() for b in other]

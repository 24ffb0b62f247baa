"""Hashes in orientations that a fingerprint lacks are computed nearly exactly, and frames are found by them."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streams.domain.fingerprint.image.canonical import ViewFrequencies, view_entries
from streams.domain.fingerprint.image.phash import lowest_frequencies
from streams.domain.hashes.frames import FRAME_ENTRY
from streams.domain.hashes.orientation import ORIENTATION_COUNT
from streams.domain.hashes.packing import ORIENTATION_MASK
from streams.domain.hashes.views import FULL
from streams.domain.match.videos.comparison import compare_videos
from streams.domain.match.videos.orientation import missing_orientations
from streams.domain.policy.policy import Policy
from tests.reference import videos as slow
from tests.reference.nearest import Entry
from tests.support.media import photo
from tests.support.plain_views import reoriented
from tests.support.synthetic_films import Cut, Film, VideoRecipe, frame_entries, media_facts


def as_slow(frames: NDArray[np.void]) -> list[slow.Frame]:
    return [
        slow.Frame(
            Entry(
                int(each["view"]),
                int(each["orientation"]),
                int(each["hash64"]),
                int.from_bytes(np.ascontiguousarray(each["hash256"]).tobytes()),
            ),
            int(each["quality"]),
            int(each["from_ms"]),
            int(each["to_ms"]),
        )
        for each in frames
    ]


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_the_missing_orientations_are_those_of_the_slow_twin(seed: int) -> None:
    rng = random.Random(seed)
    recipe = VideoRecipe([Cut(Film("any"), 0, 3_000)], alternates_of_10=5, borders_of_10=5, seed=seed)
    frames = frame_entries(recipe).copy()
    for each in frames:
        each["orientation"] &= rng.choice((255, 255, 255, ORIENTATION_MASK))  # some have no canonical orientation
    given_moments = slow.by_moment(as_slow(frames))

    found = missing_orientations(frames)

    expected = [frame for moment in given_moments for frame in slow.missing_orientations(moment)]
    order = lambda frame: (frame.from_ms, frame.entry.view, frame.entry.orientation)  # noqa: E731
    assert as_slow(found) == sorted(expected, key=order)


@pytest.mark.parametrize("count", [0, 2])
def test_without_a_canonical_orientation_none_is_computed(count: int) -> None:
    assert len(missing_orientations(np.zeros(count, FRAME_ENTRY))) == 0


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "retina.jpg"])
def test_computed_hashes_are_nearly_those_of_the_reoriented_picture(name: str) -> None:
    small, large = (lowest_frequencies(np.asarray(photo(name, (side, side)).convert("L"))) for side in (32, 64))
    canonical = view_entries([ViewFrequencies((FULL,), True, small[None], large[None])])[:1]
    frame = np.zeros(1, FRAME_ENTRY)
    for field in canonical.dtype.names or ():
        frame[field] = canonical[field]

    found = missing_orientations(frame)

    assert len(found) == ORIENTATION_COUNT - 1
    for entry in found:
        block = reoriented(large, int(entry["orientation"]))
        bits = np.packbits((block > np.median(block)).ravel())
        assert np.bitwise_count(np.frombuffer(entry["hash256"].tobytes(), np.uint8) ^ bits).sum() <= 24


@pytest.mark.parametrize("orientation", [0, 1, 6])
def test_frames_are_found_in_another_canonical_orientation_once_one_frame_matches(orientation: int) -> None:
    cuts = [Cut(Film("a"), 0, 20_000)]
    known = media_facts(VideoRecipe(cuts, seed=1), "known")
    copy = media_facts(VideoRecipe(cuts, seed=2, orientation=orientation, reoriented_of_10=8), "copy")

    found = compare_videos(known, copy, Policy.of(), media_ids=("a", "b"))

    assert found.match is not None
    assert found.match.relation == "copy"
    assert found.voters > 0.9 * found.moments
    assert found.seen < 0.5 * found.moments

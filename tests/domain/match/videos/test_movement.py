"""Videos that match frame by frame are certain copies only if what matches moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest

from streams.domain.hashes.orientation import ORIENTATION_COUNT
from streams.domain.match.batch import MatchInput
from streams.domain.match.videos.alignment.align import MomentTimes
from streams.domain.match.videos.frame_pairs import MomentHashes
from streams.domain.match.videos.movement import shows_movement
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts
from tests.support.partition import Partition
from tests.support.synthetic_films import Cut, Film, VideoRecipe, media_facts
from tests.support.video_streams import submission

FILM, CARD, END_CARD = Film("film", scene_ms=1_500), Film("card", still=True), Film("end card", still=True)
STILL = Film("still", scene_ms=60_000, still=True)


def second_of(*cuts: Cut) -> dict[str, Any]:
    """The decision about the second of two recordings with these cuts."""
    partition = Partition()
    answers = []
    for number in range(2):
        facts = media_facts(VideoRecipe(list(cuts), noise_bits=2, seed=number), f"recording {number}")
        record = submission(facts, number, number, Policy.of(), "shop")
        answers += partition.decide([MatchInput.of(record, number)])
    decision: dict[str, Any] = orjson.loads(answers[1].value)
    assert decision["match"]["relation"] == "copy"
    return decision


def test_a_film_with_several_scenes_is_a_certain_copy() -> None:
    decision = second_of(Cut(FILM, 0, 8_000))

    assert (decision["action"], decision["match"]["confidence"]) == ("reuse", "certain")
    assert decision["match"]["group_media_id"] == "v0"


@pytest.mark.parametrize(
    "cuts",
    [
        [Cut(STILL, 0, 9_000)],
        [Cut(CARD, 0, 2_000), Cut(STILL, 0, 30_000), Cut(END_CARD, 0, 2_000)],
    ],
    ids=["one still", "a still between two cards"],
)
def test_two_recordings_of_what_does_not_move_go_to_review_in_groups_of_their_own(cuts: list[Cut]) -> None:
    decision = second_of(*cuts)

    assert (decision["action"], decision["match"]["confidence"]) == ("review", "likely")
    assert decision["match"]["group_media_id"] == "v1"
    assert decision["verdict"]["inherited_from"] is None


def test_two_shows_with_the_same_cameras_go_to_review() -> None:
    """Every shot matches, but the cuts from one camera to the other come at other times."""
    cameras = [Film(f"camera {number}", scene_ms=60_000, still=True) for number in range(3)]
    shows: list[MediaFacts] = []
    for name, shots in (("one", "012010212"), ("other", "201102012")):
        cuts = [Cut(cameras[int(at)], 0, 2_000 + 700 * (number * 5 % 4)) for number, at in enumerate(shots)]
        shows.append(media_facts(VideoRecipe(cuts, seed=len(shows)), f"show {name}"))
    records = [submission(each, number, number, Policy.of(), "shop") for number, each in enumerate(shows)]
    answers = Partition().decide([MatchInput.of(record, number) for number, record in enumerate(records)])
    decision = orjson.loads(answers[1].value)

    assert decision["match"]["relation"]
    assert (decision["action"], decision["match"]["confidence"]) == ("review", "likely")


def movement(hashes: list[list[int]], orientations: list[int], durations_ms: list[int]) -> bool:
    ends = np.cumsum(np.array(durations_ms, np.int64))
    times = MomentTimes(ends - durations_ms, ends, int(ends[-1]))
    moments = MomentHashes(*times[:2], np.array(hashes, np.uint64), np.array(orientations, np.uint8))
    return shows_movement(times, moments, np.arange(len(hashes)))


def test_scenes_differ_by_more_than_64_bits() -> None:
    ones = (1 << 64) - 1
    assert movement([[0, 0, 0, 0], [ones, 1, 0, 0], [0, 0, ones, 1]], [0, 0, 0], [1, 1, 1])
    assert not movement([[0, 0, 0, 0], [ones, 0, 0, 0], [0, 0, ones, 1]], [0, 0, 0], [1, 1, 1])


def test_no_scene_may_take_more_than_three_quarters_of_the_time() -> None:
    ones = (1 << 64) - 1
    scenes = [[0, 0, 0, 0], [ones, 1, 0, 0], [0, 0, ones, 1]]
    assert movement(scenes, [0, 0, 0], [6, 1, 1])
    assert not movement(scenes, [0, 0, 0], [7, 1, 1])


def test_turning_and_mirroring_make_no_movement() -> None:
    """The same frame, hashed in every orientation: half of the frequencies change their sign, or their place."""
    rng = np.random.default_rng(1)
    signs = rng.integers(0, 2, (16, 16), np.uint8)
    hashes = []
    for orientation in range(ORIENTATION_COUNT):
        turned = signs.T.copy() if orientation & 4 else signs.copy()
        turned[:, 1::2] ^= orientation & 1
        turned[1::2] ^= orientation >> 1 & 1
        hashes.append(np.packbits(turned).view(">u8").tolist())
    assert not movement(hashes, list(range(ORIENTATION_COUNT)), [1] * ORIENTATION_COUNT)

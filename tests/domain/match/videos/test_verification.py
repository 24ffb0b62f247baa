"""What key frames say about an alignment: they confirm it, leave doubt, or speak against it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.evidence import Evidence, Thumbnail
from streams.domain.evidence.key_frames import MAX_KEY_FRAMES, KeyFrame, pack_key_frames
from streams.domain.evidence.thumbnail import EDGE, encode_thumbnail
from streams.domain.hashes.packing import CANONICAL
from streams.domain.hashes.views import FULL
from streams.domain.match.videos.alignment.align import MomentTimes
from streams.domain.match.videos.frame_pairs import FramePairs
from streams.domain.match.videos.verification import VerifiedFrames, VideoEvidence, verify_frames

MOMENTS = 12
APART_BITS = 60
TIMES = MomentTimes(np.arange(MOMENTS) * 1_000, np.arange(MOMENTS) * 1_000 + 900, 1_000 * MOMENTS)


def texture(seed: int) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(seed).integers(0, 256, (32, 32), np.uint8)
    return coarse.repeat(2, axis=0).repeat(2, axis=1)


def key_frames(seeds: dict[int, int]) -> bytes:
    """Key frames by the number of their moment: each shows the texture of its seed."""
    frames = []
    for moment, seed in seeds.items():
        thumbnail = Thumbnail(FULL, (0, 0, EDGE, EDGE), encode_thumbnail(texture(seed)))
        frames.append(KeyFrame(1_000 * moment, Evidence(640, 640, (thumbnail,))))
    return pack_key_frames(frames)


def verified(own: dict[int, int], known: dict[int, int]) -> VerifiedFrames:
    """Of two videos in which every moment votes for the one of its number."""
    moments, zeros = np.arange(MOMENTS), np.zeros(MOMENTS, np.int64)
    canonical, apart = zeros + CANONICAL, zeros + APART_BITS
    voting = FramePairs(moments, moments, zeros, canonical, zeros, canonical, zeros + 10, apart)
    asked: list[str] = []

    def of_known(content_id: str) -> bytes:
        asked.append(content_id)
        return key_frames(known)

    found = verify_frames("known", VideoEvidence(key_frames(own), of_known), TIMES, TIMES, voting)
    assert asked in ([], ["known"])
    return found


def test_key_frames_that_show_the_same_confirm() -> None:
    found = verified({1: 1, 4: 4, 9: 9}, {1: 1, 4: 4, 8: 8})

    assert (found.compared, found.certain, found.likely, found.differs) == (2, 2, 0, 0.0)
    assert found.score is not None
    assert found.score > 900
    assert found.confirms
    assert found.is_certain
    assert not found.refuses


def test_key_frames_that_show_something_else_refuse() -> None:
    found = verified({1: 1, 4: 4}, {1: 11, 4: 14})

    assert (found.compared, found.certain + found.likely, found.score) == (2, 0, 0)
    assert found.refuses
    assert not found.confirms


def test_half_of_the_key_frames_are_enough_and_less_are_not() -> None:
    assert verified({1: 1, 4: 4}, {1: 1, 4: 14}).is_certain
    found = verified({1: 1, 4: 4, 7: 7}, {1: 1, 4: 14, 7: 17})
    assert not found.confirms
    assert not found.refuses


def test_without_key_frames_over_each_other_nothing_is_said() -> None:
    for own, known in (({}, {1: 1}), ({1: 1}, {}), ({1: 1}, {2: 1}), ({MOMENTS + 5: 1}, {1: 1})):
        assert verified(own, known) == VerifiedFrames()
    nothing = VerifiedFrames()
    assert not (nothing.confirms or nothing.is_certain or nothing.refuses)


def test_all_key_frames_are_compared() -> None:
    same = {number: number for number in range(MAX_KEY_FRAMES)}
    assert verified(same, same).compared == MAX_KEY_FRAMES

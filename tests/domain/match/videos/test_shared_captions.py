"""Videos that share only a caption are told apart, exactly as in the slow twin."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import FRAME_ENTRY, pack_frames
from streams.domain.hashes.packing import CANONICAL
from streams.domain.hashes.views import FULL
from streams.domain.match.videos.comparison import compare_videos
from streams.domain.match.videos.frame_pairs import FramePairs, MomentHashes
from streams.domain.match.videos.shared_captions import FULL_EVIDENCE, drop_ambiguous, evidence, is_enough_evidence
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts
from tests.reference import videos as slow
from tests.reference.alignment import Timeline
from tests.reference.nearest import Entry, Known
from tests.support.synthetic_films import Cut, Film, VideoRecipe, flip_bits, media_facts
from tests.support.timelines import random_timeline

MomentPair = tuple[int, int, int]
"""An own moment, a known one, and their distance."""


def frames_of(timeline: Timeline, rng: random.Random) -> list[slow.Frame]:
    """A frame for each moment; some look the same."""
    looks = [rng.getrandbits(256) for _ in range(3)]
    frames = []
    for begin, end in timeline.moments:
        hash256 = flip_bits(rng.choice(looks), rng.choice((0, 12, 40)), 256, rng)
        frames.append(slow.Frame(Entry(0, rng.choice((8, 8, 9)), 0, hash256), 255, begin, end))
    return frames


def moment_hashes(frames: list[slow.Frame]) -> MomentHashes:
    codes = b"".join(frame.entry.hash256.to_bytes(32) for frame in frames)
    return MomentHashes(
        np.array([frame.from_ms for frame in frames], np.int64),
        np.array([frame.to_ms for frame in frames], np.int64),
        np.frombuffer(codes, ">u8").reshape(-1, 4).astype(np.uint64),
        np.array([frame.entry.orientation for frame in frames], np.uint8),
    )


def frame_pairs(pairs: list[MomentPair]) -> FramePairs:
    own, known, bits = (np.array(column, np.int64) for column in np.array(pairs, np.int64).reshape(-1, 3).T)
    nothing = np.zeros(len(own), np.int64)
    return FramePairs(own, known, nothing, nothing, nothing, nothing, nothing, bits)


def moment_pairs(pairs: FramePairs) -> list[MomentPair]:
    return list(
        zip(pairs.own_moment.tolist(), pairs.known_moment.tolist(), pairs.hash256_distance_bits.tolist(), strict=True)
    )


def slow_pairs(pairs: list[MomentPair], own: list[slow.Frame], known: list[slow.Frame]) -> list[slow.FramePair]:
    content = Known("c", "m", "s", ("c", "m"), 0, 1, "frames:1", [], False, known)
    return [slow.FramePair(one, own[one], content, other, known[other], 0, bits) for one, other, bits in pairs]


def slowly_drop_ambiguous(pairs: list[MomentPair], own: list[slow.Frame], known: list[slow.Frame]) -> list[MomentPair]:
    timelines = (slow.timeline_of(frames, 1) for frames in (own, known))
    kept = slow.drop_ambiguous(slow_pairs(pairs, own, known), next(timelines), slow.by_moment(own), next(timelines))
    return [(pair.own_moment, pair.known_moment, pair.hash256_distance_bits) for pair in kept]


def any_pairs(rng: random.Random, own: int, known: int) -> list[MomentPair]:
    share = rng.choice((0.1, 0.5, 1.0))
    bits = rng.choice(((0, 80), (28, 44), (60, 95)))
    return [
        (one, other, rng.randint(*bits)) for one in range(own) for other in range(known) if rng.random() < share
    ] or [(0, 0, 50)]


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32))
def test_ambiguous_pairs_are_those_of_the_slow_twin(seed: int) -> None:
    rng = random.Random(seed)
    own, known = frames_of(random_timeline(rng), rng), frames_of(random_timeline(rng), rng)
    pairs = any_pairs(rng, len(own), len(known))
    rng.shuffle(pairs)

    kept = drop_ambiguous(frame_pairs(pairs), moment_hashes(own), moment_hashes(known))

    assert moment_pairs(kept) == slowly_drop_ambiguous(pairs, own, known)


def voting_pairs(seed: int) -> tuple[FramePairs, list[slow.FramePair], int]:
    """Pairs that vote, for both twins, and how many moments could vote."""
    rng = random.Random(seed)
    own, known = frames_of(random_timeline(rng), rng), frames_of(random_timeline(rng), rng)
    pairs = any_pairs(rng, len(own), len(known))
    return frame_pairs(pairs), slow_pairs(pairs, own, known), rng.randint(1, 12)


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32))
def test_enough_evidence_is_enough_for_the_slow_twin(seed: int) -> None:
    voting, slow_voting, possible = voting_pairs(seed)

    assert is_enough_evidence(evidence(voting), FULL_EVIDENCE * possible) == slow.is_enough(slow_voting, possible)


def test_the_cases_above_have_enough_evidence_and_too_little() -> None:
    found = {True: 0, False: 0}
    for seed in range(200):
        _, slow_voting, possible = voting_pairs(seed)
        found[slow.is_enough(slow_voting, possible)] += 1
    assert min(found.values()) > 40


def test_a_moment_is_less_evidence_the_farther_it_is_from_its_partner() -> None:
    def evidence_of(*pairs: MomentPair) -> int:
        return evidence(frame_pairs(list(pairs)))

    assert evidence_of((0, 0, 32), (1, 0, 10)) == 2_000
    assert evidence_of((0, 0, 56), (1, 1, 80), (2, 2, 95)) == 500
    assert evidence_of((0, 0, 56), (1, 0, 44)) == 750  # the same known moment
    assert evidence_of((0, 0, 56), (0, 1, 20)) == 1_000  # the same own moment


def test_frames_that_look_as_much_like_others_are_dropped() -> None:
    rng = random.Random(0)
    moments = Timeline([(at, at) for at in range(0, 20_000, 1_000)], 20_000)
    hashes = [rng.getrandbits(256) for _ in moments.moments]
    hashes[15] = hashes[0]
    frames = [slow.Frame(Entry(0, 8, 0, each), 255, *at) for each, at in zip(hashes, moments.moments, strict=True)]

    def kept(*pairs: MomentPair) -> list[MomentPair]:
        return moment_pairs(drop_ambiguous(frame_pairs(list(pairs)), moment_hashes(frames), moment_hashes(frames)))

    assert kept((0, 0, 60), (0, 10, 60)) == []
    assert kept((0, 0, 60), (0, 10, 53)) == []  # hardly nearer
    assert kept((0, 0, 60), (0, 10, 52)) == [(0, 10, 52)]
    assert kept((0, 0, 60), (10, 0, 52)) == [(10, 0, 52)]
    assert kept((0, 0, 60), (0, 3, 60)) == [(0, 0, 60), (0, 3, 60)]  # the same shot
    assert kept((0, 0, 60), (0, 15, 60)) == [(0, 0, 60), (0, 15, 60)]  # a shot that is shown twice
    assert kept((0, 0, 32), (0, 10, 2)) == [(0, 0, 32), (0, 10, 2)]


def with_caption(facts: MediaFacts, common: int) -> MediaFacts:
    """All frames upright, with so many equal bits of hash256 in all videos, and a quarter as many of hash64."""
    frames = np.frombuffer(bytes.fromhex(facts.hashes[FRAMES_HASH]), FRAME_ENTRY)
    frames = frames[frames["view"] == FULL].copy()
    frames = frames[np.unique(frames["from_ms"], return_index=True)[1]]
    frames["orientation"] = CANONICAL
    bits = np.unpackbits(np.ascontiguousarray(frames["hash256"]).view(np.uint8).reshape(len(frames), 32), axis=1)
    bits[:, :common] = np.random.default_rng(0).integers(0, 2, common)
    frames["hash256"] = np.packbits(bits, axis=1).view(">u8")
    bits64 = np.unpackbits(np.ascontiguousarray(frames["hash64"]).view(np.uint8).reshape(len(frames), 8), axis=1)
    bits64[:, : common // 4] = np.random.default_rng(1).integers(0, 2, common // 4)
    frames["hash64"] = np.packbits(bits64, axis=1).view(">u8")[:, 0]
    return replace(facts, hashes={FRAMES_HASH: pack_frames(frames)})


@pytest.mark.parametrize("common", [112, 128, 144, 160])
@pytest.mark.parametrize("seed", range(4))
def test_different_films_under_one_caption_are_different(seed: int, common: int) -> None:
    def submitted(name: str, noise_bits: int) -> MediaFacts:
        take = VideoRecipe([Cut(Film(name, scene_ms=2_000), 0, 30_000)], noise_bits=noise_bits, seed=seed)
        return with_caption(media_facts(take, f"{name} {noise_bits}"), common)

    one, copy, other = submitted(f"one {seed}", 1), submitted(f"one {seed}", 2), submitted(f"other {seed}", 1)

    found = compare_videos(one, other, Policy.of(), media_ids=("a", "b"))
    again = compare_videos(one, copy, Policy.of(), media_ids=("a", "b"))

    assert found.match is None
    assert again.match is not None
    assert again.match.relation == "copy"

"""Of frames that look the same, those tell something that are not as much like others: as the slow twin has it."""

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
from streams.domain.match.videos.judging import FULL_WEIGHT, _evidence, _is_enough
from streams.domain.match.videos.pairs import FramePairs, Looks
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts
from tests.domain.match.videos.test_alignment import film
from tests.reference import videos as slow
from tests.reference.alignment import Film as Times
from tests.reference.nearest import Entry, Known
from tests.support.synthetic_films import Cut, Film, VideoRecipe, flipped, media_facts

Seen = tuple[int, int, int]
"""An own moment, a known one, and how far they are apart."""


def frames_of(film: Times, rng: random.Random) -> list[slow.Frame]:
    """Of each moment a frame; some look the same as others do."""
    looks = [rng.getrandbits(256) for _ in range(3)]
    frames = []
    for begin, end in film.moments:
        confirm = flipped(rng.choice(looks), rng.choice((0, 12, 40)), 256, rng)
        frames.append(slow.Frame(Entry(0, rng.choice((8, 8, 9)), 0, confirm), 255, begin, end))
    return frames


def looks(frames: list[slow.Frame]) -> Looks:
    codes = b"".join(frame.entry.confirm.to_bytes(32) for frame in frames)
    return Looks(
        np.array([frame.from_ms for frame in frames], np.int64),
        np.array([frame.to_ms for frame in frames], np.int64),
        np.frombuffer(codes, ">u8").reshape(-1, 4).astype(np.uint64),
        np.array([frame.entry.turn for frame in frames], np.uint8),
    )


def pairs_of(seen: list[Seen]) -> FramePairs:
    own, known, bits = (np.array(column, np.int64) for column in np.array(seen, np.int64).reshape(-1, 3).T)
    nothing = np.zeros(len(own), np.int64)
    return FramePairs(own, known, nothing, nothing, nothing, nothing, nothing, bits)


def told(pairs: FramePairs) -> list[Seen]:
    return list(zip(pairs.own.tolist(), pairs.known.tolist(), pairs.confirm_bits.tolist(), strict=True))


def sights_of(seen: list[Seen], own: list[slow.Frame], known: list[slow.Frame]) -> list[slow.Sight]:
    content = Known("c", "m", "s", ("c", "m"), 0, 1, "frames:1", [], False, known)
    return [slow.Sight(one, own[one], content, other, known[other], 0, bits) for one, other, bits in seen]


def slowly_told(seen: list[Seen], own: list[slow.Frame], known: list[slow.Frame]) -> list[Seen]:
    sights = sights_of(seen, own, known)
    films = (slow.film_of(frames, 1) for frames in (own, known))
    kept = slow.telling(sights, next(films), slow.by_moment(own), next(films))
    return [(sight.own_moment, sight.known_moment, sight.confirm_bits) for sight in kept]


def any_seen(rng: random.Random, own: int, known: int) -> list[Seen]:
    share = rng.choice((0.1, 0.5, 1.0))
    bits = rng.choice(((0, 80), (28, 44), (60, 95)))
    return [
        (one, other, rng.randint(*bits)) for one in range(own) for other in range(known) if rng.random() < share
    ] or [(0, 0, 50)]


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32))
def test_what_tells_is_what_tells_in_the_slow_twin(seed: int) -> None:
    rng = random.Random(seed)
    own, known = frames_of(film(rng), rng), frames_of(film(rng), rng)
    seen = any_seen(rng, len(own), len(known))
    rng.shuffle(seen)

    assert told(pairs_of(seen).telling(looks(own), looks(known))) == slowly_told(seen, own, known)


def voting_and_sights(seed: int) -> tuple[FramePairs, list[slow.Sight], int]:
    """Pairs that vote, for both twins, and how many moments might."""
    rng = random.Random(seed)
    own, known = frames_of(film(rng), rng), frames_of(film(rng), rng)
    seen = any_seen(rng, len(own), len(known))
    return pairs_of(seen), sights_of(seen, own, known), rng.randint(1, 12)


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32))
def test_what_is_enough_is_enough_for_the_slow_twin(seed: int) -> None:
    voting, sights, possible = voting_and_sights(seed)

    assert _is_enough(_evidence(voting), FULL_WEIGHT * possible) == slow.is_enough(sights, possible)


def test_both_of_enough_and_not_enough_are_in_the_cases_above() -> None:
    found = {True: 0, False: 0}
    for seed in range(200):
        _, sights, possible = voting_and_sights(seed)
        found[slow.is_enough(sights, possible)] += 1
    assert min(found.values()) > 40


def test_moments_that_are_far_from_the_one_that_they_vote_for_are_less_evidence() -> None:
    def evidence(*seen: Seen) -> int:
        return _evidence(pairs_of(list(seen)))

    assert evidence((0, 0, 32), (1, 0, 10)) == 2_000
    assert evidence((0, 0, 56), (1, 1, 80), (2, 2, 95)) == 500
    assert evidence((0, 0, 56), (1, 0, 44)) == 750  # one known moment
    assert evidence((0, 0, 56), (0, 1, 20)) == 1_000  # one own moment


def test_frames_that_look_as_much_like_others_tell_nothing() -> None:
    rng = random.Random(0)
    moments = Times([(at, at) for at in range(0, 20_000, 1_000)], 20_000)
    hashes = [rng.getrandbits(256) for _ in moments.moments]
    hashes[15] = hashes[0]
    frames = [slow.Frame(Entry(0, 8, 0, each), 255, *at) for each, at in zip(hashes, moments.moments, strict=True)]

    def kept(*seen: Seen) -> list[Seen]:
        return told(pairs_of(list(seen)).telling(looks(frames), looks(frames)))

    assert kept((0, 0, 60), (0, 10, 60)) == []
    assert kept((0, 0, 60), (0, 10, 53)) == []  # hardly nearer
    assert kept((0, 0, 60), (0, 10, 52)) == [(0, 10, 52)]
    assert kept((0, 0, 60), (10, 0, 52)) == [(10, 0, 52)]
    assert kept((0, 0, 60), (0, 3, 60)) == [(0, 0, 60), (0, 3, 60)]  # one shot
    assert kept((0, 0, 60), (0, 15, 60)) == [(0, 0, 60), (0, 15, 60)]  # another that is shown again
    assert kept((0, 0, 32), (0, 10, 2)) == [(0, 0, 32), (0, 10, 2)]


def with_caption(facts: MediaFacts, common: int) -> MediaFacts:
    """All frames upright; of their 256 bits so many are the same in all videos, and a quarter as many of their 64."""
    frames = np.frombuffer(bytes.fromhex(facts.hashes[FRAMES_HASH]), FRAME_ENTRY)
    frames = frames[frames["view"] == FULL].copy()
    frames = frames[np.unique(frames["from_ms"], return_index=True)[1]]
    frames["turn"] = CANONICAL
    bits = np.unpackbits(np.ascontiguousarray(frames["confirm"]).view(np.uint8).reshape(len(frames), 32), axis=1)
    bits[:, :common] = np.random.default_rng(0).integers(0, 2, common)
    frames["confirm"] = np.packbits(bits, axis=1).view(">u8")
    near = np.unpackbits(np.ascontiguousarray(frames["near"]).view(np.uint8).reshape(len(frames), 8), axis=1)
    near[:, : common // 4] = np.random.default_rng(1).integers(0, 2, common // 4)
    frames["near"] = np.packbits(near, axis=1).view(">u8")[:, 0]
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

"""Streams of submissions with videos, and the recipes of these videos. No tests here."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

from streams.domain.hashes.algorithms import FRAMES_HASH, VIEWS_HASH
from streams.domain.hashes.frames import unpack_frames
from streams.domain.hashes.packing import ENTRY, pack_entries
from streams.domain.hashes.views import VIEW_CODES
from streams.domain.match.batch import MatchInput
from streams.domain.policy.policy import Policy
from streams.domain.records import Fingerprint, MediaFacts
from tests.support.picture_streams import DAY_MS
from tests.support.picture_streams import submission as picture_submission
from tests.support.synthetic_films import Cut, Film, VideoRecipe, frame_entries, key_frames, media_facts

POLICIES = (
    Policy.of(),
    Policy.of(name="plain", views="plain"),
    Policy.of(name="deep", views="deep", confirm_bits=90),
    Policy.of(name="short", retention_days=3),
    Policy.of(name="shown", appears_in=True),
    Policy.of(name="strict", video_share=0.95, video_overlap=1, video_min_s=5),
    Policy.of(name="small", hash="dhash64"),
    Policy.of(name="exact", near=False),
)
FILMS = tuple(Film(f"film {number}", scene_ms=(1_500, 3_000, 8_000)[number % 3]) for number in range(4))
INTRO, STILL = Film("intro", still=True), Film("still", scene_ms=60_000, still=True)


@cache
def recipe(seed: int) -> VideoRecipe:
    """One of the videos of these tests: whole or cut, with an intro, of several films, or a still."""
    rng = random.Random(seed)
    film = rng.choice(FILMS)
    whole = Cut(film, 0, 8_000)
    cuts: list[list[Cut]] = [
        [whole],
        [whole],
        [Cut(film, 2_000, 4_000)],
        [Cut(film, 0, 8_000, speed=1.05)],
        [whole, Cut(rng.choice(FILMS), 1_000, 5_000)],
        [Cut(film, 4_000, 4_000), Cut(film, 0, 4_000)],
        [Cut(INTRO, 0, 2_000), Cut(Film(f"body {rng.randrange(9)}"), 0, 4_000)],
        [Cut(STILL, 0, rng.choice((2_000, 3_000)))],
    ]
    return VideoRecipe(
        rng.choice(cuts),
        sample_every_ms=rng.choice((500, 500, 750)),
        first_sample_ms=rng.choice((0, 0, 120)),
        noise_bits=rng.choice((1, 2, 4)),
        orientation=rng.choice((0, 0, 0, 1, 5)),
        film_view=rng.choice((None, None, None, None, *map(VIEW_CODES.get, ("top_85", "centre_70", "framed")))),
        alternates_of_10=rng.choice((0, 3)),
        lost_of_10=rng.choice((0, 0, 3)),
        borders_of_10=rng.choice((0, 5)),
        single_samples=rng.random() < 0.3,
        reoriented_of_10=rng.choice((0, 0, 4)),
        seed=seed,
    )


@cache
def video(seed: int) -> MediaFacts:
    rng = random.Random(seed)
    read_in_parts = rng.random() < 0.3
    made = recipe(seed)
    evidence = rng.choice(
        ("", key_frames(made, frame_entries(made)), key_frames(made, frame_entries(made), Film(f"other {seed}")))
    )
    quality = rng.choice((0.05, 0.6, 0.6, 0.6, 0.6))
    return media_facts(made, f"video {seed}", read_in_parts=read_in_parts, quality=quality, evidence=evidence)


@cache
def still_picture(seed: int) -> MediaFacts:
    """A frame of a video, submitted as a picture."""
    frames = unpack_frames(video(seed).hashes[FRAMES_HASH])
    entries = frames[:2][list(ENTRY.names or ())].astype(ENTRY)
    content_id = media_facts(recipe(seed), f"picture {seed}").content_id
    return MediaFacts(content_id, "image", "png", 9, 4, 3, 1, 0.9, {VIEWS_HASH: pack_entries(entries)})


def submission(facts: MediaFacts | None, offset: int, number: int, policy: Policy, collection: str) -> Fingerprint:
    given = picture_submission(offset, random.Random(offset), 0)
    return replace(
        given,
        submission_id=f"v#{number}",
        media_id=f"v{number}",
        collection=collection,
        facts=facts,
        failure=None,
        policy=policy,
    )


def stream(seed: int, length: int, apart_ms: int = DAY_MS) -> list[MatchInput]:
    """Videos, pictures of them, other pictures, failures; some of each again."""
    rng = random.Random(seed)
    time_ms, incoming = 0, []
    for offset in range(length):
        time_ms += rng.choice((1, 1_000, apart_ms // 3, apart_ms, -apart_ms // 5))
        dice, content = rng.random(), 20 * (seed % 50) + rng.randrange(20)
        policy = rng.choice(POLICIES) if rng.random() < 0.3 else POLICIES[4 * (seed % 2)]
        if dice < 0.75:
            record = submission(video(content), offset, rng.randrange(40), policy, "shop")
        elif dice < 0.9:
            record = submission(still_picture(content), offset, rng.randrange(40), policy, "shop")
        else:
            record = picture_submission(offset, rng, seed)
        incoming.append(MatchInput.of(Fingerprint.from_json(record.to_json()), time_ms))
    return incoming

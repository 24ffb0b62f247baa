"""Videos made of nothing: hashes that walk through their space as a film goes on, sampled and cut. No tests here."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import FRAME_ENTRY, pack_frames
from streams.domain.hashes.orientation import compose, inverse
from streams.domain.hashes.packing import CANONICAL
from streams.domain.hashes.views import VIEW_CODES
from streams.domain.records import MediaFacts, VideoFacts
from tests.reference.videos import turned

STEP_MS = 250
BARS = (VIEW_CODES["top_85"], VIEW_CODES["bottom_85"])


def flipped(value: int, bits: int, width: int, rng: random.Random) -> int:
    for bit in rng.sample(range(width), bits):
        value ^= 1 << bit
    return value


@dataclass(frozen=True)
class Look:
    """A frame: its hashes in the canonical form, and the turn that this is."""

    near: int
    confirm: int
    turn: int


@dataclass(frozen=True)
class Film:
    """What is shown when: scenes of some seconds, which change by a bit or four each quarter of a second.

    `scene_ms` is the length of every scene, `still` says that nothing moves in them.
    """

    name: str
    scene_ms: int = 3_000
    still: bool = False

    def look(self, at_ms: int) -> Look:
        scene, within = divmod(at_ms, self.scene_ms)
        rng = random.Random(f"{self.name} {scene}")
        near, confirm, turn = rng.getrandbits(64), rng.getrandbits(256), rng.randrange(8)
        for _ in range(0 if self.still else within // STEP_MS):
            near, confirm = flipped(near, 1, 64, rng), flipped(confirm, 4, 256, rng)
        return Look(near, confirm, turn)


@dataclass(frozen=True)
class Cut:
    """A piece of a film: from when, how long it lasts in the video, and how fast it runs."""

    film: Film
    from_ms: int
    length_ms: int
    speed: float = 1.0


@dataclass(frozen=True)
class VideoRecipe:
    """How a video is made of its cuts.

    Attributes:
        cuts: one after the other.
        every_ms, phase_ms: when it is sampled.
        noise_bits: how many of 64 bits an encoding changes, and four times as many of 256.
        turn: what was done to every frame.
        bar: the view that shows the film, with a text beside it in the whole frame.
        alternates: ambiguous frames, of ten.
        lost: frames, of ten, whose hashes come out as something else.
        reformed: frames, of ten, that have another canonical form, as a logo on a smooth picture makes one.
        seed: of all chances.
    """

    cuts: Sequence[Cut]
    every_ms: int = 500
    phase_ms: int = 0
    noise_bits: int = 2
    turn: int = 0
    bar: int | None = None
    alternates: int = 0
    lost: int = 0
    seed: int = 0
    borders: int = 0
    points: bool = False
    reformed: int = 0
    black_ms: Sequence[tuple[int, int]] = field(default=())

    @property
    def duration_ms(self) -> int:
        return sum(cut.length_ms for cut in self.cuts)

    def look(self, at_ms: int) -> Look:
        for cut in self.cuts:
            if at_ms < cut.length_ms:
                return cut.film.look(cut.from_ms + int(at_ms * cut.speed))
            at_ms -= cut.length_ms
        raise ValueError("the video is over")


def entries_of(take: VideoRecipe) -> NDArray[np.void]:
    """The frames of a video as they stand in a record: samples that are nearly alike are one moment."""
    rng = random.Random(f"{take.seed} {take}")
    moments: list[tuple[Look, int, int]] = []
    for at_ms in range(take.phase_ms, take.duration_ms, take.every_ms):
        if any(begin <= at_ms < end for begin, end in take.black_ms):
            continue
        look = take.look(at_ms)
        last = moments[-1] if moments else None
        alike = last is not None and last[0].turn == look.turn and (last[0].near ^ look.near).bit_count() <= 3
        if last is not None and alike and not take.points and at_ms - last[2] <= take.every_ms:
            moments[-1] = last[0], last[1], at_ms
        else:
            moments.append((look, at_ms, at_ms))
    rows = [row for moment in moments for row in _rows(take, *moment, rng)]
    packed = b"".join(
        bytes((view, turn, 200)) + near.to_bytes(8) + confirm.to_bytes(32) + from_ms.to_bytes(4) + to_ms.to_bytes(4)
        for view, turn, near, confirm, from_ms, to_ms in rows
    )
    return np.frombuffer(packed, FRAME_ENTRY)


def _rows(
    take: VideoRecipe, look: Look, from_ms: int, to_ms: int, rng: random.Random
) -> list[tuple[int, int, int, int, int, int]]:
    near = flipped(look.near, rng.randint(0, take.noise_bits), 64, rng)
    confirm = flipped(look.confirm, rng.randint(0, 4 * take.noise_bits), 256, rng)
    turn = compose(look.turn, inverse(take.turn))
    if rng.randrange(10) < take.lost:
        near, confirm = rng.getrandbits(64), rng.getrandbits(256)
    if take.reformed and rng.randrange(10) < take.reformed:
        done = rng.randrange(8)
        near, confirm, turn = turned(near, 8, done), turned(confirm, 16, done), compose(done, turn)
    full = (0, turn | CANONICAL, near, confirm, from_ms, to_ms)
    other = (rng.getrandbits(64), rng.getrandbits(256), from_ms, to_ms)
    if take.bar is not None:
        return [(0, rng.randrange(8) | CANONICAL, *other), (take.bar, *full[1:])]
    rows = [full]
    if rng.randrange(10) < take.alternates:
        rows.append((0, rng.randrange(8), flipped(near, 6, 64, rng), flipped(confirm, 20, 256, rng), from_ms, to_ms))
    if rng.randrange(10) < take.borders:
        rows.append((1, *full[1:]) if rng.random() < 0.5 else (1, rng.randrange(8) | CANONICAL, *other))
    rows += [(bar, rng.randrange(8) | CANONICAL, rng.getrandbits(64), *other[1:]) for bar in BARS[: rng.randrange(3)]]
    return rows


def media_facts(take: VideoRecipe, name: str, *, of_parts: bool = False, quality: float = 0.8) -> MediaFacts:
    """A record's facts about a video of this content."""
    entries = entries_of(take)
    return MediaFacts(
        content_id=f"sha256{'-parts' if of_parts else ''}:{sha256(name.encode()).hexdigest()}",
        kind="video",
        format="mp4",
        size_bytes=1_000_000,
        width=640,
        height=360,
        frames=take.duration_ms // 40,
        quality=quality,
        hashes={FRAMES_HASH: pack_frames(entries)},
        video=VideoFacts(
            duration_s=take.duration_ms / 1000,
            codec="h264",
            frame_rate=25.0,
            rotation_degrees=0,
            covers="parts" if of_parts else "file",
            path="everything",
            read_bytes=1_000_000,
            decoded_frames=len(entries),
            poster_s=0.0,
            thumbnails_s=[0.0],
        ),
    )

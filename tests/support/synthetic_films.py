"""Synthetic videos, made of random hashes that change gradually as a film goes on. No tests here."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from functools import cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streams.domain.evidence.evidence import Evidence, Thumbnail
from streams.domain.evidence.key_frames import MAX_KEY_FRAMES, KeyFrame, pack_key_frames
from streams.domain.evidence.thumbnail import EDGE, encode_thumbnail
from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.hashes.frames import FRAME_ENTRY, pack_frames
from streams.domain.hashes.orientation import LEFT_RIGHT, TOP_BOTTOM, TRANSPOSED, compose, inverse
from streams.domain.hashes.packing import CANONICAL
from streams.domain.hashes.views import FULL, VIEW_CODES
from streams.domain.records import MediaFacts, VideoFacts
from tests.reference.videos import reoriented

STEP_MS = 250
CAPTION_VIEWS = (VIEW_CODES["top_85"], VIEW_CODES["bottom_85"])
MIDDLE, CROPPED = VIEW_CODES["centre_60"], VIEW_CODES["centre_70"]


def middle_hash(value: int, width: int) -> int:
    """The hash of a frame's middle: as near to that of another middle as the hashes of the whole frames are."""
    return int(f"{value:0{width}b}"[::-1], 2)


def flip_bits(value: int, bits: int, width: int, rng: random.Random) -> int:
    for bit in rng.sample(range(width), bits):
        value ^= 1 << bit
    return value


@dataclass(frozen=True)
class FrameHashes:
    """The hashes of a frame in its canonical orientation, and which orientation that is."""

    hash64: int
    hash256: int
    orientation: int


@dataclass(frozen=True)
class Film:
    """Scenes of some seconds, in which one bit of hash64 and four of hash256 change every quarter of a second.

    `scene_ms` is the length of each scene; in a `still` film nothing moves.
    """

    name: str
    scene_ms: int = 3_000
    still: bool = False

    def hashes_at(self, at_ms: int) -> FrameHashes:
        scene, within = divmod(at_ms, self.scene_ms)
        rng = random.Random(f"{self.name} {scene}")
        hash64, hash256, orientation = rng.getrandbits(64), rng.getrandbits(256), rng.randrange(8)
        for _ in range(0 if self.still else within // STEP_MS):
            hash64, hash256 = flip_bits(hash64, 1, 64, rng), flip_bits(hash256, 4, 256, rng)
        return FrameHashes(hash64, hash256, orientation)


@dataclass(frozen=True)
class Cut:
    """A piece of a film: where it begins, how long it lasts in the video, and how fast it runs."""

    film: Film
    from_ms: int
    length_ms: int
    speed: float = 1.0


@dataclass(frozen=True)
class VideoRecipe:
    """How a video is cut from films, altered and sampled.

    Attributes:
        cuts: pieces of films, in the order of the video.
        sample_every_ms, first_sample_ms: when the video is sampled.
        noise_bits: at most this many bits of hash64 are changed by the encoding, four times as many of hash256.
        orientation: the orientation that every frame is put in.
        film_view: the only view that shows the film, if the rest of the frame is a caption.
        alternates_of_10: so many of ten frames have a second, nearly canonical orientation.
        lost_of_10: so many of ten frames get random hashes.
        borders_of_10: so many of ten frames have a trimmed view.
        reoriented_of_10: so many of ten frames get another canonical orientation, as a logo on a smooth picture does.
        single_samples: every sample is a moment of its own.
        black_ms: spans without moments.
        seed: seed of all random choices.
    """

    cuts: Sequence[Cut]
    sample_every_ms: int = 500
    first_sample_ms: int = 0
    noise_bits: int = 2
    orientation: int = 0
    film_view: int | None = None
    alternates_of_10: int = 0
    lost_of_10: int = 0
    seed: int = 0
    borders_of_10: int = 0
    single_samples: bool = False
    reoriented_of_10: int = 0
    black_ms: Sequence[tuple[int, int]] = field(default=())

    @property
    def duration_ms(self) -> int:
        return sum(cut.length_ms for cut in self.cuts)

    @property
    def random_seed(self) -> str:
        """Seeds all random choices. Has only the values of the fields: renaming a field does not change test data."""
        return repr(astuple(self))

    def hashes_at(self, at_ms: int) -> FrameHashes:
        for cut in self.cuts:
            if at_ms < cut.length_ms:
                return cut.film.hashes_at(cut.from_ms + int(at_ms * cut.speed))
            at_ms -= cut.length_ms
        raise ValueError("the video is over")


def frame_entries(recipe: VideoRecipe) -> NDArray[np.void]:
    """The frames of a video as in a record. Consecutive samples that are nearly alike are one moment."""
    rng = random.Random(recipe.random_seed)
    moments: list[tuple[FrameHashes, int, int]] = []
    for at_ms in range(recipe.first_sample_ms, recipe.duration_ms, recipe.sample_every_ms):
        if any(begin <= at_ms < end for begin, end in recipe.black_ms):
            continue
        hashes = recipe.hashes_at(at_ms)
        last = moments[-1] if moments else None
        alike = (
            last is not None
            and last[0].orientation == hashes.orientation
            and (last[0].hash64 ^ hashes.hash64).bit_count() <= 3
        )
        if last is not None and alike and not recipe.single_samples and at_ms - last[2] <= recipe.sample_every_ms:
            moments[-1] = last[0], last[1], at_ms
        else:
            moments.append((hashes, at_ms, at_ms))
    rows = [row for moment in moments for row in _rows(recipe, *moment, rng)]
    packed = b"".join(
        bytes((view, orientation, 200))
        + hash64.to_bytes(8)
        + hash256.to_bytes(32)
        + from_ms.to_bytes(4)
        + to_ms.to_bytes(4)
        for view, orientation, hash64, hash256, from_ms, to_ms in rows
    )
    return np.frombuffer(packed, FRAME_ENTRY)


def _rows(
    recipe: VideoRecipe, hashes: FrameHashes, from_ms: int, to_ms: int, rng: random.Random
) -> list[tuple[int, int, int, int, int, int]]:
    hash64 = flip_bits(hashes.hash64, rng.randint(0, recipe.noise_bits), 64, rng)
    hash256 = flip_bits(hashes.hash256, rng.randint(0, 4 * recipe.noise_bits), 256, rng)
    orientation = compose(hashes.orientation, inverse(recipe.orientation))
    if rng.randrange(10) < recipe.lost_of_10:
        hash64, hash256 = rng.getrandbits(64), rng.getrandbits(256)
    if recipe.reoriented_of_10 and rng.randrange(10) < recipe.reoriented_of_10:
        done = rng.randrange(8)
        hash64, hash256, orientation = (
            reoriented(hash64, 8, done),
            reoriented(hash256, 16, done),
            compose(done, orientation),
        )
    full = (0, orientation | CANONICAL, hash64, hash256, from_ms, to_ms)
    other = (rng.getrandbits(64), rng.getrandbits(256), from_ms, to_ms)
    middle = (MIDDLE, full[1], middle_hash(hash64, 64), middle_hash(hash256, 256), from_ms, to_ms)
    if recipe.film_view is not None:
        shown = middle if recipe.film_view in (MIDDLE, CROPPED) else full
        return [(0, rng.randrange(8) | CANONICAL, *other), (recipe.film_view, *shown[1:])]
    rows = [full, middle]
    if rng.randrange(10) < recipe.alternates_of_10:
        rows.append(
            (0, rng.randrange(8), flip_bits(hash64, 6, 64, rng), flip_bits(hash256, 20, 256, rng), from_ms, to_ms)
        )
    if rng.randrange(10) < recipe.borders_of_10:
        rows.append((1, *full[1:]) if rng.random() < 0.5 else (1, rng.randrange(8) | CANONICAL, *other))
    rows += [
        (view, rng.randrange(8) | CANONICAL, rng.getrandbits(64), *other[1:])
        for view in CAPTION_VIEWS[: rng.randrange(3)]
    ]
    return rows


def key_frames(recipe: VideoRecipe, entries: NDArray[np.void], shown: Film | None = None) -> str:
    """The evidence of a video: textures that every scene has its own of, under noise. `shown` is in place of its films.

    A scene is hashed in the orientation of its entries, so its picture is the texture in the inverse orientation.
    """
    frames: list[KeyFrame] = []
    rng = np.random.default_rng(recipe.seed)
    for entry in entries[(entries["view"] == 0) & (entries["orientation"] & CANONICAL > 0)]:
        at_ms, cuts = int(entry["from_ms"]), list(recipe.cuts)
        while at_ms >= cuts[0].length_ms:
            at_ms -= cuts.pop(0).length_ms
        film = shown or cuts[0].film
        scene = (cuts[0].from_ms + int(at_ms * cuts[0].speed)) // film.scene_ms
        upright = _reoriented(_texture(f"{film.name} {scene}"), inverse(int(entry["orientation"]) & 7))
        noisy = np.clip(upright + rng.normal(0, 3, upright.shape), 0, 255).astype(np.uint8)
        thumbnail = Thumbnail(FULL, (0, 0, EDGE, EDGE), encode_thumbnail(noisy))
        frames.append(KeyFrame(int(entry["from_ms"]), Evidence(640, 360, (thumbnail,))))
    step = -(-len(frames) // MAX_KEY_FRAMES) or 1
    return b64encode(pack_key_frames(frames[::step])).decode()


@cache
def _texture(name: str) -> NDArray[np.float64]:
    coarse = np.random.default_rng(list(sha256(name.encode()).digest()[:8])).uniform(0, 255, (16, 16)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((64, 64), Image.Resampling.BICUBIC)).astype(np.float64)


def _reoriented(pixels: NDArray[np.float64], orientation: int) -> NDArray[np.float64]:
    turned = pixels.T if orientation & TRANSPOSED else pixels
    return turned[:: -1 if orientation & TOP_BOTTOM else 1, :: -1 if orientation & LEFT_RIGHT else 1]


def media_facts(
    recipe: VideoRecipe, name: str, *, read_in_parts: bool = False, quality: float = 0.8, evidence: str = ""
) -> MediaFacts:
    """The facts about a video. `name` determines its content id."""
    entries = frame_entries(recipe)
    return MediaFacts(
        content_id=f"sha256{'-parts' if read_in_parts else ''}:{sha256(name.encode()).hexdigest()}",
        kind="video",
        format="mp4",
        size_bytes=1_000_000,
        width=640,
        height=360,
        frames=recipe.duration_ms // 40,
        quality=quality,
        hashes={FRAMES_HASH: pack_frames(entries)},
        video=VideoFacts(
            duration_s=recipe.duration_ms / 1000,
            codec="h264",
            frame_rate=25.0,
            rotation_degrees=0,
            covers="parts" if read_in_parts else "file",
            path="everything",
            read_bytes=1_000_000,
            decoded_frames=len(entries),
            poster_s=0.0,
            thumbnails_s=[0.0],
        ),
        evidence=evidence,
    )

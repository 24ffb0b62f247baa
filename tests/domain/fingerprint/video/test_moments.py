"""Sampled frames become moments: similar frames share one, dull frames are left out, too many moments are thinned."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from streams.domain.fingerprint.image import phash
from streams.domain.fingerprint.image.canonical import ViewFrequencies
from streams.domain.fingerprint.image.inner.borders import inside_of_borders, inside_of_common_borders
from streams.domain.fingerprint.image.luminance import OnGround
from streams.domain.fingerprint.image.reduced import ReducedPicture
from streams.domain.fingerprint.video.decoder import FrameSample
from streams.domain.fingerprint.video.moments import (
    Moment,
    MomentCollector,
    frame_entries,
    inside_of,
    quick_frequencies,
    thin_out,
)
from streams.domain.hashes.frames import MAX_MOMENTS, QUERY_FRAME_VIEWS
from streams.domain.hashes.packing import CANONICAL, EXTRA_UPRIGHT
from streams.domain.hashes.views import FRAMED, FULL, TRIMMED
from tests.support.hash_distance import bits_apart
from tests.support.media import noise, photo

SIZE = (160, 90)
GAP_MS = 125


def grey(name: str = "chelsea.png", size: tuple[int, int] = SIZE) -> Image.Image:
    return photo(name, size).convert("L")


def gathered(pictures: list[Image.Image], *, apart_ms: int = GAP_MS, joined: bool = True) -> list[Moment]:
    collector = MomentCollector(GAP_MS)
    for number, picture in enumerate(pictures):
        collector.add(FrameSample(number * apart_ms, np.asarray(picture), joined))
    return collector.finish()


def spans(moments: list[Moment]) -> list[tuple[int, int]]:
    return [(each.from_ms, each.to_ms) for each in moments]


def test_a_picture_that_stays_is_one_moment() -> None:
    assert spans(gathered([grey()] * 20)) == [(0, 20 * GAP_MS)]


def test_at_a_cut_a_moment_ends_and_the_next_begins() -> None:
    assert spans(gathered([grey()] * 4 + [grey("coffee.png")] * 4)) == [(0, 500), (500, 1000)]


def test_equal_neighbouring_keyframes_are_one_moment_and_no_moment_extends_over_skipped_frames() -> None:
    far = 10_000
    assert spans(gathered([grey()] * 3, apart_ms=far)) == [(0, 2 * far + GAP_MS)]
    cut = gathered([grey(), grey("coffee.png")], apart_ms=far)
    assert spans(cut) == [(0, GAP_MS), (far, far + GAP_MS)]
    assert spans(gathered([grey()] * 2, apart_ms=far, joined=False)) == [(0, GAP_MS), (far, far + GAP_MS)]


@pytest.mark.parametrize("dull", [0, 16, 200])
def test_black_and_uniform_frames_are_left_out(dull: int) -> None:
    rng = np.random.default_rng(1)
    pixels = np.clip(dull + rng.normal(0, 1, (90, 160)), 0, 255).astype(np.uint8)
    assert gathered([Image.fromarray(pixels)] * 5) == []
    shown = [grey()] * 4 + [Image.fromarray(pixels)] * 4 + [grey()] * 4
    assert spans(gathered(shown)) == [(0, 500), (1000, 1500)]


def test_frames_whose_bits_are_mostly_coding_noise_are_left_out() -> None:
    fall = np.add.outer(np.linspace(60, 180, SIZE[1]), np.linspace(-20, 20, SIZE[0]))
    wall = Image.fromarray(fall.astype(np.uint8))
    other = Image.fromarray((fall + np.random.default_rng(1).normal(0, 4, fall.shape)).astype(np.uint8))
    codes = [
        int.from_bytes(phash.hash_bytes(quick_frequencies(np.asarray(each))[None]).tobytes(), "big")
        for each in (wall, other)
    ]
    assert (codes[0] ^ codes[1]).bit_count() > 10
    assert spans(gathered([wall, other])) == []
    assert len(gathered([wall, grey(), other])) == 1


def test_every_sampled_frame_is_within_a_few_bits_of_a_moment() -> None:
    """The moments are an ε-net; the slow twin hashes every frame in full."""
    large = grey(size=(300, 200))
    pictures = [large.crop((left, left // 2, left + 160, left // 2 + 90)) for left in range(0, 140, 2)]
    moments = gathered(pictures)
    assert 5 < len(moments) < len(pictures)
    for number, picture in enumerate(pictures):
        at_ms = number * GAP_MS
        holding = next(each for each in moments if each.from_ms <= at_ms < each.to_ms)
        one, other = (
            phash.phash_hex(np.asarray(each.resize((32, 32), Image.Resampling.LANCZOS)))
            for each in (picture, Image.fromarray(holding.grey))
        )
        assert bits_apart(one, other) <= 10


def test_the_quick_hash_for_comparing_frames_is_close_to_the_real_hash() -> None:
    for name in ("chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png"):
        picture = grey(name, (160, 120))
        cheap = phash.hash_bytes(quick_frequencies(np.asarray(picture))[None]).tobytes().hex()
        real = phash.phash_hex(np.asarray(picture.resize((32, 32), Image.Resampling.LANCZOS)))
        assert bits_apart(cheap, real) <= 4


def moment(from_ms: int, to_ms: int) -> Moment:
    nothing = np.zeros((1, 8, 8))
    blank = np.zeros((64, 64), np.uint8)
    return Moment(from_ms, to_ms, blank, blank, ViewFrequencies((FULL,), True, nothing, nothing), 1.0)


def plainly_thinned(moments: list[Moment], most: int) -> list[Moment]:
    """The slow twin: computes all gaps again for each removed moment."""
    kept = list(moments)
    while len(kept) > most:
        gaps = [(kept[n + 1].from_ms - kept[n - 1].to_ms, n) for n in range(1, len(kept) - 1)]
        del kept[min(gaps)[1]]
    return kept


@pytest.mark.parametrize("seed", range(4))
def test_thinning_out_removes_the_moment_that_leaves_the_shortest_gap(seed: int) -> None:
    rng = np.random.default_rng(seed)
    edges = np.cumsum(rng.integers(1, 2000, 401))
    moments = [moment(int(a), int(b)) for a, b in zip(edges[:-1], edges[1:] - rng.integers(0, 2), strict=True)]
    assert spans(thin_out(moments, 120)) == spans(plainly_thinned(moments, 120))
    assert spans(thin_out(moments, 500)) == spans(moments)


def test_a_long_video_has_its_moments_spread_over_its_duration() -> None:
    moments = gathered([noise(SIZE, seed).convert("L") for seed in range(1300)])
    assert len(moments) == MAX_MOMENTS
    starts = np.array([each.from_ms for each in moments])
    thirds = np.histogram(starts, bins=3, range=(0, 1300 * GAP_MS))[0]
    assert thirds.min() > MAX_MOMENTS / 6


def boxed(picture: Image.Image, size: tuple[int, int], level: int = 0) -> Image.Image:
    canvas = Image.new("L", size, level)
    canvas.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
    return canvas


SHOWN = [grey(name) for name in ("chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png", "brick.png")] * 4
LETTERBOX = (0, 20, 160, 110)


def test_a_letterbox_that_all_frames_share_is_cut_off() -> None:
    assert inside_of([np.asarray(boxed(each, (160, 130))) for each in SHOWN]).innermost == LETTERBOX
    assert inside_of([np.asarray(each) for each in SHOWN]).innermost is None


def test_neither_subtitles_in_the_border_nor_dark_scenes_move_it() -> None:
    frames = [boxed(each, (160, 130)) for each in SHOWN]
    for number in range(0, len(frames), 2):
        place = (20 + 5 * number, 116)
        ImageDraw.Draw(frames[number]).text(place, "said", fill=255)
    dark = [boxed(each.point(lambda level: level // 40), (160, 130)) for each in SHOWN[:6]]
    night = [boxed(each.copy(), (160, 130)) for each in SHOWN[:3]]
    for each in night:
        each.paste(0, (0, 0, 160, 60))
    assert inside_of([np.asarray(each) for each in (*frames, *dark, *night)]).innermost == LETTERBOX


def test_the_inside_of_equal_pictures_is_that_of_one_picture() -> None:
    for margin in (0, 10, 30):
        pixels = np.asarray(boxed(grey(), (160, 90 + 2 * margin), 255))
        assert inside_of_common_borders(pixels[None].repeat(5, 0)) == inside_of_borders(pixels)


def test_entries_are_those_of_the_stored_and_query_views() -> None:
    moments = gathered([boxed(each, (160, 130)) for each in SHOWN[:5] for _ in range(4)])
    entries = frame_entries(moments)
    assert set(entries["view"].tolist()) == set(QUERY_FRAME_VIEWS) - {FRAMED}
    assert not (entries["orientation"] & EXTRA_UPRIGHT).any()
    bars = ~np.isin(entries["view"], (FULL, TRIMMED))
    assert (entries["orientation"][bars] & CANONICAL > 0).all()
    assert (np.diff(entries["from_ms"].astype(np.int64)) >= 0).all()
    for at_ms in np.unique(entries["from_ms"]):
        first = entries[entries["from_ms"] == at_ms][0]
        assert first["view"] == FULL
        assert first["orientation"] & CANONICAL
    canonical = entries[(entries["orientation"] & CANONICAL > 0) & (entries["view"] == TRIMMED)]
    assert len(canonical) == len(moments)


def test_no_moments_give_no_entries() -> None:
    assert len(frame_entries([])) == 0
    assert ReducedPicture(OnGround(grey())).whole == (0.0, 0.0, 160.0, 90.0)

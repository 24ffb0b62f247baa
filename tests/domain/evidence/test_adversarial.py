"""Pictures that were made to collide: hashes may propose them, evidence never calls them certain."""

from __future__ import annotations

import json
from itertools import combinations, permutations

import numpy as np
import pytest
import scipy.fft
from numpy.typing import NDArray
from PIL import Image

from streams.domain.evidence.judge import judge
from streams.domain.evidence.verify import MatchedViews
from streams.domain.fingerprint import fingerprint_image
from streams.domain.match.batch import MatchInput
from streams.domain.records import Fingerprint, Origin
from tests.domain.evidence.test_judge import fingerprinted, hostile
from tests.support.media import encode, photo
from tests.support.partition import Partition

WHOLE = [MatchedViews(0, 0, 0, 0)]
NOW = "2026-01-01T00:00:00.000Z"
SEEN, HIDDEN = "coffee.png", "chelsea.png"


def png(pixels: NDArray[np.uint8]) -> bytes:
    return encode(Image.fromarray(pixels), "PNG")


def with_hidden_picture(factor: int) -> bytes:
    """A picture of which every factor-th pixel is another picture's: what some tools show when they shrink it."""
    small = np.asarray(photo(HIDDEN, (160, 120)).convert("RGB"))
    large = np.array(photo(SEEN, (160 * factor, 120 * factor)).convert("RGB"))
    large[factor // 2 :: factor, factor // 2 :: factor] = small
    return png(large)


def with_hash_of(name: str, seed: int) -> bytes:
    """Noise with the signs of a picture's lowest frequencies, all that its hashes hold."""
    rng = np.random.default_rng(seed)
    grey = np.asarray(photo(name, (256, 256)).convert("L"), float)
    signs = np.sign(scipy.fft.dctn(grey, norm="ortho")[:16, :16])
    frequencies = rng.normal(0, 60, (256, 256))
    frequencies[:16, :16] = signs * rng.uniform(300, 900, (16, 16))
    frequencies[0, 0] = 128 * 256
    return png(scipy.fft.idctn(frequencies, norm="ortho").clip(0, 255).astype(np.uint8))


def differing_bits(one: bytes, other: bytes) -> int:
    pair = (int(fingerprint_image(file).hashes["phash256:1"], 16) for file in (one, other))
    return (next(pair) ^ next(pair)).bit_count()


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_a_picture_that_hides_in_another_is_not_that_picture(factor: int) -> None:
    hidden, attack = encode(photo(HIDDEN, (640, 480)), "PNG"), with_hidden_picture(factor)
    for known, query in ((hidden, attack), (attack, hidden)):
        found = judge(fingerprinted(known)[0], fingerprinted(query)[0], WHOLE, 0, 0)
        assert found.confidence != "certain"


def test_what_a_person_sees_is_found_under_a_hidden_picture() -> None:
    seen = encode(photo(SEEN, (640, 480)), "PNG")
    assert judge(fingerprinted(seen)[0], fingerprinted(with_hidden_picture(4))[0], WHOLE, 0, 0).confidence


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", [SEEN, HIDDEN, "rocket.jpg"])
def test_noise_with_the_hash_of_a_picture_is_not_that_picture(name: str, seed: int) -> None:
    known, attack = encode(photo(name, (256, 256)), "PNG"), with_hash_of(name, seed)
    assert differing_bits(known, attack) <= 40
    found = judge(fingerprinted(known)[0], fingerprinted(attack)[0], WHOLE, 0, 0)
    assert found.confidence != "certain"
    assert judge(fingerprinted(attack)[0], fingerprinted(known)[0], WHOLE, 0, 0).confidence != "certain"


def test_noises_with_one_hash_are_not_each_other() -> None:
    attacks = [with_hash_of(SEEN, seed) for seed in range(3)]
    for one, other in combinations(attacks, 2):
        assert judge(fingerprinted(one)[0], fingerprinted(other)[0], WHOLE, 0, 0).confidence != "certain"


def test_no_strange_picture_is_reused() -> None:
    partition = Partition()
    files = [*hostile(), with_hidden_picture(4), with_hash_of(SEEN, 1), encode(photo(HIDDEN, (160, 120)), "PNG")]
    actions = []
    for number, file in enumerate(files):
        facts = fingerprint_image(file)
        origin = Origin("media.submissions", 0, number)
        record = Fingerprint(f"#{number}", 0, str(number), "photos", "auto", NOW, NOW, origin, facts, None)
        (output,) = partition.decide([MatchInput.of(record, number)])
        actions.append(json.loads(output.value)["action"])
    assert "reuse" not in actions


def test_16_bits_are_the_picture_of_8() -> None:
    grey = np.asarray(photo(SEEN, (640, 480)).convert("L"))
    deep = grey.astype(np.uint16) * 257
    found = judge(fingerprinted(png(grey))[0], fingerprinted(encode(Image.fromarray(deep), "PNG"))[0], WHOLE, 0, 0)
    assert (found.confidence, found.differs) == ("certain", 0.0)


@pytest.mark.parametrize("size", [(10_000, 1), (1, 10_000)])
def test_strips_of_different_pictures_are_not_each_other(size: tuple[int, int]) -> None:
    strips = [encode(photo(name, size), "PNG") for name in (SEEN, HIDDEN, "rocket.jpg")]
    for one, other in permutations(strips, 2):
        assert judge(fingerprinted(one)[0], fingerprinted(other)[0], WHOLE, 0, 0).confidence != "certain"


def test_shades_of_one_colour_are_not_each_other() -> None:
    colours = [(255, 0, 0), (254, 0, 0), (128, 128, 128), (128, 128, 129)]
    sizes = [(300, 200), (200, 300)]
    files = [encode(Image.new("RGB", size, colour), "PNG") for colour in colours for size in sizes]
    for one, other in permutations(files, 2):
        assert judge(fingerprinted(one)[0], fingerprinted(other)[0], WHOLE, 0, 0).confidence != "certain"


def test_a_strip_that_was_stretched_to_a_picture_is_not_the_picture() -> None:
    picture = encode(photo(SEEN, (1_000, 750)), "PNG")
    strip = encode(photo(SEEN, (1_000, 750)).crop((0, 375, 1_000, 376)), "PNG")
    for one, other in permutations((picture, strip)):
        assert judge(fingerprinted(one)[0], fingerprinted(other)[0], WHOLE, 0, 0).confidence != "certain"

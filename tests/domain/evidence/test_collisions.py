"""Pictures with another picture's hashes or thumbnail: never certain, in whichever order they come."""

from __future__ import annotations

import json
from functools import cache
from io import BytesIO

import pytest
from PIL import Image

from streams.domain.evidence.judge import judge
from streams.domain.evidence.verify import MatchedViews
from streams.domain.fingerprint import fingerprint_image
from streams.domain.match.batch import MatchInput
from streams.domain.records import Fingerprint, MediaFacts, Origin
from tests.domain.evidence.test_judge import fingerprinted
from tests.support.collisions import Levels, levels, picture, with_frequencies_of, with_thumbnail_of
from tests.support.media import encode, photo
from tests.support.partition import Partition

WHOLE = [MatchedViews(0, 0, 0, 0)]
NOW = "2026-01-01T00:00:00.000Z"
PAIRS = (("coffee.png", "chelsea.png"), ("astronaut.png", "coffee.png"))
"""What a person sees, and what hashes see."""

ATTACKS = {
    "frequencies": {"phash64:1": 8, "phash256:1": 24, "pdq256:1": 31},
    "thumbnail 16": {"dhash64:1": 6, "phash64:1": 8},
    "thumbnail 32": {"dhash64:1": 6, "phash256:1": 24, "pdq256:1": 31},
    "thumbnail 64": {"dhash64:1": 6, "phash256:1": 24, "pdq256:1": 31},
    "faint thumbnail 64": {"phash256:1": 24},
}
"""The hashes that every attack brings within the distance that people use."""


@cache
def attacked(seen: str, target: str, attack: str) -> bytes:
    one, other = levels(photo(seen)), levels(photo(target))
    made: Levels
    if attack == "frequencies":
        made = with_frequencies_of(one, other)
    else:
        made = with_thumbnail_of(one, other, int(attack.split()[-1]), contrast=0.4 if "faint" in attack else 1.0)
    return encode(picture(made), "PNG")


@cache
def facts_of(file: bytes) -> MediaFacts:
    return fingerprint_image(file, extra_hashes=("dhash64", "pdq256"))


def target_file(name: str) -> bytes:
    return encode(picture(levels(photo(name))), "PNG")


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize(("seen", "target"), PAIRS)
def test_a_picture_with_the_hashes_of_another_is_not_that_picture(seen: str, target: str, attack: str) -> None:
    known, file = target_file(target), attacked(seen, target, attack)
    for name, bits in ATTACKS[attack].items():
        one, other = (int(facts_of(each).hashes[name], 16) for each in (known, file))
        assert (one ^ other).bit_count() <= bits, name
    for first, second in ((known, file), (file, known)):
        found = judge(fingerprinted(first)[0], fingerprinted(second)[0], WHOLE, 0, 0)
        assert found.confidence != "certain"


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_is_reused(attack: str) -> None:
    (seen, target), *_ = PAIRS
    files = [target_file(target), attacked(seen, target, attack), target_file(seen)]
    for order in (files, files[::-1]):
        partition, actions = Partition(), []
        for number, file in enumerate(order):
            origin = Origin("media.submissions", 0, number)
            record = Fingerprint(f"#{number}", 0, str(number), "photos", "auto", NOW, NOW, origin, facts_of(file), None)
            (output,) = partition.decide([MatchInput.of(record, number)])
            actions.append(json.loads(output.value)["action"])
        assert "reuse" not in actions


def test_a_copy_of_an_attack_is_a_copy_of_the_attack() -> None:
    attack = attacked(*PAIRS[0], "thumbnail 64")
    again = target_file(PAIRS[0][0])
    with Image.open(BytesIO(attack)) as shown:
        smaller = encode(shown.resize((256, 256)), "JPEG", quality=85)
    assert judge(fingerprinted(attack)[0], fingerprinted(smaller)[0], WHOLE, 0, 0).confidence == "certain"
    assert judge(fingerprinted(attack)[0], fingerprinted(again)[0], WHOLE, 0, 0).confidence != "certain"

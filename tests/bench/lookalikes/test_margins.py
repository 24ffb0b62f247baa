"""How far pairs are from reuse: a copy is there, another photo is far, and relaxing all thresholds reaches it."""

from __future__ import annotations

from base64 import b64decode
from functools import cache
from pathlib import Path

import pytest

from streams.domain.evidence.evidence import Evidence, unpack_evidence
from streams.domain.evidence.verify import MatchedViews
from streams.domain.fingerprint import fingerprint_image
from tests.bench.lookalikes.different_photos import Photo, measure, read_photos
from tests.bench.lookalikes.forced import WholeHashes
from tests.bench.lookalikes.margins import FAR, reuse_shortfall
from tests.support.alterations import ALTERATIONS
from tests.support.media import encode, photo

WHOLE = [MatchedViews(0, 0, 0, 0)]
NAMES = ("chelsea.png", "coffee.png", "rocket.jpg", "astronaut.png")


@cache
def evidence(name: str, alteration: str = "JPEG q90") -> Evidence:
    file = ALTERATIONS[alteration].apply(photo(name, (480, 360)), 0)
    found = unpack_evidence(b64decode(fingerprint_image(file).evidence))
    assert found is not None
    return found


@pytest.mark.parametrize("alteration", ["JPEG q50", "brightness 140%", "mirrored"])
def test_a_copy_is_no_way_from_reuse(alteration: str) -> None:
    views = [MatchedViews(0, 1 if alteration == "mirrored" else 0, 0, 0)]
    assert reuse_shortfall(evidence("chelsea.png"), evidence("chelsea.png", alteration), views, 10) == 0


def test_a_copy_with_words_on_it_is_some_way_from_reuse() -> None:
    found = reuse_shortfall(evidence("chelsea.png"), evidence("chelsea.png", "meme text"), WHOLE, 10)
    assert found is not None
    assert found > 0


def test_another_photo_is_far() -> None:
    found = reuse_shortfall(evidence("chelsea.png"), evidence("coffee.png"), WHOLE, 60)
    assert found is not None
    assert found > FAR // 2


def test_the_nearest_pairs_are_laid_on_each_other_and_parts_of_a_file_are_no_pair(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_bytes(encode(photo(name, (400, 400)), "PNG"))
    photos: list[Photo] = [each for path in sorted(tmp_path.iterdir()) for each in read_photos(path, quarters=True)]
    assert len(photos) == 4 * len(NAMES)
    whole = WholeHashes([each.entries for each in photos])
    nearest = whole.nearest_pairs([0] * len(photos), 4)
    assert len(nearest) == 4
    assert nearest == sorted(nearest, key=lambda pair: pair[0])
    assert all(earlier < later for _, earlier, later in nearest)
    apart = whole.nearest_pairs([number % 2 for number in range(len(photos))], 1)
    assert {(later - earlier) % 2 for _, earlier, later in apart} == {0, 1}
    (figures,) = measure([photos], frozenset(), forced=40).values()
    assert figures.pairs == 16 * 12 // 2
    assert all(photos[pair.known].path != photos[pair.query].path for pair in figures.scored)
    assert not any(pair.is_reused for pair in figures.scored)

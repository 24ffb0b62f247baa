"""Altered copies of a photo are verified, whatever was done to them; other photos are not; what was added is told."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from streams.domain.evidence.evidence import Evidence, pack_evidence, unpack_evidence
from streams.domain.evidence.extract import extract_evidence
from streams.domain.evidence.verify import MatchedViews, Verification, verify
from streams.domain.fingerprint.image.views import ReducedPicture, picture_hashes
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.packing import ORIENTATION_MASK, unpack_entries
from streams.domain.hashes.views import VIEW_PAIRS
from streams.errors import BadInput
from tests.support.alterations import ALTERATIONS
from tests.support.media import PHOTOS, photo

STANDARD = LEVEL_NUMBERS["standard"]
RADIUS_BITS, CONFIRM_BITS = 12, 92
SAME_FROM = 490

UNCHANGED_CONTENT = (
    "JPEG q10",
    "JPEG q50",
    "WebP q20",
    "resized 50%",
    "blurred 0.4%",
    "noise 25",
    "brightness 60%",
    "greyscale",
    "mirrored",
    "turned 90°",
    "turned 180°",
    "letterbox",
    "border white 5%",
    "centre crop 10%",
    "corner crop 10%",
)
CONTENT_ADDED = ("caption above", "caption below", "meme text")


class Picture:
    """A picture with the entries of its views and its evidence, both read back from their bytes."""

    def __init__(self, file: bytes) -> None:
        with Image.open(BytesIO(file)) as image:
            grey = image.convert("L")
        reduced = ReducedPicture(grey)
        self.entries = unpack_entries(picture_hashes(reduced, "standard").views)
        packed = pack_evidence(extract_evidence(reduced.pixels, grey.size, reduced.whole, reduced.inner))
        evidence = unpack_evidence(packed)
        assert evidence is not None
        self.evidence: Evidence = evidence


def altered(name: str, alteration: str) -> Picture:
    return Picture(ALTERATIONS[alteration].apply(photo(name, (640, 480)), seed=3))


def matched_views(known: Picture, query: Picture) -> list[MatchedViews]:
    """Pairs of views with near hashes, the nearest first, by brute force."""
    found = []
    for own in query.entries:
        for other in known.entries:
            near = int(np.bitwise_count(own["hash64"] ^ other["hash64"]))
            bits = int(np.bitwise_count(own["hash256"] ^ other["hash256"]).sum())
            if VIEW_PAIRS[STANDARD, own["view"], other["view"]] and near <= RADIUS_BITS and bits <= CONFIRM_BITS:
                orientations = int(other["orientation"]) & ORIENTATION_MASK, int(own["orientation"]) & ORIENTATION_MASK
                found.append(
                    (bits, MatchedViews(int(other["view"]), orientations[0], int(own["view"]), orientations[1]))
                )
    return [views for _, views in sorted(found)]


def verified(known: Picture, query: Picture) -> Verification:
    return verify(known.evidence, query.evidence, matched_views(known, query))


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"])
@pytest.mark.parametrize("alteration", UNCHANGED_CONTENT)
def test_a_copy_is_verified_and_nothing_differs(name: str, alteration: str) -> None:
    found = verified(altered(name, "JPEG q90"), altered(name, alteration))

    assert found.score >= SAME_FROM
    assert found.differs <= 0.05


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png"])
@pytest.mark.parametrize("alteration", CONTENT_ADDED)
def test_a_copy_with_words_on_it_is_verified_and_the_words_differ(name: str, alteration: str) -> None:
    found = verified(altered(name, "JPEG q90"), altered(name, alteration))

    assert found.score >= SAME_FROM
    assert 0.05 < found.differs < 0.5


def test_other_photos_are_not_verified_under_any_geometry() -> None:
    pictures = [altered(name, "JPEG q90") for name in PHOTOS]
    geometries = [MatchedViews(0, known, 0, query) for known in range(8) for query in (0, 1)]
    for known in pictures:
        for query in pictures:
            if known is not query:
                assert verify(known.evidence, query.evidence, geometries).score < 300


def test_without_a_geometry_nothing_is_verified() -> None:
    picture = altered("chelsea.png", "JPEG q90")
    assert verify(picture.evidence, picture.evidence, []).score == 0


def test_evidence_survives_its_bytes() -> None:
    evidence = altered("chelsea.png", "letterbox").evidence

    assert len(evidence.thumbnails) == 2
    assert unpack_evidence(pack_evidence(evidence)) == evidence
    assert len(pack_evidence(altered("chelsea.png", "JPEG q90").evidence)) == 1173


def test_none_and_another_versions_evidence_is_no_evidence() -> None:
    packed = pack_evidence(altered("chelsea.png", "JPEG q90").evidence)

    assert unpack_evidence(b"") is None
    assert unpack_evidence(b"\2" + packed[1:]) is None


@pytest.mark.parametrize("length", [1, 8, 9, 11, 12, 30, 1172])
def test_evidence_that_ends_too_early_is_refused(length: int) -> None:
    packed = pack_evidence(altered("chelsea.png", "JPEG q90").evidence)

    with pytest.raises(BadInput, match="evidence"):
        unpack_evidence(packed[:length])

"""Altered copies of a photo are verified, whatever was done to them; other photos are not; what was added is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from streams.domain.evidence.evidence import EDGE, Evidence, Thumbnail, pack_evidence, unpack_evidence
from streams.domain.evidence.extract import extract_evidence
from streams.domain.evidence.geometry import view_table
from streams.domain.evidence.prepared import SIDES
from streams.domain.evidence.thumbnail import SIDE, encode_thumbnail
from streams.domain.evidence.verify import MatchedViews, Verification, verify
from streams.domain.fingerprint.image.luminance import OnGround
from streams.domain.fingerprint.image.reduced import ReducedPicture
from streams.domain.fingerprint.image.views import inner_pictures, picture_hashes
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.packing import ORIENTATION_MASK, unpack_entries
from streams.domain.hashes.views import FRAMED, FULL, TRIMMED, VIEW_PAIRS, VIEWS, View
from streams.errors import BadInput
from tests.reference import verification as slow
from tests.support.alterations import ALTERATIONS
from tests.support.media import PHOTOS, encode, photo

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
        reduced = ReducedPicture(OnGround(grey))
        self.entries = unpack_entries(picture_hashes(reduced, "standard").views)
        packed = pack_evidence(
            extract_evidence(reduced.pixels, grey.size, reduced.whole, inner_pictures(reduced, "standard"))
        )
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


NEGATIVE = View(len(VIEWS), "negative", whole=True, negated=True)


@pytest.fixture
def negative_view(monkeypatch: pytest.MonkeyPatch) -> tuple[View, ...]:
    """The views, and one that shows the picture's negative."""
    views = (*VIEWS, NEGATIVE)
    monkeypatch.setattr("streams.domain.evidence.verify.VIEW_TABLE", view_table(views))
    return views


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"])
def test_an_inverted_copy_is_verified_by_a_negated_view_of_either_side(
    name: str, negative_view: tuple[View, ...]
) -> None:
    known = altered(name, "JPEG q90")
    inverted = Picture(encode(ImageOps.invert(photo(name, (640, 480))), "JPEG", quality=60))
    plain, query_negated = MatchedViews(FULL, 0, FULL, 0), MatchedViews(FULL, 0, NEGATIVE.code, 0)
    both_negated = MatchedViews(NEGATIVE.code, 0, NEGATIVE.code, 0)

    for views in (query_negated, MatchedViews(NEGATIVE.code, 0, FULL, 0)):
        found = verify(known.evidence, inverted.evidence, [plain, views])
        assert found.score >= SAME_FROM
        assert found.differs <= 0.05
        assert found.views == views
    for views in (plain, both_negated):
        assert verify(known.evidence, inverted.evidence, [views]).score == 0
    assert verify(known.evidence, known.evidence, [query_negated]).score == 0
    assert verify(known.evidence, known.evidence, [both_negated]).score >= 990


def as_twin(found: Verification) -> tuple[int, int, bytes, MatchedViews | None]:
    return found.score, found.textured, found.blocks, found.views


@pytest.mark.parametrize("name", ["chelsea.png", "rocket.jpg"])
@pytest.mark.parametrize("alteration", ["JPEG q10", "letterbox", "meme text", "corner crop 10%", "screenshot, dark"])
def test_verification_of_copies_is_the_twins(name: str, alteration: str) -> None:
    known, query = altered(name, "JPEG q90"), altered(name, alteration)
    for one, other in ((known, query), (query, known)):
        matched = matched_views(one, other)
        expected = slow.verified(VIEWS, one.evidence, other.evidence, matched)
        assert as_twin(verify(one.evidence, other.evidence, matched)) == expected
        assert expected[0] > 0


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    matched=st.lists(
        st.builds(
            MatchedViews,
            st.integers(0, NEGATIVE.code),
            st.sampled_from([0, 0, 1, 6]),
            st.integers(0, NEGATIVE.code),
            st.sampled_from([0, 0, 1, 6]),
        ),
        max_size=4,
    ),
    noise=st.integers(0, 30),
    stripes=st.integers(2, 30),
    inverted=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_verification_is_the_twins_for_any_geometry(
    negative_view: tuple[View, ...],
    matched: list[MatchedViews],
    noise: int,
    stripes: int,
    inverted: bool,
    seed: int,
) -> None:
    known = striped(seed, stripes)
    added = np.random.default_rng(seed).integers(-noise, noise + 1, known.shape)
    query = (255 - known if inverted else known).astype(np.int64) + added
    sides = framed_evidence(known), framed_evidence(query.clip(0, 255).astype(np.uint8))

    found = verify(*sides, matched)

    assert as_twin(found) == slow.verified(negative_view, *sides, matched)


def striped(seed: int, stripes: int) -> NDArray[np.uint8]:
    """Random strips of random levels, which align at more than one place."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(60, 200, (SIDE, SIDE))
    for _ in range(stripes):
        top, left = rng.integers(0, SIDE, 2)
        pixels[top : top + rng.integers(1, 20), left : left + rng.integers(1, 20)] = rng.integers(0, 256)
    return pixels.astype(np.uint8)


def framed_evidence(pixels: NDArray[np.uint8]) -> Evidence:
    """Evidence of a picture with a second thumbnail of its inside."""
    inside = np.asarray(Image.fromarray(pixels[8:56, 8:56]).resize((SIDE, SIDE), Image.Resampling.BOX))
    box = EDGE // 8, EDGE // 8, EDGE * 7 // 8, EDGE * 7 // 8
    whole = Thumbnail(FULL, (0, 0, EDGE, EDGE), encode_thumbnail(pixels))
    return Evidence(640, 480, (whole, Thumbnail(TRIMMED, box, encode_thumbnail(inside))))


def test_threads_that_share_evidence_find_the_same() -> None:
    alterations = ("JPEG q10", "letterbox", "centre crop 10%", "meme text")
    known, queries = altered("chelsea.png", "JPEG q90"), [altered("chelsea.png", each) for each in alterations]
    expected = [verified(known, query) for query in queries]
    shared = unpack_evidence(pack_evidence(known.evidence))
    assert shared is not None
    with ThreadPoolExecutor(len(queries)) as pool:
        pairs = [(query.evidence, matched_views(known, query)) for query in queries]
        found = list(pool.map(lambda pair: verify(shared, *pair), pairs * 20))

    assert found == expected * 20
    assert shared.prepared.ready[0, : len(SIDES)].any()


def test_views_that_are_unknown_and_views_without_a_thumbnail_imply_nothing() -> None:
    evidence = altered("chelsea.png", "JPEG q90").evidence
    for view in (FRAMED, len(VIEWS), 255, -1):
        assert verify(evidence, evidence, [MatchedViews(FULL, 0, view, 0), MatchedViews(view, 0, FULL, 0)]).score == 0


@pytest.mark.parametrize("size", [(1, 1 << 31), (1 << 31, 1), (1, 100_000)])
def test_evidence_of_an_impossible_shape_verifies_nothing_wrong(size: tuple[int, int]) -> None:
    evidence = altered("chelsea.png", "JPEG q90").evidence
    hostile = Evidence(*size, evidence.thumbnails)
    matched = [MatchedViews(known.code, 0, query.code, 3) for known in VIEWS for query in VIEWS[3:8]]
    for one, other in ((hostile, evidence), (evidence, hostile)):
        for views in matched:
            assert verify(one, other, [views]).score < SAME_FROM


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

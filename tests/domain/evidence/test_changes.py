"""Small changes: what is measured is what the plain twin measures; pictures that differ in little are not reused."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from streams.domain.evidence.alignment.affine import PIXEL, invert
from streams.domain.evidence.details.changes import measure_changes
from streams.domain.fingerprint import fingerprint_image
from streams.domain.match.batch import MatchInput
from streams.domain.records import Fingerprint, Origin
from tests.bench.lookalikes.drawing import Member
from tests.bench.lookalikes.families import FAMILIES, decoded, drawn
from tests.bench.lookalikes.variants import drawings, papers, photos
from tests.reference import changes as slow
from tests.support.media import encode, photo
from tests.support.partition import Partition

NOW = "2026-01-01T00:00:00.000Z"
UNALTERED = [PIXEL, 0, 0, 0, PIXEL, 0]
DIFFER_IN_LITTLE = (
    "photos, other words", "photos, other prices", "photos, other objects", "forms, two other fields",
    "bills, other amounts", "games", "square codes", "sprites, other colours", "tickets", "identity cards", "maps",
    "spreadsheets",
)  # fmt: skip


def grey(name: str, side: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.asarray(photo(name, (side, side)).convert("L"))


def actions(*files: bytes) -> list[str]:
    """What is decided about files that are submitted one after the other."""
    partition, found = Partition(), []
    for number, file in enumerate(files):
        facts, origin = fingerprint_image(file), Origin("media.submissions", 0, number)
        record = Fingerprint(f"#{number}", 0, str(number), "photos", "auto", NOW, NOW, origin, facts, None)
        (output,) = partition.decide([MatchInput.of(record, number)])
        found.append(str(json.loads(output.value)["action"]))
    return found


@settings(max_examples=15, deadline=None)
@given(
    name=st.sampled_from(["coffee.png", "chelsea.png"]),
    sides=st.tuples(st.sampled_from([64, 48, 32]), st.sampled_from([64, 48, 32])),
    moves=st.tuples(*[st.integers(-200, 200)] * 4, *[st.integers(-9000, 9000)] * 2),
    edges=st.tuples(st.sampled_from([0, 3]), st.sampled_from([0, 3])),
    filled=st.integers(0, 12),
    level=st.sampled_from([0, 40, 255]),
    bar=st.integers(0, 4),
    light=st.sampled_from([1.0, 1.5]),
)
def test_changes_are_the_twins(
    name: str,
    sides: tuple[int, int],
    moves: tuple[int, ...],
    edges: tuple[int, int],
    filled: int,
    level: int,
    bar: int,
    light: float,
) -> None:
    known, query = grey(name, sides[0]), grey(name, sides[1]).copy()
    query = (query * light).clip(0, 255).astype(np.uint8)
    query[:filled, : 2 * filled] = level
    query[:, sides[1] - bar :] = level
    query[20:26, 9:19] = 255 - query[20:26, 9:19]
    scale = PIXEL * sides[1] // sides[0]
    a, b, d, e, c, f = moves
    m = np.array([scale + a, b, c, d, scale + e, f], np.int64)
    inverse = np.empty(6, np.int64)
    assert invert(m, inverse)

    expected = slow.changes(known.astype(np.int64), query.astype(np.int64), inverse.tolist(), *edges)
    assert measure_changes(known, query, m, *edges) == expected


def test_a_changed_place_stands_out() -> None:
    known = grey("coffee.png", 64)
    query = known.copy()
    query[30:38, 20:32] = 255 - query[30:38, 20:32]
    same = measure_changes(known, known, np.array(UNALTERED, np.int64))
    found = measure_changes(known, query, np.array(UNALTERED, np.int64))
    assert same[:2] == (0, 0)
    assert same.equal_percent >= 99, "all but the last row and column, which are interpolated"
    assert found.worst > 10 * (found.usual + 16)
    assert 50 < found.equal_percent < 90


def test_corners_of_a_turned_picture_are_no_change() -> None:
    known = grey("coffee.png", 64)
    query = known.copy()
    for row in range(12):
        query[row, : 12 - row] = 120
    turned = np.array([PIXEL, 80, -80 * 32, -80, PIXEL, 80 * 32], np.int64)
    whole = measure_changes(known, known, turned)
    assert measure_changes(known, query, turned).worst <= whole.worst
    assert measure_changes(known, query, np.array(UNALTERED, np.int64)).worst > 10 * whole.worst, (
        "an upright one has none"
    )


def test_bars_are_no_change() -> None:
    known = grey("coffee.png", 64)
    query = known.copy()
    query[:9], query[60:] = 0, 90
    assert measure_changes(known, query, np.array(UNALTERED, np.int64))[:2] == (0, 0)


def test_what_light_has_made_white_is_no_change() -> None:
    known = grey("coffee.png", 64).copy()
    known[:20, :30] = 200 + np.random.default_rng(1).integers(0, 40, (20, 30))
    query = known.copy()
    query[:20, :30] = 255
    assert measure_changes(known, query, np.array(UNALTERED, np.int64))[:2] == (0, 0)


@pytest.mark.parametrize("ground", [255, 210, 30])
def test_a_small_object_on_flat_ground_is_a_change(ground: int) -> None:
    """The ground joins the edge, and looks as if it had been filled in; it is not the border of a framed picture."""
    without, shape = photo("coffee.png", (600, 600)), Image.new("L", (600, 600))
    ImageDraw.Draw(shape).polygon([(0, 600), (0, 340), (270, 600)], 255)
    without.paste((ground,) * 3, mask=shape)
    beside = without.copy()
    ImageDraw.Draw(beside).ellipse((20, 520, 64, 564), (120, 90, 40))
    files = [encode(without, "JPEG", quality=90), encode(beside, "JPEG", quality=90)]
    assert actions(*files)[1] != "reuse"
    assert actions(*reversed(files))[1] != "reuse"
    assert actions(files[0], encode(without, "JPEG", quality=60))[1] == "reuse"


def test_pictures_without_a_map_or_with_too_little_in_common_have_no_changes() -> None:
    known = grey("coffee.png", 64)
    assert measure_changes(known, known, np.zeros(6, np.int64)) == (0, 0, 0)
    assert measure_changes(known, known, np.array([PIXEL, 0, 60 * PIXEL, 0, PIXEL, 0], np.int64)) == (0, 0, 0)


@pytest.mark.parametrize("name", DIFFER_IN_LITTLE)
def test_pictures_that_differ_in_little_are_not_reused(name: str) -> None:
    family = next(each for each in FAMILIES if each.name == name)
    for one, other in combinations(drawn(family, count=4).files, 2):
        assert actions(one, other)[1] != "reuse"


@pytest.mark.parametrize("name", DIFFER_IN_LITTLE)
def test_their_copies_are_found(name: str) -> None:
    family = next(each for each in FAMILIES if each.name == name)
    (file,) = drawn(family, count=1).files
    copy = encode(decoded(file), "JPEG", quality=75)
    assert actions(file, copy)[1] in ("reuse", "review")


@pytest.mark.parametrize(
    "image",
    [
        photos.draw_words(Member("photos, other words", 0, 0)),
        papers.draw_form(Member("forms, two other fields", 0, 0)),
        drawings.draw_board(Member("games", 0, 0)),
    ],
    ids=["words", "form", "board"],
)
def test_a_copy_in_which_nothing_changed_is_reused(image: Image.Image) -> None:
    assert actions(encode(image, "PNG"), encode(image, "JPEG", quality=75))[1] == "reuse"


def test_an_arrow_that_points_elsewhere_is_another_picture() -> None:
    arrow = drawings.draw_arrow(Member("arrows", 0, 0))
    turned = arrow.transpose(Image.Transpose.ROTATE_90)
    mirrored = arrow.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    files = [encode(each, "PNG") for each in (arrow, turned, mirrored)]
    assert "reuse" not in actions(*files)


def test_a_symmetrical_drawing_may_lie_either_way() -> None:
    drawing = drawings.draw_code(Member("square codes", 0, 0))
    assert actions(encode(drawing, "PNG"), encode(drawing, "JPEG", quality=80))[1] == "reuse"


def test_a_small_extract_is_not_reused() -> None:
    whole = photo("coffee.png", (640, 480))
    part = whole.crop((160, 120, 480, 360))
    assert actions(encode(whole, "JPEG", quality=92), encode(part, "JPEG", quality=92))[1] == "review"

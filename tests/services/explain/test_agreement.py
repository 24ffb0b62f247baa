"""A known picture is laid on altered copies of it, and blocks say where its detail is found again."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageOps

from streams.domain.evidence.evidence import Evidence, unpack_evidence
from streams.domain.evidence.verify import MatchedViews
from streams.domain.fingerprint import fingerprint_image
from streams.domain.match.images.comparison import compare_pictures
from streams.domain.match.selection import packed_evidence
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.domain.records import MediaFacts
from streams.services.explain.agreement import BLOCKS, Agreement, find_agreement
from tests.support.lookalikes import captioned, shirt
from tests.support.media import encode, photo

CAT = photo("chelsea.png", (450, 300))


@cache
def facts(name: str) -> MediaFacts:
    pictures = {
        "cat": CAT,
        "mirrored": ImageOps.mirror(CAT),
        "turned": CAT.transpose(Image.Transpose.ROTATE_90),
        "cropped": CAT.crop((45, 30, 405, 270)),
        "tilted": CAT.rotate(-4, Image.Resampling.BICUBIC, fillcolor=(120, 120, 120)),
        "letterbox": ImageOps.expand(CAT, (0, 60), "black"),
        "captioned": captioned(CAT),
        "shirt": shirt(1),
        "other shirt": shirt(2),
        "wide": photo("coffee.png", (600, 400)),
        "wide to 1:1": photo("coffee.png", (600, 400)).crop((100, 0, 500, 400)),
    }
    return fingerprint_image(encode(pictures[name], "JPEG", quality=90))


def evidence(name: str) -> Evidence:
    found = unpack_evidence(packed_evidence(facts(name)))
    assert found is not None
    return found


def agreement(known: str, submitted: str) -> Agreement:
    nearest = compare_pictures(facts(known), facts(submitted), DEFAULT_POLICY)[0]
    found = find_agreement(evidence(known), evidence(submitted), nearest.pair)
    assert found is not None
    return found


def place(found: Agreement, across: float, down: float) -> tuple[float, float]:
    """Where a point of the submitted picture lies in the known one."""
    x, y, _ = found.to_known @ np.array((across, down, 1.0))
    return float(x), float(y)


@pytest.mark.parametrize(
    ("known", "submitted", "corner", "in_known"),
    [
        ("cat", "cat", (0, 0), (0, 0)),
        ("cat", "mirrored", (0, 0), (1, 0)),
        ("cat", "turned", (0, 0), (1, 0)),
        ("cat", "cropped", (0, 0), (0.1, 0.1)),
        ("cat", "cropped", (1, 1), (0.9, 0.9)),
        ("cropped", "cat", (0, 0), (-0.125, -0.125)),
        ("cat", "letterbox", (0, 60 / 420), (0, 0)),
        ("letterbox", "cat", (1, 1), (1, 360 / 420)),
        ("wide", "wide to 1:1", (0, 0), (1 / 6, 0)),
        ("cat", "tilted", (0.5, 0.5), (0.5, 0.5)),
        ("mirrored", "turned", (0, 0), (0, 0)),
    ],
)
def test_a_point_of_a_copy_is_where_it_was_in_the_known_picture(
    known: str, submitted: str, corner: tuple[float, float], in_known: tuple[float, float]
) -> None:
    found = agreement(known, submitted)
    assert place(found, *corner) == pytest.approx(in_known, abs=0.04)
    assert np.nanmedian(found.blocks) > 0.7


def test_blocks_beyond_the_known_picture_and_plain_ones_have_no_agreement() -> None:
    blocks = agreement("cropped", "cat").blocks
    assert np.isnan(blocks[0]).all()
    assert np.isnan(agreement("cat", "letterbox").blocks[[0, -1]]).all()
    assert not np.isnan(agreement("cat", "letterbox").blocks[2:6]).any()


def test_blocks_under_a_caption_do_not_agree() -> None:
    blocks = agreement("cat", "captioned").blocks
    assert np.nanmean(blocks[-1]) < 0.35 < 0.8 < np.nanmean(blocks[:-2])


def test_a_look_alike_is_laid_on_too_and_its_fabric_does_not_agree() -> None:
    blocks = agreement("shirt", "other shirt").blocks
    assert np.nanmedian(blocks[2:6, 2:6]) < 0.3


def test_json_has_numbers_and_none() -> None:
    rows = agreement("cat", "letterbox").as_json()
    assert [len(row) for row in rows] == [BLOCKS] * BLOCKS
    assert rows[0] == [None] * BLOCKS
    assert all(value is None or -1 <= value <= 1 for row in rows for value in row)


def test_views_without_a_common_area_cannot_be_laid_on_each_other() -> None:
    empty = Evidence(0, 300, evidence("cat").thumbnails)
    square = MatchedViews(6, 0, 6, 0)
    assert find_agreement(evidence("cat"), evidence("cat"), square) is not None
    with np.errstate(all="ignore"):
        assert find_agreement(evidence("cat"), Evidence(1, 10**9, empty.thumbnails), square) is None

"""Detail is measured and compared as by the plain twin, and is where it was in copies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.evidence.details.detail import DETAIL_BYTES, measure_detail
from streams.domain.evidence.details.same_detail import has_same_detail
from streams.domain.evidence.evidence import Evidence, Thumbnail
from streams.domain.evidence.placement import IDENTITY
from streams.domain.evidence.thumbnail import EDGE, encode_thumbnail
from tests.reference import detail as slow
from tests.support.media import photo

MAPS = ((65536, 0, 0, 0, 65536, 0), (-65536, 0, 65536, 0, 65536, 0), (90_000, 3_000, -9_000, 0, 90_000, 4_000))
SMOOTH = encode_thumbnail(np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8))


def evidence(detail: bytes, packed: bytes = SMOOTH) -> Evidence:
    return Evidence(640, 480, (Thumbnail(0, (0, 0, EDGE, EDGE), packed),), detail=detail)


@pytest.mark.parametrize("size", [(1, 1), (1, 10_000), (10_000, 1), (63, 65), (640, 480), (1_500, 1_400)])
def test_detail_is_measured_as_by_the_twin(size: tuple[int, int]) -> None:
    grey = np.asarray(photo("coffee.png", size).convert("L"))
    assert measure_detail(grey) == slow.measured(grey)


def test_black_and_white_pixels_have_the_most_detail() -> None:
    board = np.indices((512, 512)).sum(axis=0).astype(np.uint8) % 2 * 255
    assert measure_detail(board) == bytes([255]) * DETAIL_BYTES == slow.measured(board)
    assert measure_detail(np.full((512, 512), 77, np.uint8)) == bytes(DETAIL_BYTES)


@settings(max_examples=80)
@given(
    seed=st.integers(0, 2**32),
    most=st.sampled_from([6, 40, 255]),
    noise=st.sampled_from([0, 3, 30]),
    contrast=st.sampled_from([1, 30, 120]),
    shares=st.sampled_from(
        [tuple(IDENTITY), (-65536, 0, 65536, 0, 65536, 0), (90_000, 3_000, -9_000, 0, 90_000, 4_000)]
    ),
)
def test_detail_is_compared_as_by_the_twin(
    seed: int, most: int, noise: int, contrast: int, shares: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(seed)
    own = rng.integers(0, most + 1, DETAIL_BYTES)
    other = (own + rng.integers(0, noise + 1, DETAIL_BYTES)).clip(0, 255) // rng.integers(1, 4)
    thumbnails = [encode_thumbnail(rng.integers(0, contrast + 1, (64, 64)).astype(np.uint8)) for _ in range(2)]
    pair = [evidence(bytes(values.tolist()), packed) for values, packed in zip((own, other), thumbnails, strict=True)]
    for known, query in (pair, pair[::-1]):
        expected = slow.is_same(known, query, shares)
        assert has_same_detail(known, query, np.array(shares, np.int64)) == expected


def test_detail_elsewhere_is_another_picture_and_less_of_it_is_a_blurred_copy() -> None:
    own = np.where(np.indices((8, 8)).sum(axis=0) % 2, 120, 8).astype(np.uint8)
    known, other = evidence(own.tobytes()), evidence(own[::-1].tobytes())
    assert has_same_detail(known, evidence((own // 4).tobytes()), IDENTITY)
    assert has_same_detail(known, evidence((own + 60).tobytes()), IDENTITY)
    assert not has_same_detail(known, other, IDENTITY)
    assert has_same_detail(known, evidence(b""), IDENTITY)
    assert has_same_detail(evidence(bytes([5]) * 64), evidence(bytes([0, 7]) * 32), IDENTITY)

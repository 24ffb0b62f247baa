"""The measurement decides as the product does, counts pairs once, and continues a known tail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import pytest
from rich.console import Console

from streams.domain.match.images.comparison import compare_pictures
from tests.bench.lookalikes import hashed as hashed_module
from tests.bench.lookalikes.families import FAMILIES, PictureSet, drawn, photos
from tests.bench.lookalikes.hashed import PDQ_PEER, PHASH_PEER, TODAY, KnownPictures, available_peers, hash_picture
from tests.bench.lookalikes.measure import CERTAIN, HASHES, measure_family, ways
from tests.bench.lookalikes.report import show
from tests.bench.lookalikes.tail import bound_rate, count_tail, fit_tail
from tests.support.media import jpeg

LOOKED_AT = ("icons", "chats", "receipts", "products")


def test_candidates_are_the_pairs_that_the_product_matches() -> None:
    files = [file for family in FAMILIES if family.name in LOOKED_AT for file in drawn(family, count=4).files]
    hashed = [hash_picture(file) for file in (*files, *photos(count=3).files)]
    known = KnownPictures(hashed)
    expected = {
        (one, other)
        for one, other in combinations(range(len(hashed)), 2)
        if any(each.matches for each in compare_pictures(hashed[one].facts, hashed[other].facts, TODAY))
    }
    found = {
        (candidate.number, number)
        for number, submitted in enumerate(hashed)
        for candidate in known.candidates(submitted, TODAY)
        if candidate.number < number
    }
    assert found == expected
    assert 0 < len(found) < len(hashed) * (len(hashed) - 1) // 2


def test_copies_are_found_and_true_pairs_do_not_count_as_false() -> None:
    files = (jpeg("chelsea.png"), jpeg("coffee.png"), jpeg("chelsea.png", quality=60))
    with ThreadPoolExecutor(1) as pool:
        figures = measure_family(PictureSet("photos", files, frozenset({(0, 2)})), pool, copied=2)
        counted = measure_family(PictureSet("photos", files), pool, copied=0)
    assert (figures.pairs, figures.joined[HASHES], figures.joined[CERTAIN]) == (2, 0, 0)
    assert (counted.pairs, counted.joined[HASHES], counted.joined[CERTAIN]) == (3, 1, 1)
    assert figures.mean_recall(HASHES) == 1.0
    assert figures.mean_recall(CERTAIN) > 0.8
    assert figures.copy_pairs == 2 * 3 * 2


def test_pdq_is_left_out_where_its_library_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashed_module, "find_spec", lambda name: None)
    assert PDQ_PEER not in ways()
    assert list(available_peers()) == [PHASH_PEER]
    with ThreadPoolExecutor(1) as pool:
        figures = measure_family(PictureSet("photos", (jpeg(), jpeg("coffee.png"))), pool, copied=1)
    console = Console(record=True, width=150)
    show([figures], console)
    assert "PDQ ≤ 31 is not measured" in console.export_text()


def test_a_tail_that_falls_to_a_tenth_every_100_points_is_continued() -> None:
    tail = fit_tail({240: 10_000, 140: 1_000, 40: 100}, 10**9)
    assert tail is not None
    assert tail.points_a_tenth == pytest.approx(100)
    assert tail.rate == pytest.approx(10**1.6 / 10**9)


def test_two_scores_make_no_tail() -> None:
    assert fit_tail(count_tail([50, 120]), 100) is None


def test_pairs_within_reach_of_the_threshold_are_counted_at_all_wider_steps() -> None:
    counts = count_tail([35, 100, 500])
    assert (counts[40], counts[90], counts[140], counts[390]) == (1, 1, 2, 2)


def test_where_no_pair_comes_near_the_rate_has_a_bound() -> None:
    counts = count_tail([350, 390, 480])
    assert bound_rate(counts, 3_000_000, 85) == pytest.approx(1e-6 * 1e-4)
    assert bound_rate(dict.fromkeys(counts, 1), 3_000_000, 85) is None

"""Detection counts what every contender finds, and its figures make the README's plot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import detection
from tests.bench.answers import LISTS, Answered, Shares
from tests.bench.detection import OURS, PEERS, Detection, document, reach, run
from tests.bench.plots import by_kind, draw_recall
from tests.support.media import encode, photo

FEW = {"mild": ("JPEG q50", "mirrored"), "hard": ("inverted",)}


def test_what_is_found_is_counted_by_list_and_alteration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("coffee.png", "chelsea.png"):
        (tmp_path / name).write_bytes(encode(photo(name, (320, 240)), "PNG"))
    few = {name: {each: LISTS[name][each] for each in chosen} for name, chosen in FEW.items()}
    monkeypatch.setattr(detection, "LISTS", few)
    found = run(tmp_path, lists=tuple(FEW))
    assert (found.photos, found.pairs, found.copy_pairs) == (2, 1, 6)
    assert {name: set(rows) for name, rows in found.answered.shares.items()} == {n: set(of) for n, of in FEW.items()}
    assert found.answered.mean("mild").found == found.answered.mean("hard").found == 1.0
    assert found.recall["imagehash.phash ≤ 10"]["mild"] == {"JPEG q50": 1.0, "mirrored": 0.0}
    assert not any(found.false_pairs.values()) and not any(found.false_copies.values())


def made_up(reuse: float, review: float) -> Detection:
    shares = {name: dict.fromkeys(of, Shares(reuse, review, 1 - reuse - review, 0.0)) for name, of in LISTS.items()}
    recall = {peer: {name: dict.fromkeys(of, 0.5) for name, of in LISTS.items()} for peer in PEERS}
    nothing = dict.fromkeys((OURS, *PEERS), 0)
    return Detection(10, 45, 900, Answered(10, shares), recall, {name: [] for name in nothing}, nothing)


def test_the_plot_shows_all_kinds_of_both_lists() -> None:
    drawn = draw_recall(json.loads(json.dumps(document(made_up(0.5, 0.25)))))
    for kind in {each.kind for of in LISTS.values() for each in of.values()}:
        assert f">{kind}<" in drawn
    assert "mean, hard list" in drawn and ">75<" in drawn


def test_a_kind_is_the_mean_of_its_alterations() -> None:
    shares = {name: float(name == "mirrored") for name in LISTS["mild"]}
    kinds = by_kind("mild", shares)
    assert kinds["mirror"] == 0.5
    assert kinds["mean"] == 1 / len(LISTS["mild"])


def test_targets_are_those_of_the_issue() -> None:
    figures = {each.name: each.met for each in reach(made_up(0.9, 0.05))}
    assert figures["hard copies found, mean"]
    assert not figures["mild copies found, mean"]

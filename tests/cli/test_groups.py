"""The report of a scan: copies below what they are copies of, failures in plain words, totals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from streams.cli.groups import group, lines_of, outcomes_in_words
from streams.cli.words import REASON_WORDS, percent, reason_in_words
from streams.errors import Reason
from streams.topics import DECISIONS

EXAMPLES = Path(__file__).parents[1] / "examples" / DECISIONS


def unique(name: str, content: str) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads((EXAMPLES / "1_unique.json").read_bytes())
    facts = {**document["facts"], "content_id": content, "size_bytes": 1_000_000}
    return {**document, "media_id": name, "content_id": content, "facts": facts}


def copy(name: str, content: str, of: str, of_content: str, **match: object) -> dict[str, Any]:
    """A copy of a content that is the first of its group, unless `match` says otherwise."""
    outcome = "duplicate" if content == of_content else "near_duplicate"
    found = {
        "content_id": of_content,
        "media_id": of,
        "submission_id": "",
        "group_content_id": of_content,
        "group_media_id": of,
        "method": "exact" if outcome == "duplicate" else "phash64",
        "distance_bits": 0,
        "similarity": 1.0,
        "transformation": "none",
        **match,
    }
    return {**unique(name, content), "outcome": outcome, "match": found}


def failed(name: str, reason: Reason) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads((EXAMPLES / "3_failed.json").read_bytes())
    return {**document, "media_id": name, "failure": {"reason": reason, "detail": "…"}}


def report(*decisions: dict[str, Any]) -> list[str]:
    return list(lines_of(group(decisions)))


def test_copies_stand_below_what_they_are_copies_of() -> None:
    assert report(
        copy("z.jpg", "A", "a.jpg", "A"),
        unique("a.jpg", "A"),
        unique("lone.jpg", "B"),
        copy("b.webp", "C", "a.jpg", "A", similarity=0.977, transformation="mirrored"),
        failed("notes.jpg", Reason.NOT_MEDIA),
    ) == [
        "a.jpg  (2 copies)",
        "    b.webp  altered copy, 97.7 %, mirrored left to right",
        "    z.jpg   exact copy",
        "",
        "could not be compared:",
        "    notes.jpg  not an image or video",
        "",
        "5 files: 2 unique, 1 exact copy, 1 altered copy, 1 failed. The copies take 2.0 MB.",
    ]


def test_copies_of_a_copy_stand_with_them_and_name_it() -> None:
    group = {"group_content_id": "A", "group_media_id": "a.jpg"}
    assert report(
        copy("d.jpg", "C", "c.jpg", "C", **group),
        unique("a.jpg", "A"),
        copy("b.jpg", "B", "a.jpg", "A", similarity=0.9),
        copy("c.jpg", "C", "b.jpg", "B", similarity=0.875, transformation="turned_90+cropped", **group),
    )[:4] == [
        "a.jpg  (3 copies)",
        "    b.jpg  altered copy, 90.0 %",
        "    c.jpg  altered copy of b.jpg, 87.5 %, turned clockwise by 90°, then cropped",
        "    d.jpg  exact copy of c.jpg",
    ]


def test_a_group_whose_first_came_before_is_named_by_it() -> None:
    group = {"group_content_id": "A", "group_media_id": "archive/1"}
    assert report(copy("b.jpg", "B", "archive/2", "C", similarity=0.9, **group), copy("c.jpg", "A", "archive/1", "A"))[
        :3
    ] == [
        "archive/1  (2 copies, known from before)",
        "    b.jpg  altered copy of archive/2, 90.0 %",
        "    c.jpg  exact copy",
    ]


def test_a_decision_from_before_groups_had_names_stands_with_what_it_matched() -> None:
    old = copy("b.jpg", "A", "a.jpg", "A")
    del old["match"]["group_content_id"], old["match"]["group_media_id"]

    assert report(old, unique("a.jpg", "A"))[:2] == ["a.jpg  (1 copy)", "    b.jpg  exact copy"]


def test_what_a_match_says_cannot_play_tricks_on_the_terminal() -> None:
    lines = report(copy("b", "B", "a\x1b[2J", "A", transformation="\x1b[31mred", group_media_id="a"))

    assert lines[1] == r"    b  altered copy of a\x1b[2J, 100 %, \x1b[31mred"


def test_what_was_known_before_says_so() -> None:
    assert report(copy("b.jpg", "A", "archive/1", "A"))[0] == "archive/1  (1 copy, known from before)"


def test_the_largest_group_comes_first() -> None:
    found = report(
        unique("a", "A"),
        copy("a2", "A", "a", "A"),
        unique("b", "B"),
        copy("b2", "B", "b", "B"),
        copy("b3", "B", "b", "B"),
    )

    assert [line for line in found if line.endswith(")")] == ["b  (2 copies)", "a  (1 copy)"]


def test_nothing_is_a_report_too() -> None:
    assert report() == ["0 files: 0 unique, 0 exact copies, 0 failed."]
    assert outcomes_in_words(group([]).outcomes) == "0 unique, 0 exact copies, 0 failed"


def test_every_reason_has_words() -> None:
    assert set(REASON_WORDS) == set(Reason)
    assert reason_in_words("of_a_later_version") == "of a later version"


def test_only_what_is_the_same_is_shown_as_100_percent() -> None:
    assert [percent(each) for each in (1.0, 0.9999, 0.9766, 0.0)] == ["100 %", "99.9 %", "97.7 %", "0.0 %"]

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
    outcome = "duplicate" if content == of_content else "near_duplicate"
    found = {
        "content_id": of_content,
        "media_id": of,
        "submission_id": "",
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
        "    b.webp  altered copy, 97.7 %, mirrored",
        "    z.jpg   exact copy",
        "",
        "could not be compared:",
        "    notes.jpg  not an image or video",
        "",
        "5 files: 2 unique, 1 exact copy, 1 altered copy, 1 failed. The copies take 2.0 MB.",
    ]


def test_a_copy_of_a_copy_stands_with_them() -> None:
    found = report(
        unique("a.jpg", "A"),
        copy("b.jpg", "B", "a.jpg", "A", similarity=0.9),
        copy("c.jpg", "C", "b.jpg", "B", similarity=0.9),
        copy("d.jpg", "C", "c.jpg", "C"),
    )

    assert found[0] == "a.jpg  (3 copies)"
    assert [line.split()[0] for line in found[1:4]] == ["b.jpg", "c.jpg", "d.jpg"]


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

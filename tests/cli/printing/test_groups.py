"""The report of a scan: copies below their original, failures in plain words, totals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from streams.cli.printing.groups import outcomes_in_words, report_lines
from streams.domain.records import Decision
from streams.errors import Reason
from streams.kafka.topics import DECISIONS
from streams.services.groups import group_decisions

EXAMPLES = Path(__file__).parents[2] / "examples" / DECISIONS


def unique(name: str, content: str) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads((EXAMPLES / "1_unique.json").read_bytes())
    facts = {**document["facts"], "content_id": content, "size_bytes": 1_000_000}
    return {**document, "media_id": name, "content_id": content, "facts": facts}


def copy(name: str, content: str, of: str, of_content: str, **match: object) -> dict[str, Any]:
    """A copy of the first content of a group, unless `match` says otherwise."""
    outcome = "duplicate" if content == of_content else "near_duplicate"
    found = {
        "content_id": of_content,
        "media_id": of,
        "submission_id": "",
        "group_content_id": of_content,
        "group_media_id": of,
        "method": "exact" if outcome == "duplicate" else "phash64",
        "distance_bits": 0,
        "threshold_bits": 0,
        "explanation": "",
        "similarity": 1.0,
        "transformation": "none",
        **match,
    }
    return {**unique(name, content), "outcome": outcome, "match": found}


def failed(name: str, reason: Reason) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads((EXAMPLES / "3_failed.json").read_bytes())
    return {**document, "media_id": name, "failure": {"reason": reason, "detail": "…"}}


def report(*decisions: dict[str, Any], likely: bool = False) -> list[str]:
    grouped = group_decisions(Decision.from_json(orjson.dumps(found)) for found in decisions)
    return list(report_lines(grouped, likely=likely))


def test_copies_are_listed_below_their_original() -> None:
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


def test_copies_of_a_copy_are_in_the_same_group_and_name_their_match() -> None:
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


def test_a_group_is_named_by_its_first_even_if_that_came_earlier() -> None:
    group = {"group_content_id": "A", "group_media_id": "archive/1"}
    assert report(copy("b.jpg", "B", "archive/2", "C", similarity=0.9, **group), copy("c.jpg", "A", "archive/1", "A"))[
        :3
    ] == [
        "archive/1  (2 copies, known from before)",
        "    b.jpg  altered copy of archive/2, 90.0 %",
        "    c.jpg  exact copy",
    ]


def test_a_decision_older_than_groups_is_grouped_by_its_match() -> None:
    old = copy("b.jpg", "A", "a.jpg", "A")
    del old["match"]["group_content_id"], old["match"]["group_media_id"]

    assert report(old, unique("a.jpg", "A"))[:2] == ["a.jpg  (1 copy)", "    b.jpg  exact copy"]


def test_control_characters_in_a_match_do_not_reach_the_terminal() -> None:
    lines = report(copy("b", "B", "a\x1b[2J", "A", transformation="\x1b[31mred", group_media_id="a"))

    assert lines[1] == r"    b  altered copy of a\x1b[2J, 100 %, \x1b[31mred"


def test_a_group_known_from_before_says_so() -> None:
    assert report(copy("b.jpg", "A", "archive/1", "A"))[0] == "archive/1  (1 copy, known from before)"


def part(begin: float, end: float, known_begin: float, known_end: float) -> dict[str, float]:
    return {"from_s": begin, "to_s": end, "known_from_s": known_begin, "known_to_s": known_end, "speed": 1.0}


def video(
    name: str, content: str, of: str, of_content: str, relation: str, *parts: dict[str, float], **more: Any
) -> Any:
    """A decision about a video that shares these segments with another."""
    whole = {"share": 0.3 if relation in ("contains", "overlaps") else 1.0, "known_share": 0.3}
    own = {"group_content_id": content, "group_media_id": name} if relation in ("contains", "overlaps") else {}
    match = {"method": "frames", "similarity": 0.93, "relation": relation, "segments": list(parts)}
    decision = copy(name, content, of, of_content, **{**match, **whole, **own, **more})
    return {**decision, "action": "review" if own else "reuse"}


def test_videos_list_their_segments_and_partial_copies() -> None:
    group = {"group_content_id": "A", "group_media_id": "holiday.mp4"}
    assert report(
        unique("holiday.mp4", "A"),
        video("again.mp4", "B", "holiday.mp4", "A", "copy", part(0, 60, 0, 60), known_share=1.0),
        video("cut.mp4", "C", "holiday.mp4", "A", "copy", part(0, 54, 6, 60), known_share=0.9),
        video("clip.mp4", "D", "again.mp4", "B", "clip_of", part(0, 18, 12, 30), transformation="mirrored", **group),
        video("best-of.mp4", "E", "again.mp4", "B", "contains", part(62, 80, 12, 30)),
        video(
            "mix.mp4", "F", "holiday.mp4", "A", "overlaps", *(part(at, at + 9, 9, 18) for at in (0, 3600, 4000, 5000))
        ),
        copy("best-of-2.mp4", "E", "best-of.mp4", "E"),
    ) == [
        "holiday.mp4  (3 copies, 2 with parts of it)",
        "    again.mp4    altered copy, 93.0 %",
        "    clip.mp4     clip, 00:00–00:18 is 00:12–00:30 of again.mp4, mirrored left to right",
        "    cut.mp4      altered copy, 93.0 %, 00:00–00:54 is 00:06–01:00 of it",
        "    best-of.mp4  contains 00:12–00:30 of again.mp4 at 01:02 (review)",
        "    mix.mp4      overlaps, 00:00–00:09 is 00:09–00:18, 1:00:00–1:00:09 is 00:09–00:18, "
        "1:06:40–1:06:49 is 00:09–00:18 of it and 1 more part (review)",
        "",
        "best-of.mp4  (1 copy)",
        "    best-of-2.mp4  exact copy",
        "",
        "7 files: 1 unique, 1 exact copy, 3 altered copies, 2 partly new, 0 failed. The copies take 4.0 MB.",
    ]


def test_a_video_with_a_part_of_an_earlier_medium_is_listed_below_that() -> None:
    found = report(video("best-of.mp4", "B", "archive/1", "A", "contains", part(5, 12, 0, 7)))

    assert found[:2] == [
        "archive/1  (1 with a part of it, known from before)",
        "    best-of.mp4  contains 00:00–00:07 of it at 00:05 (review)",
    ]


def reviewed(name: str, content: str, of: str, of_content: str, **match: Any) -> dict[str, Any]:
    """A picture that may be a copy of a known one, in a group of its own."""
    own = {"group_content_id": content, "group_media_id": name, "confidence": "likely", "explanation": "Perhaps."}
    return {**copy(name, content, of, of_content, **{**own, **match}), "action": "review"}


def test_what_is_for_review_is_in_no_group_and_listed_only_if_asked_for() -> None:
    decisions = (
        unique("a.jpg", "A"),
        copy("b.jpg", "B", "a.jpg", "A", similarity=0.9, confidence="certain", differs=0.0312),
        reviewed("c.jpg", "C", "b.jpg", "B"),
        reviewed("d.jpg", "D", "a.jpg", "A", confidence="certain", differs=0.125, explanation="With a caption."),
        copy("d2.jpg", "D", "d.jpg", "D"),
        unique("e.jpg", "E"),
        reviewed("f.jpg", "F", "e.jpg", "E"),
        video("g.mp4", "G", "e.mp4", "E4", "contains", part(5, 12, 0, 7), confidence="likely"),
    )
    total = "8 files: 2 unique, 1 exact copy, 1 altered copy, 4 for review, 0 failed. The copies take 2.0 MB."
    assert report(*decisions) == [
        "a.jpg  (1 copy)",
        "    b.jpg  altered copy, 90.0 %, 3 % of it differs",
        "",
        "d.jpg  (1 copy)",
        "    d2.jpg  exact copy",
        "",
        f"{total} --likely lists what is for review.",
    ]
    assert report(*decisions, likely=True) == [
        "a.jpg  (1 copy, 2 for review)",
        "    b.jpg  altered copy, 90.0 %, 3 % of it differs",
        "    c.jpg  for review, beside b.jpg: Perhaps.",
        "    d.jpg  for review: With a caption.",
        "",
        "d.jpg  (1 copy)",
        "    d2.jpg  exact copy",
        "",
        "e.jpg  (1 for review)",
        "    f.jpg  for review: Perhaps.",
        "",
        "e.mp4  (1 for review, known from before)",
        "    g.mp4  perhaps: contains 00:00–00:07 of it at 00:05 (review)",
        "",
        total,
    ]


def test_appearances_of_pictures_in_videos_are_listed() -> None:
    def shows(decision: dict[str, Any], name: str, kind: str, at_s: float) -> dict[str, Any]:
        found = {"content_id": "Z", "media_id": name, "kind": kind, "at_s": at_s, "distance_bits": 8}
        return {**decision, "appears_in": [found]}

    found = report(
        shows(unique("frame.png", "A"), "film.mp4", "video", 62.4),
        shows(unique("trailer.mp4", "B"), "cat.jpg", "image", 3),
    )

    assert found[:3] == [
        "shown in videos:",
        "    frame.png    shown in film.mp4 at 01:02",
        "    trailer.mp4  shows cat.jpg at 00:03",
    ]


def test_the_largest_group_comes_first() -> None:
    found = report(
        unique("a", "A"),
        copy("a2", "A", "a", "A"),
        unique("b", "B"),
        copy("b2", "B", "b", "B"),
        copy("b3", "B", "b", "B"),
    )

    assert [line for line in found if line.endswith(")")] == ["b  (2 copies)", "a  (1 copy)"]


def test_no_decisions_make_a_report_too() -> None:
    assert report() == ["0 files: 0 unique, 0 exact copies, 0 failed."]
    assert outcomes_in_words(group_decisions([]).outcomes) == "0 unique, 0 exact copies, 0 failed"

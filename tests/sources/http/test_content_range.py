"""What headers say about parts: which one it is, and whether it is of the same state of the resource."""

from __future__ import annotations

import pytest
from yarl import URL

from streams.errors import BadInput, Reason
from streams.sources.http.content_range import Part, Version, part_of, total_of_unsatisfied

DAY = "Sat, 31 Jan 2026 09:30:00 GMT"
SECOND_LATER = "Sat, 31 Jan 2026 09:30:01 GMT"
HOUR_LATER = "Sat, 31 Jan 2026 10:30:00 GMT"
FILM = URL("https://media.example/film.mp4")


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("bytes 100-199/1000", Part(100, 200, 1000)),
        ("Bytes  100-149/1000 ", Part(100, 150, 1000)),
        ("bytes 100-199/*", Part(100, 200, None)),
    ],
)
def test_a_part_may_be_shorter_but_begins_where_it_was_asked_for(said: str, part: Part) -> None:
    assert part_of({"Content-Range": said}, 100, 200) == part


@pytest.mark.parametrize(
    "said",
    [
        "",
        "bytes",
        "bytes 0-99/1000",
        "bytes 99-199/1000",
        "bytes 100-200/1000",
        "bytes 150-120/1000",
        "bytes 100-199/150",
        "bytes */1000",
        "items 100-199/1000",
        "bytes 100-199/1000, 300-400/1000",
        "bytes 100-" + "9" * 30 + "/*",
        "bytes １００-199/1000",
    ],
)
def test_other_parts_than_asked_for_are_refused(said: str) -> None:
    with pytest.raises(BadInput) as refused:
        part_of({"Content-Range": said}, 100, 200)
    assert refused.value.reason is Reason.SOURCE_BAD_RANGES


def test_several_parts_at_once_are_refused() -> None:
    headers = {"Content-Type": "multipart/byteranges; boundary=x", "Content-Range": "bytes 100-199/1000"}
    with pytest.raises(BadInput, match="several"):
        part_of(headers, 100, 200)


def test_an_unsatisfied_range_may_tell_the_size() -> None:
    assert total_of_unsatisfied({"Content-Range": "bytes */0"}) == 0
    assert total_of_unsatisfied({"Content-Range": "bytes */123"}) == 123
    assert total_of_unsatisfied({}) is None


@pytest.mark.parametrize(
    ("version", "if_range"),
    [
        (Version('"a"'), '"a"'),
        (Version('"a"', DAY, HOUR_LATER), '"a"'),
        (Version('W/"a"', DAY, HOUR_LATER), None),
        (Version(None, DAY, SECOND_LATER), DAY),
        (Version(None, DAY, DAY), None),
        (Version(None, DAY, None), None),
        (Version(None, "yesterday", "today"), None),
        (Version(), None),
    ],
)
def test_if_range_needs_a_strong_validator(version: Version, if_range: str | None) -> None:
    assert version.if_range == if_range


@pytest.mark.parametrize(
    ("first", "later", "agree"),
    [
        (Version('"a"'), Version('"a"'), True),
        (Version('"a"'), Version('"b"'), False),
        (Version('W/"a"'), Version('W/"b"'), False),
        (Version('"a"', DAY), Version(None, HOUR_LATER), False),
        (Version('"a"', DAY), Version('"a"', HOUR_LATER), True),
        (Version('"a"', DAY), Version(), True),
        (Version(None, DAY), Version(None, DAY), True),
        (Version(None, DAY), Version(None, HOUR_LATER), False),
        (Version(), Version('"a"', DAY), True),
    ],
)
def test_versions_are_told_apart_by_what_both_say(first: Version, later: Version, agree: bool) -> None:
    assert first.agrees_with(later) is agree


def test_only_a_strong_and_settled_entity_tag_is_an_identity() -> None:
    named = Version('"a"', DAY, HOUR_LATER).identity(FILM, 100)
    assert named is not None
    assert Version('"a"').identity(FILM, 100) == named
    others = [
        Version('"b"').identity(FILM, 100),
        Version('"a"').identity(FILM, 101),
        Version('"a"').identity(FILM / "x", 100),
    ]
    assert len({named, *others}) == 4
    for version in (Version('W/"a"'), Version(None, DAY, HOUR_LATER), Version(), Version('"a"', DAY, SECOND_LATER)):
        assert version.identity(FILM, 100) is None

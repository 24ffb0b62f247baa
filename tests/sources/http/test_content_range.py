"""Headers of range responses: the range, and whether the resource is still the same version."""

from __future__ import annotations

import pytest
from yarl import URL

from streams.errors import BadInput, Reason
from streams.sources.http.content_range import ContentRange, ResourceVersion, parse_content_range, size_of_unsatisfied

DAY = "Sat, 31 Jan 2026 09:30:00 GMT"
SECOND_LATER = "Sat, 31 Jan 2026 09:30:01 GMT"
HOUR_LATER = "Sat, 31 Jan 2026 10:30:00 GMT"
FILM = URL("https://media.example/film.mp4")


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("bytes 100-199/1000", ContentRange(100, 200, 1000)),
        ("Bytes  100-149/1000 ", ContentRange(100, 150, 1000)),
        ("bytes 100-199/*", ContentRange(100, 200, None)),
    ],
)
def test_a_range_may_be_shorter_but_begins_at_the_requested_byte(said: str, part: ContentRange) -> None:
    assert parse_content_range({"Content-Range": said}, 100, 200) == part


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
def test_other_ranges_than_requested_are_refused(said: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_content_range({"Content-Range": said}, 100, 200)
    assert refused.value.reason is Reason.SOURCE_BAD_RANGES


def test_multipart_ranges_are_refused() -> None:
    headers = {"Content-Type": "multipart/byteranges; boundary=x", "Content-Range": "bytes 100-199/1000"}
    with pytest.raises(BadInput, match="several"):
        parse_content_range(headers, 100, 200)


def test_an_unsatisfied_range_may_state_the_size() -> None:
    assert size_of_unsatisfied({"Content-Range": "bytes */0"}) == 0
    assert size_of_unsatisfied({"Content-Range": "bytes */123"}) == 123
    assert size_of_unsatisfied({}) is None


@pytest.mark.parametrize(
    ("version", "if_range"),
    [
        (ResourceVersion('"a"'), '"a"'),
        (ResourceVersion('"a"', DAY, HOUR_LATER), '"a"'),
        (ResourceVersion('W/"a"', DAY, HOUR_LATER), None),
        (ResourceVersion(None, DAY, SECOND_LATER), DAY),
        (ResourceVersion(None, DAY, DAY), None),
        (ResourceVersion(None, DAY, None), None),
        (ResourceVersion(None, "yesterday", "today"), None),
        (ResourceVersion(), None),
    ],
)
def test_if_range_needs_a_strong_validator(version: ResourceVersion, if_range: str | None) -> None:
    assert version.if_range == if_range


@pytest.mark.parametrize(
    ("first", "later", "agree"),
    [
        (ResourceVersion('"a"'), ResourceVersion('"a"'), True),
        (ResourceVersion('"a"'), ResourceVersion('"b"'), False),
        (ResourceVersion('W/"a"'), ResourceVersion('W/"b"'), False),
        (ResourceVersion('"a"', DAY), ResourceVersion(None, HOUR_LATER), False),
        (ResourceVersion('"a"', DAY), ResourceVersion('"a"', HOUR_LATER), True),
        (ResourceVersion('"a"', DAY), ResourceVersion(), True),
        (ResourceVersion(None, DAY), ResourceVersion(None, DAY), True),
        (ResourceVersion(None, DAY), ResourceVersion(None, HOUR_LATER), False),
        (ResourceVersion(), ResourceVersion('"a"', DAY), True),
    ],
)
def test_versions_differ_only_by_headers_that_both_have(
    first: ResourceVersion, later: ResourceVersion, agree: bool
) -> None:
    assert first.may_equal(later) is agree


def test_only_a_strong_and_settled_entity_tag_is_an_identity() -> None:
    named = ResourceVersion('"a"', DAY, HOUR_LATER).identity(FILM, 100)
    assert named is not None
    assert ResourceVersion('"a"').identity(FILM, 100) == named
    others = [
        ResourceVersion('"b"').identity(FILM, 100),
        ResourceVersion('"a"').identity(FILM, 101),
        ResourceVersion('"a"').identity(FILM / "x", 100),
    ]
    assert len({named, *others}) == 4
    for version in (
        ResourceVersion('W/"a"'),
        ResourceVersion(None, DAY, HOUR_LATER),
        ResourceVersion(),
        ResourceVersion('"a"', DAY, SECOND_LATER),
    ):
        assert version.identity(FILM, 100) is None

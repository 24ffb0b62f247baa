"""The headers that tell kinds of record apart."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from streams.domain.records import Headers
from streams.kafka.cloudevents import FINGERPRINT_TYPE, event_headers, event_type


@dataclass(frozen=True)
class Record:
    headers: Headers
    topic: str = "t"
    partition: int = 0
    offset: int = 0
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (event_headers("id", FINGERPRINT_TYPE, "media", "2026-01-31T09:30:00.125Z"), FINGERPRINT_TYPE),
        ((("ce_id", b"1"), ("ce_type", b"mine")), b"mine"),
        ((("CE_TYPE", b"mine"), ("type", b"x")), None),
        ((), None),
    ],
)
def test_the_type_of_an_event_is_in_its_header(headers: Headers, expected: bytes | None) -> None:
    assert event_type(Record(headers)) == expected

"""What all records share: timestamps."""

from __future__ import annotations

import pytest

from streams.domain.records import format_timestamp


@pytest.mark.parametrize(
    ("epoch_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1769851800125, "2026-01-31T09:30:00.125Z"),
        (-62135596800000, "0001-01-01T00:00:00.000Z"),
        (-(2**63), "0001-01-01T00:00:00.000Z"),
        (2**63 - 1, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_timestamps_are_rfc_3339_whatever_a_producer_claims(epoch_ms: int, text: str) -> None:
    assert format_timestamp(epoch_ms) == text

"""One budget of bytes a worker, divided once and for all among what holds records and media. Pure arithmetic.

The shares are fixed, because no stage may wait for another: while ClickHouse is away, the record stage holds its share
for hours, and the other stages go on with theirs.
"""

from __future__ import annotations

from collections.abc import Mapping

#: A stage whose records carry media needs more than a stage whose records are a few kilobytes. Bulk work may wait.
MEDIA_WEIGHT, SMALL_RECORDS_WEIGHT, BULK_WEIGHT = 4, 2, 1
#: The part of the budget for media that are fetched from elsewhere, in a worker that fetches media.
SOURCES_PART = 4
#: The part of the budget for decoding processes and the files in them, in a worker that has some.
DECODERS_PART = 4


def stage_shares(budget_bytes: int, weights: Mapping[str, int], *, decoding_processes: bool = False) -> dict[str, int]:
    """The share of each stage of one worker, in bytes, by its weight."""
    rest_bytes = budget_bytes
    if {MEDIA_WEIGHT, BULK_WEIGHT} & {*weights.values()}:
        rest_bytes -= sources_share(budget_bytes)
        rest_bytes -= budget_bytes // DECODERS_PART if decoding_processes else 0
    total = sum(weights.values())
    return {name: rest_bytes * weight // total for name, weight in weights.items()}


def sources_share(budget_bytes: int) -> int:
    """The share of the media that are fetched from elsewhere, in bytes."""
    return budget_bytes // SOURCES_PART

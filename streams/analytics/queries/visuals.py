"""Which contents look like a picture: the nearest by their codes, and of those the nearest by their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select
from streams.analytics.queries.stored.lists import FILTER, STANDS, DecisionFilter
from streams.domain.evidence.visual import CODE_BYTES, VERSION, visual_code

MIN_COMPARED: Final = 2_000
"""Rows whose values are compared: with so many, all of the ten nearest are found nearly always. Measured in
tests/bench/visual.py."""

BITS: Final = f"bitHammingDistance(code, toFixedString(unhex({{code{{number}}:String}}), {CODE_BYTES}))"
SQUARES: Final = "L2SquaredDistance(descriptor, {descriptor{number}:Array(Int8)})"

#: ClickHouse sorts the codes alone, and reads the values of the rows that are left.
NEAREST: Final = """
    SELECT
        content_id,
        toUInt32(min(squares)) AS distance,
        argMin(frame_ms, (squares, frame_ms)) AS at_ms
    FROM
    (
        SELECT
            content_id,
            frame_ms,
            {squares} AS squares
        FROM
        (
            SELECT content_id, at_ms AS frame_ms, descriptor
            FROM visuals
            WHERE collection = {collection:String} AND version = {version:UInt8} {filter}
            ORDER BY {bits}
            LIMIT {compared:UInt32}
        )
    )
    GROUP BY content_id
    HAVING (distance, content_id) > ({after_distance:Int64}, {after:String}) AND content_id != {without:String}
    ORDER BY distance, content_id
    LIMIT {limit:UInt32}
"""
FILTER_CONTENTS: Final = f"AND content_id IN (SELECT content_id FROM decisions_by_time WHERE {FILTER} AND {STANDS})"  # noqa: S608


@dataclass(frozen=True, slots=True)
class VisualNeighbour:
    """A content that looks like a picture.

    Attributes:
        content_id: of the content.
        distance: the sum of squared differences between the descriptors.
        at_ms: of the frame of a video that is nearest; 0 of a picture.
    """

    content_id: str
    distance: int
    at_ms: int


def visual_neighbours(
    client: Client,
    descriptors: Sequence[bytes],
    chosen: DecisionFilter,
    *,
    without: str,
    after: tuple[int, str] | None,
    limit: int,
) -> tuple[VisualNeighbour, ...]:
    """Contents that look most like any of some descriptors, the nearest first.

    Args:
        client: connected.
        descriptors: as `visual_descriptor` makes them.
        chosen: names the collection, and filters.
        without: a content that is left out.
        after: distance and content id of the last one of the page before.
        limit: the most contents.
    """
    after_distance, after_content = after or (-1, "")
    parameters = {
        **chosen.parameters(),
        **{"version": VERSION, "compared": MIN_COMPARED + 10 * limit, "limit": limit, "without": without},
        **{"after_distance": after_distance, "after": after_content},
        **{f"code{number}": visual_code(each).hex() for number, each in enumerate(descriptors)},
        **{f"descriptor{number}": np.frombuffer(each, np.int8).tolist() for number, each in enumerate(descriptors)},
    }
    is_filtered = chosen != DecisionFilter(chosen.collection)
    sql = NEAREST.replace("{filter}", FILTER_CONTENTS if is_filtered else "")
    for name, distance in (("{bits}", BITS), ("{squares}", SQUARES)):
        sql = sql.replace(name, _least(distance, len(descriptors)))
    return select(client, VisualNeighbour, sql, parameters)


def _least(distance: str, count: int) -> str:
    """The distance to the nearest of so many: an expression without arrays takes a third of the time."""
    distances = [distance.replace("{number}", str(number)) for number in range(count)]
    return f"least({', '.join(distances)})" if count > 1 else distances[0]

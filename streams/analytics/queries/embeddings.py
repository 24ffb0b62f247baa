"""Which contents a picture model takes for most alike: the nearest vectors of the same model, all compared."""

from __future__ import annotations

from typing import Any, Final

import numpy.typing as npt
from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select, select_json
from streams.analytics.queries.stored.lists import DecisionFilter
from streams.analytics.queries.visuals import FILTER_CONTENTS, VisualNeighbour

#: Vectors of another length are no vectors of this model, whatever they say, and cannot be compared.
NEAREST: Final = """
    SELECT
        content_id,
        min(millionths) AS distance,
        argMin(frame_ms, (millionths, frame_ms)) AS at_ms
    FROM
    (
        SELECT
            content_id,
            at_ms AS frame_ms,
            CAST({vector:Array(Float32)}, 'Array(BFloat16)') AS shown,
            toUInt32(round(1000000 * greatest(0, cosineDistance(vector, shown)))) AS millionths
        FROM embeddings
        WHERE collection = {collection:String} AND model = {model:String} AND length(vector) = {values:UInt32} {filter}
    )
    GROUP BY content_id
    HAVING (distance, content_id) > ({after_distance:Int64}, {after:String}) AND content_id != {without:String}
    ORDER BY distance, content_id
    LIMIT {limit:UInt32}
"""

VECTOR_OF: Final = """
    SELECT arrayMap(value -> toFloat32(value), vector) AS vector
    FROM embeddings
    WHERE collection = {collection:String} AND model = {model:String} AND content_id = {content_id:String}
    ORDER BY published_at
    LIMIT 1
"""


def embedding_neighbours(
    client: Client,
    model: str,
    vector: npt.NDArray[Any],
    chosen: DecisionFilter,
    *,
    without: str,
    after: tuple[int, str] | None,
    limit: int,
) -> tuple[VisualNeighbour, ...]:
    """Contents whose vectors of a model have the smallest angle to one, the nearest first.

    Distances are cosine distances in millionths, 0 to 2,000,000.

    Args:
        client: connected.
        model: the name of the model; no vectors of others are compared.
        vector: that this model made; one-dimensional.
        chosen: names the collection, and filters.
        without: a content that is left out.
        after: distance and content id of the last one of the page before.
        limit: the most contents.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    after_distance, after_content = after or (-1, "")
    parameters = {
        **chosen.parameters(),
        **{"model": model, "vector": vector.tolist(), "values": len(vector), "without": without, "limit": limit},
        **{"after_distance": after_distance, "after": after_content},
    }
    is_filtered = chosen != DecisionFilter(chosen.collection)
    sql = NEAREST.replace("{filter}", FILTER_CONTENTS if is_filtered else "")
    return select(client, VisualNeighbour, sql, parameters)


def embedding_vector(client: Client, collection: str, model: str, content_id: str) -> list[float] | None:
    """The vector that a model made of a content; None if none is stored.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    parameters = {"collection": collection, "model": model, "content_id": content_id}
    rows = select_json(client, VECTOR_OF, parameters)
    return rows[0]["vector"] if rows else None

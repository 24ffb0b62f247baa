"""media.fingerprints → the table embeddings: what a picture model says that contents look like."""

from __future__ import annotations

from typing import Final

from streams.analytics.rows.extractors import Row, read_field, record_time_ms, text
from streams.analytics.rows.table import DetailTable
from streams.domain.records import RawRecord, parse_json_object
from streams.domain.records.embedding import embedding_of
from streams.errors import BadInput

COLUMNS: Final = ("collection", "model", "content_id", "at_ms", "vector", "published_at")

COLLECTION: Final = text("collection")
CONTENT_ID: Final = text("facts.content_id")
EMBEDDING_FIELD: Final = b'"embedding":'


def embedding_rows(record: RawRecord) -> list[Row]:
    """The row of one record of media.fingerprints; none without an embedding, or of a damaged one.

    Raises:
        BadInput: not_json, missing_field or bad_field.
    """
    if record.value is None or EMBEDDING_FIELD not in record.value:
        return []
    document = parse_json_object(record.value)
    facts = document.get("facts")
    if type(facts) is not dict:  # a failure; fingerprints.py refuses any other type
        return []
    embedding = embedding_of(facts.get("embedding"))
    if embedding is None:
        return []
    try:
        vector = embedding.values().tolist()
    except BadInput:  # its fingerprint has a row all the same
        return []
    collection, content_id = read_field(document, COLLECTION), read_field(facts, CONTENT_ID)
    return [(collection, embedding.model, content_id, embedding.at_ms, vector, record_time_ms(record))]


TABLE: Final = DetailTable("embeddings", COLUMNS, embedding_rows)

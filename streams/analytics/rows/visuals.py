"""media.fingerprints → the table visuals: what pictures and the key frames of videos look like, a row each."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np

from streams.analytics.rows.extractors import Row, read_field, record_time_ms, text
from streams.analytics.rows.table import DetailTable
from streams.domain.evidence.visual import VERSION, describe_evidence, visual_code
from streams.domain.records import RawRecord, parse_json_object
from streams.errors import BadInput

COLUMNS: Final = ("collection", "content_id", "at_ms", "version", "code", "descriptor", "published_at")

COLLECTION: Final = text("collection")
CONTENT_ID: Final = text("facts.content_id")
EVIDENCE: Final = text("facts.evidence")
EVIDENCE_FIELD: Final = b'"evidence":"'
MAX_KEPT: Final = 2_000
"""Evidence whose descriptors are kept: those of a picture that comes again and again are computed once."""


def visual_rows(record: RawRecord) -> list[Row]:
    """The descriptors in one record of media.fingerprints; none without evidence.

    Raises:
        BadInput: not_json, missing_field or bad_field.
    """
    if record.value is None or EVIDENCE_FIELD not in record.value:
        return []
    document = parse_json_object(record.value)
    facts = document.get("facts")
    if type(facts) is not dict:  # a failure; fingerprints.py refuses any other type
        return []
    content_id, collection = read_field(facts, CONTENT_ID), read_field(document, COLLECTION)
    published_ms = record_time_ms(record)
    return [_row(collection, content_id, published_ms, *each) for each in _described(read_field(facts, EVIDENCE))]


@lru_cache(MAX_KEPT)
def _described(evidence: str) -> tuple[tuple[int, bytes], ...]:
    try:
        return describe_evidence(evidence)
    except BadInput:  # the match stage refuses it; its fingerprint has a row all the same
        return ()


def _row(collection: str, content_id: str, published_ms: int, at_ms: int, descriptor: bytes) -> Row:
    values: list[Any] = np.frombuffer(descriptor, np.int8).tolist()
    return (collection, content_id, at_ms, VERSION, visual_code(descriptor), values, published_ms)


TABLE: Final = DetailTable("visuals", COLUMNS, visual_rows)

"""media.decisions → the table decisions: where every field of a decision gets into ClickHouse."""

from __future__ import annotations

from typing import Final

from streams.analytics.rows import jobs
from streams.analytics.rows.extractors import (
    UINT16,
    UINT32,
    Extractor,
    flag,
    json_text,
    number,
    optional_number,
    optional_text,
    optional_time_ms,
    optional_uuid,
    optional_whole,
    text,
    text_map,
    texts,
    time_ms,
    tuples,
    uuid,
    whole,
)
from streams.analytics.rows.facts import FACTS_COLUMNS, FAILURE_COLUMNS
from streams.analytics.rows.moderation_events import LABEL_FIELDS
from streams.analytics.rows.reader import KAFKA_COLUMNS, RowReader, kafka
from streams.analytics.rows.table import TopicTable

#: Matches of early versions have no groups, thresholds and views, those of later ones no segments, or no evidence.
#: Verdicts of early versions were all pending, and had no labels.
COLUMNS: Final[dict[str, Extractor]] = {
    "decision_id": uuid("decision_id"),
    "revision": whole("revision", UINT32),
    "supersedes": optional_uuid("supersedes"),
    "outcome": text("outcome"),
    "action": text("action"),
    "collection": text("collection"),
    "media_id": text("media_id"),
    "submission_id": text("submission_id"),
    "attempt": whole("attempt", UINT32),
    "kind": text("kind"),
    "content_id": optional_text("content_id"),
    "told_group_content_id": optional_text("group_content_id"),
    "told_group_media_id": optional_text("group_media_id"),
    "match_content_id": text("match.content_id"),
    "match_media_id": text("match.media_id"),
    "match_submission_id": text("match.submission_id"),
    "match_group_content_id": optional_text("match.group_content_id"),
    "match_group_media_id": optional_text("match.group_media_id"),
    "match_method": text("match.method"),
    "match_confidence": optional_text("match.confidence"),
    "match_score": optional_whole("match.score", UINT16),
    "match_differs": optional_number("match.differs", empty=None),
    "match_map": texts("match.map"),
    "match_distance_bits": whole("match.distance_bits", UINT16),
    "match_threshold_bits": optional_whole("match.threshold_bits", UINT16, empty=0),
    "match_candidate_distance_bits": optional_whole("match.candidate_distance_bits", UINT16),
    "match_candidate_threshold_bits": optional_whole("match.candidate_threshold_bits", UINT16),
    "match_similarity": number("match.similarity"),
    "match_transformation": text("match.transformation"),
    "match_view": optional_text("match.view"),
    "match_known_view": optional_text("match.known_view"),
    "match_relation": optional_text("match.relation"),
    "match_share": optional_number("match.share"),
    "match_known_share": optional_number("match.known_share"),
    "match_segments": tuples(
        "match.segments",
        *(number("from_s"), number("to_s"), number("known_from_s"), number("known_to_s"), number("speed")),
    ),
    "match_explanation": optional_text("match.explanation"),
    "verdict_status": text("verdict.status"),
    "verdict_by": optional_text("verdict.by"),
    "verdict_kind": optional_text("verdict.kind"),
    "verdict_version": optional_text("verdict.version"),
    "verdict_reason": optional_text("verdict.reason"),
    "verdict_labels": tuples("verdict.labels", *LABEL_FIELDS),
    "verdict_at": optional_time_ms("verdict.at"),
    "verdict_inherited_from": optional_text("verdict.inherited_from"),
    "verdict_content_id": optional_text("verdict.content_id"),
    "verdict_entry": optional_text("verdict.entry.hash"),
    "verdict_entry_confidence": optional_text("verdict.entry.confidence"),
    "inherits": texts("inheritance.statuses"),
    "inherits_because": optional_text("inheritance.because"),
    "drift": optional_number("inheritance.drift", empty=None),
    "is_probe": flag("probe"),
    **FAILURE_COLUMNS,
    **FACTS_COLUMNS,
    "metadata": json_text("metadata"),
    "versions": text_map("versions"),
    "appears_in": tuples(
        "appears_in",
        *(text("content_id"), text("media_id"), text("kind"), number("at_s"), whole("distance_bits", UINT16)),
    ),
    "submitted_at": time_ms("submitted_at"),
    "fingerprinted_at": time_ms("fingerprinted_at"),
    "decided_at": kafka("timestamp"),
    **KAFKA_COLUMNS,
}

TABLE: Final = TopicTable(
    "decisions", tuple(COLUMNS), RowReader(COLUMNS, required=("verdict",)), (jobs.DECISIONS_TABLE,)
)

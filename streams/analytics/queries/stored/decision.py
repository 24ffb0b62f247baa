"""A row of decisions as a value with the shape of its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from streams.domain.records import Appearance, Failure, Label, Match, Segment, Verdict
from streams.domain.records.decision import Action, Outcome
from streams.domain.records.submission import Kind
from streams.domain.records.verdict import Inheritance

COLUMNS: Final = """
    decision_id, revision, supersedes, outcome, action, collection, media_id, submission_id, attempt, kind, content_id,
    told_group_content_id, told_group_media_id, match_content_id, match_media_id, match_submission_id,
    match_group_content_id, match_group_media_id, match_method, match_confidence, match_score, match_differs, match_map,
    match_distance_bits, match_threshold_bits,
    match_candidate_distance_bits, match_candidate_threshold_bits, match_similarity, match_transformation, match_view,
    match_known_view, match_relation, match_share, match_known_share, match_segments, match_explanation,
    verdict_status, verdict_by, verdict_kind, verdict_version, verdict_reason, verdict_labels, verdict_at,
    verdict_inherited_from, verdict_content_id, inherits, inherits_because, drift, failure_reason, failure_detail,
    media_kind, format, size_bytes, width, height, frames, duration_s, codec, frame_rate, quality, hashes, metadata,
    versions, appears_in, submitted_at, fingerprinted_at, decided_at
"""
#: Columns whose rows keep the digits that their records have: Float32 would show 0.93 as 0.9300000071525574.
ROUND_DIGITS: Final = 6
TIMES: Final = ("submitted_at", "fingerprinted_at", "decided_at", "verdict_at")


@dataclass(frozen=True)
class StoredVideo:
    """What ClickHouse has of a video's facts."""

    duration_s: float
    codec: str
    frame_rate: float


@dataclass(frozen=True)
class StoredFacts:
    """What decoding found out about the content; see `MediaFacts`."""

    content_id: str
    kind: str
    format: str
    size_bytes: int
    width: int
    height: int
    frames: int
    quality: float
    hashes: dict[str, str]
    video: StoredVideo | None = None


@dataclass(frozen=True)
class StoredDecision:
    """The answer to one submission, in the shape of its record in media.decisions; see `Decision`.

    `decided_at` is the time of the record. `group_content_id` is None after a failure; of a decision of an early
    version, whose record names no group, it is the group of the match, else the content itself. `group_media_id` is
    None where neither names a medium. `thumbnails` are URLs in answers of the API, by size in pixels.
    """

    decision_id: str
    revision: int
    outcome: Outcome
    action: Action
    collection: str
    media_id: str
    submission_id: str
    attempt: int
    kind: Kind
    content_id: str | None
    match: Match | None
    verdict: Verdict
    failure: Failure | None
    facts: StoredFacts | None
    metadata: dict[str, Any]
    submitted_at: str
    fingerprinted_at: str
    versions: dict[str, str]
    appears_in: list[Appearance]
    supersedes: str | None
    group_content_id: str | None
    group_media_id: str | None
    decided_at: str
    inheritance: Inheritance | None = None
    thumbnails: dict[str, str] | None = None


def read_decision(row: Mapping[str, Any]) -> StoredDecision:
    """The decision of a row of COLUMNS, as `select_json` returns it."""
    match = _match(row) if row["match_content_id"] else None
    group = (match.group_content_id, match.group_media_id) if match else (row["content_id"], "")
    return StoredDecision(
        decision_id=row["decision_id"],
        revision=row["revision"],
        outcome=row["outcome"],
        action=row["action"],
        collection=row["collection"],
        media_id=row["media_id"],
        submission_id=row["submission_id"],
        attempt=row["attempt"],
        kind=row["kind"],
        content_id=row["content_id"] or None,
        match=match,
        verdict=_verdict(row),
        failure=Failure(row["failure_reason"], row["failure_detail"]) if row["failure_reason"] else None,
        facts=_facts(row) if row["media_kind"] else None,
        metadata=_json_object(row["metadata"]),
        submitted_at=row["submitted_at"],
        fingerprinted_at=row["fingerprinted_at"],
        versions=row["versions"],
        appears_in=[_appearance(entry) for entry in row["appears_in"]],
        supersedes=row["supersedes"],
        group_content_id=row["told_group_content_id"] or group[0] or None,
        group_media_id=row["told_group_media_id"] or group[1] or None,
        decided_at=row["decided_at"],
        inheritance=_inheritance(row) if row["inherits_because"] else None,
    )


def read_document(document: str) -> StoredDecision:
    """The decision of a row of `decision_documents`, whose times are texts of ClickHouse."""
    row = orjson.loads(document)
    for name in TIMES:
        if row[name]:
            row[name] = row[name].replace(" ", "T") + "Z"
    return read_decision(row)


def _match(row: Mapping[str, Any]) -> Match:
    found = {name.removeprefix("match_"): value for name, value in row.items() if name.startswith("match_")}
    found["group_content_id"] = found["group_content_id"] or found["content_id"]
    found["group_media_id"] = found["group_media_id"] or found["media_id"]
    found["segments"] = [Segment(**entry) for entry in found["segments"]]
    found["map"] = list(found["map"])
    for name in ("differs", "similarity", "share", "known_share"):
        found[name] = _rounded(found[name])
    return Match(**found)


def _verdict(row: Mapping[str, Any]) -> Verdict:
    found: dict[str, Any] = {
        name.removeprefix("verdict_"): value or None for name, value in row.items() if name.startswith("verdict_")
    }
    found["labels"] = [_label(entry) for entry in row["verdict_labels"]]
    return Verdict(**found)


def _inheritance(row: Mapping[str, Any]) -> Inheritance:
    drift = None if row["drift"] is None else _rounded(row["drift"])
    return Inheritance(list(row["inherits"]), row["inherits_because"], drift)


def _facts(row: Mapping[str, Any]) -> StoredFacts:
    video = None
    if row["media_kind"] == "video":
        video = StoredVideo(row["duration_s"], row["codec"], _rounded(row["frame_rate"]))
    return StoredFacts(
        content_id=row["content_id"],
        kind=row["media_kind"],
        format=row["format"],
        size_bytes=row["size_bytes"],
        width=row["width"],
        height=row["height"],
        frames=row["frames"],
        quality=_rounded(row["quality"]),
        hashes=row["hashes"],
        video=video,
    )


def _label(entry: dict[str, Any]) -> Label:
    score = entry["score"]
    return Label(entry["name"], entry["parent"] or None, None if score is None else _rounded(score))


def _appearance(entry: dict[str, Any]) -> Appearance:
    return Appearance(**entry)


def _rounded(value: Any) -> Any:
    return value if value is None else round(value, ROUND_DIGITS)


def _json_object(text: str) -> dict[str, Any]:
    document: Any = orjson.loads(text) if text else {}
    return document if isinstance(document, dict) else {}

"""Records become the right rows, tested without a server; and a real server stores every row that is accepted."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.analytics.rows.extractors import MAX_MS, MIN_MS
from streams.analytics.rows.table import to_rows
from streams.analytics.rows.topics import TABLES, by_table
from streams.analytics.writer import ClickHouseSink
from streams.domain.hashes.frames import unpack_frames
from streams.domain.records import Appearance, Label, Match, MediaFacts, Segment, Verdict
from streams.domain.records.moderation import ModeratorCall
from streams.errors import Reason
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, FINGERPRINTS
from tests.support.engines import Database
from tests.support.stories import (
    T0_MS,
    Record,
    dead_letter,
    decision,
    decision_record,
    fingerprint,
    fingerprint_record,
    moderation_event,
    moderation_record,
    walk_record,
)
from tests.support.synthetic_films import Cut, Film, VideoRecipe, media_facts


def row_of(topic: str, record: Record) -> dict[str, Any]:
    rows = to_rows(TABLES[topic], [record])
    assert rows.rejected == []
    return {name: column[0] for name, column in zip(TABLES[topic].columns, rows.columns, strict=True)}


def reason_of(topic: str, record: Record) -> tuple[Reason, str]:
    rows = to_rows(TABLES[topic], [record])
    assert rows.columns == []
    [(rejected, error)] = rows.rejected
    assert rejected is record
    return error.reason, error.detail


def changed(topic: str, path: str, value: object) -> Record:
    """A valid record with the field at the dotted `path` set to `value`, or removed if the value is `...`."""
    record = VALID[topic]
    document = orjson.loads(record.value or b"")
    *parents, name = path.split(".")
    inner = document
    for parent in parents:
        inner = inner[parent]
    if value is ...:
        del inner[name]
    else:
        inner[name] = value
    return replace(record, value=orjson.dumps(document))


VALID = {
    DECISIONS: decision_record(decision(2, content=1, outcome="near_duplicate"), 5),
    FINGERPRINTS: fingerprint_record(fingerprint(1), 3),
}


def test_a_decision_is_flattened() -> None:
    row = row_of(DECISIONS, VALID[DECISIONS])
    made = decision(2, content=1, outcome="near_duplicate")
    assert f"{row['decision_id']:032x}" == made.decision_id.replace("-", "")
    assert row["match_content_id"] == f"sha256:{1:064x}"
    assert row["match_group_content_id"] == f"sha256:{1:064x}"
    assert row["match_group_media_id"] == "photos/1.jpg"
    assert (row["match_method"], row["match_distance_bits"], row["match_similarity"]) == ("phash256", 16, 0.9375)
    assert (row["match_threshold_bits"], row["match_transformation"]) == (80, "mirrored")
    assert (row["match_candidate_distance_bits"], row["match_candidate_threshold_bits"]) == (2, 10)
    assert (row["match_view"], row["match_known_view"]) == ("full", "full")
    assert row["match_explanation"] == "The same picture, mirrored left to right: 16 of 256 bits differ, 80 may."
    assert (row["verdict_status"], row["verdict_by"], row["verdict_at"]) == ("pending", "", None)
    assert row["verdict_inherited_from"] == "photos/1.jpg"
    assert (row["failure_reason"], row["media_kind"], row["size_bytes"]) == ("", "image", 1000)
    assert (row["phash64"], row["phash256"]) == (2, (2).to_bytes(32))
    assert orjson.loads(row["metadata"]) == {"uploader": "ann", "n": 2}
    assert (row["submitted_at"], row["fingerprinted_at"], row["decided_at"]) == (T0_MS + 2, T0_MS + 22, T0_MS + 35)
    assert (row["kafka_topic"], row["kafka_partition"], row["kafka_offset"]) == ("media.decisions", 0, 5)


def test_a_verified_match_has_its_confidence_score_share_and_map() -> None:
    made = decision(2, content=1, outcome="near_duplicate")
    assert made.match is not None
    match = replace(made.match, confidence="certain", score=812, differs=0.0312, map=["xx======", *["========"] * 7])
    row = row_of(DECISIONS, decision_record(replace(made, match=match), 5))
    assert (row["match_confidence"], row["match_score"], row["match_differs"]) == ("certain", 812, 0.0312)
    assert row["match_map"] == match.map
    before = row_of(DECISIONS, changed(DECISIONS, "match", {
        name: value for name, value in orjson.loads(VALID[DECISIONS].value or b"")["match"].items()
        if name not in ("confidence", "score", "differs", "map")
    }))  # fmt: skip
    assert (before["match_confidence"], before["match_score"], before["match_differs"], before["match_map"]) == (
        *("", None, None),
        [],
    )


def test_a_revised_decision_names_its_verdict_with_labels_and_what_it_supersedes() -> None:
    made = decision(2, content=1, outcome="duplicate", revision=1)
    first = decision(2, content=1, outcome="duplicate").decision_id
    labels = [Label("weapon", "violence", 0.5), Label("blood")]
    verdict = Verdict("blocked", "safety", "seen", None, "photos/1.jpg", "model", "7", labels, f"sha256:{1:064x}")
    row = row_of(DECISIONS, decision_record(replace(made, verdict=verdict, supersedes=first), 5))

    assert f"{row['supersedes']:032x}" == first.replace("-", "")
    assert (row["verdict_kind"], row["verdict_version"]) == ("model", "7")
    assert row["verdict_labels"] == [("weapon", "violence", 0.5), ("blood", "", None)]
    assert row["verdict_content_id"] == f"sha256:{1:064x}"


def test_a_decision_of_before_verdicts_has_empty_columns() -> None:
    old = {"status": "pending", "by": None, "reason": None, "at": None, "inherited_from": None}
    row = row_of(DECISIONS, changed(DECISIONS, "verdict", old))

    assert (row["verdict_kind"], row["verdict_version"], row["verdict_labels"]) == ("", "", [])
    assert (row["verdict_content_id"], row["supersedes"]) == ("", None)


def test_moderation_events_and_steps_of_revisions_are_no_fingerprints() -> None:
    event, step, fingerprinted = moderation_record(moderation_event(1), 4), walk_record(5), VALID[FINGERPRINTS]

    parts = {table.name: part for table, part in by_table(FINGERPRINTS, [event, step, fingerprinted])}

    assert parts == {"moderation_events": [event], "fingerprints": [fingerprinted]}
    assert [part for _, part in by_table(DECISIONS, [step])] == [[step]]


def test_a_moderation_event_is_flattened() -> None:
    [(table, [record])] = by_table(FINGERPRINTS, [moderation_record(moderation_event(1), 4)])
    rows = to_rows(table, [record])
    row = {name: column[0] for name, column in zip(table.columns, rows.columns, strict=True)}

    assert (row["event_id"], row["event"], row["collection"]) == ("/test#1", "verdict", "default")
    assert (row["content_id"], row["media_id"], row["other_content_id"]) == (f"sha256:{0:064x}", "", "")
    assert (row["status"], row["scope"], row["reason"]) == ("blocked", "group", "seen")
    assert row["labels"] == [("weapon", "violence", 0.5), ("blood", "", None)]
    assert (row["call_ms"], row["call_attempts"], row["call_price"], row["call_currency"]) == (0.0, 0, 0.0, "")


def test_a_verdict_that_a_moderator_was_asked_for_has_what_the_call_took() -> None:
    event = replace(moderation_event(1), call=ModeratorCall(12.5, 2, 0.0015, "USD"))
    [(table, [record])] = by_table(FINGERPRINTS, [moderation_record(event, 4)])
    rows = to_rows(table, [record])
    row = {name: column[0] for name, column in zip(table.columns, rows.columns, strict=True)}

    assert (row["call_ms"], row["call_attempts"], row["call_price"], row["call_currency"]) == (12.5, 2, 0.0015, "USD")
    assert (row["by_kind"], row["by_name"], row["by_version"]) == ("person", "ann", "")
    assert (row["at"], row["routed_at"], row["kafka_offset"]) == (T0_MS + 1, T0_MS + 29, 4)


def test_a_match_by_one_hash_has_no_candidate_distance() -> None:
    row = row_of(DECISIONS, decision_record(decision(2, content=1, outcome="duplicate"), 5))
    assert (row["match_candidate_distance_bits"], row["match_candidate_threshold_bits"]) == (None, None)


def test_a_decision_of_a_version_without_groups_and_thresholds_becomes_a_row() -> None:
    known = ("content_id", "media_id", "submission_id", "method", "distance_bits", "similarity", "transformation")
    match = orjson.loads(VALID[DECISIONS].value or b"")["match"]
    row = row_of(DECISIONS, changed(DECISIONS, "match", {name: match[name] for name in known}))
    assert (row["match_content_id"], row["match_group_content_id"]) == (f"sha256:{1:064x}", "")
    assert (row["match_threshold_bits"], row["match_view"], row["match_explanation"]) == (0, "", "")


def test_packed_views_are_left_out_of_the_rows() -> None:
    hashes = {"phash64:1": "00" * 8, "views:1": "00" * 42, "views:2": "00", "dhash64:1": "ff" * 8}
    for topic in (DECISIONS, FINGERPRINTS):
        assert row_of(topic, changed(topic, "facts.hashes", hashes))["hashes"].keys() == {"phash64:1", "dhash64:1"}


def clip() -> tuple[MediaFacts, Match]:
    """A video, and its match with another video."""
    made = media_facts(VideoRecipe([Cut(Film("rows"), 0, 9_000)]), "clip")
    match = decision(2, content=1, outcome="near_duplicate").match
    assert match is not None
    segments = [Segment(0.0, 4.5, 60.0, 64.5, 1.0), Segment(4.5, 9.0, 20.0, 24.5, 1.05)]
    return made, replace(match, relation="clip_of", segments=segments, share=1.0, known_share=0.125)


def test_a_video_has_its_facts_and_segments() -> None:
    made, match = clip()
    shown = [Appearance(f"sha256:{3:064x}", "photos/3.jpg", "image", 1.5, 12)]
    record = decision_record(
        replace(decision(2, content=1, outcome="near_duplicate"), facts=made, match=match, appears_in=shown), 5
    )
    row = row_of(DECISIONS, record)
    assert (row["media_kind"], row["duration_s"], row["codec"], row["frame_rate"]) == ("video", 9.0, "h264", 25.0)
    assert (row["match_relation"], row["match_share"], row["match_known_share"]) == ("clip_of", 1.0, 0.125)
    assert row["match_segments"] == [(0.0, 4.5, 60.0, 64.5, 1.0), (4.5, 9.0, 20.0, 24.5, 1.05)]
    assert row["appears_in"] == [(f"sha256:{3:064x}", "photos/3.jpg", "image", 1.5, 12)]
    assert row["hashes"] == {}
    picture = row_of(DECISIONS, VALID[DECISIONS])
    assert (picture["duration_s"], picture["codec"], picture["match_relation"]) == (0.0, "", "")
    assert (picture["match_segments"], picture["appears_in"]) == ([], [])


def test_every_whole_frame_of_a_video_becomes_a_row() -> None:
    made, _ = clip()
    frames = unpack_frames(made.hashes["frames:1"])
    whole = [frame for frame in frames if frame["view"] < 2 and frame["orientation"] & 8]
    details = TABLES[FINGERPRINTS].details[0]

    rows = details.rows(fingerprint_record(replace(fingerprint(1), facts=made), 3))

    assert 0 < len(rows) == len(whole) < len(frames)
    first = dict(zip(details.columns, rows[0], strict=True))
    assert (first["content_id"], first["media_id"], first["view"]) == (made.content_id, "photos/1.jpg", "full")
    assert (first["at_ms"], first["phash64"]) == (0, int(whole[0]["hash64"]))
    assert first["phash256"].hex() == "".join(f"{int(word):016x}" for word in whole[0]["hash256"])
    assert details.rows(VALID[FINGERPRINTS]) == []
    broken = replace(made, hashes={"frames:1": "00ff"})
    assert reason_of(FINGERPRINTS, fingerprint_record(replace(fingerprint(1), facts=broken), 3))[0] == Reason.BAD_FIELD


def test_a_failed_decision_has_a_reason_and_neither_content_nor_hashes() -> None:
    row = row_of(DECISIONS, decision_record(decision(1, outcome="failed"), 0))
    assert (row["outcome"], row["failure_reason"], row["content_id"]) == ("failed", "not_media", "")
    assert (row["phash64"], row["phash256"], row["hashes"]) == (0, bytes(32), {})


def test_a_fingerprint_keeps_origin_and_timings() -> None:
    row = row_of(FINGERPRINTS, VALID[FINGERPRINTS])
    assert (row["origin_topic"], row["origin_partition"], row["origin_offset"]) == ("media.submissions", 0, 1)
    assert (row["fetch_ms"], row["decode_ms"], row["cached"]) == (12.5, 3.25, False)
    failed = row_of(FINGERPRINTS, fingerprint_record(fingerprint(1, failed=True), 3))
    assert (failed["failure_reason"], failed["content_id"]) == ("truncated_media", "")


def test_a_dead_letter_keeps_reason_origin_and_the_head_of_its_value() -> None:
    row = row_of(DEAD_LETTERS, dead_letter(4, value=b"\xff" * 5000))
    assert (row["reason"], row["stage"], row["origin_topic"]) == ("not_json", "fingerprint", "media.submissions")
    assert (row["origin_partition"], row["origin_offset"]) == (3, 7)
    assert (row["value_size_bytes"], row["value_head"]) == (5000, b"\xff" * 1024)
    assert row["failed_at"] == round(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC).timestamp() * 1000)
    assert orjson.loads(row["headers"]) == [["ce_id", "1"], ["x-trace", "\\xff\x00"], ["x-empty", None]]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("dl_origin_partition", b"-1"), ("dl_origin_offset", b"9" * 40), ("dl_at", b"yesterday")],
        [("dl_origin_partition", "²".encode()), ("dl_reason", None), ("dl_origin_topic", b"")],
    ],
)
def test_a_dead_letter_with_absent_or_garbled_headers_has_its_own_position_as_origin(
    headers: list[tuple[str, bytes | None]],
) -> None:
    row = row_of(DEAD_LETTERS, Record(DEAD_LETTERS, 1, 8, T0_MS, None, None, headers))
    assert (row["origin_topic"], row["origin_partition"], row["origin_offset"]) == (DEAD_LETTERS, 1, 8)
    assert (row["reason"], row["failed_at"], row["key"], row["value_size_bytes"]) == ("unknown", T0_MS, b"", 0)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.NOT_JSON),
        (b"", Reason.NOT_JSON),
        (b"{", Reason.NOT_JSON),
        (b"[]", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b'{"media_id": "\\ud800"}', Reason.NOT_JSON),
        (b"{}", Reason.MISSING_FIELD),
    ],
)
@pytest.mark.parametrize("topic", [DECISIONS, FINGERPRINTS])
def test_a_value_that_is_not_a_record_is_bad_input(topic: str, value: bytes | None, reason: Reason) -> None:
    assert reason_of(topic, Record(topic, 0, 0, T0_MS, None, value))[0] == reason


@pytest.mark.parametrize(
    ("topic", "path", "value", "reason"),
    [
        (DECISIONS, "media_id", ..., Reason.MISSING_FIELD),
        (DECISIONS, "media_id", 7, Reason.BAD_FIELD),
        (DECISIONS, "decision_id", "no uuid", Reason.BAD_FIELD),
        (DECISIONS, "decision_id", "g" * 36, Reason.BAD_FIELD),
        (DECISIONS, "revision", -1, Reason.BAD_FIELD),
        (DECISIONS, "revision", True, Reason.BAD_FIELD),
        (DECISIONS, "revision", 1 << 32, Reason.BAD_FIELD),
        (DECISIONS, "match", [], Reason.BAD_FIELD),
        (DECISIONS, "match.distance_bits", 65_536, Reason.BAD_FIELD),
        (DECISIONS, "match.similarity", "high", Reason.BAD_FIELD),
        (DECISIONS, "match.group_content_id", 7, Reason.BAD_FIELD),
        (DECISIONS, "match.threshold_bits", -1, Reason.BAD_FIELD),
        (DECISIONS, "match.candidate_distance_bits", 65_536, Reason.BAD_FIELD),
        (DECISIONS, "match.explanation", ["The same picture"], Reason.BAD_FIELD),
        (DECISIONS, "match.relation", 7, Reason.BAD_FIELD),
        (DECISIONS, "match.confidence", 7, Reason.BAD_FIELD),
        (DECISIONS, "match.score", -1, Reason.BAD_FIELD),
        (DECISIONS, "match.score", 0.5, Reason.BAD_FIELD),
        (DECISIONS, "match.differs", "all", Reason.BAD_FIELD),
        (DECISIONS, "match.map", "========", Reason.BAD_FIELD),
        (DECISIONS, "match.map", [8], Reason.BAD_FIELD),
        (DECISIONS, "match.share", "all", Reason.BAD_FIELD),
        (DECISIONS, "match.segments", {}, Reason.BAD_FIELD),
        (DECISIONS, "match.segments", [1], Reason.BAD_FIELD),
        (DECISIONS, "appears_in", ["photo"], Reason.BAD_FIELD),
        (DECISIONS, "facts.video", "h264", Reason.BAD_FIELD),
        (DECISIONS, "verdict", None, Reason.MISSING_FIELD),
        (DECISIONS, "verdict.at", "now", Reason.BAD_FIELD),
        (DECISIONS, "verdict.kind", 1, Reason.BAD_FIELD),
        (DECISIONS, "verdict.labels", {}, Reason.BAD_FIELD),
        (DECISIONS, "supersedes", "the first", Reason.BAD_FIELD),
        (DECISIONS, "facts.size_bytes", 1.5, Reason.BAD_FIELD),
        (DECISIONS, "facts.hashes", {"phash64:1": "xyz"}, Reason.BAD_FIELD),
        (DECISIONS, "facts.hashes", {"phash64:1": 5}, Reason.BAD_FIELD),
        (DECISIONS, "facts.hashes", {"phash256:1": "00"}, Reason.BAD_FIELD),
        (DECISIONS, "metadata", "text", Reason.BAD_FIELD),
        (DECISIONS, "submitted_at", "2026-01-01T00:00:00", Reason.BAD_FIELD),
        (DECISIONS, "submitted_at", 5, Reason.BAD_FIELD),
        (FINGERPRINTS, "origin", None, Reason.MISSING_FIELD),
        (FINGERPRINTS, "origin.offset", -1, Reason.BAD_FIELD),
        (FINGERPRINTS, "priority", 256, Reason.BAD_FIELD),
        (FINGERPRINTS, "fetch_ms", None, Reason.MISSING_FIELD),
        (FINGERPRINTS, "facts.content_id", ..., Reason.MISSING_FIELD),
    ],
)
def test_a_wrong_field_is_named(topic: str, path: str, value: object, reason: Reason) -> None:
    found, detail = reason_of(topic, changed(topic, path, value))
    assert found == reason
    assert path.rpartition(".")[2] in detail


def test_fields_of_a_later_version_are_left_out() -> None:
    assert row_of(DECISIONS, changed(DECISIONS, "colour", "blue")) == row_of(DECISIONS, VALID[DECISIONS])


@pytest.mark.parametrize(("text", "ms"), [("0001-01-01T00:00:00Z", MIN_MS), ("9999-12-31T23:59:59.999Z", MAX_MS)])
def test_times_that_clickhouse_cannot_hold_become_the_nearest(text: str, ms: int) -> None:
    assert row_of(DECISIONS, changed(DECISIONS, "submitted_at", text))["submitted_at"] == ms


def test_a_record_without_timestamp_was_decided_at_the_epoch() -> None:
    assert row_of(DECISIONS, replace(VALID[DECISIONS], timestamp=-1))["decided_at"] == 0


def test_the_hash_of_the_highest_version_is_taken() -> None:
    hashes = {"phash64:9": "00" * 8, "phash64:10": "00" * 7 + "05", "phash64x:99": "ff"}
    assert row_of(DECISIONS, changed(DECISIONS, "facts.hashes", hashes))["phash64"] == 5


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=9), inner, max_size=2),
    max_leaves=4,
)
TIMES = st.datetimes().map(lambda moment: moment.isoformat() + "Z")


def paths(document: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for name, value in document.items():
        found.append(prefix + name)
        if isinstance(value, dict):
            found += paths(value, f"{prefix}{name}.")
    return found


@st.composite
def hostile_records(draw: st.DrawFn, topic: str) -> Record:
    document = copy.deepcopy(orjson.loads(VALID[topic].value or b""))
    for path in draw(st.lists(st.sampled_from(paths(document)), min_size=1, max_size=3)):
        *parents, name = path.split(".")
        inner: Any = document
        for parent in parents:
            inner = inner.get(parent) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner[name] = draw(JSON | TIMES)
    stamp_ms = draw(st.integers(-1, (1 << 63) - 1))
    return replace(VALID[topic], value=orjson.dumps(document), timestamp=stamp_ms)


@pytest.mark.parametrize("topic", [DECISIONS, FINGERPRINTS])
@settings(
    max_examples=15,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(data=st.data())
async def test_clickhouse_stores_every_accepted_row(topic: str, data: st.DataObject, clickhouse: Database) -> None:
    records = [replace(data.draw(hostile_records(topic)), offset=offset) for offset in range(20)]
    accepted = to_rows(TABLES[topic], records).accepted
    sink = ClickHouseSink(clickhouse.settings())
    rejected = await sink.write(topic, records)
    await sink.close()
    assert len(rejected) == len(records) - len(accepted)

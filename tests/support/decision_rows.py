"""Rows of `decisions` in any number, made by ClickHouse: what a collection looks like after months.

Four of ten submissions are copies, one of ten a near duplicate, and one of 400 waits for a person; how often a content
is copied, and how many media an owner has, has a long tail. The rows are the same for the same numbers, but for the
submission ids.
"""

from __future__ import annotations

from typing import Final

from clickhouse_connect.driver.client import Client

ROWS_PER_INSERT: Final = 100_000
COLLECTION: Final = "shop"

_INSERT: Final = """
INSERT INTO decisions
(
    decision_id, revision, outcome, action, collection, media_id, submission_id, attempt, kind, content_id,
    told_group_content_id, told_group_media_id, match_content_id, match_media_id, match_group_content_id,
    match_group_media_id, match_method, match_confidence, match_score, match_distance_bits, match_threshold_bits,
    match_similarity, match_transformation, match_view, match_known_view, match_explanation,
    verdict_status, verdict_by, verdict_kind, verdict_labels, verdict_at, verdict_inherited_from, verdict_content_id,
    failure_reason, failure_detail, media_kind, format, size_bytes, width, height, frames, quality,
    phash64, phash256, hashes, metadata, versions, submitted_at, fingerprinted_at, decided_at,
    kafka_topic, kafka_partition, kafka_offset
)
WITH
    number % 10 >= 6 AS is_copy,
    number % 10 = 9 AS is_near,
    number % 97 = 5 AS is_failed,
    number % 400 = 19 AND NOT is_failed AS is_waiting,
    cityHash64(number, 'copied') / 18446744073709551615 AS copied,
    least(number, toUInt64(floor(pow(copied, 3) * (number + 1)))) AS earlier,
    if(is_copy, intDiv(earlier, 10) * 10 + earlier % 6, number) AS origin,
    if(is_near, number, origin) AS content_number,
    concat('sha256:', lower(hex(SHA256(toString(content_number))))) AS own,
    concat('sha256:', lower(hex(SHA256(toString(origin))))) AS first,
    concat('listing-', toString(intDiv(origin, 5)), '/photo-', toString(origin)) AS first_medium,
    cityHash64(content_number) AS seed,
    cityHash64(number, 'owner') / 18446744073709551615 AS owned,
    content_number % 50 = 3 AS is_video,
    is_failed OR is_video AS has_no_hash,
    is_copy AND NOT is_failed AS is_matched,
    toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toIntervalMillisecond(number * {step_ms:UInt64}) AS at
SELECT
    reinterpretAsUUID(sipHash128(number)), 0,
    multiIf(is_failed, 'failed', is_near, 'near_duplicate', is_copy, 'duplicate', 'unique'),
    multiIf(is_failed, 'inspect', is_waiting, 'review', is_copy, 'reuse', 'process'),
    if(number % 20 = 0, 'small', 'shop'),
    concat('listing-', toString(intDiv(number, 5)), '/photo-', toString(number)),
    concat('s-', toString(generateUUIDv4())), 0, 'auto',
    if(is_failed, '', own), if(is_failed, '', if(is_waiting, own, first)), if(is_failed, '', first_medium),
    if(is_matched, first, ''), if(is_matched, first_medium, ''), if(is_matched, if(is_waiting, own, first), ''),
    if(is_matched, first_medium, ''),
    multiIf(is_failed, '', is_near, 'phash256', is_copy, 'exact', ''),
    multiIf(is_failed, '', is_waiting, 'likely', is_near, 'certain', is_copy, 'exact', ''),
    if(is_near, 900 + number % 99, NULL), if(is_near, number % 40, 0), if(is_near, 60, 0),
    if(is_near, 0.9, if(is_copy, 1, 0)),
    if(is_near, ['mirrored', 'resized', 'cropped to 90 %', 're-encoded'][number % 4 + 1], ''),
    if(is_near, 'full', ''), if(is_near, 'full', ''), if(is_near, 'The same picture, mirrored left to right.', ''),
    multiIf(seed % 20 = 0, 'blocked', seed % 3 = 0, 'allowed', 'pending'),
    multiIf(seed % 20 = 0, 'nsfw-model', seed % 3 = 0, 'ann', ''),
    multiIf(seed % 20 = 0, 'model', seed % 3 = 0, 'person', ''),
    if(seed % 20 = 0, [(['weapon', 'nudity', 'gore'][seed % 3 + 1], 'violence', 0.75)], []),
    if(seed % 3 = 0 OR seed % 20 = 0, at, NULL),
    if(is_copy AND (seed % 3 = 0 OR seed % 20 = 0), first_medium, ''),
    if(seed % 3 = 0 OR seed % 20 = 0, first, ''),
    if(is_failed, ['decode_error', 'source_timeout', 'too_large'][number % 3 + 1], ''),
    if(is_failed, 'it ends at byte 4711', ''),
    if(is_failed, '', if(is_video, 'video', 'image')),
    if(is_failed, '', ['jpeg', 'png', 'webp'][seed % 3 + 1]),
    20000 + seed % 400000, 500 + seed % 1500, 375 + seed % 1000, 1, 0.5 + (seed % 500) / 1000,
    if(has_no_hash, 0, cityHash64(seed)),
    toFixedString(if(has_no_hash, '', SHA256(toString(seed))), 32),
    if(has_no_hash, map(), map('phash64:1', lower(hex(cityHash64(seed))), 'phash256:1',
        lower(hex(SHA256(toString(seed)))))),
    concat(
        '{"owner":"u-', toString(toUInt64(pow(owned, 2) * 5000)), '","caption":"',
        ['red', 'blue', 'green', 'old', 'new', 'rare'][number % 6 + 1], ' ',
        ['chair', 'table', 'lamp', 'dress', 'shoe', 'bag', 'car'][intDiv(number, 7) % 7 + 1], ' ',
        ['berlin', 'paris', 'rome', 'oslo'][intDiv(number, 49) % 4 + 1], ' ref', toString(seed % 1000000),
        '","tags":["t', toString(number % 300), '"]}'
    ),
    map('policy', '3'), at - toIntervalMillisecond(120 + seed % 300), at - toIntervalMillisecond(20 + seed % 30), at,
    'media.decisions', number % 4, number
FROM numbers({first:UInt64}, {rows:UInt64})
SETTINGS max_threads = 2, max_partitions_per_insert_block = 0, max_execution_time = 500
"""


def insert_decisions(client: Client, rows: int, *, first: int = 0, days: float = 60.0) -> None:
    """Decisions number `first` and following, evenly over some days.

    Args:
        client: of a migrated database.
        rows: how many.
        first: continues an earlier call.
        days: between the first of `rows` and the last.
    """
    step_ms = max(1, round(days * 86_400_000 / rows))
    for at in range(first, first + rows, ROWS_PER_INSERT):
        count = min(ROWS_PER_INSERT, first + rows - at)
        client.command(_INSERT, {"first": at, "rows": count, "step_ms": step_ms})

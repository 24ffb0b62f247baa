-- The submissions that wait for people: the queue searched the facts of all submissions for them, several times.
--
-- As in 013, this table holds no truth of its own. A submission that waited stays here: the queue looks its last revision up
-- in `revised_submissions`, and its deletion in `deletions`.

CREATE TABLE IF NOT EXISTS waiting_facts
(
    collection       LowCardinality(String),
    submission_id    String CODEC(ZSTD(1)),
    attempt          UInt32 CODEC(T64, ZSTD(1)),
    version          UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'as in submission_facts; the revision is in its bits from 44 on',
    decided_at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    media_kind       LowCardinality(String),
    match_confidence LowCardinality(String),
    verdict_status   LowCardinality(String),
    media_hash       UInt64,
    content_hash     UInt64,
    group_hash       UInt64 COMMENT 'as in submission_facts',
    reviewed_hash    UInt64 COMMENT 'as in submission_facts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (collection, submission_id, attempt)
SETTINGS index_granularity = 1024
COMMENT 'submissions with a decision that a person must look at, or had to';

CREATE MATERIALIZED VIEW IF NOT EXISTS waiting_facts_filled TO waiting_facts AS
SELECT
    collection,
    submission_id,
    attempt,
    bitOr(bitShiftLeft(toUInt64(revision), 44), bitAnd(bitNot(toUInt64(toUnixTimestamp64Milli(decided_at))), 17592186044415)) AS version,
    decided_at,
    media_kind,
    match_confidence,
    verdict_status,
    cityHash64(media_id) AS media_hash,
    cityHash64(content_id) AS content_hash,
    cityHash64(multiIf(
        told_group_content_id != '', told_group_content_id,
        match_group_content_id != '', match_group_content_id,
        match_content_id != '', match_content_id,
        content_id
    )) AS group_hash,
    if(outcome = 'near_duplicate' AND NOT (
        match_group_content_id != content_id
        AND match_relation NOT IN ('contains', 'overlaps')
        AND (match_confidence = '' OR (match_confidence IN ('exact', 'certain') AND action != 'review'))
    ), cityHash64(match_content_id), 0) AS reviewed_hash
FROM decisions
WHERE (action = 'review' OR verdict_status = 'review') AND outcome NOT IN ('failed', 'deleted');

INSERT INTO waiting_facts
SELECT
    collection,
    submission_id,
    attempt,
    bitOr(bitShiftLeft(toUInt64(revision), 44), bitAnd(bitNot(toUInt64(toUnixTimestamp64Milli(decided_at))), 17592186044415)) AS version,
    decided_at,
    media_kind,
    match_confidence,
    verdict_status,
    cityHash64(media_id) AS media_hash,
    cityHash64(content_id) AS content_hash,
    cityHash64(multiIf(
        told_group_content_id != '', told_group_content_id,
        match_group_content_id != '', match_group_content_id,
        match_content_id != '', match_content_id,
        content_id
    )) AS group_hash,
    if(outcome = 'near_duplicate' AND NOT (
        match_group_content_id != content_id
        AND match_relation NOT IN ('contains', 'overlaps')
        AND (match_confidence = '' OR (match_confidence IN ('exact', 'certain') AND action != 'review'))
    ), cityHash64(match_content_id), 0) AS reviewed_hash
FROM decisions
WHERE (action = 'review' OR verdict_status = 'review') AND outcome NOT IN ('failed', 'deleted');

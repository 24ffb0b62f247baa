-- What was deleted, and the group that a decision tells.
--
-- The recorder deletes the rows of a deleted submission. The views hide them too: a row may come again after that, since
-- delivery is at least once. What remains of a medium is the act, with a digest in place of its id.

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    told_group_content_id String CODEC(ZSTD(1)) COMMENT 'the group of the content; empty in rows of early versions'
    AFTER content_id;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    told_group_media_id String CODEC(ZSTD(1)) AFTER told_group_content_id;

ALTER TABLE moderation_events ADD COLUMN IF NOT EXISTS
    media_digest String CODEC(ZSTD(1))
    COMMENT 'of a deleted medium: sha256 in hex of its collection, a zero byte, and its media id' AFTER media_id;

CREATE TABLE IF NOT EXISTS deletions
(
    collection      LowCardinality(String),
    submission_id   String CODEC(ZSTD(1)),
    attempt         UInt32,
    decision_id     UUID COMMENT 'of the decision that says that the submission was deleted',
    revision        UInt32,
    content_id      String CODEC(ZSTD(1)),
    deleted_at      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'timestamp of the Kafka record',
    kafka_topic     LowCardinality(String),
    kafka_partition UInt32 CODEC(T64, ZSTD(1)),
    kafka_offset    UInt64 CODEC(Delta, ZSTD(1)),
    ingested_at     DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    first_wins      UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Milli(deleted_at))) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (collection, submission_id, attempt)
TTL toDateTime(ingested_at) + INTERVAL 60 DAY
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'submissions that were deleted, without their media; kept for as long as Kafka may bring their records again';

CREATE VIEW IF NOT EXISTS deletions_once AS
SELECT *
FROM deletions FINAL;

CREATE OR REPLACE VIEW moderation_events_once AS
SELECT *
FROM moderation_events FINAL;

CREATE OR REPLACE VIEW fingerprints_once AS
SELECT *
FROM fingerprints FINAL
WHERE (collection, submission_id, attempt) NOT IN (SELECT collection, submission_id, attempt FROM deletions);

-- With the group that the decision tells, also of a content that was merged with another and has no match.
CREATE OR REPLACE VIEW decisions_once AS
SELECT
    *,
    multiIf(
        told_group_content_id != '', told_group_content_id,
        match_group_content_id != '', match_group_content_id,
        match_content_id != '', match_content_id,
        content_id
    ) AS group_content_id,
    -- In a group of their own: what a person must look at (videos with new material, pictures that may be a copy, and
    -- pictures that certainly show the known one and something else too), and what somebody split from its group.
    outcome = 'duplicate' OR (
        outcome = 'near_duplicate'
        AND match_group_content_id != content_id
        AND match_relation NOT IN ('contains', 'overlaps')
        AND (match_confidence = '' OR (match_confidence IN ('exact', 'certain') AND action != 'review'))
    ) AS is_copy
FROM decisions FINAL
WHERE (collection, submission_id, attempt) NOT IN (SELECT collection, submission_id, attempt FROM deletions);

-- The last word on each submission: its highest revision. Revised decisions are few, and only they are looked up.
CREATE OR REPLACE VIEW decisions_current AS
SELECT decisions_once.*
FROM decisions_once
LEFT JOIN
(
    SELECT collection, submission_id, attempt, max(revision) AS last_revision
    FROM decisions
    WHERE revision > 0
    GROUP BY collection, submission_id, attempt
) AS revised USING (collection, submission_id, attempt)
WHERE revision >= ifNull(last_revision, 0);

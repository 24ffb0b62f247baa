-- What moderators say: every act, whose verdict every decision tells, and the calls that copies saved.

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    supersedes Nullable(UUID) COMMENT 'of a revised decision: the decision that it replaces' AFTER revision;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    verdict_kind LowCardinality(String) COMMENT 'of verdict_by: person, list, model or rule' AFTER verdict_by;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    verdict_version String CODEC(ZSTD(1)) COMMENT 'of the model, list or rule' AFTER verdict_kind;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    verdict_labels Array(Tuple(name String, parent String, score Nullable(Float32))) CODEC(ZSTD(1))
    COMMENT 'what was found' AFTER verdict_reason;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    verdict_content_id String CODEC(ZSTD(1)) COMMENT 'the content that the verdict names; empty while pending'
    AFTER verdict_inherited_from;

CREATE TABLE IF NOT EXISTS moderation_events
(
    event_id         String CODEC(ZSTD(1)) COMMENT 'the same event published twice has it twice',
    event            LowCardinality(String) COMMENT 'verdict, withdrawal, split, merge or undo',
    collection       LowCardinality(String),
    content_id       String CODEC(ZSTD(1)) COMMENT 'that the event names; empty where it names a medium',
    media_id         String CODEC(ZSTD(1)) COMMENT 'that the event names; empty where it names a content',
    other_content_id String CODEC(ZSTD(1)) COMMENT 'of a split, a merge or an undo',
    status           LowCardinality(String) COMMENT 'of a verdict: allowed, review or blocked',
    labels           Array(Tuple(name String, parent String, score Nullable(Float32))) CODEC(ZSTD(1)),
    reason           String CODEC(ZSTD(1)),
    scope            LowCardinality(String) COMMENT 'of a verdict: group or content',
    by_kind          LowCardinality(String) COMMENT 'person, list, model or rule',
    by_name          LowCardinality(String),
    by_version       String CODEC(ZSTD(1)),
    at               DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'as the event says',
    routed_at        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'timestamp of the Kafka record',
    kafka_topic      LowCardinality(String),
    kafka_partition  UInt32 CODEC(T64, ZSTD(1)),
    kafka_offset     UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'orders the events of one partition',
    ingested_at      DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    first_wins       UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Milli(routed_at))) CODEC(Delta, ZSTD(1)),
    INDEX by_content content_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_other other_content_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_media media_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (collection, event_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'the moderation events of media.fingerprints, one row a record; read moderation_events_once';

CREATE VIEW IF NOT EXISTS moderation_events_once AS
SELECT *
FROM moderation_events FINAL;

-- With the new columns; and a verdict makes `reuse` of any action, so what is in a group of its own says so by its group.
CREATE OR REPLACE VIEW decisions_once AS
SELECT
    *,
    multiIf(
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
FROM decisions FINAL;

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

-- The verdict in force on each content, and how many submissions have it. A content that nobody spoke about is absent.
CREATE VIEW IF NOT EXISTS verdicts_in_force AS
SELECT
    collection,
    content_id,
    argMax(verdict_status, (decided_at, decision_id)) AS status,
    argMax(verdict_by, (decided_at, decision_id)) AS by_name,
    argMax(verdict_kind, (decided_at, decision_id)) AS by_kind,
    argMax(verdict_version, (decided_at, decision_id)) AS by_version,
    argMax(verdict_reason, (decided_at, decision_id)) AS reason,
    argMax(verdict_labels, (decided_at, decision_id)) AS labels,
    argMax(verdict_at, (decided_at, decision_id)) AS at,
    argMax(verdict_content_id, (decided_at, decision_id)) AS named_content_id,
    argMax(group_content_id, (decided_at, decision_id)) AS group_content_id,
    count() AS submissions,
    max(decided_at) AS last_at
FROM decisions_current
WHERE verdict_status != 'pending' AND outcome != 'failed'
GROUP BY collection, content_id;

-- Submissions that no moderator had to be called for, since they have the verdict of another medium or content.
CREATE VIEW IF NOT EXISTS calls_saved_per_day AS
SELECT
    toDate(decided_at) AS day,
    collection,
    verdict_status AS status,
    verdict_kind AS by_kind,
    verdict_by AS by_name,
    count() AS submissions,
    countIf(outcome = 'duplicate') AS exact_copies,
    countIf(outcome = 'near_duplicate') AS near_copies
FROM decisions_current
WHERE verdict_status != 'pending' AND verdict_inherited_from != ''
GROUP BY day, collection, status, by_kind, by_name;

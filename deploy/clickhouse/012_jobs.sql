-- Jobs: what their publishers said, and the first decision about each of their submissions. Dead letters: of which
-- collection, medium and job, and what was done about them.

CREATE TABLE IF NOT EXISTS jobs
(
    job_id          String CODEC(ZSTD(1)),
    name            String CODEC(ZSTD(1)) COMMENT 'for people',
    collection      LowCardinality(String),
    lane            LowCardinality(String) COMMENT 'live or bulk',
    expected        Nullable(UInt64) COMMENT 'how many submissions it has; null while nobody knows',
    started_at      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    state           LowCardinality(String) COMMENT 'open, closed or cancelled: whether its publisher publishes more',
    closed_at       Nullable(DateTime64(3, 'UTC')),
    published_by    String CODEC(ZSTD(1)),
    published_at    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    kafka_topic     LowCardinality(String),
    kafka_partition UInt32 CODEC(T64, ZSTD(1)),
    kafka_offset    UInt64 CODEC(Delta, ZSTD(1)),
    ingested_at     DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    last_wins       UInt64 MATERIALIZED toUInt64(toUnixTimestamp64Milli(published_at)) * 1000000 + kafka_offset % 1000000
)
ENGINE = ReplacingMergeTree(last_wins)
ORDER BY job_id
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'media.jobs, the last record of each job; read jobs_once';

CREATE VIEW IF NOT EXISTS jobs_once AS
SELECT *
FROM jobs FINAL;

CREATE TABLE IF NOT EXISTS job_decisions
(
    job_id          String CODEC(ZSTD(1)),
    collection      LowCardinality(String),
    submission_id   String CODEC(ZSTD(1)),
    attempt         UInt32 COMMENT 'a replayed submission counts once, by its last attempt',
    media_id        String CODEC(ZSTD(1)),
    content_id      String CODEC(ZSTD(1)) COMMENT 'empty where the submission failed',
    outcome         LowCardinality(String),
    action          LowCardinality(String),
    failure_reason  LowCardinality(String),
    failure_detail  String CODEC(ZSTD(1)),
    size_bytes      UInt64 CODEC(T64, ZSTD(1)),
    submitted_at    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    decided_at      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    kafka_topic     LowCardinality(String),
    kafka_partition UInt32 CODEC(T64, ZSTD(1)),
    kafka_offset    UInt64 CODEC(Delta, ZSTD(1)),
    ingested_at     DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(attempt)
ORDER BY (job_id, collection, submission_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'the first decisions of media.decisions that are of a job; read job_decisions_once';

CREATE VIEW IF NOT EXISTS job_decisions_once AS
SELECT *
FROM job_decisions FINAL;

ALTER TABLE deadletters ADD COLUMN IF NOT EXISTS
    collection LowCardinality(String) COMMENT 'that the record names, or default' AFTER stage;

ALTER TABLE deadletters ADD COLUMN IF NOT EXISTS
    media_id String CODEC(ZSTD(1)) COMMENT 'that the record names; a submission without one gets no decision'
    AFTER collection;

ALTER TABLE deadletters ADD COLUMN IF NOT EXISTS
    job_id String CODEC(ZSTD(1)) COMMENT 'that the record names' AFTER media_id;

CREATE OR REPLACE VIEW deadletters_once AS
SELECT *
FROM deadletters FINAL;

CREATE TABLE IF NOT EXISTS deadletter_acts
(
    origin_topic      LowCardinality(String) COMMENT 'with the next three: which dead letter',
    origin_partition  UInt32,
    origin_offset     UInt64,
    stage             LowCardinality(String),
    act               LowCardinality(String) COMMENT 'replayed or dropped',
    replays           UInt32 COMMENT 'how often the letter has been replayed by now',
    letter_topic      LowCardinality(String),
    letter_partition  UInt32,
    letter_offset     UInt64,
    reason            LowCardinality(String) COMMENT 'of the dead letter',
    acted_by          String CODEC(ZSTD(1)),
    note              String CODEC(ZSTD(1)) COMMENT 'why, for people',
    acted_at          DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    replayed_topic    LowCardinality(String) COMMENT 'where the replayed record stands',
    replayed_partition UInt32,
    replayed_offset   UInt64,
    published_at      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    kafka_topic       LowCardinality(String),
    kafka_partition   UInt32 CODEC(T64, ZSTD(1)),
    kafka_offset      UInt64 CODEC(Delta, ZSTD(1)),
    ingested_at       DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (origin_topic, origin_partition, origin_offset, stage, kafka_partition, kafka_offset, published_at)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'media.deadletters.acts, one row a record: who replayed or dropped which dead letter, and when';

-- Every dead letter with what was done about it last: its status is open, replayed or dropped.
CREATE VIEW IF NOT EXISTS deadletters_handled AS
SELECT
    deadletters_once.*,
    if(acts.act = '', 'open', acts.act) AS status,
    acts.replays AS replays,
    acts.acted_by AS acted_by,
    acts.acted_at AS acted_at,
    acts.note AS note
FROM deadletters_once
LEFT JOIN
(
    SELECT
        origin_topic,
        origin_partition,
        origin_offset,
        stage,
        argMax(act, (published_at, kafka_offset)) AS act,
        max(deadletter_acts.replays) AS replays,
        argMax(acted_by, (published_at, kafka_offset)) AS acted_by,
        max(deadletter_acts.acted_at) AS acted_at,
        argMax(note, (published_at, kafka_offset)) AS note
    FROM deadletter_acts
    GROUP BY origin_topic, origin_partition, origin_offset, stage
) AS acts USING (origin_topic, origin_partition, origin_offset, stage);

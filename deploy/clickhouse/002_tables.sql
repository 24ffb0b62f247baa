-- One row for each record of media.decisions, media.fingerprints and media.deadletters.
--
-- Delivery is at least once. A batch that is inserted again as it was is dropped by its insert_deduplication_token
-- (within non_replicated_deduplication_window); what comes again in other batches is merged away by ReplacingMergeTree in
-- its own time, and the views *_once never show it. Of several the one published first stays, so that a replay changes
-- nothing that was seen before. All times are UTC, to the millisecond.

CREATE TABLE IF NOT EXISTS decisions
(
    decision_id            UUID COMMENT 'the same whenever the same submission is decided again',
    revision               UInt32,
    outcome                LowCardinality(String) COMMENT 'unique, duplicate, near_duplicate or failed',
    action                 LowCardinality(String) COMMENT 'process, reuse, review or inspect',
    collection             LowCardinality(String),
    media_id               String CODEC(ZSTD(1)),
    submission_id          String CODEC(ZSTD(1)),
    attempt                UInt32,
    kind                   LowCardinality(String),
    content_id             String CODEC(ZSTD(1)) COMMENT 'sha256:… of the bytes; empty where there are none',
    match_content_id       String CODEC(ZSTD(1)) COMMENT 'of which content it is a copy; empty where of none',
    match_media_id         String CODEC(ZSTD(1)),
    match_submission_id    String CODEC(ZSTD(1)),
    match_method           LowCardinality(String),
    match_distance_bits    UInt16,
    match_similarity       Float32,
    match_transformation   LowCardinality(String),
    verdict_status         LowCardinality(String),
    verdict_by             String CODEC(ZSTD(1)),
    verdict_reason         String CODEC(ZSTD(1)),
    verdict_at             Nullable(DateTime64(3, 'UTC')),
    verdict_inherited_from String CODEC(ZSTD(1)),
    failure_reason         LowCardinality(String),
    failure_detail         String CODEC(ZSTD(1)),
    media_kind             LowCardinality(String) COMMENT 'what decoding found it to be',
    format                 LowCardinality(String),
    size_bytes             UInt64 CODEC(T64, ZSTD(1)),
    width                  UInt32 CODEC(T64, ZSTD(1)),
    height                 UInt32 CODEC(T64, ZSTD(1)),
    frames                 UInt32 CODEC(T64, ZSTD(1)),
    quality                Float32,
    phash64                UInt64 COMMENT 'for bitHammingDistance; 0 where there is none',
    phash256               FixedString(32) COMMENT 'cast what you compare it with by toFixedString(…, 32); zeros where there is none',
    hashes                 Map(LowCardinality(String), String) CODEC(ZSTD(1)) COMMENT 'algorithm:version to hex',
    metadata               String CODEC(ZSTD(3)) COMMENT 'JSON object as submitted',
    versions               Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    submitted_at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    fingerprinted_at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    decided_at             DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'timestamp of the Kafka record',
    kafka_topic            LowCardinality(String),
    kafka_partition        UInt32 CODEC(T64, ZSTD(1)),
    kafka_offset           UInt64 CODEC(Delta, ZSTD(1)),
    ingested_at            DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    first_wins             UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Milli(decided_at))) CODEC(Delta, ZSTD(1)),
    INDEX by_decision decision_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_media media_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_submission submission_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_time decided_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(first_wins)
PARTITION BY toYYYYMM(decided_at)
ORDER BY (collection, content_id, decision_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'media.decisions, one row a record; read decisions_once or decisions_current';

CREATE TABLE IF NOT EXISTS fingerprints
(
    submission_id          String CODEC(ZSTD(1)),
    attempt                UInt32,
    media_id               String CODEC(ZSTD(1)),
    collection             LowCardinality(String),
    kind                   LowCardinality(String) COMMENT 'as submitted',
    priority               UInt8,
    content_id             String CODEC(ZSTD(1)),
    media_kind             LowCardinality(String) COMMENT 'what decoding found it to be',
    format                 LowCardinality(String),
    size_bytes             UInt64 CODEC(T64, ZSTD(1)),
    width                  UInt32 CODEC(T64, ZSTD(1)),
    height                 UInt32 CODEC(T64, ZSTD(1)),
    frames                 UInt32 CODEC(T64, ZSTD(1)),
    quality                Float32,
    phash64                UInt64,
    phash256               FixedString(32),
    hashes                 Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    failure_reason         LowCardinality(String),
    failure_detail         String CODEC(ZSTD(1)),
    metadata               String CODEC(ZSTD(3)),
    fetch_ms               Float32,
    decode_ms              Float32,
    cached                 Bool COMMENT 'equal bytes were decoded before',
    submitted_at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    fingerprinted_at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    published_at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    origin_topic           LowCardinality(String) COMMENT 'where the submission came in',
    origin_partition       UInt32 CODEC(T64, ZSTD(1)),
    origin_offset          UInt64 CODEC(Delta, ZSTD(1)),
    kafka_topic            LowCardinality(String),
    kafka_partition        UInt32 CODEC(T64, ZSTD(1)),
    kafka_offset           UInt64 CODEC(Delta, ZSTD(1)),
    ingested_at            DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    first_wins             UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Milli(published_at))) CODEC(Delta, ZSTD(1)),
    INDEX by_media media_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_content content_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_time fingerprinted_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(first_wins)
PARTITION BY toYYYYMM(fingerprinted_at)
ORDER BY (collection, submission_id, attempt)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'media.fingerprints, one row a record; read fingerprints_once';

CREATE TABLE IF NOT EXISTS deadletters
(
    origin_topic           LowCardinality(String) COMMENT 'where the record came in that could not be processed',
    origin_partition       UInt32,
    origin_offset          UInt64,
    stage                  LowCardinality(String),
    reason                 LowCardinality(String),
    detail                 String CODEC(ZSTD(1)),
    failed_at              DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    key                    String CODEC(ZSTD(1)) COMMENT 'as it came; may be any bytes',
    value_size_bytes       UInt64,
    value_head             String CODEC(ZSTD(1)) COMMENT 'the first 1,024 bytes as they came; all of it is in Kafka',
    headers                String CODEC(ZSTD(1)) COMMENT 'JSON array of [name, value], without dl_*',
    published_at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    kafka_topic            LowCardinality(String),
    kafka_partition        UInt32,
    kafka_offset           UInt64,
    ingested_at            DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    first_wins             UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Milli(published_at))) CODEC(Delta, ZSTD(1)),
    INDEX by_time failed_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(first_wins)
PARTITION BY toYYYYMM(published_at)
ORDER BY (origin_topic, origin_partition, origin_offset, stage)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'media.deadletters, one row a record; read deadletters_once';

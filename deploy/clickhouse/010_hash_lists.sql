-- Hash lists: who imported, dropped and released what, which entries went into quarantine, and all entries.
CREATE TABLE IF NOT EXISTS hash_list_events
(
    event_id         String CODEC(ZSTD(1)) COMMENT 'the same event published twice has it twice',
    event            LowCardinality(String) COMMENT 'list_effective, list_drop, list_release or list_quarantine',
    collection       LowCardinality(String),
    list_name        LowCardinality(String),
    import_id        String CODEC(ZSTD(1)) COMMENT 'names the entries, of list_effective',
    version          LowCardinality(String),
    source           LowCardinality(String),
    status           LowCardinality(String) COMMENT 'the verdict of entries that name none; empty for a negative list',
    labels           Array(Tuple(name String, parent String, score Nullable(Float32))) CODEC(ZSTD(1)),
    negative         Bool,
    perceptual       LowCardinality(String) COMMENT 'what near hashes mean: review, or the verdict of the entry',
    quarantine_after UInt32 CODEC(T64, ZSTD(1)),
    chunks           UInt32 CODEC(T64, ZSTD(1)),
    entry_count      UInt64 CODEC(T64, ZSTD(1)),
    algorithm        LowCardinality(String) COMMENT 'of the entry in quarantine, or released from it',
    hash             String CODEC(ZSTD(1)),
    reason           String CODEC(ZSTD(1)),
    by_kind          LowCardinality(String) COMMENT 'empty for list_quarantine: an entry matched too much',
    by_name          LowCardinality(String),
    at               DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'as the event says',
    routed_at        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'timestamp of the Kafka record',
    kafka_topic      LowCardinality(String),
    kafka_partition  UInt32 CODEC(T64, ZSTD(1)),
    kafka_offset     UInt64 CODEC(Delta, ZSTD(1)),
    ingested_at      DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    first_wins       UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Milli(routed_at))) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (collection, list_name, event_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'events about hash lists, without their entries; read hash_list_events_once';

CREATE VIEW IF NOT EXISTS hash_list_events_once AS
SELECT *
FROM hash_list_events FINAL;

CREATE TABLE IF NOT EXISTS hash_list_chunks
(
    collection      LowCardinality(String),
    list_name       LowCardinality(String),
    import_id       String CODEC(ZSTD(1)),
    chunk           UInt32 CODEC(T64, ZSTD(1)),
    event_id        String CODEC(ZSTD(1)),
    routed_at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    kafka_topic     LowCardinality(String),
    kafka_partition UInt32 CODEC(T64, ZSTD(1)),
    kafka_offset    UInt64 CODEC(Delta, ZSTD(1)),
    ingested_at     DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(routed_at)
ORDER BY (collection, list_name, import_id, chunk)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'which entries of imports have come, a row a chunk; the import has effect once list_effective has come';

CREATE TABLE IF NOT EXISTS hash_list_entries
(
    collection  LowCardinality(String),
    list_name   LowCardinality(String),
    import_id   String CODEC(ZSTD(1)),
    chunk       UInt32 CODEC(T64, ZSTD(1)),
    number      UInt32 CODEC(T64, ZSTD(1)) COMMENT 'within the chunk',
    algorithm   LowCardinality(String),
    hash        String CODEC(ZSTD(1)) COMMENT 'lower-case hex',
    status      LowCardinality(String) COMMENT 'empty where the list says it',
    labels      Array(Tuple(name String, parent String, score Nullable(Float32))) CODEC(ZSTD(1)),
    has_labels  Bool COMMENT 'false where the list says them',
    reason      String CODEC(ZSTD(1)),
    bits        Int16 COMMENT 'distance that the entry matches within; -1 where the list says it',
    routed_at   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    INDEX by_hash hash TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(routed_at)
ORDER BY (collection, list_name, import_id, chunk, number)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'entries of hash lists, also of former imports; hash_lists_in_force says which hold';

-- The lists that hold: of each name the last that became effective, unless it was dropped since.
CREATE VIEW IF NOT EXISTS hash_lists_in_force AS
SELECT
    collection,
    list_name,
    argMax(import_id, (routed_at, kafka_offset)) AS import_id,
    argMax(version, (routed_at, kafka_offset)) AS version,
    argMax(source, (routed_at, kafka_offset)) AS source,
    argMax(status, (routed_at, kafka_offset)) AS status,
    argMax(labels, (routed_at, kafka_offset)) AS labels,
    argMax(negative, (routed_at, kafka_offset)) AS negative,
    argMax(perceptual, (routed_at, kafka_offset)) AS perceptual,
    argMax(quarantine_after, (routed_at, kafka_offset)) AS quarantine_after,
    argMax(entry_count, (routed_at, kafka_offset)) AS entry_count,
    argMax(reason, (routed_at, kafka_offset)) AS reason,
    argMax(by_name, (routed_at, kafka_offset)) AS by_name,
    argMax(at, (routed_at, kafka_offset)) AS at,
    max(routed_at) AS since
FROM hash_list_events_once
WHERE event IN ('list_effective', 'list_drop')
GROUP BY collection, list_name
HAVING argMax(event, (routed_at, kafka_offset)) = 'list_effective';

-- The entries that matched too many contents and were not released since.
CREATE VIEW IF NOT EXISTS hash_list_quarantine AS
SELECT collection, list_name, algorithm, hash, max(routed_at) AS since
FROM hash_list_events_once
WHERE event IN ('list_quarantine', 'list_release')
GROUP BY collection, list_name, algorithm, hash
HAVING argMax(event, (routed_at, kafka_offset)) = 'list_quarantine';

ALTER TABLE decisions
    ADD COLUMN IF NOT EXISTS verdict_entry String CODEC(ZSTD(1))
        COMMENT 'of a hash list: algorithm and hash of the entry that the content matched'
        AFTER verdict_content_id,
    ADD COLUMN IF NOT EXISTS verdict_entry_confidence LowCardinality(String)
        COMMENT 'exact (equal bytes), or unverified (near hashes alone)'
        AFTER verdict_entry;

-- What matched which entry, by the decisions that say so.
CREATE VIEW IF NOT EXISTS hash_list_matches AS
SELECT
    collection,
    verdict_by AS list_name,
    verdict_version AS version,
    verdict_entry AS entry,
    verdict_entry_confidence AS confidence,
    verdict_status AS status,
    verdict_content_id AS listed_content_id,
    content_id,
    media_id,
    decision_id,
    revision,
    decided_at
FROM decisions FINAL
WHERE verdict_entry != '';

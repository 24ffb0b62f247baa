-- What pictures look like, for finding those that resemble each other, copies or not.
--
-- A search compares all codes of a collection by their bits, and then the values of those that are nearest. Granules and
-- blocks are small, so that these few rows are read without their neighbours. Rows are written for fingerprints from now
-- on; those of contents from before come when they are submitted again.

CREATE TABLE IF NOT EXISTS visuals
(
    collection   LowCardinality(String),
    content_id   String CODEC(ZSTD(1)) SETTINGS (min_compress_block_size = 16384),
    at_ms        UInt32 CODEC(Delta, ZSTD(1)) COMMENT 'of a key frame of a video; 0 of a picture',
    version      UInt8 COMMENT 'of the descriptor',
    code         FixedString(32) CODEC(NONE) COMMENT 'for bitHammingDistance',
    descriptor   Array(Int8) COMMENT 'for L2SquaredDistance; streams/domain/evidence/visual.py says what it is'
                 CODEC(NONE) SETTINGS (min_compress_block_size = 16384),
    published_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    first_wins   UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Milli(published_at))) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (collection, content_id, at_ms)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 128
COMMENT 'what pictures and key frames look like, one row a content and frame';

-- What a picture model says that contents look like, for finding those that are alike to it, copies or not.
--
-- A search compares all vectors of a collection and model, which it reads without their neighbours: granules are small.
-- BFloat16 has the range of Float32 at half its bytes; a cosine differs by less than 0.001. How many values a vector has
-- is the model's affair. Rows are written for fingerprints from workers with a model; a content that is submitted again
-- after the model was replaced has a row of either.

CREATE TABLE IF NOT EXISTS embeddings
(
    collection   LowCardinality(String),
    model        LowCardinality(String) COMMENT 'name of the file, and a digest of its bytes and of how it is used',
    content_id   String CODEC(ZSTD(1)) SETTINGS (min_compress_block_size = 16384),
    at_ms        UInt32 CODEC(Delta, ZSTD(1)) COMMENT 'of the frame of a video that the model saw; 0 of a picture',
    vector       Array(BFloat16) COMMENT 'of length 1' CODEC(NONE) SETTINGS (min_compress_block_size = 16384),
    published_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    first_wins   UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Milli(published_at))) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (collection, model, content_id)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 128
COMMENT 'what a picture model says of contents, one row a content and model';

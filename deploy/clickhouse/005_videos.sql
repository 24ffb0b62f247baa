-- What is said of videos: how long they last, which part of which known video they are, and what their frames look like.
--
-- The packed frames of a fingerprint have no column, as its views have none: the table video_frames has each whole frame
-- by itself, canonical and at most once a content, so that all videos with a frame like some picture are one query.

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_relation LowCardinality(String) COMMENT 'of a video: copy, clip_of, contains or overlaps' AFTER match_known_view;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_share Float32 COMMENT 'how much of the submitted video is in the known one' AFTER match_relation;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_known_share Float32 COMMENT 'how much of the known video is in the submitted one' AFTER match_share;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_segments Array(Tuple(from_s Float64, to_s Float64, known_from_s Float64, known_to_s Float64, speed Float64))
    CODEC(ZSTD(1)) COMMENT 'parts of the submitted video and which parts of the known one they are' AFTER match_known_share;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    duration_s Float64 CODEC(ZSTD(1)) COMMENT 'of a video' AFTER frames;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    codec LowCardinality(String) COMMENT 'of a video, as FFmpeg calls it' AFTER duration_s;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    frame_rate Float32 COMMENT 'of a video, frames a second' AFTER codec;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    appears_in Array(Tuple(content_id String, media_id String, kind String, at_s Float64, distance_bits UInt16))
    CODEC(ZSTD(1)) COMMENT 'known videos that show this picture, or known pictures that this video shows'
    AFTER versions;

ALTER TABLE fingerprints ADD COLUMN IF NOT EXISTS
    duration_s Float64 CODEC(ZSTD(1)) COMMENT 'of a video' AFTER frames;

ALTER TABLE fingerprints ADD COLUMN IF NOT EXISTS
    codec LowCardinality(String) COMMENT 'of a video, as FFmpeg calls it' AFTER duration_s;

ALTER TABLE fingerprints ADD COLUMN IF NOT EXISTS
    frame_rate Float32 COMMENT 'of a video, frames a second' AFTER codec;

CREATE TABLE IF NOT EXISTS video_frames
(
    collection   LowCardinality(String),
    content_id   String CODEC(ZSTD(1)),
    media_id     String CODEC(ZSTD(1)) COMMENT 'of the fingerprint that was published first',
    at_ms        UInt32 CODEC(Delta, ZSTD(1)) COMMENT 'from the first frame of the video',
    to_ms        UInt32 CODEC(Delta, ZSTD(1)) COMMENT 'until then it is shown, or one nearly like it',
    view         LowCardinality(String) COMMENT 'full, or trimmed: without the borders that all frames have',
    quality      Float32,
    phash64      UInt64 COMMENT 'for bitHammingDistance; of the canonical form',
    phash256     FixedString(32) COMMENT 'cast what you compare it with by toFixedString(…, 32)',
    published_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    first_wins   UInt64 MATERIALIZED bitNot(toUInt64(toUnixTimestamp64Milli(published_at))) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(first_wins)
ORDER BY (collection, content_id, view, at_ms)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'the frames of the videos in media.fingerprints, one row a frame; read video_frames_once';

CREATE VIEW IF NOT EXISTS video_frames_once AS
SELECT *
FROM video_frames FINAL;

CREATE OR REPLACE VIEW fingerprints_once AS
SELECT *
FROM fingerprints FINAL;

CREATE OR REPLACE VIEW decisions_once AS
SELECT
    *,
    multiIf(
        match_group_content_id != '', match_group_content_id,
        match_content_id != '', match_content_id,
        content_id
    ) AS group_content_id,
    -- A video that contains or overlaps a known one has new material in it: it is in a group of its own.
    outcome IN ('duplicate', 'near_duplicate') AND match_relation NOT IN ('contains', 'overlaps') AS is_copy
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

CREATE OR REPLACE VIEW copied_contents AS
SELECT
    collection,
    group_content_id AS content_id,
    argMinIf(media_id, (decided_at, decision_id), NOT is_copy) AS first_media_id,
    countIf(outcome = 'duplicate') AS exact_copies,
    countIf(outcome = 'near_duplicate' AND is_copy) AS near_copies,
    uniqExact(media_id) AS media,
    sumIf(size_bytes, is_copy) AS copies_bytes,
    min(decided_at) AS first_at,
    max(decided_at) AS last_at
FROM decisions_current
WHERE outcome != 'failed'
GROUP BY collection, group_content_id
HAVING exact_copies + near_copies > 0;

CREATE OR REPLACE VIEW savings_per_day AS
SELECT
    toDate(decided_at) AS day,
    collection,
    count() AS submissions,
    countIf(is_copy) AS copies,
    sum(size_bytes) AS submitted_bytes,
    sumIf(size_bytes, is_copy) AS saved_bytes
FROM decisions_current
WHERE outcome != 'failed'
GROUP BY day, collection;

-- What a match says since near duplicates are found: the group it is in, thresholds, views, and a sentence for people.
--
-- Rows from before have no group named and are in that of the content they matched. What a policy looks up by, the packed
-- views of a fingerprint, has no column: some 880 bytes a row that do not compress, where all the rest takes 160, and no
-- question asked here needs them; media.fingerprints has them.

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_group_content_id String CODEC(ZSTD(1)) COMMENT 'the earliest content of its group; empty where of none'
    AFTER match_submission_id;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_group_media_id String CODEC(ZSTD(1)) AFTER match_group_content_id;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_threshold_bits UInt16 COMMENT 'the most that match_distance_bits may be' AFTER match_distance_bits;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_candidate_distance_bits Nullable(UInt16) COMMENT 'of the smaller hash that found it, where another confirmed it'
    AFTER match_threshold_bits;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_candidate_threshold_bits Nullable(UInt16) AFTER match_candidate_distance_bits;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_view LowCardinality(String) COMMENT 'of the submission: full, trimmed, centre_90 …' AFTER match_transformation;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_known_view LowCardinality(String) COMMENT 'of the content that it is a copy of' AFTER match_view;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_explanation String CODEC(ZSTD(1)) AFTER match_known_view;

CREATE OR REPLACE VIEW decisions_once AS
SELECT
    *,
    multiIf(
        match_group_content_id != '', match_group_content_id,
        match_content_id != '', match_content_id,
        content_id
    ) AS group_content_id
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

-- What is done to pictures before they come again, and how near to its limit each is found.
CREATE VIEW IF NOT EXISTS near_duplicates_by_transformation AS
SELECT
    collection,
    match_transformation AS transformation,
    match_method AS method,
    count() AS submissions,
    uniqExact(group_content_id) AS groups,
    avg(match_similarity) AS mean_similarity,
    quantile(0.5)(match_distance_bits) AS p50_distance_bits,
    quantile(0.9)(match_distance_bits) AS p90_distance_bits,
    max(match_distance_bits) AS max_distance_bits,
    max(match_threshold_bits) AS threshold_bits,
    max(decided_at) AS last_at,
    argMax((media_id, match_media_id), (decided_at, decision_id)) AS last_pair
FROM decisions_current
WHERE outcome = 'near_duplicate'
GROUP BY collection, transformation, method;

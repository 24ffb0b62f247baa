-- How sure a match is, and where the copy differs: what the evidence of both pictures says.
--
-- Rows from before have no confidence: hashes alone decided, and they count as they always did. The evidence itself has no
-- column: 1.2 kB a row that do not compress, and no question here needs it; media.fingerprints has it.

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_confidence LowCardinality(String) COMMENT 'exact, certain, likely or unverified; empty where hashes alone decided'
    AFTER match_method;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_score Nullable(UInt16) COMMENT 'correlation of the evidence, in thousandths' AFTER match_confidence;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_differs Nullable(Float32) COMMENT 'share of the submitted picture that is not the known one' AFTER match_score;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    match_map Array(String) CODEC(ZSTD(1))
    COMMENT 'rows of blocks: = the same, x something else, + beyond the known picture, . nothing to see'
    AFTER match_differs;

CREATE OR REPLACE VIEW decisions_once AS
SELECT
    *,
    multiIf(
        match_group_content_id != '', match_group_content_id,
        match_content_id != '', match_content_id,
        content_id
    ) AS group_content_id,
    -- In a group of their own, for a person to look at: videos with new material, pictures that may be a copy, and
    -- pictures that certainly show the known one and something else too.
    outcome = 'duplicate' OR (
        outcome = 'near_duplicate'
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

-- What is done to pictures before they come again, and how near to its limit each is found. Without matches in doubt.
CREATE OR REPLACE VIEW near_duplicates_by_transformation AS
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
    argMax((media_id, match_media_id), (decided_at, decision_id)) AS last_pair,
    min(match_score) AS min_score,
    avg(match_differs) AS mean_differs
FROM decisions_current
WHERE outcome = 'near_duplicate' AND match_confidence NOT IN ('likely', 'unverified')
GROUP BY collection, transformation, method;

-- How many matches are certain, and how many a person must look at.
CREATE VIEW IF NOT EXISTS matches_by_confidence AS
SELECT
    toDate(decided_at) AS day,
    collection,
    match_confidence AS confidence,
    match_method AS method,
    count() AS submissions,
    countIf(is_copy) AS copies,
    countIf(action = 'review') AS for_review,
    quantile(0.1)(match_score) AS p10_score,
    quantile(0.5)(match_score) AS p50_score,
    avg(match_differs) AS mean_differs
FROM decisions_current
WHERE outcome IN ('duplicate', 'near_duplicate')
GROUP BY day, collection, confidence, method;

-- What a person must look at, with what to look for.
CREATE VIEW IF NOT EXISTS matches_for_review AS
SELECT
    decided_at,
    collection,
    media_id,
    content_id,
    match_media_id,
    match_content_id,
    match_confidence AS confidence,
    match_score AS score,
    match_differs AS differs,
    match_map AS map,
    match_relation AS relation,
    match_explanation AS explanation
FROM decisions_current
WHERE outcome = 'near_duplicate' AND NOT is_copy;

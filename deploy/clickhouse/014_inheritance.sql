-- Which verdicts a copy inherits, where these are not all: why a copy of a moderated medium may stay pending.

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    inherits Array(LowCardinality(String))
    COMMENT 'statuses that pass from the group to the content; all of them where inherits_because is empty'
    AFTER verdict_entry_confidence;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    inherits_because LowCardinality(String)
    COMMENT 'why not all: changed, clip, review or empty' AFTER inherits;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    drift Nullable(Float32)
    COMMENT 'share of the picture that may differ from the canonical content, where that is why' AFTER inherits_because;

ALTER TABLE decisions ADD COLUMN IF NOT EXISTS
    is_probe Bool COMMENT 'compared with a reference collection, and not kept in there' AFTER drift;

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
    FROM revised_submissions
    GROUP BY collection, submission_id, attempt
) AS revised USING (collection, submission_id, attempt)
WHERE revision >= ifNull(last_revision, 0);

-- Copies that have no verdict, and have none to inherit: somebody must say something about them.
CREATE OR REPLACE VIEW held_back AS
SELECT collection, media_id, content_id, group_content_id, inherits, inherits_because, drift, match_differs, decided_at
FROM decisions_current
WHERE verdict_status = 'pending' AND inherits_because != '';

-- What to read. *_once show each record once, whatever was delivered twice; the others are for people and dashboards.

CREATE VIEW IF NOT EXISTS decisions_once AS
SELECT
    *,
    if(match_content_id = '', content_id, match_content_id) AS group_content_id
FROM decisions FINAL;

CREATE VIEW IF NOT EXISTS fingerprints_once AS
SELECT *
FROM fingerprints FINAL;

CREATE VIEW IF NOT EXISTS deadletters_once AS
SELECT *
FROM deadletters FINAL;

-- The last word on each submission: its highest revision. Revised decisions are few, and only they are looked up.
CREATE VIEW IF NOT EXISTS decisions_current AS
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

CREATE VIEW IF NOT EXISTS outcomes_per_minute AS
SELECT
    toStartOfMinute(decided_at) AS minute,
    collection,
    outcome,
    count() AS decisions
FROM decisions_once
WHERE revision = 0
GROUP BY minute, collection, outcome;

-- Milliseconds from hop to hop; `fetch_and_decode` begins when the submission was made.
CREATE VIEW IF NOT EXISTS latency_per_minute AS
SELECT
    toStartOfMinute(decided_at) AS minute,
    collection,
    step.1 AS hop,
    count() AS decisions,
    quantile(0.5)(step.2) AS p50_ms,
    quantile(0.9)(step.2) AS p90_ms,
    quantile(0.99)(step.2) AS p99_ms,
    max(step.2) AS max_ms
FROM decisions_once
ARRAY JOIN
    [
        ('fetch_and_decode', toUnixTimestamp64Milli(fingerprinted_at) - toUnixTimestamp64Milli(submitted_at)),
        ('match', toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(fingerprinted_at)),
        ('record', toUnixTimestamp64Milli(ingested_at) - toUnixTimestamp64Milli(decided_at)),
        ('submission_to_decision', toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(submitted_at))
    ] AS step
WHERE revision = 0
GROUP BY minute, collection, hop;

CREATE VIEW IF NOT EXISTS failures_by_reason AS
SELECT
    collection,
    failure_reason AS reason,
    count() AS submissions,
    max(decided_at) AS last_at,
    argMax(media_id, decided_at) AS last_media_id,
    argMax(failure_detail, decided_at) AS last_detail
FROM decisions_current
WHERE outcome = 'failed'
GROUP BY collection, reason;

CREATE VIEW IF NOT EXISTS deadletters_by_reason AS
SELECT
    stage,
    reason,
    count() AS records,
    max(failed_at) AS last_at,
    argMax(detail, failed_at) AS last_detail
FROM deadletters_once
GROUP BY stage, reason;

-- One row for each content that came more than once: how often, and what its copies weigh.
CREATE VIEW IF NOT EXISTS copied_contents AS
SELECT
    collection,
    group_content_id AS content_id,
    argMinIf(media_id, (decided_at, decision_id), outcome = 'unique') AS first_media_id,
    countIf(outcome = 'duplicate') AS exact_copies,
    countIf(outcome = 'near_duplicate') AS near_copies,
    uniqExact(media_id) AS media,
    sumIf(size_bytes, outcome IN ('duplicate', 'near_duplicate')) AS copies_bytes,
    min(decided_at) AS first_at,
    max(decided_at) AS last_at
FROM decisions_current
WHERE outcome != 'failed'
GROUP BY collection, group_content_id
HAVING exact_copies + near_copies > 0;

CREATE VIEW IF NOT EXISTS savings_per_day AS
SELECT
    toDate(decided_at) AS day,
    collection,
    count() AS submissions,
    countIf(outcome IN ('duplicate', 'near_duplicate')) AS copies,
    sum(size_bytes) AS submitted_bytes,
    sumIf(size_bytes, outcome IN ('duplicate', 'near_duplicate')) AS saved_bytes
FROM decisions_current
WHERE outcome != 'failed'
GROUP BY day, collection;

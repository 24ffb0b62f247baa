-- Keys of decisions in the orders that people ask in, so that a read touches a few thousand rows and not all of them.
--
-- Materialised views fill these tables from what is inserted into `decisions`. They hold no truth of their own: a row here
-- says where a decision is, and the decision itself, its later revisions and deletions are then read by their keys. So a
-- row that comes twice, or again at another time, does no harm. queries/stored/keys.py reads them.

CREATE TABLE IF NOT EXISTS decisions_by_medium
(
    collection    LowCardinality(String),
    media_id      String CODEC(ZSTD(1)),
    decided_at    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    decision_id   UUID,
    content_id    String CODEC(ZSTD(1)),
    submission_id String CODEC(ZSTD(1)),
    attempt       UInt32 CODEC(T64, ZSTD(1)),
    revision      UInt32 CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (collection, media_id, decided_at, decision_id)
SETTINGS index_granularity = 512
COMMENT 'where the decisions about a medium are';

CREATE MATERIALIZED VIEW IF NOT EXISTS decisions_by_medium_filled TO decisions_by_medium AS
SELECT collection, media_id, decided_at, decision_id, content_id, submission_id, attempt, revision
FROM decisions;

INSERT INTO decisions_by_medium
SELECT collection, media_id, decided_at, decision_id, content_id, submission_id, attempt, revision
FROM decisions;

CREATE TABLE IF NOT EXISTS decisions_by_group
(
    collection    LowCardinality(String),
    subject       String CODEC(ZSTD(1)) COMMENT 'the group of the decision, its content, or the content that it matched',
    decided_at    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    decision_id   UUID,
    is_own        Bool COMMENT 'the content of the decision is the subject',
    is_member     Bool COMMENT 'the content is the subject, or in its group; else it only matched the subject',
    media_id      String CODEC(ZSTD(1)),
    content_id    String CODEC(ZSTD(1)),
    submission_id String CODEC(ZSTD(1)),
    attempt       UInt32 CODEC(T64, ZSTD(1)),
    revision      UInt32 CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (collection, subject, decided_at, decision_id)
SETTINGS index_granularity = 512
COMMENT 'where the decisions about a content or a group are; without failures';

CREATE MATERIALIZED VIEW IF NOT EXISTS decisions_by_group_filled TO decisions_by_group AS
WITH multiIf(
    told_group_content_id != '', told_group_content_id,
    match_group_content_id != '', match_group_content_id,
    match_content_id != '', match_content_id,
    content_id
) AS told_group
SELECT
    collection,
    subject,
    decided_at,
    decision_id,
    content_id = subject AS is_own,
    content_id = subject OR told_group = subject AS is_member,
    media_id,
    content_id,
    submission_id,
    attempt,
    revision
FROM decisions
ARRAY JOIN arrayDistinct(arrayFilter(name -> name != '', [content_id, told_group, match_content_id])) AS subject
WHERE outcome NOT IN ('failed', 'deleted');

INSERT INTO decisions_by_group
WITH multiIf(
    told_group_content_id != '', told_group_content_id,
    match_group_content_id != '', match_group_content_id,
    match_content_id != '', match_content_id,
    content_id
) AS told_group
SELECT
    collection,
    subject,
    decided_at,
    decision_id,
    content_id = subject AS is_own,
    content_id = subject OR told_group = subject AS is_member,
    media_id,
    content_id,
    submission_id,
    attempt,
    revision
FROM decisions
ARRAY JOIN arrayDistinct(arrayFilter(name -> name != '', [content_id, told_group, match_content_id])) AS subject
WHERE outcome NOT IN ('failed', 'deleted');

CREATE TABLE IF NOT EXISTS decisions_by_time
(
    collection       LowCardinality(String),
    decided_at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    decision_id      UUID,
    outcome          LowCardinality(String),
    action           LowCardinality(String),
    verdict_status   LowCardinality(String),
    match_confidence LowCardinality(String),
    media_kind       LowCardinality(String),
    media_id         String CODEC(ZSTD(1)),
    content_id       String CODEC(ZSTD(1)),
    owner            String CODEC(ZSTD(1)) COMMENT 'of the metadata',
    labels           Array(LowCardinality(String)) CODEC(ZSTD(1)) COMMENT 'names, of the verdict',
    words            String CODEC(ZSTD(1)) COMMENT 'all texts that a search looks through, in lower case',
    submission_id    String CODEC(ZSTD(1)),
    attempt          UInt32 CODEC(T64, ZSTD(1)),
    revision         UInt32 CODEC(T64, ZSTD(1)),
    INDEX by_medium media_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_content content_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_owner owner TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_label labels TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (collection, decided_at, decision_id)
SETTINGS index_granularity = 1024
COMMENT 'where the decisions of a time are, and what they are filtered by';

CREATE MATERIALIZED VIEW IF NOT EXISTS decisions_by_time_filled TO decisions_by_time AS
SELECT
    collection,
    decided_at,
    decision_id,
    outcome,
    action,
    verdict_status,
    match_confidence,
    media_kind,
    media_id,
    content_id,
    JSONExtractString(metadata, 'owner') AS owner,
    verdict_labels.name AS labels,
    lowerUTF8(concatWithSeparator('\n', media_id, metadata, match_explanation, verdict_reason, arrayStringConcat(verdict_labels.name, '\n'), failure_reason)) AS words,
    submission_id,
    attempt,
    revision
FROM decisions;

INSERT INTO decisions_by_time
SELECT
    collection,
    decided_at,
    decision_id,
    outcome,
    action,
    verdict_status,
    match_confidence,
    media_kind,
    media_id,
    content_id,
    JSONExtractString(metadata, 'owner') AS owner,
    verdict_labels.name AS labels,
    lowerUTF8(concatWithSeparator('\n', media_id, metadata, match_explanation, verdict_reason, arrayStringConcat(verdict_labels.name, '\n'), failure_reason)) AS words,
    submission_id,
    attempt,
    revision
FROM decisions;

CREATE TABLE IF NOT EXISTS revised_submissions
(
    collection    LowCardinality(String),
    submission_id String CODEC(ZSTD(1)),
    attempt       UInt32 CODEC(T64, ZSTD(1)),
    revision      UInt32 CODEC(T64, ZSTD(1)) COMMENT 'the last'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (collection, submission_id, attempt)
SETTINGS index_granularity = 512
COMMENT 'submissions whose decision was revised; all others have one decision';

CREATE MATERIALIZED VIEW IF NOT EXISTS revised_submissions_filled TO revised_submissions AS
SELECT collection, submission_id, attempt, revision
FROM decisions
WHERE revision > 0;

INSERT INTO revised_submissions
SELECT collection, submission_id, attempt, revision
FROM decisions
WHERE revision > 0;

CREATE TABLE IF NOT EXISTS content_hashes
(
    collection LowCardinality(String),
    content_id String CODEC(ZSTD(1)),
    version    LowCardinality(String) COMMENT 'of both hashes',
    quality    Float32,
    phash64    UInt64,
    phash256   FixedString(32)
)
ENGINE = ReplacingMergeTree
ORDER BY (collection, content_id)
COMMENT 'the hashes of every known picture, once a content: what a search by hash reads';

CREATE MATERIALIZED VIEW IF NOT EXISTS content_hashes_filled TO content_hashes AS
WITH arraySort(arrayFilter(name -> startsWith(name, 'phash64:') OR startsWith(name, 'phash256:'), hashes.keys)) AS names
SELECT DISTINCT collection, content_id, substring(names[1], 10) AS version, quality, phash64, phash256
FROM decisions
WHERE content_id != '' AND names = [concat('phash256:', substring(names[1], 10)), concat('phash64:', substring(names[1], 10))];

INSERT INTO content_hashes
WITH arraySort(arrayFilter(name -> startsWith(name, 'phash64:') OR startsWith(name, 'phash256:'), hashes.keys)) AS names
SELECT DISTINCT collection, content_id, substring(names[1], 10) AS version, quality, phash64, phash256
FROM decisions
WHERE content_id != '' AND names = [concat('phash256:', substring(names[1], 10)), concat('phash64:', substring(names[1], 10))];

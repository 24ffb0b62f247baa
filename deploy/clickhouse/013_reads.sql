-- Keys of decisions in the orders that people ask in, so that a read touches a few thousand rows and not all of them.
--
-- Materialised views fill these tables from what is inserted into `decisions`. They hold no truth of their own: a row here
-- says when a decision came, and its document, later revisions, repeats and deletions are then read by their keys. So a
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
SETTINGS index_granularity = 128
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
SETTINGS index_granularity = 128
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
    INDEX by_label labels TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_word words TYPE tokenbf_v1(8192, 3, 0) GRANULARITY 1
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

-- Documents tell these columns; 014 says what they mean.
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

CREATE TABLE IF NOT EXISTS decision_documents
(
    collection  LowCardinality(String),
    decided_at  DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    decision_id UUID,
    document    String CODEC(ZSTD(3)) COMMENT 'the columns of the decision as JSON'
)
ENGINE = ReplacingMergeTree
ORDER BY (collection, decided_at, decision_id)
SETTINGS index_granularity = 64
COMMENT 'whole decisions, one column: to read a row of `decisions` takes a granule of every column';

CREATE MATERIALIZED VIEW IF NOT EXISTS decision_documents_filled TO decision_documents AS
SELECT
    collection,
    decided_at,
    decision_id,
    toJSONString(CAST((
        decision_id, revision, supersedes, outcome, action, collection,
        media_id, submission_id, attempt, kind, content_id, told_group_content_id,
        told_group_media_id, match_content_id, match_media_id, match_submission_id, match_group_content_id, match_group_media_id,
        match_method, match_confidence, match_score, match_differs, match_map, match_distance_bits,
        match_threshold_bits, match_candidate_distance_bits, match_candidate_threshold_bits, match_similarity, match_transformation, match_view,
        match_known_view, match_relation, match_share, match_known_share, match_segments, match_explanation,
        verdict_status, verdict_by, verdict_kind, verdict_version, verdict_reason, verdict_labels,
        verdict_at, verdict_inherited_from, verdict_content_id, inherits, inherits_because, drift, failure_reason, failure_detail, media_kind,
        format, size_bytes, width, height, frames, duration_s,
        codec, frame_rate, quality, hashes, metadata, versions,
        appears_in, submitted_at, fingerprinted_at, decided_at
    ), 'Tuple(
        decision_id UUID, revision UInt32, supersedes Nullable(UUID), outcome String, action String,
        collection String, media_id String, submission_id String, attempt UInt32, kind String,
        content_id String, told_group_content_id String, told_group_media_id String, match_content_id String,
        match_media_id String, match_submission_id String, match_group_content_id String,
        match_group_media_id String, match_method String, match_confidence String,
        match_score Nullable(UInt16), match_differs Nullable(Float32), match_map Array(String),
        match_distance_bits UInt16, match_threshold_bits UInt16,
        match_candidate_distance_bits Nullable(UInt16), match_candidate_threshold_bits Nullable(UInt16),
        match_similarity Float32, match_transformation String, match_view String, match_known_view String,
        match_relation String, match_share Float32, match_known_share Float32,
        match_segments Array(Tuple(from_s Float64, to_s Float64, known_from_s Float64, known_to_s Float64, speed Float64)),
        match_explanation String, verdict_status String, verdict_by String, verdict_kind String,
        verdict_version String, verdict_reason String,
        verdict_labels Array(Tuple(name String, parent String, score Nullable(Float32))),
        verdict_at Nullable(DateTime64(3, \'UTC\')), verdict_inherited_from String,
        verdict_content_id String, inherits Array(String), inherits_because String, drift Nullable(Float32), failure_reason String, failure_detail String, media_kind String,
        format String, size_bytes UInt64, width UInt32, height UInt32, frames UInt32, duration_s Float64,
        codec String, frame_rate Float32, quality Float32, hashes Map(String, String), metadata String,
        versions Map(String, String),
        appears_in Array(Tuple(content_id String, media_id String, kind String, at_s Float64, distance_bits UInt16)),
        submitted_at DateTime64(3, \'UTC\'), fingerprinted_at DateTime64(3, \'UTC\'),
        decided_at DateTime64(3, \'UTC\')
    )')) AS document
FROM decisions;

INSERT INTO decision_documents
SELECT
    collection,
    decided_at,
    decision_id,
    toJSONString(CAST((
        decision_id, revision, supersedes, outcome, action, collection,
        media_id, submission_id, attempt, kind, content_id, told_group_content_id,
        told_group_media_id, match_content_id, match_media_id, match_submission_id, match_group_content_id, match_group_media_id,
        match_method, match_confidence, match_score, match_differs, match_map, match_distance_bits,
        match_threshold_bits, match_candidate_distance_bits, match_candidate_threshold_bits, match_similarity, match_transformation, match_view,
        match_known_view, match_relation, match_share, match_known_share, match_segments, match_explanation,
        verdict_status, verdict_by, verdict_kind, verdict_version, verdict_reason, verdict_labels,
        verdict_at, verdict_inherited_from, verdict_content_id, inherits, inherits_because, drift, failure_reason, failure_detail, media_kind,
        format, size_bytes, width, height, frames, duration_s,
        codec, frame_rate, quality, hashes, metadata, versions,
        appears_in, submitted_at, fingerprinted_at, decided_at
    ), 'Tuple(
        decision_id UUID, revision UInt32, supersedes Nullable(UUID), outcome String, action String,
        collection String, media_id String, submission_id String, attempt UInt32, kind String,
        content_id String, told_group_content_id String, told_group_media_id String, match_content_id String,
        match_media_id String, match_submission_id String, match_group_content_id String,
        match_group_media_id String, match_method String, match_confidence String,
        match_score Nullable(UInt16), match_differs Nullable(Float32), match_map Array(String),
        match_distance_bits UInt16, match_threshold_bits UInt16,
        match_candidate_distance_bits Nullable(UInt16), match_candidate_threshold_bits Nullable(UInt16),
        match_similarity Float32, match_transformation String, match_view String, match_known_view String,
        match_relation String, match_share Float32, match_known_share Float32,
        match_segments Array(Tuple(from_s Float64, to_s Float64, known_from_s Float64, known_to_s Float64, speed Float64)),
        match_explanation String, verdict_status String, verdict_by String, verdict_kind String,
        verdict_version String, verdict_reason String,
        verdict_labels Array(Tuple(name String, parent String, score Nullable(Float32))),
        verdict_at Nullable(DateTime64(3, \'UTC\')), verdict_inherited_from String,
        verdict_content_id String, inherits Array(String), inherits_because String, drift Nullable(Float32), failure_reason String, failure_detail String, media_kind String,
        format String, size_bytes UInt64, width UInt32, height UInt32, frames UInt32, duration_s Float64,
        codec String, frame_rate Float32, quality Float32, hashes Map(String, String), metadata String,
        versions Map(String, String),
        appears_in Array(Tuple(content_id String, media_id String, kind String, at_s Float64, distance_bits UInt16)),
        submitted_at DateTime64(3, \'UTC\'), fingerprinted_at DateTime64(3, \'UTC\'),
        decided_at DateTime64(3, \'UTC\')
    )')) AS document
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
SETTINGS index_granularity = 128
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

-- What panels count: one row for every submission, its last decision, with nothing but what is counted. The rows of an
-- hour lie together, so FINAL merges few of them and reads the others as they are. A deletion writes a row that wins.
CREATE TABLE IF NOT EXISTS submission_facts
(
    collection           LowCardinality(String),
    submitted_hour       DateTime('UTC') CODEC(Delta, ZSTD(1)),
    submission_id        String CODEC(ZSTD(1)),
    attempt              UInt32 CODEC(T64, ZSTD(1)),
    version              UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'the highest revision wins, and of its repeats the first',
    decided_at           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    outcome              LowCardinality(String),
    action               LowCardinality(String),
    is_copy              Bool,
    size_bytes           UInt64 CODEC(T64, ZSTD(1)),
    media_id             String CODEC(ZSTD(1)),
    media_hash           UInt64,
    content_hash         UInt64,
    group_hash           UInt64 COMMENT 'of the content that names the group; content_names has it',
    reviewed_hash        UInt64 COMMENT 'of the matched content, of a near duplicate that is in no group but its own',
    match_method         LowCardinality(String),
    match_confidence     LowCardinality(String),
    match_score          Nullable(UInt16),
    match_differs        Nullable(Float32),
    match_distance_bits  UInt16,
    match_threshold_bits UInt16,
    match_similarity     Float32,
    match_transformation LowCardinality(String),
    match_media_id       String CODEC(ZSTD(1)) COMMENT 'of a near duplicate',
    verdict_status       LowCardinality(String),
    verdict_kind         LowCardinality(String),
    verdict_by           LowCardinality(String),
    is_inherited         Bool COMMENT 'the verdict is that of another medium or content',
    failure_reason       LowCardinality(String),
    failure_detail       String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (collection, submitted_hour, submission_id, attempt)
COMMENT 'the last decision about every submission, as panels count it; read current_facts';

CREATE MATERIALIZED VIEW IF NOT EXISTS submission_facts_filled TO submission_facts AS
SELECT
    collection,
    toStartOfHour(submitted_at) AS submitted_hour,
    submission_id,
    attempt,
    bitOr(bitShiftLeft(toUInt64(revision), 44), bitAnd(bitNot(toUInt64(toUnixTimestamp64Milli(decided_at))), 17592186044415)) AS version,
    decided_at,
    outcome,
    action,
    outcome = 'duplicate' OR (
        outcome = 'near_duplicate'
        AND match_group_content_id != content_id
        AND match_relation NOT IN ('contains', 'overlaps')
        AND (match_confidence = '' OR (match_confidence IN ('exact', 'certain') AND action != 'review'))
    ) AS is_copy,
    size_bytes,
    media_id,
    cityHash64(media_id) AS media_hash,
    cityHash64(content_id) AS content_hash,
    cityHash64(multiIf(
        told_group_content_id != '', told_group_content_id,
        match_group_content_id != '', match_group_content_id,
        match_content_id != '', match_content_id,
        content_id
    )) AS group_hash,
    if(outcome = 'near_duplicate' AND NOT is_copy, cityHash64(match_content_id), 0) AS reviewed_hash,
    match_method,
    match_confidence,
    match_score,
    match_differs,
    match_distance_bits,
    match_threshold_bits,
    match_similarity,
    match_transformation,
    if(outcome = 'near_duplicate', match_media_id, '') AS match_media_id,
    verdict_status,
    verdict_kind,
    verdict_by,
    verdict_inherited_from != '' AS is_inherited,
    failure_reason,
    failure_detail
FROM decisions;

ALTER TABLE deletions ADD COLUMN IF NOT EXISTS
    submitted_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'of the submission' AFTER content_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS submission_facts_deleted TO submission_facts AS
SELECT
    collection,
    toStartOfHour(submitted_at) AS submitted_hour,
    submission_id,
    attempt,
    18446744073709551615 AS version,
    deleted_at AS decided_at,
    'deleted' AS outcome
FROM deletions;

INSERT INTO submission_facts
SELECT
    collection,
    toStartOfHour(submitted_at) AS submitted_hour,
    submission_id,
    attempt,
    bitOr(bitShiftLeft(toUInt64(revision), 44), bitAnd(bitNot(toUInt64(toUnixTimestamp64Milli(decided_at))), 17592186044415)) AS version,
    decided_at,
    outcome,
    action,
    outcome = 'duplicate' OR (
        outcome = 'near_duplicate'
        AND match_group_content_id != content_id
        AND match_relation NOT IN ('contains', 'overlaps')
        AND (match_confidence = '' OR (match_confidence IN ('exact', 'certain') AND action != 'review'))
    ) AS is_copy,
    size_bytes,
    media_id,
    cityHash64(media_id) AS media_hash,
    cityHash64(content_id) AS content_hash,
    cityHash64(multiIf(
        told_group_content_id != '', told_group_content_id,
        match_group_content_id != '', match_group_content_id,
        match_content_id != '', match_content_id,
        content_id
    )) AS group_hash,
    if(outcome = 'near_duplicate' AND NOT is_copy, cityHash64(match_content_id), 0) AS reviewed_hash,
    match_method,
    match_confidence,
    match_score,
    match_differs,
    match_distance_bits,
    match_threshold_bits,
    match_similarity,
    match_transformation,
    if(outcome = 'near_duplicate', match_media_id, '') AS match_media_id,
    verdict_status,
    verdict_kind,
    verdict_by,
    verdict_inherited_from != '' AS is_inherited,
    failure_reason,
    failure_detail
FROM decisions
WHERE (collection, submission_id, attempt) NOT IN (SELECT collection, submission_id, attempt FROM deletions);

CREATE TABLE IF NOT EXISTS content_names
(
    collection LowCardinality(String),
    hash       UInt64 COMMENT 'cityHash64 of the content id',
    content_id String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (collection, hash)
SETTINGS index_granularity = 128
COMMENT 'the contents that were matched or name a group of copies, by the hash that submission_facts has of them';

CREATE MATERIALIZED VIEW IF NOT EXISTS content_names_filled TO content_names AS
SELECT DISTINCT collection, cityHash64(name) AS hash, name AS content_id
FROM decisions
ARRAY JOIN [match_content_id, match_group_content_id, told_group_content_id] AS name
WHERE name != '' AND (match_content_id != '' OR told_group_content_id != content_id);

INSERT INTO content_names
SELECT DISTINCT collection, cityHash64(name) AS hash, name AS content_id
FROM decisions
ARRAY JOIN [match_content_id, match_group_content_id, told_group_content_id] AS name
WHERE name != '' AND (match_content_id != '' OR told_group_content_id != content_id);

CREATE VIEW IF NOT EXISTS current_facts AS
SELECT *
FROM submission_facts FINAL
WHERE outcome != 'deleted';

-- How long first decisions took, as states that merge. A record that comes twice counts once, and weighs twice.
CREATE TABLE IF NOT EXISTS latency_states
(
    collection                 LowCardinality(String),
    minute                     DateTime('UTC') CODEC(Delta, ZSTD(1)),
    decisions                  AggregateFunction(uniqCombined(12), UUID),
    fetch_and_decode           AggregateFunction(quantilesTDigest(0.5, 0.9, 0.99), Int64) CODEC(ZSTD(1)),
    match                      AggregateFunction(quantilesTDigest(0.5, 0.9, 0.99), Int64) CODEC(ZSTD(1)),
    record                     AggregateFunction(quantilesTDigest(0.5, 0.9, 0.99), Int64) CODEC(ZSTD(1)),
    submission_to_decision     AggregateFunction(quantilesTDigest(0.5, 0.9, 0.99), Int64) CODEC(ZSTD(1)),
    max_fetch_and_decode       SimpleAggregateFunction(max, Int64),
    max_match                  SimpleAggregateFunction(max, Int64),
    max_record                 SimpleAggregateFunction(max, Int64),
    max_submission_to_decision SimpleAggregateFunction(max, Int64)
)
ENGINE = AggregatingMergeTree
ORDER BY (collection, minute)
TTL minute + INTERVAL 400 DAY
COMMENT 'milliseconds from hop to hop, by minute of the decision';

CREATE MATERIALIZED VIEW IF NOT EXISTS latency_states_filled TO latency_states AS
SELECT
    collection,
    toStartOfMinute(decided_at) AS minute,
    uniqCombinedState(12)(decision_id) AS decisions,
    quantilesTDigestState(0.5, 0.9, 0.99)(toUnixTimestamp64Milli(fingerprinted_at) - toUnixTimestamp64Milli(submitted_at)) AS fetch_and_decode,
    quantilesTDigestState(0.5, 0.9, 0.99)(toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(fingerprinted_at)) AS match,
    quantilesTDigestState(0.5, 0.9, 0.99)(toUnixTimestamp64Milli(ingested_at) - toUnixTimestamp64Milli(decided_at)) AS record,
    quantilesTDigestState(0.5, 0.9, 0.99)(toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(submitted_at)) AS submission_to_decision,
    max(toUnixTimestamp64Milli(fingerprinted_at) - toUnixTimestamp64Milli(submitted_at)) AS max_fetch_and_decode,
    max(toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(fingerprinted_at)) AS max_match,
    max(toUnixTimestamp64Milli(ingested_at) - toUnixTimestamp64Milli(decided_at)) AS max_record,
    max(toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(submitted_at)) AS max_submission_to_decision
FROM decisions
WHERE revision = 0
GROUP BY collection, minute;

INSERT INTO latency_states
SELECT
    collection,
    toStartOfMinute(decided_at) AS minute,
    uniqCombinedState(12)(decision_id) AS decisions,
    quantilesTDigestState(0.5, 0.9, 0.99)(toUnixTimestamp64Milli(fingerprinted_at) - toUnixTimestamp64Milli(submitted_at)) AS fetch_and_decode,
    quantilesTDigestState(0.5, 0.9, 0.99)(toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(fingerprinted_at)) AS match,
    quantilesTDigestState(0.5, 0.9, 0.99)(toUnixTimestamp64Milli(ingested_at) - toUnixTimestamp64Milli(decided_at)) AS record,
    quantilesTDigestState(0.5, 0.9, 0.99)(toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(submitted_at)) AS submission_to_decision,
    max(toUnixTimestamp64Milli(fingerprinted_at) - toUnixTimestamp64Milli(submitted_at)) AS max_fetch_and_decode,
    max(toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(fingerprinted_at)) AS max_match,
    max(toUnixTimestamp64Milli(ingested_at) - toUnixTimestamp64Milli(decided_at)) AS max_record,
    max(toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(submitted_at)) AS max_submission_to_decision
FROM decisions FINAL
WHERE revision = 0 AND (SELECT count() FROM latency_states WHERE minute < now() - INTERVAL 1 HOUR) = 0
GROUP BY collection, minute;

-- The last word on each submission: its highest revision. Revised submissions are few, and have a table of their own.
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

-- The views of panels, with their columns as they were.
CREATE OR REPLACE VIEW failures_by_reason AS
SELECT
    collection,
    failure_reason AS reason,
    count() AS submissions,
    max(decided_at) AS last_at,
    argMax(media_id, decided_at) AS last_media_id,
    argMax(failure_detail, decided_at) AS last_detail
FROM current_facts
WHERE outcome = 'failed'
GROUP BY collection, reason;

CREATE OR REPLACE VIEW savings_per_day AS
SELECT
    toDate(decided_at) AS day,
    collection,
    count() AS submissions,
    countIf(is_copy) AS copies,
    sum(size_bytes) AS submitted_bytes,
    sumIf(size_bytes, is_copy) AS saved_bytes
FROM current_facts
WHERE outcome != 'failed'
GROUP BY day, collection;

CREATE OR REPLACE VIEW near_duplicates_by_transformation AS
SELECT
    collection,
    match_transformation AS transformation,
    match_method AS method,
    count() AS submissions,
    uniqExact(group_hash) AS groups,
    avg(match_similarity) AS mean_similarity,
    quantile(0.5)(match_distance_bits) AS p50_distance_bits,
    quantile(0.9)(match_distance_bits) AS p90_distance_bits,
    max(match_distance_bits) AS max_distance_bits,
    max(match_threshold_bits) AS threshold_bits,
    max(decided_at) AS last_at,
    argMax((media_id, match_media_id), decided_at) AS last_pair,
    min(match_score) AS min_score,
    avg(match_differs) AS mean_differs
FROM current_facts
WHERE outcome = 'near_duplicate' AND match_confidence NOT IN ('likely', 'unverified')
GROUP BY collection, transformation, method;

CREATE OR REPLACE VIEW matches_by_confidence AS
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
FROM current_facts
WHERE outcome IN ('duplicate', 'near_duplicate')
GROUP BY day, collection, confidence, method;

CREATE OR REPLACE VIEW calls_saved_per_day AS
SELECT
    toDate(decided_at) AS day,
    collection,
    verdict_status AS status,
    verdict_kind AS by_kind,
    verdict_by AS by_name,
    count() AS submissions,
    countIf(outcome = 'duplicate') AS exact_copies,
    countIf(outcome = 'near_duplicate') AS near_copies
FROM current_facts
WHERE verdict_status != 'pending' AND is_inherited
GROUP BY day, collection, status, by_kind, by_name;

-- Which of these files have been applied. `mediasieve clickhouse migrate` does that, and so does every recorder at start.
--
-- Rules for all files here: a statement ends with ; at the end of a line; tables are named without a database; every
-- statement may run twice and beside itself (IF NOT EXISTS and the like), since two workers may start at once; a file that
-- has been released never changes, a new one follows it. On a cluster, make the database with ENGINE = Replicated:
-- ClickHouse then turns these engines into their replicated kind.
CREATE TABLE IF NOT EXISTS schema_migrations
(
    version    UInt32,
    name       String,
    checksum   FixedString(64) COMMENT 'sha256 of the file in hex',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY version
COMMENT 'Applied files of deploy/clickhouse';

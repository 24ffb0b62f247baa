-- What moderators were asked, what it took and cost, and what copies saved.

ALTER TABLE moderation_events ADD COLUMN IF NOT EXISTS
    call_ms Float32 CODEC(ZSTD(1)) COMMENT 'time of the call that the verdict comes from' AFTER by_version;

ALTER TABLE moderation_events ADD COLUMN IF NOT EXISTS
    call_attempts UInt16 CODEC(ZSTD(1)) COMMENT 'how often the moderator was asked; 0 if the event comes from no call'
    AFTER call_ms;

ALTER TABLE moderation_events ADD COLUMN IF NOT EXISTS
    call_price Float64 CODEC(ZSTD(1)) COMMENT 'of one attempt, in call_currency' AFTER call_attempts;

ALTER TABLE moderation_events ADD COLUMN IF NOT EXISTS
    call_currency LowCardinality(String) COMMENT 'ISO 4217' AFTER call_price;

-- With the new columns: a view keeps the columns that its table had when it was made.
CREATE OR REPLACE VIEW moderation_events_once AS
SELECT *
FROM moderation_events FINAL;

-- The calls that verdicts come from, one row a content and version of a moderator.
CREATE VIEW IF NOT EXISTS moderator_calls AS
SELECT
    at,
    collection,
    content_id,
    by_name AS moderator,
    by_kind AS kind,
    by_version AS version,
    status,
    labels,
    reason,
    call_ms,
    call_attempts AS attempts,
    call_price * call_attempts AS cost,
    call_currency AS currency
FROM moderation_events_once
WHERE event = 'verdict' AND call_attempts > 0;

CREATE VIEW IF NOT EXISTS moderator_calls_per_day AS
SELECT
    toDate(at) AS day,
    collection,
    moderator,
    version,
    status,
    currency,
    count() AS contents,
    sum(attempts) AS calls,
    sum(cost) AS cost,
    quantile(0.5)(call_ms) AS median_ms,
    quantile(0.99)(call_ms) AS p99_ms
FROM moderator_calls
GROUP BY day, collection, moderator, version, status, currency;

-- Calls that copies saved, with the money at the price that the moderator of their verdict last had.
CREATE VIEW IF NOT EXISTS moderator_calls_saved_per_day AS
SELECT
    saved.day AS day,
    saved.collection AS collection,
    saved.by_name AS moderator,
    saved.status AS status,
    saved.submissions AS calls_saved,
    saved.submissions * ifNull(prices.price, 0) AS cost_saved,
    ifNull(prices.currency, '') AS currency
FROM calls_saved_per_day AS saved
LEFT JOIN
(
    SELECT moderator, argMax(cost / attempts, at) AS price, argMax(currency, at) AS currency
    FROM moderator_calls
    GROUP BY moderator
) AS prices ON prices.moderator = saved.by_name;

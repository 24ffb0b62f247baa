from __future__ import annotations

from panels import Dashboard, Panel, quantiles, rate

DASHBOARD = Dashboard(
    "clickhouse",
    "rows and queries",
    {
        "Rows": [
            Panel("Rows stored", "By table.", rate("mediasieve_rows_total", "table"), "ops"),
            Panel(
                "Time of an insert",
                "Seconds: too many parts, or a slow disk.",
                quantiles("mediasieve_insert_seconds", "table"),
                "s",
                worry_above=2.5,
            ),
        ],
        "Queries": [
            Panel(
                "Slowest queries",
                "Of the last hour, by what they read.",
                {
                    "queries": "SELECT any(query) AS query, count() AS runs, quantile(0.95)(query_duration_ms) AS p95_ms, sum(read_rows) AS read_rows, formatReadableSize(max(memory_usage)) AS memory FROM system.query_log WHERE type = 'QueryFinish' AND query_kind = 'Select' AND event_time > now() - INTERVAL 1 HOUR GROUP BY normalized_query_hash ORDER BY p95_ms DESC LIMIT 20"
                },
                kind="table",
                sql=True,
            ),
        ],
        "Tables": [
            Panel(
                "Tables",
                "Parts that grow without end: inserts are too small.",
                {
                    "tables": "SELECT table, sum(rows) AS rows, count() AS parts, formatReadableSize(sum(bytes_on_disk)) AS size FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table ORDER BY sum(bytes_on_disk) DESC"
                },
                kind="table",
                sql=True,
            ),
        ],
    },
)

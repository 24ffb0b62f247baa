from __future__ import annotations

from panels import Dashboard, Panel, quantiles

DASHBOARD = Dashboard(
    "latency",
    "latency",
    {
        "Submission to decision": [
            Panel(
                "Submission to decision",
                "Of first decisions, counted when their rows are stored.",
                quantiles("mediasieve_decision_seconds", of=(0.5, 0.9, 0.99)),
                "s",
                worry_above=2,
            ),
            Panel(
                "Late",
                "Share that took over 2 s. Over 1 % uses up the month's budget.",
                {
                    "5 min": "mediasieve:decisions_late:ratio_rate5m",
                    "1 h": "mediasieve:decisions_late:ratio_rate1h",
                    "6 h": "mediasieve:decisions_late:ratio_rate6h",
                },
                "percentunit",
                worry_above=0.01,
            ),
        ],
        "Hops": [
            Panel(
                "Hop by hop, p99",
                "From rows; `fetch_and_decode` begins when the submission was made.",
                {
                    "hops": "SELECT minute AS time, hop, max(p99_ms) AS p99 FROM latency_per_minute WHERE $__timeFilter(minute) GROUP BY time, hop ORDER BY time"
                },
                "ms",
                sql=True,
            ),
            Panel(
                "Getting the bytes",
                "Slow sources hold up nothing but themselves.",
                quantiles("mediasieve_fetch_seconds", "scheme"),
                "s",
            ),
            Panel(
                "Decoding and hashing", "One medium, by format.", quantiles("mediasieve_decode_seconds", "format"), "s"
            ),
        ],
    },
)

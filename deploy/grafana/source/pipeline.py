from __future__ import annotations

from panels import RATE, Dashboard, Panel, quantiles, rate

DASHBOARD = Dashboard(
    "pipeline",
    "pipeline",
    {
        "Now": [
            Panel(
                "Decisions",
                "First decisions a second.",
                {"": f"sum(rate(mediasieve_outcomes_total[{RATE}]))"},
                "ops",
                "stat",
            ),
            Panel(
                "Waiting",
                "Records behind the high watermark, all stages.",
                {"": "sum(mediasieve_lag_records)"},
                kind="stat",
                worry_above=10_000,
            ),
            Panel(
                "Copies",
                "Share of decisions that are copies.",
                {
                    "": 'sum(rate(mediasieve_outcomes_total{outcome=~"duplicate|near_duplicate"}[5m])) / sum(rate(mediasieve_outcomes_total[5m]))'
                },
                "percentunit",
                "stat",
            ),
            Panel(
                "Decided within 2 s",
                "The objective is 99 %.",
                {"": "1 - mediasieve:decisions_late:ratio_rate5m"},
                "percentunit",
                "stat",
            ),
            Panel("Workers", "Processes that answer.", {"": 'sum(up{job="mediasieve"})'}, kind="stat"),
        ],
        "Flow": [
            Panel(
                "Records finished",
                "By stage. No growth while there is lag: look at the worker's log.",
                rate("mediasieve_records_total", "stage"),
                "ops",
            ),
            Panel(
                "Lag",
                "Records behind the high watermark, by stage. Growing for minutes: add workers of that stage.",
                {"{{stage}}": "sum by (stage) (mediasieve_lag_records)"},
            ),
            Panel(
                "Outcomes", "Decisions by outcome.", rate("mediasieve_outcomes_total", "outcome"), "ops", stacked=True
            ),
        ],
        "Batches": [
            Panel(
                "Records in a batch",
                "Larger batches cost less a record.",
                quantiles("mediasieve_batch_records", "stage"),
            ),
            Panel(
                "Time of a batch",
                "Until Kafka has acknowledged all outputs. High in match: disk or broker. High in record: ClickHouse.",
                quantiles("mediasieve_batch_seconds", "stage"),
                "s",
            ),
            Panel("Records produced", "By stage and topic.", rate("mediasieve_outputs_total", "stage, topic"), "ops"),
        ],
    },
)

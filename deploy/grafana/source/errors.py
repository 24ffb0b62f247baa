from __future__ import annotations

from panels import RATE, Dashboard, Panel, rate

DASHBOARD = Dashboard(
    "errors",
    "errors",
    {
        "Inputs": [
            Panel(
                "Inputs that failed",
                "By stage and reason; docs/integrate/reasons.md explains reasons.",
                rate("mediasieve_errors_total", "stage, reason"),
                "ops",
                stacked=True,
            ),
            Panel(
                "Failed share",
                "Of all decisions.",
                {
                    "failed": f"sum(rate(mediasieve_errors_total[{RATE}])) / sum(rate(mediasieve_outcomes_total[{RATE}]))"
                },
                "percentunit",
                worry_above=0.05,
            ),
            Panel(
                "Decoders that died",
                "Files that end a decoding process are tried twice, then they fail.",
                rate("mediasieve_decoder_deaths_total", "cause"),
                "ops",
            ),
        ],
        "Infrastructure": [
            Panel(
                "Retries",
                "Work repeated because broker, ClickHouse or disk failed. Nothing is lost.",
                rate("mediasieve_retries_total", "stage"),
                "ops",
            ),
            Panel(
                "Policy file",
                "Refused: `mediasieve policy check` names the line.",
                rate("mediasieve_policy_reads_total", "result"),
                "ops",
            ),
        ],
        "Dead letters": [
            Panel(
                "Dead letters by reason",
                "In the chosen time.",
                {
                    "reasons": "SELECT reason, stage, count() AS letters, max(ingested_at) AS last FROM deadletters_once WHERE $__timeFilter(ingested_at) GROUP BY reason, stage ORDER BY letters DESC LIMIT 50"
                },
                kind="table",
                sql=True,
            ),
        ],
    },
)

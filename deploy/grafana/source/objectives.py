from __future__ import annotations

from panels import Dashboard, Panel

WINDOWS = ("5m", "1h", "6h")


def _burn(slo: str) -> dict[str, str]:
    return {window: f'mediasieve:slo_burn:rate{window}{{slo="{slo}"}}' for window in WINDOWS}


DASHBOARD = Dashboard(
    "objectives",
    "objectives",
    {
        "Now": [
            Panel(
                "Decided within 2 s",
                "The objective is 99 %.",
                {"": "1 - mediasieve:decisions_late:ratio_rate5m"},
                "percentunit",
                "stat",
            ),
            Panel(
                "Answers within 0.5 s",
                "The objective is 95 %.",
                {"": "1 - mediasieve:api_slow:ratio_rate5m"},
                "percentunit",
                "stat",
            ),
            Panel(
                "Searches within 1 s",
                "The objective is 95 %.",
                {"": "1 - mediasieve:search_slow:ratio_rate5m"},
                "percentunit",
                "stat",
            ),
            Panel(
                "From the cache",
                "Of answers that may be kept; the objective is 80 %.",
                {"": "mediasieve:api_cache_hits:ratio_rate1h"},
                "percentunit",
                "stat",
            ),
        ],
        "Submissions and jobs": [
            Panel(
                "Jobs within 5 minutes",
                "Of jobs that began in the last day; the objective is 95 %.",
                {"": "1 - mediasieve:jobs_late:ratio_1d or on () vector(1)"},
                "percentunit",
                "stat",
            ),
            Panel(
                "Jobs of the last day",
                "Done within 5 minutes, or not.",
                {"{{speed}}": "max by (speed) (mediasieve_recent_jobs)"},
                kind="stat",
            ),
            Panel(
                "Without a decision",
                "Fingerprints of the last hour, older than 5 minutes, that no decision is about. The objective is 0.",
                {"": "max(mediasieve_undecided_submissions)"},
                kind="stat",
                worry_above=0.5,
            ),
        ],
        "How fast budgets are used up": [
            Panel("Decisions", "At 1, a month's budget lasts for the month.", _burn("decisions"), worry_above=6),
            Panel("API", "At 1, a month's budget lasts for the month.", _burn("api"), worry_above=6),
            Panel("Search", "At 1, a month's budget lasts for the month.", _burn("search"), worry_above=6),
            Panel("Cache", "At 1, a month's budget lasts for the month.", _burn("cache"), worry_above=1),
            Panel(
                "Jobs",
                "Counted over the last day; at 1, exactly one job in twenty is late.",
                {"1d": 'mediasieve:slo_burn:rate1d{slo="jobs"} or on () vector(0)'},
                worry_above=1,
            ),
        ],
    },
)

from __future__ import annotations

from panels import Dashboard, Panel

JOBS = """SELECT countIf(took_s <= 300) / count() AS share FROM (
 SELECT job_id, dateDiff('second', any(jobs_once.started_at), max(decided.decided_at)) AS took_s
 FROM jobs_once INNER JOIN job_decisions_once AS decided USING (job_id)
 WHERE state = 'closed' AND jobs_once.started_at > now() - INTERVAL 1 DAY
 GROUP BY job_id HAVING count() >= any(expected))"""
UNDECIDED = """SELECT count() AS submissions FROM fingerprints_once
 WHERE fingerprinted_at > now() - INTERVAL 1 HOUR AND fingerprinted_at < now() - INTERVAL 5 MINUTE
 AND (collection, submission_id, attempt) NOT IN (SELECT collection, submission_id, attempt FROM decisions)"""
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
        "From rows": [
            Panel(
                "Jobs within 5 minutes",
                "Of jobs that began in the last day and are done; the objective is 95 %.",
                {"share": JOBS},
                "percentunit",
                "stat",
                sql=True,
            ),
            Panel(
                "Without a decision",
                "Fingerprints of the last hour, older than 5 minutes, that no decision is about. Not 0 while match and record have no lag: look for dead letters of match, then report a fault.",
                {"submissions": UNDECIDED},
                kind="stat",
                sql=True,
                worry_above=0.5,
            ),
        ],
        "How fast budgets are used up": [
            Panel("Decisions", "At 1, a month's budget lasts for the month.", _burn("decisions"), worry_above=6),
            Panel("API", "At 1, a month's budget lasts for the month.", _burn("api"), worry_above=6),
            Panel("Search", "At 1, a month's budget lasts for the month.", _burn("search"), worry_above=6),
            Panel("Cache", "At 1, a month's budget lasts for the month.", _burn("cache"), worry_above=1),
        ],
    },
)

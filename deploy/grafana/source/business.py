from __future__ import annotations

from panels import Dashboard, Panel

DASHBOARD = Dashboard(
    "business",
    "business",
    {
        "Saved": [
            Panel(
                "Copies",
                "Submissions of the last 30 days that were copies.",
                {"copies": "SELECT sum(copies) AS copies FROM savings_per_day WHERE day > today() - 30"},
                kind="stat",
                sql=True,
            ),
            Panel(
                "Share of copies",
                "Of all submissions of 30 days.",
                {
                    "share": "SELECT sum(copies) / sum(submissions) AS share FROM savings_per_day WHERE day > today() - 30"
                },
                "percentunit",
                "stat",
                sql=True,
            ),
            Panel(
                "Bytes not kept twice",
                "Sizes of copies, 30 days.",
                {"bytes": "SELECT sum(saved_bytes) AS bytes FROM savings_per_day WHERE day > today() - 30"},
                "bytes",
                "stat",
                sql=True,
            ),
            Panel(
                "Moderator calls saved",
                "Submissions that have the verdict of another medium, 30 days.",
                {"calls": "SELECT sum(submissions) AS calls FROM calls_saved_per_day WHERE day > today() - 30"},
                kind="stat",
                sql=True,
            ),
        ],
        "By day": [
            Panel(
                "Submissions and copies",
                "Every day.",
                {
                    "days": "SELECT toDateTime(day) AS time, sum(submissions) AS submissions, sum(copies) AS copies FROM savings_per_day WHERE $__timeFilter(toDateTime(day)) GROUP BY time ORDER BY time"
                },
                sql=True,
            ),
            Panel(
                "Calls saved, by verdict",
                "Every day.",
                {
                    "days": "SELECT toDateTime(day) AS time, status, sum(submissions) AS calls FROM calls_saved_per_day WHERE $__timeFilter(toDateTime(day)) GROUP BY time, status ORDER BY time"
                },
                sql=True,
                stacked=True,
            ),
        ],
        "Copied most": [
            Panel(
                "Contents with the most copies",
                "Look at them with `mediasieve explain`.",
                {"contents": "SELECT * FROM copied_contents ORDER BY exact_copies + near_copies DESC LIMIT 20"},
                kind="table",
                sql=True,
            ),
        ],
        "Verdicts": [
            Panel(
                "Verdicts in force",
                "Contents by verdict and who said so.",
                {
                    "verdicts": "SELECT status, by_kind, by_name, count() AS contents, sum(submissions) AS submissions FROM verdicts_in_force GROUP BY status, by_kind, by_name ORDER BY contents DESC LIMIT 50"
                },
                kind="table",
                sql=True,
            ),
            Panel(
                "Matches for review",
                "Likely copies that a person should look at.",
                {"matches": "SELECT * FROM matches_for_review LIMIT 50"},
                kind="table",
                sql=True,
            ),
        ],
    },
)

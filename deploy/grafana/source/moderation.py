from __future__ import annotations

from panels import Dashboard, Panel, quantiles, rate, rate_or_zero

DASHBOARD = Dashboard(
    "moderation",
    "moderation",
    {
        "Events": [
            Panel(
                "Events",
                "Verdicts, splits and others, by what became of them.",
                rate("mediasieve_moderation_events_total", "event, result"),
                "ops",
                stacked=True,
            ),
            Panel(
                "Verdicts inherited",
                "Decisions that carry the verdict of another content.",
                rate("mediasieve_inherited_verdicts_total", "status"),
                "ops",
                stacked=True,
            ),
            Panel(
                "Media that are waited for",
                "Named by events before they came. They wait for seven days.",
                {"{{instance}}": "mediasieve_moderation_waiting"},
            ),
        ],
        "Moderators": [
            Panel(
                "Calls",
                "By result. More than new contents: many failures.",
                rate("mediasieve_moderator_calls_total", "moderator, result"),
                "ops",
                stacked=True,
            ),
            Panel(
                "Calls saved",
                "Copies that nobody was asked about.",
                rate("mediasieve_moderator_calls_saved_total", "moderator"),
                "ops",
            ),
            Panel(
                "Failures",
                "By reason. The mapping does not fit, or the service is away.",
                rate("mediasieve_moderator_failures_total", "moderator, reason"),
                "ops",
            ),
        ],
        "Answers": [
            Panel("Time of a call", "Of one content.", quantiles("mediasieve_moderator_seconds", "moderator"), "s"),
            Panel(
                "Verdicts",
                "A jump of `blocked`: look at what came, or at a new version of the model.",
                rate("mediasieve_moderator_verdicts_total", "moderator, status"),
                "ops",
                stacked=True,
            ),
            Panel(
                "Contents that wait",
                "Growing: raise `concurrency` or `limits`, or add workers of the stage.",
                {"{{moderator}}": "sum by (moderator) (mediasieve_moderator_waiting)"},
            ),
            Panel(
                "Left alone",
                "1 while a failing moderator is left alone. Verdicts are late; decisions are not.",
                {"{{moderator}}": "max by (moderator) (mediasieve_moderator_breaker_open)"},
                worry_above=0.5,
            ),
        ],
        "Hash lists": [
            Panel("Entries", "That contents are compared with.", {"{{instance}}": "mediasieve_list_entries"}),
            Panel(
                "Memory of the entries", "About 80 bytes an entry.", {"{{instance}}": "mediasieve_list_bytes"}, "bytes"
            ),
            Panel(
                "Hits",
                "Contents that a list says something about, by equal bytes (exact) or by near hashes (unverified).",
                rate_or_zero("mediasieve_list_hits_total", "list, confidence"),
            ),
            Panel(
                "Put in quarantine",
                "Entries that matched too much; `mediasieve lists release` lets them act again.",
                rate_or_zero("mediasieve_list_quarantined_total", "collection, list"),
            ),
        ],
        "Money": [
            Panel(
                "Cost an hour",
                "At the price of the moderation file.",
                {
                    "{{moderator}} {{currency}}": "sum by (moderator, currency) (rate(mediasieve_moderator_cost_total[1h])) * 3600"
                },
            ),
            Panel(
                "Saved an hour",
                "What copies would have cost.",
                {
                    "{{moderator}} {{currency}}": "sum by (moderator, currency) (rate(mediasieve_moderator_cost_saved_total[1h])) * 3600"
                },
            ),
            Panel(
                "Labels cut",
                "Labels beyond the 64 that a verdict has.",
                rate("mediasieve_moderator_labels_cut_total", "moderator"),
                "ops",
            ),
        ],
    },
)

from __future__ import annotations

from panels import Dashboard, Panel, quantiles, rate, rate_or_zero

DASHBOARD = Dashboard(
    "api",
    "API and search",
    {
        "Requests": [
            Panel(
                "Requests",
                "By route and status.",
                rate("mediasieve_api_requests_total", "route, status"),
                "ops",
                stacked=True,
            ),
            Panel(
                "Time of an answer",
                "Without waiting for decisions, and without streams.",
                quantiles("mediasieve_api_request_seconds", of=(0.5, 0.95, 0.99)),
                "s",
                worry_above=0.5,
            ),
            Panel(
                "Time of a search",
                "Searches and look-ups.",
                {
                    "p95": 'histogram_quantile(0.95, sum by (le) (rate(mediasieve_api_request_seconds_bucket{route=~".*(search|lookup).*"}[$__rate_interval])))'
                },
                "s",
                worry_above=1,
            ),
            Panel("Refused", "By the code of the problem.", rate("mediasieve_api_refused_total", "code"), "ops"),
        ],
        "Behind it": [
            Panel(
                "Questions to ClickHouse",
                "With their waiting.",
                quantiles("mediasieve_api_query_seconds", "question", of=(0.95,)),
                "s",
            ),
            Panel(
                "Cache",
                "Hits, misses, and those that joined a question that ran.",
                rate("mediasieve_api_cache_total", "namespace, result"),
                "ops",
                stacked=True,
            ),
            Panel(
                "Trouble with the shared cache",
                "Failed calls, refused entries, and calls that were left out while Redis is away or busy.",
                rate_or_zero("mediasieve_api_shared_cache_trouble_total", "result"),
                "ops",
            ),
        ],
        "Open": [
            Panel("Requests that wait", "For decisions.", {"{{instance}}": "mediasieve_api_waiters"}),
            Panel("Streams", "Open streams of decisions.", {"{{instance}}": "mediasieve_api_subscribers"}),
            Panel(
                "Bytes of bodies",
                "At MEDIASIEVE_API_UPLOAD_BYTES more are refused.",
                {"{{instance}}": "mediasieve_api_body_bytes"},
                "bytes",
            ),
        ],
    },
)

from __future__ import annotations

from panels import RATE, Dashboard, Panel, quantiles, rate

DASHBOARD = Dashboard(
    "queues",
    "queues and caches",
    {
        "Queues": [
            Panel(
                "Budget used",
                "Bytes in work beside the stage's share. At 100 % all the time: the stage is the bottleneck.",
                {"{{stage}} {{instance}}": "mediasieve_in_flight_bytes / mediasieve_in_flight_max_bytes"},
                "percentunit",
                worry_above=0.95,
            ),
            Panel(
                "Records in work",
                "Delivered and not finished.",
                {"{{stage}} {{instance}}": "mediasieve_in_flight_records"},
            ),
            Panel(
                "Lag by partition",
                "One partition alone: one busy collection.",
                {"{{stage}} {{topic}}/{{partition}}": "topk(20, mediasieve_lag_records)"},
            ),
        ],
        "Bulk lane": [
            Panel(
                "Bulk submissions on their way",
                "Taken by a worker and not decided: at most MEDIASIEVE_BULK_WINDOW.",
                {"{{instance}}": "mediasieve_bulk_outstanding_records"},
            ),
            Panel(
                "What bulk submissions wait for",
                "Seconds of waiting a second: for live work, for match, or for their pace.",
                rate("mediasieve_bulk_waits_seconds_total", "cause"),
                "s",
            ),
        ],
        "Partitions": [
            Panel(
                "Partitions of workers",
                "0 for long: more workers than partitions, or two with one id.",
                {"{{stage}} {{instance}}": "mediasieve_assigned_partitions"},
                stacked=True,
            ),
            Panel(
                "State restored",
                "Changelog records read after partitions moved.",
                {"{{instance}}": f"rate(mediasieve_restored_records[{RATE}])"},
                "ops",
            ),
        ],
        "Caches": [
            Panel(
                "Known contents",
                "Look-ups of fingerprints by their bytes' hash. Few hits and many equal media: raise MEDIASIEVE_FINGERPRINT_CACHE_ENTRIES.",
                rate("mediasieve_fingerprint_cache_total", "result"),
                "ops",
                stacked=True,
            ),
            Panel(
                "Bytes held of sources",
                "Media fetched from elsewhere.",
                {"{{instance}}": "mediasieve_source_bytes"},
                "bytes",
            ),
            Panel("Bytes read of sources", "By scheme.", rate("mediasieve_fetched_bytes_total", "scheme"), "Bps"),
        ],
        "Thumbnails": [
            Panel(
                "Contents",
                "By what became of their thumbnails. Many are left_out: the store is away or slow.",
                rate("mediasieve_thumbnails_total", "result"),
                "ops",
            ),
            Panel("Time to write", "To the store, for one medium.", quantiles("mediasieve_thumbnail_seconds"), "s"),
            Panel(
                "Bytes that wait",
                "At MEDIASIEVE_THUMBNAIL_QUEUE_BYTES, thumbnails are left out.",
                {"{{instance}}": "mediasieve_thumbnail_bytes"},
                "bytes",
            ),
        ],
        "Picture model": [
            Panel(
                "Media",
                "By what became of their embedding. Searches by the model miss what failed or ran into the timeout.",
                rate("mediasieve_embeddings_total", "result"),
                "ops",
            ),
            Panel(
                "Time to embed",
                "Waiting for the model and its run, for one medium.",
                quantiles("mediasieve_embedding_seconds"),
                "s",
            ),
        ],
    },
)

from __future__ import annotations

from panels import RATE, Dashboard, Panel, rate

DASHBOARD = Dashboard(
    "machine",
    "machine",
    {
        "Workers": [
            Panel(
                "CPU",
                "Cores in use, without decoding processes.",
                {"{{instance}}": f'rate(process_cpu_seconds_total{{job="mediasieve"}}[{RATE}])'},
            ),
            Panel(
                "Memory",
                "Resident, without decoding processes.",
                {"{{instance}}": 'process_resident_memory_bytes{job="mediasieve"}'},
                "bytes",
            ),
            Panel(
                "Files and sockets",
                "Open, beside what is allowed.",
                {"{{instance}}": 'process_open_fds{job="mediasieve"} / process_max_fds{job="mediasieve"}'},
                "percentunit",
                worry_above=0.8,
            ),
        ],
        "Index": [
            Panel(
                "Contents in the index",
                "Known pictures and videos that newcomers are compared with.",
                {"{{instance}}": "mediasieve_near_contents"},
            ),
            Panel(
                "Memory of the index",
                "Close to the machine's: set retention_days, use `plain`, or add match workers.",
                {"{{instance}}": "mediasieve_near_bytes"},
                "bytes",
            ),
            Panel(
                "Decoding processes", "They start when they are first needed.", {"{{instance}}": "mediasieve_decoders"}
            ),
        ],
        "Videos": [
            Panel(
                "Videos",
                "Fingerprinted, by how their bytes were read.",
                rate("mediasieve_videos_total", "way, path"),
                "ops",
            ),
            Panel(
                "Share of a video that was read",
                "Close to 100 %: servers without range requests.",
                {
                    "{{way}}": f"sum by (way) (rate(mediasieve_video_read_bytes_total[{RATE}])) / sum by (way) (rate(mediasieve_video_size_bytes_total[{RATE}]))"
                },
                "percentunit",
            ),
        ],
    },
)

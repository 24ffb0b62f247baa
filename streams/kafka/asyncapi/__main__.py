"""`python -m streams.kafka.asyncapi` writes docs/reference/asyncapi.json of this checkout."""

from __future__ import annotations

from pathlib import Path

import orjson

from streams.kafka.asyncapi import describe_topics

if __name__ == "__main__":
    path = Path(__file__).resolve().parents[3] / "docs" / "reference" / "asyncapi.json"
    path.write_bytes(orjson.dumps(describe_topics(), option=orjson.OPT_INDENT_2) + b"\n")

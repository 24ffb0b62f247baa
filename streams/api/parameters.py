"""Parameters that routes share."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Header, Path, Query

from streams.domain.records.fields import MAX_ID_CHARS

NO_NUL: Final = r"^[^\x00]+$"
MAX_WAIT_S: Final = 30.0

WaitSeconds = Annotated[
    float,
    Query(
        ge=0,
        le=MAX_WAIT_S,
        description="Wait so many seconds for the decision; the answer comes as soon as the decision does.",
        examples=[5],
    ),
]
MediaIdPath = Annotated[
    str,
    Path(min_length=1, max_length=MAX_ID_CHARS, pattern=NO_NUL, description="The id that its owner gave the medium.",
         examples=["listing-4711/photo-1"]),
]  # fmt: skip
CONTENT_ID: Final = r"^sha256(-parts)?:[0-9a-f]{64}$"
ContentIdPath = Annotated[
    str, Path(pattern=CONTENT_ID, description="The id of a content.", examples=["sha256:" + "0" * 64])
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Requests of one collection with the same key are the same submission, and get the same decision.",
        examples=["order-17-photo-1"],
    ),
]
Limit = Annotated[int, Query(ge=1, le=200, description="The most entries of one page.")]
Cursor = Annotated[
    str | None, Query(max_length=2048, description="`next_cursor` of the page before; leave all else as it was.")
]

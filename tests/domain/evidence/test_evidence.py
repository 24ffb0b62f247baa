"""Evidence as bytes: what is read back, and what is refused."""

from __future__ import annotations

import random

from streams.domain.evidence.details.detail import DETAIL_BYTES
from streams.domain.evidence.evidence import (
    CHROMA_BYTES,
    PIXELS_BYTES,
    Evidence,
    Thumbnail,
    is_evidence,
    pack_evidence,
    unpack_evidence,
)
from streams.domain.evidence.thumbnail import EDGE, THUMBNAIL_BYTES
from streams.domain.hashes.views import FULL, TRIMMED
from streams.errors import BadInput

HEAD_BYTES = 21


def some_evidence(rng: random.Random) -> bytes:
    views = rng.choice(([FULL], [FULL, TRIMMED], [TRIMMED], []))
    thumbnails = tuple(Thumbnail(view, (0, 0, EDGE, EDGE), rng.randbytes(THUMBNAIL_BYTES)) for view in views)
    told = {
        name: rng.randbytes(rng.choice((0, length, length, length, length - 1)))
        for name, length in {"chroma": CHROMA_BYTES, "pixels": PIXELS_BYTES, "detail": DETAIL_BYTES}.items()
        if rng.random() < 0.5
    }
    return pack_evidence(Evidence(rng.choice((640, 640, 0)), rng.choice((480, 480, 0)), thumbnails, **told))


def damaged(packed: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(min(len(packed), HEAD_BYTES))
    return rng.choice(
        (
            packed,
            packed[:at] + rng.randbytes(1) + packed[at + 1 :],
            packed[: rng.randrange(len(packed) + 1)],
            packed + rng.randbytes(rng.randint(1, 4)),
            packed + b"?\0\3abc",
        )
    )


def verdict(packed: bytes, read: object) -> str:
    try:
        return str(bool(read(packed)))  # type: ignore[operator]
    except BadInput as error:
        return error.reason


def test_bytes_are_evidence_if_they_can_be_unpacked() -> None:
    rng, seen = random.Random(4), set()
    for _ in range(4_000):
        packed = damaged(some_evidence(rng), rng)
        expected = verdict(packed, unpack_evidence)
        assert verdict(packed, is_evidence) == expected
        seen.add(expected)
    assert seen == {"True", "False", "bad_field"}

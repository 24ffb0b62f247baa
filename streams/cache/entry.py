"""A kept answer, and its bytes for another process: a line of JSON that describes it, then the body.

What a shared Redis returns is from outside: it is checked, never unpickled, and never decompressed to more than it may
have.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

import cramjam
import orjson

VERSION: Final = 1
COMPRESS_ABOVE_BYTES: Final = 1000
LEVEL: Final = 3
MAX_BODY_BYTES: Final = 16 << 20
MAX_TAGS: Final = 4_000
OVERHEAD_BYTES: Final = 400


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it is sent.

    Attributes:
        body: JSON; compressed with zstd if `is_compressed`.
        is_compressed: whether it is.
        size_bytes: of the JSON.
        etag: of the JSON, quoted.
        made_at_s: seconds since the epoch.
        lives_s: for so long it may be kept.
        position: what ClickHouse had before the answer was made; see freshness.py.
        tags: a decision that touches one of them ends it.
        recent_tag: a decision that touches it ends the answer once it is older than `recent_s`.
        recent_s: seconds for which decisions of `recent_tag` may be missing.
    """

    body: bytes = field(repr=False)
    is_compressed: bool
    size_bytes: int
    etag: str
    made_at_s: float
    lives_s: float
    position: dict[int, int]
    tags: tuple[str, ...] = ()
    recent_tag: str = ""
    recent_s: float = 0.0

    @property
    def held_bytes(self) -> int:
        """About what it takes in memory."""
        return len(self.body) + OVERHEAD_BYTES + sum(len(tag) + 60 for tag in self.tags)

    def json(self) -> bytes:
        """The body as it is without compression."""
        return expanded(self.body, self.size_bytes) if self.is_compressed else self.body


def etag_of(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def compressed(body: bytes) -> tuple[bytes, bool]:
    """The body with zstd, where that makes it smaller, and whether it is."""
    if len(body) <= COMPRESS_ABOVE_BYTES:
        return body, False
    smaller = bytes(cramjam.zstd.compress(body, level=LEVEL))
    return (smaller, True) if len(smaller) < len(body) else (body, False)


def expanded(body: bytes, size_bytes: int) -> bytes:
    """The bytes of a zstd frame that has exactly so many.

    Raises:
        ValueError: it has another number of bytes, or is no such frame.
    """
    into = bytearray(size_bytes)
    try:
        written = cramjam.zstd.decompress_into(body, into)
    except cramjam.DecompressionError as error:
        raise ValueError("not the frame that was described") from error
    if written != size_bytes:
        raise ValueError("not the frame that was described")
    return bytes(into)


def encode_entry(answer: KeptAnswer) -> bytes:
    head = {
        "version": VERSION,
        "size_bytes": answer.size_bytes,
        "is_compressed": answer.is_compressed,
        "etag": answer.etag,
        "made_at_s": answer.made_at_s,
        "lives_s": answer.lives_s,
        "position": {str(partition): offset for partition, offset in answer.position.items()},
        "tags": answer.tags,
        "recent_tag": answer.recent_tag,
        "recent_s": answer.recent_s,
    }
    return orjson.dumps(head) + b"\n" + answer.body


def decode_entry(data: bytes) -> KeptAnswer:
    """The answer of such bytes.

    Raises:
        ValueError: they are none, or those of another version.
    """
    line, found, body = data.partition(b"\n")
    head: Any = orjson.loads(line) if found else None
    if not isinstance(head, dict) or head.get("version") != VERSION:
        raise ValueError("no entry of this version")
    try:
        answer = KeptAnswer(
            body=body,
            is_compressed=_typed(head["is_compressed"], bool),
            size_bytes=_typed(head["size_bytes"], int),
            etag=_typed(head["etag"], str),
            made_at_s=float(head["made_at_s"]),
            lives_s=float(head["lives_s"]),
            position={int(partition): _typed(offset, int) for partition, offset in head["position"].items()},
            tags=tuple(_typed(tag, str) for tag in head["tags"]),
            recent_tag=_typed(head["recent_tag"], str),
            recent_s=float(head["recent_s"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not an entry") from error
    if not 0 <= answer.size_bytes <= MAX_BODY_BYTES or len(answer.tags) > MAX_TAGS or len(answer.etag) != 26:
        raise ValueError("beyond what an entry has")
    if etag_of(answer.json()) != answer.etag:
        raise ValueError("the body is not that of its ETag")
    return answer


def _typed(value: Any, of: type[Any]) -> Any:
    if type(value) is not of:
        raise TypeError(f"not {of.__name__}")
    return value

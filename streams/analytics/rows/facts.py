"""Columns that decisions and fingerprints share: the facts about a content, or the failure."""

from __future__ import annotations

from typing import Any, Final

from streams.analytics.rows.extractors import UINT32, UINT64, Extractor, number, text, text_map, whole
from streams.errors import BadInput, Reason

FAILURE_COLUMNS: Final = {
    "failure_reason": text("failure.reason"),
    "failure_detail": text("failure.detail"),
}

#: Packed hashes have no column: they are most of a record's bytes. 004 and 005 in deploy/clickhouse say why.
PACKED_HASHES: Final = ("views:", "frames:")


def newest_hash(path: str, algorithm: str, size_bytes: int) -> Extractor:
    """The hash of the highest version of an algorithm; zeros where there is none."""
    none = bytes(size_bytes)

    def convert(hashes: Any) -> bytes:
        name = ""
        for other in hashes if type(hashes) is dict else ():
            if other.startswith(algorithm) and (not name or (len(other), other) > (len(name), name)):
                name = other
        return _parse_hash(hashes[name], name, size_bytes) if name else none

    return Extractor(path, None, convert, none)


def newest_hash_number(path: str, algorithm: str, size_bytes: int) -> Extractor:
    """As `newest_hash`, as a number."""
    newest = newest_hash(path, algorithm, size_bytes).convert
    return Extractor(path, None, lambda hashes: int.from_bytes(newest(hashes)), 0)


FACTS_COLUMNS: Final = {
    "media_kind": text("facts.kind"),
    "format": text("facts.format"),
    "size_bytes": whole("facts.size_bytes", UINT64),
    "width": whole("facts.width", UINT32),
    "height": whole("facts.height", UINT32),
    "frames": whole("facts.frames", UINT32),
    "duration_s": number("facts.video.duration_s"),
    "codec": text("facts.video.codec"),
    "frame_rate": number("facts.video.frame_rate"),
    "quality": number("facts.quality"),
    "phash64": newest_hash_number("facts.hashes", "phash64:", 8),
    "phash256": newest_hash("facts.hashes", "phash256:", 32),
    "hashes": text_map("facts.hashes", without=PACKED_HASHES),
}


def _parse_hash(digits: Any, name: str, size_bytes: int) -> bytes:
    try:
        value = bytes.fromhex(digits) if type(digits) is str else b""
    except ValueError:
        value = b""
    if len(value) != size_bytes:
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': {name} must be {2 * size_bytes} hexadecimal digits")
    return value

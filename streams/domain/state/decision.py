"""A submission's decision in the state: when it expires, then its JSON, compressed.

Compression is against a dictionary of decisions (zstd): what remains are ids, hashes and names, 300 bytes of 1,600.
tests/support/typical_decisions.py trained it. What earlier versions wrote is still read: JSON that zlib compressed
against a typical decision, and plain JSON.
"""

from __future__ import annotations

import struct
import threading
import zlib
from pathlib import Path
from typing import Final

import zstandard

from streams.errors import StateError

_EXPIRES_MS: Final = struct.Struct("<q")
_BY_ZLIB: Final = 1
_BY_ZSTD: Final = 2
"""The byte before a compressed decision; plain JSON begins with a brace."""

_DICTIONARY: Final = zstandard.ZstdCompressionDict(Path(__file__).with_name("decisions.zstd_dict").read_bytes())
"""Never change the file: what was compressed with it can be read only with it."""
_FORMAT: Final = zstandard.FORMAT_ZSTD1_MAGICLESS
_PARAMETERS: Final = zstandard.ZstdCompressionParameters.from_level(
    3, dict_size=len(_DICTIONARY), format=_FORMAT, write_checksum=False, write_dict_id=False
)
_DICTIONARY.precompute_compress(compression_params=_PARAMETERS)

_ZLIB_WINDOW: Final = -12
"""4 KiB, which hold the typical decision, without a header."""

_TYPICAL: Final = (
    # Never change these bytes, for the same reason.
    b'"outcome":"duplicate","action":"reuse","method":"exact","similarity":1.0,"distance_bits":0,"threshold_bits'
    b'":0,"explanation":"The same bytes.","confidence":"exact","score":null,"differs":null,"map":[],"candidate_d'
    b'istance_bits":null,"candidate_threshold_bits":null,"outcome":"unique","action":"process","format":"jpeg","'
    b'priority":0,"match":null,"verdict":{"status":"pending","by":null,"reason":null,"at":null,"inherited_from":'
    b'null},"failure":null,"facts":{"content_id":"sha256:{"decision_id":"","revision":0,"outcome":"near_duplicat'
    b'e","action":"reuse","collection":"shop","media_id":".jpg","submission_id":"uploads#","attempt":0,"kind":"i'
    b'mage","content_id":"sha256:","match":{"content_id":"sha256:","media_id":".jpg","submission_id":"uploads#",'
    b'"group_content_id":"sha256:","group_media_id":".jpg","method":"phash256","similarity":0.9297,"distance_bit'
    b's":18,"threshold_bits":80,"explanation":"The same picture, mirrored left to right: 18 of 256 bits differ, '
    b'80 may.","confidence":"certain","score":830,"differs":0.0,"map":["========","========","========","======='
    b'=","========","========","========","========"],"candidate_distance_bits":2,"candidate_threshold_bits":10,'
    b'"transformation":"mirrored","view":"full","known_view":"full","relation":"","segments":[],"share":0.0,"kno'
    b'wn_share":0.0},"verdict":{"status":"pending","by":null,"reason":null,"at":null,"inherited_from":".jpg"},"f'
    b'ailure":null,"facts":{"content_id":"sha256:","kind":"image","format":"webp","size_bytes":31877,"width":640'
    b',"height":427,"frames":1,"quality":0.87,"hashes":{"phash64:1":","phash256:1":"},"video":null},"metadata":{'
    b'"uploader":"u-77"},"submitted_at":"2026-01-31T09:31:07.000Z","fingerprinted_at":"2026-01-31T09:31:07.090Z"'
    b',"versions":{"policy":"default:f59bdfb4aea9"},"appears_in":[]}'
)  # fmt: skip


class _Coders(threading.local):
    """Of one thread: zstd's contexts are not for several at once."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(dict_data=_DICTIONARY, compression_params=_PARAMETERS).compress
        self.decompress = zstandard.ZstdDecompressor(dict_data=_DICTIONARY, format=_FORMAT).decompress


_CODERS: Final = _Coders()


def pack_decision(value: bytes, expires_ms: int) -> bytes:
    return b"".join((_EXPIRES_MS.pack(expires_ms), bytes((_BY_ZSTD,)), _CODERS.compress(value)))


def decision_expires_ms(packed: bytes) -> int:
    return int(_EXPIRES_MS.unpack_from(packed)[0])


def is_remembered(packed: bytes | None, time_ms: int) -> bool:
    """Whether there is a decision that has not expired at `time_ms`."""
    return packed is not None and decision_expires_ms(packed) >= time_ms


def unpack_decision(packed: bytes) -> bytes:
    """The decision's JSON.

    Raises:
        StateError: a later version wrote the decision.
    """
    value = packed[_EXPIRES_MS.size :]
    kind = value[0] if value else None
    if kind == _BY_ZSTD:
        return _CODERS.decompress(value[1:])
    if kind == _BY_ZLIB:
        return zlib.decompressobj(_ZLIB_WINDOW, _TYPICAL).decompress(value[1:])
    if value[:1] == b"{":
        return value
    raise StateError(
        f"the state holds a decision that begins with {value[:4].hex(' ')}, which this version does not read: "
        "run the version of mediasieve that wrote it"
    )

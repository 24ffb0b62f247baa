"""The hashes of a content that entries of hash lists are compared with.

They are those of the whole picture as it is, in the notation of other tools. A picture of too little quality has none
but those of its bytes, and neither has a hash in which almost all bits are equal: too many pictures share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from streams.domain.hashes.algorithms import DIGEST_HASH, current_algorithm
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts
from streams.domain.records.hash_list import ALGORITHM_BITS
from streams.domain.records.ids import digest_of, is_partial

MIN_BIT_SHARE: Final = 1 / 8
"""A hash in which no more than this share of the bits is set, or is not set, says little."""

MIN_PDQ_QUALITY: Final = 50
"""Below this, PDQ's authors advise to compare no hashes."""

STORED: Final = ("md5", "phash64", "phash256", "pdq256")
"""In the order of their bits in the first byte of the packed hashes; the content id has sha256."""

Listable = Mapping[str, bytes]
"""Hashes by the name of their algorithm."""


def listable_hashes(facts: MediaFacts, policy: Policy) -> dict[str, bytes]:
    """Of a submission."""
    found: dict[str, bytes] = {}
    if not is_partial(facts.content_id):
        found["sha256"] = digest_of(facts.content_id)
    for name in STORED:
        value = facts.hashes.get(_key(name))
        if value is None or len(value) != ALGORITHM_BITS[name] // 4:
            continue
        if name == DIGEST_HASH or (facts.quality >= policy.min_quality and _is_pdq_good(name, facts)):
            digest = bytes.fromhex(value)
            if name == DIGEST_HASH or says_enough(digest):
                found[name] = digest
    return found


def pack_listable(hashes: Listable) -> bytes:
    """Without sha256; empty if there are no others."""
    mask = sum(1 << bit for bit, name in enumerate(STORED) if name in hashes)
    return bytes((mask,)) + b"".join(hashes[name] for name in STORED if name in hashes) if mask else b""


def unpack_listable(packed: bytes, content_id: str) -> dict[str, bytes]:
    """Of a content in the state."""
    found = {} if is_partial(content_id) else {"sha256": digest_of(content_id)}
    at = 1
    for bit, name in enumerate(STORED):
        if packed and packed[0] >> bit & 1:
            size = ALGORITHM_BITS[name] // 8
            found[name] = packed[at : at + size]
            at += size
    return found


def says_enough(digest: bytes) -> bool:
    """Whether a perceptual hash tells pictures apart."""
    ones, bits = int.from_bytes(digest).bit_count(), 8 * len(digest)
    return MIN_BIT_SHARE < ones / bits < 1 - MIN_BIT_SHARE


def _is_pdq_good(name: str, facts: MediaFacts) -> bool:
    quality = facts.hashes.get("pdq_quality:1", "100")
    return name != "pdq256" or (quality.isdecimal() and int(quality) >= MIN_PDQ_QUALITY)


@cache
def _key(name: str) -> str:
    return name if name == DIGEST_HASH else current_algorithm(name).key

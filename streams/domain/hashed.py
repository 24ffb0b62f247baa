"""What of a picture's hashes is compared under a policy: the algorithm, and entries as views.py packs them."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np

from streams.domain.policy import Level, Policy
from streams.domain.records import MediaFacts
from streams.domain.views import ENTRY, FULL, KEPT, LEVEL_NUMBERS, STORED, VIEWS_HASH
from streams.errors import BadInput, Reason

#: The version of all hashes but the views that are compared here; one of another version is not looked at.
VERSION: Final = "1"


#: A hash with no more than one in so many bits set, or not set, says little: two mostly white pictures may share it.
LOPSIDED: Final = 8


class Hashed(NamedTuple):
    """Entries, packed, made by `algorithm`; none where only equal bytes are to match, and no algorithm then."""

    algorithm: str
    entries: bytes


NOTHING: Final = Hashed("", b"")


class Wanted(NamedTuple):
    """What has to be hashed of a picture: views of this level, and these hashes beside."""

    level: Level
    further: tuple[str, ...]


@cache
def wanted(policy: Policy) -> Wanted:
    """What a fingerprint needs so that a policy can compare it, and has what it names beside."""
    names = set(policy.also)
    if policy.near and policy.hash != "phash256":
        family = policy.hash.rstrip("0123456789")
        names |= {policy.hash, f"{family}64"} if policy.hash_bits == 256 else {policy.hash}
    return Wanted(policy.views if policy.near else "plain", tuple(sorted(names)))


def hashed(facts: MediaFacts, policy: Policy) -> Hashed:
    """The entries by which near duplicates of a picture are looked up and found.

    There are none if the policy does not want any, if the picture's quality is below its `min_quality`, and if the
    record has no hash of the algorithm and version that is wanted here (it was made by another version of mediasieve).

    Raises:
        BadInput: bad_field, if a hash is not what its name says.
    """
    if not policy.near or facts.quality < policy.min_quality:
        return NOTHING
    try:
        if policy.hash == "phash256":
            entries = bytes.fromhex(facts.hashes.get(VIEWS_HASH, ""))
            if len(entries) % ENTRY.itemsize:
                raise ValueError("not whole entries")
            return Hashed(VIEWS_HASH, entries) if entries else NOTHING
        return _one_entry(facts, policy)
    except ValueError as error:
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': {error}") from error


def kept(entries: bytes, policy: Policy) -> bytes:
    """Those entries that the state keeps of a content."""
    array = np.frombuffer(entries, ENTRY)
    stored = STORED[LEVEL_NUMBERS[policy.views], array["view"], array["turn"]] > 0
    return bytes(array[stored].tobytes())


def _one_entry(facts: MediaFacts, policy: Policy) -> Hashed:
    """One hash of the whole picture, found by its 64-bit sibling where it has 256 bits."""
    family, bits = policy.hash.rstrip("0123456789"), policy.hash_bits
    algorithm = f"{policy.hash}:{VERSION}"
    near = facts.hashes.get(f"{family}64:{VERSION}" if bits == 256 else algorithm)
    confirm = facts.hashes.get(algorithm) if bits == 256 else "0" * 64
    if near is None or confirm is None:
        return NOTHING
    wanted = 64 if bits == 256 else bits
    if len(near) * 4 != wanted or len(confirm) != 64:
        raise ValueError(f"{algorithm} and the hash that finds it must have {bits} and {wanted} bits")
    ones = int(facts.hashes[algorithm], 16).bit_count()
    if not bits < ones * LOPSIDED < bits * (LOPSIDED - 1):
        return NOTHING
    return Hashed(algorithm, bytes((FULL, KEPT)) + bytes.fromhex(near.zfill(16)) + bytes.fromhex(confirm))

"""Which hashes a policy requires, which entries it compares, and which of these state stores."""

from __future__ import annotations

from binascii import a2b_base64
from functools import cache, lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.evidence import is_evidence
from streams.domain.evidence.key_frames import unpack_key_frames
from streams.domain.hashes.algorithms import FRAMES_HASH, VIEWS_HASH, current_algorithm
from streams.domain.hashes.frames import FRAME_ENTRY, MAX_MOMENTS, STORED_FRAME_VIEWS, unpack_frames
from streams.domain.hashes.levels import LEVEL_NUMBERS, Level
from streams.domain.hashes.packing import CANONICAL, ENTRY
from streams.domain.hashes.views import FULL, STORED_GROUPS
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts
from streams.errors import BadInput, Reason

MIN_BIT_SHARE: Final = 1 / 8
"""A hash in which no more than this share of the bits is set, or is not set, says little: two mostly white pictures may
share it."""


class ComparableEntries(NamedTuple):
    """Packed entries, and the algorithm that made them; both are empty if only equal bytes are to match."""

    algorithm: str
    entries: bytes


NO_ENTRIES: Final = ComparableEntries("", b"")


class RequiredHashes(NamedTuple):
    """The hashes that a picture needs: the views of a level, and further algorithms by name."""

    level: Level
    extra_hashes: tuple[str, ...]


@cache
def required_hashes(policy: Policy) -> RequiredHashes:
    """The hashes by which a policy compares pictures, and those that it only adds to fingerprints."""
    names = set(policy.also)
    if policy.near and not policy.compares_views:
        algorithm = current_algorithm(policy.hash)
        names |= {policy.hash, f"{algorithm.family}64"} if algorithm.bits == 256 else {policy.hash}
    return RequiredHashes(policy.views if policy.near else "plain", tuple(sorted(names)))


def comparable_entries(facts: MediaFacts, policy: Policy) -> ComparableEntries:
    """The entries by which near duplicates of a picture or a video are looked up and found.

    There are none if the policy looks for no near duplicates, if the quality is below its `min_quality`, or if the
    record lacks the hash in the current version (another version of mediasieve made it). Frames of a video that are
    below `min_quality` are left out.

    Raises:
        BadInput: bad_field, if a hash is not what its name says, or the moments of a video are too many or not in
            order.
    """
    if not policy.near or facts.quality < policy.min_quality:
        return NO_ENTRIES
    if facts.kind == "video":
        return _frame_entries(facts, policy)
    try:
        if policy.compares_views:
            entries = bytes.fromhex(facts.hashes.get(VIEWS_HASH, ""))
            if len(entries) % ENTRY.itemsize:
                raise ValueError("not whole entries")
            return ComparableEntries(VIEWS_HASH, entries) if entries else NO_ENTRIES
        return _whole_picture_entry(facts, policy)
    except ValueError as error:
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': {error}") from error


def packed_evidence(facts: MediaFacts) -> bytes:
    """The evidence of a picture as `evidence.pack_evidence` packs it, or the key frames of a video as
    `key_frames.pack_key_frames` does; empty if there is none that this version reads.

    Raises:
        BadInput: bad_field, if it is not evidence in base64.
    """
    try:
        packed = a2b_base64(facts.evidence, strict_mode=True) if facts.evidence else b""
    except ValueError as error:
        raise BadInput(Reason.BAD_FIELD, f"field 'evidence' must be base64: {error}") from error
    if facts.kind == "video":
        return packed if unpack_key_frames(packed) else b""
    return packed if is_evidence(packed) else b""


def stored_entries(entries: bytes, policy: Policy) -> bytes:
    """The entries of a picture that state stores."""
    size = ENTRY.itemsize
    offsets = _stored_offsets(policy.views, entries[0::size], entries[1::size])
    return b"".join([entries[offset : offset + size] for offset in offsets])


@lru_cache(4096)
def _stored_offsets(level: Level, views: bytes, orientations: bytes) -> list[int]:
    """The offsets of stored entries. Cached, since numpy is slow for few entries and there are few patterns of them."""
    groups = STORED_GROUPS[LEVEL_NUMBERS[level], np.frombuffer(views, np.uint8), np.frombuffer(orientations, np.uint8)]
    offsets: list[int] = (np.flatnonzero(groups > 0) * ENTRY.itemsize).tolist()
    return offsets


def as_frame_entries(entries: bytes) -> bytes:
    """A picture's entries as the entries of a video with one moment."""
    views = np.frombuffer(entries, ENTRY)
    frame = np.zeros(len(views), FRAME_ENTRY)
    for name in ENTRY.names or ():
        frame[name] = views[name]
    return frame.tobytes()


def video_duration_ms(facts: MediaFacts, entries: bytes) -> int:
    """The duration by the container or by the last frame, whichever is longer; at least 1."""
    by_container = round(facts.video.duration_s * 1000) if facts.video is not None else 0
    return max(1, by_container, int(np.frombuffer(entries, FRAME_ENTRY)["to_ms"].max(initial=0)))


def moment_starts(frames: NDArray[np.void]) -> NDArray[np.int64]:
    """Where the entries of every moment begin, and where those of the last moment end."""
    later = np.flatnonzero(np.diff(frames["from_ms"].astype(np.int64))) + 1
    return np.concatenate(([0], later, [len(frames)])) if len(frames) else np.zeros(1, np.int64)


def stored_frame_entries(frames: NDArray[np.void]) -> NDArray[np.void]:
    """The entries of a video that state stores."""
    is_stored = np.isin(frames["view"], STORED_FRAME_VIEWS) & (frames["orientation"] & CANONICAL > 0)
    stored: NDArray[np.void] = frames[is_stored]
    return stored


def _frame_entries(facts: MediaFacts, policy: Policy) -> ComparableEntries:
    packed = facts.hashes.get(FRAMES_HASH, "") if policy.compares_views else ""
    frames = unpack_frames(packed)
    times = frames["from_ms"].astype(np.int64)
    if (np.diff(times) < 0).any() or (frames["to_ms"] < frames["from_ms"]).any():
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': the moments of {FRAMES_HASH} are not in order")
    if len(moment_starts(frames)) - 1 > MAX_MOMENTS:
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': {FRAMES_HASH} has more than {MAX_MOMENTS} moments")
    frames = frames[frames["quality"] >= policy.min_quality * 255]
    return ComparableEntries(FRAMES_HASH, frames.tobytes()) if len(frames) else NO_ENTRIES


def _whole_picture_entry(facts: MediaFacts, policy: Policy) -> ComparableEntries:
    """One entry of the whole picture; a hash of 256 bits is looked up by the 64-bit hash of its family."""
    algorithm = finder = current_algorithm(policy.hash)
    confirmed = algorithm.bits == 256
    if confirmed:
        finder = current_algorithm(f"{algorithm.family}64")
    hash64 = facts.hashes.get(finder.key)
    hash256 = facts.hashes.get(algorithm.key) if confirmed else "0" * 64
    if hash64 is None or hash256 is None:
        return NO_ENTRIES
    if len(hash64) != finder.hex_digits or len(hash256) != 64:
        raise ValueError(
            f"{algorithm.key} and the hash that finds it must have {algorithm.bits} and {finder.bits} bits"
        )
    ones = int(facts.hashes[algorithm.key], 16).bit_count()
    if not MIN_BIT_SHARE < ones / algorithm.bits < 1 - MIN_BIT_SHARE:
        return NO_ENTRIES
    packed = bytes((FULL, CANONICAL)) + bytes.fromhex(hash64.zfill(16)) + bytes.fromhex(hash256)
    return ComparableEntries(algorithm.key, packed)

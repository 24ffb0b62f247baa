"""What of a medium's hashes is compared under a policy: algorithm and entries, packed as in views.py or frames.py."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.frames import FRAME_ENTRY, FRAMES_HASH, MAX_MOMENTS, STORED_FRAME_VIEWS, unpack_frames
from streams.domain.hashes.views import CANONICAL, ENTRY, FULL, LEVEL_NUMBERS, STORED_GROUPS, VIEWS_HASH
from streams.domain.policy.policy import Level, Policy
from streams.domain.records import MediaFacts
from streams.errors import BadInput, Reason

#: The version of all hashes but the views that are compared here; one of another version is not looked at.
HASH_VERSION: Final = "1"


#: A hash with no more than one in so many bits set, or not set, says little: two mostly white pictures may share it.
LOPSIDED: Final = 8


class ComparableEntries(NamedTuple):
    """Entries, packed, made by `algorithm`; none where only equal bytes are to match, and no algorithm then."""

    algorithm: str
    entries: bytes


NO_ENTRIES: Final = ComparableEntries("", b"")


class RequiredHashes(NamedTuple):
    """What has to be hashed of a picture: views of this level, and these hashes beside."""

    level: Level
    further: tuple[str, ...]


@cache
def required_hashes(policy: Policy) -> RequiredHashes:
    """What a fingerprint needs so that a policy can compare it, and has what it names beside."""
    names = set(policy.also)
    if policy.near and policy.hash != "phash256":
        family = policy.hash.rstrip("0123456789")
        names |= {policy.hash, f"{family}64"} if policy.hash_bits == 256 else {policy.hash}
    return RequiredHashes(policy.views if policy.near else "plain", tuple(sorted(names)))


def comparable_entries(facts: MediaFacts, policy: Policy) -> ComparableEntries:
    """The entries by which near duplicates of a picture or a video are looked up and found.

    There are none if the policy does not want any, if the quality is below its `min_quality`, and if the record has no
    hash of the algorithm and version that is wanted here (it was made by another version of mediasieve). Of a video's
    frames, those of such quality are left out.

    Raises:
        BadInput: bad_field, if a hash is not what its name says, or a video has more moments than any may have, or has
            them in disorder.
    """
    if not policy.near or facts.quality < policy.min_quality:
        return NO_ENTRIES
    if facts.kind == "video":
        return _frames(facts, policy)
    try:
        if policy.hash == "phash256":
            entries = bytes.fromhex(facts.hashes.get(VIEWS_HASH, ""))
            if len(entries) % ENTRY.itemsize:
                raise ValueError("not whole entries")
            return ComparableEntries(VIEWS_HASH, entries) if entries else NO_ENTRIES
        return _one_entry(facts, policy)
    except ValueError as error:
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': {error}") from error


def stored_entries(entries: bytes, policy: Policy) -> bytes:
    """Those entries that the state keeps of a content."""
    size = ENTRY.itemsize
    places = _kept_places(policy.views, entries[0::size], entries[1::size])
    return b"".join([entries[at : at + size] for at in places])


@lru_cache(4096)
def _kept_places(level: Level, views: bytes, orientations: bytes) -> list[int]:
    """Where the kept entries begin; there are few patterns of views and turns, and a call of numpy for each costs."""
    stored = (
        STORED_GROUPS[LEVEL_NUMBERS[level], np.frombuffer(views, np.uint8), np.frombuffer(orientations, np.uint8)] > 0
    )
    places: list[int] = (np.flatnonzero(stored) * ENTRY.itemsize).tolist()
    return places


def as_frame_entries(entries: bytes) -> bytes:
    """A picture's entries as those of a video's only moment."""
    views = np.frombuffer(entries, ENTRY)
    frame = np.zeros(len(views), FRAME_ENTRY)
    for name in ENTRY.names or ():
        frame[name] = views[name]
    return frame.tobytes()


def video_duration_ms(facts: MediaFacts, entries: bytes) -> int:
    """How long a video lasts, by its container or by its last frame, whichever says more; at least 1."""
    said = round(facts.video.duration_s * 1000) if facts.video is not None else 0
    return max(1, said, int(np.frombuffer(entries, FRAME_ENTRY)["to_ms"].max(initial=0)))


def moment_starts(frames: NDArray[np.void]) -> NDArray[np.int64]:
    """Where each moment's entries begin, and where the last one's end."""
    begins = np.flatnonzero(np.diff(frames["from_ms"].astype(np.int64))) + 1
    return np.concatenate(([0], begins, [len(frames)])) if len(frames) else np.zeros(1, np.int64)


def stored_frame_entries(frames: NDArray[np.void]) -> NDArray[np.void]:
    """Those entries that the state keeps of a video."""
    stored_entries: NDArray[np.void] = frames[
        np.isin(frames["view"], STORED_FRAME_VIEWS) & (frames["orientation"] & CANONICAL > 0)
    ]
    return stored_entries


def _frames(facts: MediaFacts, policy: Policy) -> ComparableEntries:
    packed = facts.hashes.get(FRAMES_HASH, "") if policy.hash == "phash256" else ""
    frames = unpack_frames(packed)
    times = frames["from_ms"].astype(np.int64)
    if (np.diff(times) < 0).any() or (frames["to_ms"] < frames["from_ms"]).any():
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': the moments of {FRAMES_HASH} are not in order")
    if len(moment_starts(frames)) - 1 > MAX_MOMENTS:
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': {FRAMES_HASH} has more than {MAX_MOMENTS} moments")
    frames = frames[frames["quality"] >= policy.min_quality * 255]
    return ComparableEntries(FRAMES_HASH, frames.tobytes()) if len(frames) else NO_ENTRIES


def _one_entry(facts: MediaFacts, policy: Policy) -> ComparableEntries:
    """One hash of the whole picture, found by its 64-bit sibling where it has 256 bits."""
    family, bits = policy.hash.rstrip("0123456789"), policy.hash_bits
    algorithm = f"{policy.hash}:{HASH_VERSION}"
    near = facts.hashes.get(f"{family}64:{HASH_VERSION}" if bits == 256 else algorithm)
    confirm = facts.hashes.get(algorithm) if bits == 256 else "0" * 64
    if near is None or confirm is None:
        return NO_ENTRIES
    required_hashes = 64 if bits == 256 else bits
    if len(near) * 4 != required_hashes or len(confirm) != 64:
        raise ValueError(f"{algorithm} and the hash that finds it must have {bits} and {required_hashes} bits")
    ones = int(facts.hashes[algorithm], 16).bit_count()
    if not bits < ones * LOPSIDED < bits * (LOPSIDED - 1):
        return NO_ENTRIES
    return ComparableEntries(
        algorithm, bytes((FULL, CANONICAL)) + bytes.fromhex(near.zfill(16)) + bytes.fromhex(confirm)
    )

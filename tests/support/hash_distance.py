"""Distances between hashes, for tests."""

from __future__ import annotations

from streams.domain.records import MediaFacts


def bits_apart(one: str, other: str) -> int:
    assert len(one) == len(other)
    return (int(one, 16) ^ int(other, 16)).bit_count()


def phash_distances(one: MediaFacts, other: MediaFacts) -> tuple[int, int]:
    """The distances in bits between the pHashes of 64 bits and of 256 bits."""
    return (
        bits_apart(one.hashes["phash64:1"], other.hashes["phash64:1"]),
        bits_apart(one.hashes["phash256:1"], other.hashes["phash256:1"]),
    )

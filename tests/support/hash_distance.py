"""How far hashes are apart, for the tests of this folder."""

from __future__ import annotations

from streams.domain.records import MediaFacts


def bits_apart(one: str, other: str) -> int:
    assert len(one) == len(other)
    return (int(one, 16) ^ int(other, 16)).bit_count()


def distances(one: MediaFacts, other: MediaFacts) -> tuple[int, int]:
    """Bits between the two hashes of 64 and of 256 bits."""
    return (
        bits_apart(one.hashes["phash64:1"], other.hashes["phash64:1"]),
        bits_apart(one.hashes["phash256:1"], other.hashes["phash256:1"]),
    )

"""The index of a list finds what comparing every content with every entry finds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.moderation.hash_lists.index import ListIndex
from streams.domain.moderation.hash_lists.listable import says_enough
from streams.domain.records import Label, ListEntry
from streams.domain.records.hash_list import ALGORITHM_BITS, DEFAULT_BITS, LIST_ALGORITHMS, MAX_BITS
from streams.domain.state.hash_lists import chunk_says, pack_chunk
from tests.reference.hash_lists import HashLists


def hash_of(algorithm: str, base: int, bits: int, rng: random.Random) -> str:
    width = ALGORITHM_BITS[algorithm]
    value = random.Random(base).getrandbits(width)
    for bit in rng.sample(range(width), bits) if algorithm in MAX_BITS else ():
        value ^= 1 << bit
    return f"{value:0{width // 4}x}"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 32))
def test_hits_equal_the_slow_twins(seed: int) -> None:
    rng = random.Random(seed)
    bits = {name: rng.randrange(MAX_BITS[name] + 1) for name in MAX_BITS if rng.random() < 0.7}
    entries = [entry(rng) for _ in range(60)]
    twin = HashLists(lists={"a": {"list_name": "a", "import_id": "i", "chunks": 2, "bits": bits}})
    for chunk, part in enumerate((entries[:25], entries[25:])):
        twin.entries["a", "i", chunk] = [vars(each) for each in part]
    index = ListIndex(map(pack_chunk, (entries[:25], entries[25:])), bits)
    contents = [
        {name: hash_of(name, rng.randrange(4), rng.choice((0, 3, 12, 30)), rng) for name in ALGORITHM_BITS}
        for _ in range(20)
    ]

    found = index.find([{name: bytes.fromhex(value) for name, value in each.items()} for each in contents])

    for hashes, hits in zip(contents, found, strict=True):
        expected = [hit[:6] for hit in twin.hits(hashes).get("a", [])]
        assert [tuple(hit) for hit in hits] == expected
        for hit in hits:
            chunk, number = index.place(hit.row)
            assert (entries[:25], entries[25:])[chunk][number] is entries[hit.row]


def entry(rng: random.Random) -> ListEntry:
    algorithm = rng.choice(LIST_ALGORITHMS)
    own = rng.randrange(MAX_BITS[algorithm] + 1) if algorithm in MAX_BITS and rng.random() < 0.3 else None
    return ListEntry(algorithm, hash_of(algorithm, rng.randrange(4), rng.choice((0, 2, 20)), rng), bits=own)


def test_a_large_list_is_found_by_its_words() -> None:
    rng = random.Random(1)
    entries = [ListEntry("pdq256", f"{rng.getrandbits(256):064x}") for _ in range(20_000)]
    index = ListIndex(map(pack_chunk, (entries[:1000], entries[1000:])), {"pdq256": 31})
    target = int(entries[12_345].hash, 16) ^ sum(1 << bit for bit in rng.sample(range(256), 31))
    beyond = int(entries[7].hash, 16) ^ sum(1 << bit for bit in rng.sample(range(256), 32))

    [[hit], none] = index.find([{"pdq256": target.to_bytes(32)}, {"pdq256": beyond.to_bytes(32)}])

    assert (hit.row, hit.distance_bits, hit.threshold_bits, none) == (12_345, 31, 31, [])
    assert index.memory_bytes / len(index) < 350


def test_plain_hashes_match_nothing() -> None:
    zeros, few = bytes(8), (1).to_bytes(8)
    index = ListIndex([pack_chunk([ListEntry("phash64", zeros.hex())])], {"phash64": 10})

    assert index.find([{"phash64": zeros}, {"phash64": few}]) == [[], []]
    assert not says_enough(zeros)
    assert says_enough(b"\x0f" * 8)


def test_an_empty_list_matches_nothing() -> None:
    index = ListIndex([], DEFAULT_BITS)

    assert (len(index), index.find([{"sha256": bytes(32)}])) == (0, [[]])


@pytest.mark.parametrize("labels", [None, [], [Label("weapon", "violence", 0.5)]])
def test_what_an_entry_says_survives_the_state(labels: list[Label] | None) -> None:
    packed = pack_chunk([ListEntry("md5", "0" * 32), ListEntry("md5", "1" * 32, "review", labels, "why")])

    assert tuple(chunk_says(packed, 0)) == (None, None, None)
    assert tuple(chunk_says(packed, 1)) == ("review", None if labels is None else tuple(labels), "why")

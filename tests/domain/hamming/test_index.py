"""The index finds the same as its brute-force twin, whatever was added and removed before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from streams.domain.hamming.brute_force import BruteForceIndex
from streams.domain.hamming.index import NearIndex, Neighbours
from streams.domain.hamming.insert import insert
from streams.domain.hamming.layout import BANDS, ODD, WIDTHS, Bands
from streams.domain.hamming.search import search_into

LARGEST = 2**64 - 1
CENTRES = (0, LARGEST, 0x0123_4567_89AB_CDEF, 0x5555_5555_AAAA_AAAA)

flips = st.lists(st.integers(0, 63), max_size=12)
few = st.sampled_from([*CENTRES, 1, 7 << 32])  # often the same, so that removals find something
clustered = st.builds(lambda centre, bits: centre ^ sum({1 << bit for bit in bits}), st.sampled_from(CENTRES), flips)
codes = few | clustered | st.integers(0, LARGEST)
keys = st.integers(0, 5) | st.just(2**32 - 1)
pairs = st.tuples(codes, keys)
radii = st.none() | st.sampled_from((0, 1, 2, 3, 7, 10, 11, 17, 31, 64)) | st.integers(0, 64)
batches = st.lists(pairs, max_size=60)
steps = st.one_of(
    st.tuples(st.just("add"), pairs),
    st.tuples(st.just("remove"), pairs),
    st.tuples(st.just("search"), st.tuples(codes, radii)),
    st.tuples(st.just("search all"), st.tuples(st.lists(codes, max_size=5), radii)),
    st.tuples(st.just("add all"), batches),
    st.tuples(st.just("search, then add"), st.tuples(batches, radii)),
    st.tuples(st.just("reserve"), st.integers(0, 100)),
)


def columns(batch: list[tuple[int, int]]) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    return np.array([code for code, _ in batch], np.uint64), np.array([key for _, key in batch], np.uint32)


def found(neighbours: Neighbours) -> list[list[tuple[int, int]]]:
    return [neighbours[query] for query in range(len(neighbours))]


def do(index: NearIndex | BruteForceIndex, step: tuple[str, Any]) -> object:
    """Do one step; returns its answer."""
    match step:
        case "add", pair:
            index.add(*pair)
        case "remove", pair:
            return index.remove(*pair)
        case "search", query:
            return index.search(*query)
        case "search all", query:
            return found(index.search_batch(*query))
        case "add all", batch:
            index.add_batch(*columns(batch))
        case "search, then add", (batch, radius):
            return found(index.search_then_add_batch(*columns(batch), radius))
        case "reserve", entries if isinstance(index, NearIndex):
            index.reserve(entries)
    return None


@settings(max_examples=300)
@given(st.sampled_from((0, 5, 40, 16_384)), batches, st.lists(steps, max_size=30))
def test_it_answers_like_its_twin_after_any_steps(
    log_entries: int, first: list[tuple[int, int]], then: list[tuple[str, Any]]
) -> None:
    index, twin = NearIndex(log_entries=log_entries), BruteForceIndex()
    for step in [("add all", first), *then, ("search", (0, 64))]:
        assert do(index, step) == do(twin, step), step
        assert len(index) == len(twin)


def crowd(entries: int, seed: int) -> NDArray[np.uint64]:
    """Codes; half of them lie within a few bits of one of twenty centres."""
    rng = np.random.default_rng(seed)
    spread = rng.integers(0, LARGEST, entries, np.uint64, endpoint=True)
    centres = rng.choice(spread[:20], entries)
    for _ in range(4):
        centres ^= np.uint64(1) << rng.integers(0, 64, entries, np.uint64)
    return np.where(rng.random(entries) < 0.5, centres, spread)


@pytest.mark.parametrize("radius_bits", [0, 2, 7, 10, 15, 40])
def test_bands_of_real_size_answer_like_the_twin(radius_bits: int) -> None:
    entries = crowd(60_000, 1)
    numbers = np.arange(len(entries), dtype=np.uint32)
    index, twin = NearIndex(radius_bits), BruteForceIndex(radius_bits)
    twin.add_batch(entries, numbers)
    index.add_batch(entries[:30_000], numbers[:30_000])
    for begin in range(30_000, len(entries), 1000):  # grows bucket by bucket
        index.add_batch(entries[begin : begin + 1000], numbers[begin : begin + 1000])
    queries = crowd(60, 1)
    assert found(index.search_batch(queries)) == found(twin.search_batch(queries))
    for code in (*queries[:3].tolist(), *queries[:3].tolist()):  # a large answer, and one after a large one
        assert index.search(code) == twin.search(code)


def test_a_large_index_has_wider_bands_and_a_narrow_last_one_and_answers_like_the_twin() -> None:
    entries = crowd(810_000, 4)
    numbers = np.arange(len(entries), dtype=np.uint32)
    index, twin = NearIndex(6), BruteForceIndex(6)
    twin.add_batch(entries, numbers)
    index.add_batch(entries[:800_000], numbers[:800_000])
    index.add_batch(entries[800_000:], numbers[800_000:])
    queries = np.concatenate([crowd(10, 4), entries[::100_000]])

    assert index.bands.state[WIDTHS : WIDTHS + BANDS].tolist() == [17, 17, 17, 13]
    for radius_bits in (0, 6, 7, 12, 20):
        assert found(index.search_batch(queries, radius_bits)) == found(twin.search_batch(queries, radius_bits))
    for either in (index, twin):
        assert either.remove(int(entries[5]), 5)
    assert index.search(int(entries[5])) == twin.search(int(entries[5]))


def with_bits(count: int, bits: int, rng: np.random.Generator) -> NDArray[np.uint64]:
    """Codes with this number of bits set, some of them similar."""
    chosen = rng.permuted(np.tile(np.arange(64) < bits, (count, 1)), axis=1)
    codes = np.packbits(chosen, axis=1).view(np.uint64).reshape(-1)
    return np.where(rng.random(count) < 0.3, codes[0] ^ np.uint64(3) << rng.integers(0, 63, count, np.uint64), codes)


@pytest.mark.parametrize("log_entries", [0, 16_384])
@pytest.mark.parametrize("radius_bits", [0, 1, 6, 7, 10, 11])
def test_codes_at_even_distances_are_found_and_so_are_odd_ones_that_come_and_go(
    radius_bits: int, log_entries: int
) -> None:
    rng = np.random.default_rng(radius_bits)
    entries, queries = with_bits(3000, 32, rng), np.concatenate([with_bits(40, 32, rng), with_bits(40, 31, rng)])
    queries[:60:3] = entries[:20] ^ np.uint64(1 << 40)
    index, twin = NearIndex(radius_bits, log_entries=log_entries), BruteForceIndex(radius_bits)

    def same() -> bool:
        return found(index.search_batch(queries)) == found(twin.search_batch(queries))

    for either in (index, twin):
        either.add_batch(entries, np.arange(3000))
    assert same()
    odd = [(int(code) ^ 1, 5000 + number) for number, code in enumerate(entries[:300])]
    for code, key in odd:
        index.add(code, key)
        twin.add(code, key)
    assert same()
    for code, key in odd:
        assert index.remove(code, key)
        assert twin.remove(code, key)
    assert same()
    assert index.bands.state[ODD] == 0


def test_memory_stays_below_64_bytes_an_entry_while_it_grows() -> None:
    index, rng = NearIndex(), np.random.default_rng(2)
    index.add_batch(rng.integers(0, LARGEST, 200_000, np.uint64), np.zeros(200_000, np.uint32))
    for _ in range(300):
        index.add_batch(rng.integers(0, LARGEST, 1000, np.uint64), np.zeros(1000, np.uint32))
        assert index.memory_bytes <= 64 * len(index)


def earlier_neighbours(bands: Bands, queries: NDArray[np.uint64], radius: int) -> NDArray[np.int64]:
    """By code: the number of an earlier code nearby, else -1; then the code is added with its own number."""
    earlier = np.full(len(queries), -1)
    keys_out, distances_out = np.empty(100, np.uint32), np.empty(100, np.uint8)
    for number in range(len(queries)):
        if search_into(bands, queries[number], radius, keys_out, distances_out):
            earlier[number] = keys_out[0]
        else:
            insert(bands, queries[number], number)
    return earlier


compiled_neighbours: Any = njit(earlier_neighbours)


def test_a_compiled_function_looks_up_and_adds_alternately() -> None:
    queries = crowd(2000, 3)
    index, twin = NearIndex(log_entries=300), BruteForceIndex()
    earlier = np.concatenate([compiled_neighbours(index.reserve(500), part, 10) for part in np.split(queries, 4)])
    expected = []
    for number, code in enumerate(queries.tolist()):
        expected.append([key for key, _ in twin.search(code)])
        if not expected[-1]:
            twin.add(code, number % 500)
    assert all(number in keys if keys else number == -1 for number, keys in zip(earlier, expected, strict=True))
    assert 100 < len(index) == len(twin) < 1900


def test_a_compiled_function_adds_nothing_without_reserved_room() -> None:
    index = NearIndex()
    bands = index.reserve(1000)
    room = len(bands.log_keys)
    assert [insert(bands, np.uint64(code), np.uint32(1)) for code in range(room)] == [True] * room
    assert not insert(bands, np.uint64(room), np.uint32(1))
    assert len(index.search(0, 64)) == len(index) == room >= 1000
    index.add(room, 1)
    assert len(index) == room + 1


def test_impossible_codes_keys_and_radii_are_refused() -> None:
    index = NearIndex()
    for wrong in (-1, 2**64):
        with pytest.raises(ValueError, match="code"):
            index.add(wrong, 0)
        with pytest.raises(ValueError, match="code"):
            index.search(wrong)
    for wrong in (-1, 2**32):
        with pytest.raises(ValueError, match="key"):
            index.add(0, wrong)
    for wrong in (-1, 65):
        with pytest.raises(ValueError, match="radius"):
            NearIndex(wrong)
        with pytest.raises(ValueError, match="radius"):
            index.search(0, wrong)
    with pytest.raises(ValueError, match="2 codes, but 1 keys"):
        index.add_batch([1, 2], [1])
    assert len(index) == 0


def test_numbers_of_another_type_are_refused_not_wrapped() -> None:
    index = NearIndex()
    with pytest.raises(ValueError, match="codes must be whole numbers"):
        index.search_batch(np.array([-1]))
    with pytest.raises(ValueError, match="codes must be whole numbers"):
        index.search_batch(np.array([0.5]))
    with pytest.raises(ValueError, match="codes must be whole numbers"):
        index.search_batch([2**64])
    with pytest.raises(ValueError, match="keys must be whole numbers from 0 to 4294967295"):
        index.add_batch([1], [2**32])


def test_an_index_gives_memory_back_when_entries_are_removed() -> None:
    index = NearIndex(log_entries=100)
    index.add_batch(np.arange(50_000), np.arange(50_000))
    full = index.memory_bytes
    for number in range(49_000):
        assert index.remove(number, number)
    assert index.memory_bytes < full / 10
    assert len(index.search(0, 64)) == len(index) == 1000

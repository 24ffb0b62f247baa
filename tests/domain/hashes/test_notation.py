"""How hashes are written, read and compared; imagehash and pdqhash read and write the same."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.hashes.algorithms import ALGORITHMS, BadHash
from streams.domain.hashes.notation import Hash, distance_bits

KEYS = sorted(ALGORITHMS)
SQUARES = [key for key in KEYS if ALGORITHMS[key].rows == ALGORITHMS[key].columns]


@st.composite
def hashes(draw: st.DrawFn, keys: list[str] = KEYS) -> Hash:
    key = draw(st.sampled_from(keys))
    return Hash.from_int(key, draw(st.integers(0, (1 << ALGORITHMS[key].bits) - 1)))


@given(hashes())
def test_text_number_bytes_and_bits_are_one_hash(given: Hash) -> None:
    assert Hash(given.algorithm, str(given)) == given
    assert Hash.parse(given.algorithm, f"  {str(given).upper()}\n") == given
    assert Hash.from_int(given.algorithm, int(given)) == given
    assert Hash.from_bytes(given.algorithm, bytes(given)) == given
    assert Hash.from_bits(given.algorithm, given.bits) == given


@given(hashes(SQUARES))
def test_imagehash_reads_the_same_bits(given: Hash) -> None:
    theirs = imagehash.hex_to_hash(str(given))
    assert str(theirs) == str(given)
    assert np.array_equal(theirs.hash, given.bits)
    assert Hash.from_bits(given.algorithm, theirs.hash) == given


def test_the_first_bit_is_the_most_significant_and_rows_follow_each_other() -> None:
    first = Hash("dhash64:1", "8000000000000000")
    assert int(first) == 1 << 63
    assert bytes(first)[0] == 0x80
    assert first.bits[0, 0]
    assert Hash("dhash64:1", "0100000000000000").bits[0, 7]
    assert Hash("dhash64:1", "0080000000000000").bits[1, 0]


def test_32_bits_are_four_rows_of_eight() -> None:
    given = Hash("ahash32:1", "ff00000f")
    assert given.bits.shape == (4, 8)
    assert given.bits.sum(axis=1).tolist() == [8, 0, 0, 4]


@pytest.mark.parametrize("key", KEYS)
def test_a_hash_of_another_length_is_refused(key: str) -> None:
    digits = ALGORITHMS[key].hex_digits
    for wrong in (0, digits - 1, digits + 1, 2 * digits):
        with pytest.raises(BadHash, match=f"{key} has {digits} hex digits, not {wrong}"):
            Hash.parse(key, "0" * wrong)
    with pytest.raises(BadHash, match="digits"):
        Hash.from_bytes(key, bytes(digits // 2 + 1))
    with pytest.raises(BadHash, match="bits"):
        Hash.from_bits(key, np.zeros(4 * digits - 1, dtype=np.bool_))


@pytest.mark.parametrize("value", [-1, 1 << 64])
def test_a_number_that_does_not_fit_is_refused(value: int) -> None:
    with pytest.raises(BadHash, match="64 bits"):
        Hash.from_int("phash64:1", value)


@pytest.mark.parametrize("text", ["0x0123456789abcdef"[:16], "0123456789abcde ", "0123456789abcdeg", "٠" * 16])
def test_text_that_is_not_hexadecimal_is_refused(text: str) -> None:
    with pytest.raises(BadHash, match="phash64:1"):
        Hash.parse("phash64:1", text)


def test_only_parse_allows_upper_case() -> None:
    with pytest.raises(BadHash, match="lower-case"):
        Hash("phash16:1", "ABCD")


@given(st.data())
def test_the_distance_is_the_number_of_different_bits(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(KEYS))
    one, other = data.draw(hashes([key])), data.draw(hashes([key]))
    assert distance_bits(one, other) == np.count_nonzero(one.bits != other.bits)
    assert distance_bits(one, other) == distance_bits(other, one)
    assert distance_bits(one, one) == 0


def test_hashes_of_different_algorithms_have_no_distance() -> None:
    with pytest.raises(ValueError, match="phash64:1 and dhash64:1 cannot be compared"):
        distance_bits(Hash("phash64:1", "0" * 16), Hash("dhash64:1", "0" * 16))

"""The registry of hash algorithms."""

from __future__ import annotations

import pytest

from streams.domain.hashes.algorithms import (
    ALGORITHM_NUMBERS,
    ALGORITHMS,
    DIGEST_HASH,
    EXTRA_HASHES,
    HASHES,
    STORED_ALGORITHMS,
    VIEW_COMPARING_HASH,
    VIEWS_HASH,
    BadHash,
    current_algorithm,
    find_algorithm,
)
from streams.domain.hashes.notation import Hash


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("phash65:1", "is not a hash algorithm"),
        ("", "is not a hash algorithm"),
        ("views:1", "is not a hash algorithm"),
        ("pdq_quality:1", "is not a hash algorithm"),
        ("phash64", "lacks its version; write phash64:1"),
        ("phash64:2", "version '2' of phash64 is not known"),
        ("phash64:01", "version '01'"),
        ("PHASH64:1", "is not a hash algorithm"),
    ],
)
def test_an_unknown_algorithm_or_version_is_refused(key: str, says: str) -> None:
    with pytest.raises(BadHash, match=says):
        Hash.parse(key, "0" * 16)


def test_a_bare_name_is_the_current_version() -> None:
    assert current_algorithm("dhash64") is find_algorithm("dhash64:1")
    with pytest.raises(BadHash, match="'md5' is not a hash; choose one of phash16, "):
        current_algorithm("md5")


def test_policies_can_name_every_algorithm_and_no_other() -> None:
    of_pictures = set(EXTRA_HASHES) - {DIGEST_HASH}  # that is a digest of the file
    assert {algorithm.name for algorithm in ALGORITHMS.values()} == of_pictures
    for name in of_pictures:
        assert current_algorithm(name).name == name
        assert current_algorithm(name).bits == int(name.removeprefix(current_algorithm(name).family))


def test_the_numbers_in_state_never_change() -> None:
    assert (
        "",
        "views:1",
        *("phash64:1", "phash32:1", "phash16:1"),
        *("dhash256:1", "dhash64:1", "dhash32:1", "dhash16:1"),
        *("ahash256:1", "ahash64:1", "ahash32:1", "ahash16:1"),
        *("whash256:1", "whash64:1", "whash32:1", "whash16:1"),
        "frames:1",
    ) == STORED_ALGORITHMS
    assert [ALGORITHM_NUMBERS[name] for name in STORED_ALGORITHMS] == list(range(18))


def test_state_has_a_number_for_all_that_policies_compare_by() -> None:
    for name in HASHES:
        assert (VIEWS_HASH if name == VIEW_COMPARING_HASH else current_algorithm(name).key) in ALGORITHM_NUMBERS

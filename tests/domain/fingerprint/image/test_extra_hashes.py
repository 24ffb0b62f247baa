"""The hashes that a policy asks for on top of those of every fingerprint."""

from __future__ import annotations

import pytest

from streams.domain.fingerprint.image import imagehash, pdq
from streams.domain.fingerprint.image.extra_hashes import PDQ_QUALITY, compute_extra_hashes
from streams.domain.hashes.algorithms import ALGORITHMS, EXTRA_HASHES, BadHash
from streams.domain.hashes.notation import Hash
from tests.support.media import photo


def test_every_hash_that_a_policy_can_ask_for_is_computed() -> None:
    pytest.importorskip("pdqhash")
    found = compute_extra_hashes(EXTRA_HASHES, photo().convert("L"), b"")
    quality = found.pop(PDQ_QUALITY)
    assert found.pop("md5") == "d41d8cd98f00b204e9800998ecf8427e"  # of no bytes
    assert 50 <= int(quality) <= 100
    assert found.keys() == ALGORITHMS.keys() - {"phash64:1", "phash256:1"}
    for key, text in found.items():
        assert Hash(key, text).hex == text


@pytest.mark.parametrize("size", [(451, 300), (2500, 2100)])
def test_a_hash_is_the_same_alone_and_among_others(size: tuple[int, int]) -> None:
    pytest.importorskip("pdqhash")
    grey = photo("coffee.png", size).convert("L")
    found = compute_extra_hashes(("dhash64", "whash256", "ahash16", "phash32", "pdq256"), grey, b"")
    value, quality = pdq.pdq_hash(grey)
    assert (found.pop("pdq256:1"), found.pop(PDQ_QUALITY)) == (value, str(quality))
    assert found == {
        f"{name}:1": imagehash.hash_hex(name, grey) for name in ("dhash64", "whash256", "ahash16", "phash32")
    }


def test_hashes_of_every_fingerprint_are_left_out() -> None:
    assert compute_extra_hashes(("phash64", "phash256"), photo().convert("L"), b"") == {}
    assert compute_extra_hashes((), photo().convert("L"), b"") == {}


def test_an_unknown_hash_is_refused() -> None:
    with pytest.raises(BadHash, match="'sha1' is not a hash"):
        compute_extra_hashes(("dhash64", "sha1"), photo().convert("L"), b"")

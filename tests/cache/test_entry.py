from __future__ import annotations

import cramjam
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cache.entry import KeptAnswer, compressed, decode_entry, encode_entry, etag_of, expanded


def entry_of(body: bytes) -> KeptAnswer:
    kept, is_compressed = compressed(body)
    return KeptAnswer(kept, is_compressed, len(body), etag_of(body), 1.5, 60.0, {0: 7, 3: 9}, ("a", "b\0ü"), "c", 15.0)


@given(st.binary(max_size=3000) | st.integers(900, 5000).map(lambda size: b"ab" * size))
def test_an_entry_survives_its_bytes(body: bytes) -> None:
    entry = entry_of(body)
    again = decode_entry(encode_entry(entry))
    assert again == entry
    assert again.json() == body


def test_long_answers_are_compressed() -> None:
    assert entry_of(b"a" * 5000).is_compressed
    assert not entry_of(b"a" * 500).is_compressed


@given(st.binary(max_size=300))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode_entry(data)


WHOLE = entry_of(b"a" * 5000)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2}, {"size_bytes": 4999}, {"size_bytes": 1 << 40}, {"size_bytes": -1}, {"size_bytes": True},
        {"is_compressed": False}, {"is_compressed": 1}, {"etag": '"' + "0" * 24 + '"'}, {"etag": 7}, {"position": []},
        {"position": {"x": 1}}, {"position": {"0": "1"}}, {"tags": [1]}, {"tags": None}, {"tags": ["t"] * 5000},
        {"lives_s": "long"}, {"made_at_s": None}, {"recent_tag": None},
    ],
)  # fmt: skip
def test_an_entry_with_another_head_is_refused(change: dict[str, object]) -> None:
    line, _, body = encode_entry(WHOLE).partition(b"\n")
    with pytest.raises(ValueError):
        decode_entry(orjson.dumps(orjson.loads(line) | change) + b"\n" + body)


def test_a_bomb_is_not_expanded() -> None:
    bomb = bytes(cramjam.zstd.compress(bytes(200 << 20)))
    with pytest.raises(ValueError):
        expanded(bomb, 1000)

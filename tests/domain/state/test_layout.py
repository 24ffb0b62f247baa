"""The bytes of the state: a later version must read what an earlier version wrote."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import orjson
import pytest

from streams.domain.hashes.algorithms import FRAMES_HASH
from streams.domain.records.ids import content_id_of, digest_of
from streams.domain.state.content import (
    DIGEST_AT,
    ENTRY_BYTES,
    ENTRY_COUNT_AT,
    EXPIRES_MS_AT,
    FIRST_MS_AT,
    FLAGS_AT,
    HEADER_BYTES,
    Content,
    listable_of,
)
from streams.domain.state.decision import decision_expires_ms, is_remembered, pack_decision, unpack_decision
from streams.domain.state.frames import pack_stored_frames, unpack_stored_frames
from streams.domain.state.keys import (
    content_key,
    content_key_of,
    decision_id_bytes,
    decision_key,
    frames_key,
    frames_key_of,
)
from streams.errors import StateError
from streams.kafka.topics import DECISIONS
from tests.support.examples import load_example, load_examples
from tests.support.typical_decisions import TRAINING_SEED, typical_decisions

DIGEST = bytes(range(32))
DECISION_ID = bytes(range(16))
ENTRY = bytes(range(42))
CONTENT = Content(
    f"sha256:{DIGEST.hex()}", "a.jpg", "s#1", "sha256:bb", "b.jpg", 5, 7, DECISION_ID, "views:1", ENTRY, True
)
PACKED = (
    bytes((2, 1, 1, 1))
    + (5).to_bytes(8, "little")
    + (7).to_bytes(8, "little")
    + DIGEST
    + DECISION_ID
    + ENTRY
    + b"a.jpg\0s#1\0sha256:bb\0b.jpg"
)


def test_a_content_is_a_header_its_entries_and_texts() -> None:
    assert CONTENT.pack() == PACKED
    assert Content.unpack(PACKED) == CONTENT


def test_the_offsets_that_the_kernel_reads_are_those_of_the_header() -> None:
    assert (FLAGS_AT, ENTRY_COUNT_AT, FIRST_MS_AT, EXPIRES_MS_AT, DIGEST_AT) == (1, 3, 4, 12, 20)
    assert (HEADER_BYTES, ENTRY_BYTES) == (68, 42)


def test_a_content_id_of_parts_has_a_flag() -> None:
    content_id = content_id_of(DIGEST, partial=True)
    video = Content(content_id, "a.mp4", "s#1", content_id, "a.mp4", 5, 7, DECISION_ID, FRAMES_HASH)
    assert video.pack()[:4] == bytes((2, 2, 17, 0))
    assert Content.unpack(video.pack()) == video
    assert digest_of(content_id) == DIGEST


def test_keys_begin_with_the_letter_of_their_kind() -> None:
    assert content_key("shop", "sha256:aa") == b"kshop\0sha256:aa"
    assert frames_key("shop", "sha256:aa") == b"fshop\0sha256:aa" == frames_key_of(b"kshop\0sha256:aa")
    assert content_key_of(b"fshop\0sha256:aa") == b"kshop\0sha256:aa"
    key = decision_key("00010203-0405-0607-0809-0a0b0c0d0e0f")
    assert (key, decision_id_bytes(key)) == (b"s" + DECISION_ID, DECISION_ID)


def test_a_decision_is_remembered_until_it_expires() -> None:
    packed = pack_decision(b"{}", 7)
    assert packed[:9] == (7).to_bytes(8, "little") + bytes((2,))
    assert decision_expires_ms(packed) == 7
    assert (is_remembered(packed, 7), is_remembered(packed, 8), is_remembered(None, 8)) == (True, False, False)


@pytest.mark.parametrize("stem", sorted(load_examples(DECISIONS)))
def test_a_decision_is_compressed_to_what_is_its_own(stem: str) -> None:
    value = orjson.dumps(load_example(DECISIONS, stem))
    packed = pack_decision(value, 7)
    assert unpack_decision(packed) == value
    assert len(packed) < len(value) * 0.4


@pytest.mark.parametrize("packed", ["01ab26b25c472aba6b01", "022034850000107b7d03fce66568c23f093504110b01"])
def test_compressed_decisions_are_read_for_ever(packed: str) -> None:
    assert unpack_decision(bytes(8) + bytes.fromhex(packed)) == b'{"outcome":"unique","action":"process","match":null}'


def test_decisions_of_other_names_and_metadata_are_compressed_to_a_fifth() -> None:
    decisions = typical_decisions(200, seed=TRAINING_SEED + 1)
    packed = [pack_decision(value, 7) for value in decisions]
    assert [unpack_decision(each) for each in packed] == decisions
    assert sum(map(len, packed)) < sum(map(len, decisions)) / 5


def test_threads_compress_at_once() -> None:
    decisions = typical_decisions(200, seed=TRAINING_SEED + 2)
    with ThreadPoolExecutor(4) as threads:
        packed = list(threads.map(lambda value: pack_decision(value, 7), decisions * 5))
        assert list(threads.map(unpack_decision, packed)) == decisions * 5


def test_a_decision_of_the_first_version_is_plain() -> None:
    assert unpack_decision((7).to_bytes(8, "little") + b"{}") == b"{}"


def test_a_decision_of_a_later_version_is_refused() -> None:
    with pytest.raises(StateError, match="run the version of mediasieve that wrote it"):
        unpack_decision(bytes(8) + b"\x03abc")


def test_what_hash_lists_are_compared_with_stands_between_entries_and_texts() -> None:
    content = replace(Content.unpack(PACKED), listable=b"\1" + bytes(16))

    packed = content.pack()

    assert packed[0] == 3
    assert Content.unpack(packed) == content
    assert listable_of(packed) == content.listable
    assert listable_of(PACKED) == b""
    assert replace(content, listable=b"").pack() == PACKED


def test_frames_are_a_duration_and_entries() -> None:
    assert pack_stored_frames(9, b"") == bytes((1,)) + (9).to_bytes(8, "little")
    assert unpack_stored_frames(pack_stored_frames(9, b"")) == (9, b"")


def test_the_layout_of_a_later_version_is_refused() -> None:
    with pytest.raises(StateError, match="reads layouts 2 and 3"):
        Content.unpack(bytes((4,)) + PACKED[1:])
    with pytest.raises(StateError, match="reads layout 1"):
        unpack_stored_frames(bytes((2,)) + bytes(8))

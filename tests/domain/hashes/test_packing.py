"""How entries are packed in records and in state."""

from __future__ import annotations

import numpy as np
import pytest

from streams.domain.hashes.packing import ENTRY, pack_entries, unpack_entries
from streams.errors import BadInput, Reason


def test_entries_are_packed_as_documented() -> None:
    packed = pack_entries(np.array([(3, 9, 0x0102030405060708, (1, 2, 3, 1 << 63))], ENTRY))
    assert packed == "0309" + "0102030405060708" + "".join(f"{word:016x}" for word in (1, 2, 3, 1 << 63))
    (found,) = unpack_entries(packed)
    assert (int(found["view"]), int(found["orientation"]), int(found["hash64"])) == (3, 9, 0x0102030405060708)
    assert found["hash256"].tolist() == [1, 2, 3, 1 << 63]
    assert len(unpack_entries("")) == 0


@pytest.mark.parametrize("packed", ["0", "zz", "00" * 41, "00" * 43])
def test_text_that_is_not_the_hex_of_whole_entries_is_refused(packed: str) -> None:
    with pytest.raises(BadInput, match="views:1") as refused:
        unpack_entries(packed)
    assert refused.value.reason is Reason.BAD_FIELD

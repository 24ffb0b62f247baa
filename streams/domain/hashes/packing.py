"""How entries are packed into bytes and hex, in records and in state."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.hashes.algorithms import VIEWS_HASH
from streams.errors import BadInput, Reason

ENTRY: Final = np.dtype([("view", "u1"), ("orientation", "u1"), ("hash64", ">u8"), ("hash256", ">u8", 4)])
"""42 bytes: the code of a view (`views.VIEWS`), an orientation with flags, and two pHashes: of 64 bits, by which the
index is searched, and of 256 bits, which confirm a candidate."""

ORIENTATION_MASK: Final = 7
"""The bits of ENTRY's `orientation` that are the orientation (`hashes.orientation`); the others are flags."""

CANONICAL: Final = 8
"""Flag: the view is hashed in its canonical orientation. State stores this entry."""

EXTRA_UPRIGHT: Final = 16
"""Flag: the upright orientation of a whole picture, where it is neither canonical nor an alternate. It is looked up
only among whole pictures."""


def pack_entries(entries: NDArray[np.void]) -> str:
    """Entries as lower-case hex, as in records."""
    return entries.astype(ENTRY, copy=False).tobytes().hex()


def unpack_entries(packed: str) -> NDArray[np.void]:
    """The entries of a record, read-only; the canonical orientation of every view comes first.

    Raises:
        BadInput: bad_field, if it is not the hex of whole entries.
    """
    return unpack_hex(packed, ENTRY, VIEWS_HASH)


def unpack_hex(packed: str, dtype: np.dtype[np.void], name: str) -> NDArray[np.void]:
    """The entries of the hash of this name, read-only.

    Raises:
        BadInput: bad_field, if it is not the hex of whole entries.
    """
    try:
        data = bytes.fromhex(packed)
    except ValueError as error:
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': {name} must be hexadecimal digits") from error
    if len(data) % dtype.itemsize:
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': {name} must be whole entries of {2 * dtype.itemsize} digits")
    return np.frombuffer(data, dtype)

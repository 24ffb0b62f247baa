"""Codes, keys and radii from callers of an index, checked and as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.layout import Codes, Keys

CODE_BITS = 64
LARGEST_CODE, LARGEST_KEY = 2**64 - 1, 2**32 - 1

Numbers: TypeAlias = NDArray[Any] | Iterable[int]
_Unsigned = TypeVar("_Unsigned", np.uint64, np.uint32)


def check_radius(bits: int) -> int:
    if not 0 <= bits <= CODE_BITS:
        raise ValueError(f"a radius is 0 to {CODE_BITS} bits, not {bits}")
    return bits


def check_code(code: int) -> int:
    if not 0 <= code <= LARGEST_CODE:
        raise ValueError(f"a code is 0 to 2**64 - 1, not {code}")
    return code


def check_key(key: int) -> int:
    if not 0 <= key <= LARGEST_KEY:
        raise ValueError(f"a key is 0 to 2**32 - 1, not {key}")
    return key


def as_codes(codes: Numbers) -> Codes:
    return _integers(codes, np.uint64, "codes")


def as_entries(codes: Numbers, keys: Numbers) -> tuple[Codes, Keys]:
    both = as_codes(codes), _integers(keys, np.uint32, "keys")
    if len(both[0]) != len(both[1]):
        raise ValueError(f"{len(both[0])} codes, but {len(both[1])} keys")
    return both


def _integers(values: Numbers, dtype: type[_Unsigned], name: str) -> NDArray[_Unsigned]:
    """A flat array of this type. Unlike numpy, refuses numbers that the type cannot hold."""
    refusal = ValueError(f"{name} must be whole numbers from 0 to {np.iinfo(dtype).max}")
    if not isinstance(values, np.ndarray):
        try:
            return np.array([index(value) for value in values], dtype)
        except (TypeError, OverflowError):
            raise refusal from None
    array = np.ascontiguousarray(values).reshape(-1)
    if array.dtype == dtype or not len(array):
        return array.astype(dtype, copy=False)
    if array.dtype.kind not in "iu" or array.min() < 0 or array.max() > np.iinfo(dtype).max:
        raise refusal
    return array.astype(dtype)

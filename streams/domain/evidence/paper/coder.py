"""An adaptive binary arithmetic coder: decisions to bytes and back, without the GIL.

The method is the range coder of LZMA: 32 bits of range, probabilities of 12 bits that follow what was coded. Every
probability is the mean of one that follows fast and one that follows slowly. Whole numbers, so bytes are equal on any
machine. A decoder reads zeros behind the end: any bytes give decisions.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled

EVEN: Final = 1 << 15
"""A probability of one half, in 1 / 2^16."""

FAST, SLOW = 4, 7
"""A probability moves by 1 / 2^FAST, and by 1 / 2^SLOW, of the way to what was coded."""

LOW, RANGE, AT, FIRST = 0, 1, 2, 3
"""Numbers of a coder: its low end, or the code that is read; its range; the next byte; from FIRST on its probabilities,
a fast and a slow one for every context."""

_MASK: Final = (1 << 32) - 1
_RENORMALISE: Final = 1 << 24


def new_coder(contexts: int) -> NDArray[np.int64]:
    """A coder that knows nothing."""
    coder = np.full(FIRST + 2 * contexts, EVEN, np.int64)
    coder[LOW], coder[RANGE], coder[AT] = 0, _MASK, 0
    return coder


@compiled()
def encode(coder: Any, written: Any, context: int, decision: int) -> None:
    """Encode a decision, 0 or 1, in a context; no more once `written` is full."""
    bound = (coder[RANGE] >> 12) * _share(coder, context)
    if decision:
        coder[LOW] += bound
        coder[RANGE] -= bound
    else:
        coder[RANGE] = bound
    _follow(coder, context, decision)
    _write(coder, written)


@compiled()
def encode_even(coder: Any, written: Any, decision: int) -> None:
    """Encode a decision of which nothing is known."""
    coder[RANGE] >>= 1
    if decision:
        coder[LOW] += coder[RANGE]
    _write(coder, written)


@compiled()
def _write(coder: Any, written: Any) -> None:
    if coder[LOW] > _MASK:
        coder[LOW] &= _MASK
        at = min(coder[AT], len(written)) - 1
        while at >= 0:
            written[at] = (written[at] + 1) & 255
            if written[at] != 0:
                break
            at -= 1
    while coder[RANGE] < _RENORMALISE:
        if coder[AT] < len(written):
            written[coder[AT]] = coder[LOW] >> 24
        coder[AT] += 1
        coder[LOW] = (coder[LOW] << 8) & _MASK
        coder[RANGE] = (coder[RANGE] << 8) & _MASK


@compiled()
def end_encoding(coder: Any, written: Any) -> Any:
    """Write what is left.

    Returns:
        The number of bytes; more than `written` has if they did not fit. Zeros at the end are left out.
    """
    for _ in range(4):
        if coder[AT] < len(written):
            written[coder[AT]] = coder[LOW] >> 24
        coder[AT] += 1
        coder[LOW] = (coder[LOW] << 8) & _MASK
    count = coder[AT]
    while 0 < count <= len(written) and written[count - 1] == 0:
        count -= 1
    return count


@compiled()
def begin_decoding(coder: Any, packed: Any) -> None:
    """Begin to read `packed`, which is uint8."""
    for _ in range(4):
        _read(coder, packed)


@compiled()
def decode(coder: Any, packed: Any, context: int) -> Any:
    """The next decision, 0 or 1, in a context."""
    bound = (coder[RANGE] >> 12) * _share(coder, context)
    if coder[LOW] < bound:
        decision = 0
        coder[RANGE] = bound
    else:
        decision = 1
        coder[LOW] -= bound
        coder[RANGE] -= bound
    _follow(coder, context, decision)
    while coder[RANGE] < _RENORMALISE:
        coder[RANGE] = (coder[RANGE] << 8) & _MASK
        _read(coder, packed)
    return decision


@compiled()
def decode_even(coder: Any, packed: Any) -> Any:
    """The next decision of which nothing is known."""
    coder[RANGE] >>= 1
    decision = 0
    if coder[LOW] >= coder[RANGE]:
        decision = 1
        coder[LOW] -= coder[RANGE]
    while coder[RANGE] < _RENORMALISE:
        coder[RANGE] = (coder[RANGE] << 8) & _MASK
        _read(coder, packed)
    return decision


@compiled()
def _read(coder: Any, packed: Any) -> None:
    byte = np.int64(packed[coder[AT]]) if coder[AT] < len(packed) else np.int64(0)
    coder[LOW] = (coder[LOW] << 8 | byte) & _MASK
    coder[AT] += 1


@compiled()
def _share(coder: Any, context: int) -> Any:
    """The probability of 0, in 1 / 2^12, never 0 or 1."""
    share = (coder[FIRST + 2 * context] + coder[FIRST + 2 * context + 1]) >> 5
    return min(max(share, 16), 4080)


@compiled()
def _follow(coder: Any, context: int, decision: int) -> None:
    aim, at = (1 - decision) << 16, FIRST + 2 * context
    coder[at] += (aim - coder[at]) >> FAST
    coder[at + 1] += (aim - coder[at + 1]) >> SLOW

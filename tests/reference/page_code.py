"""The plain twin of evidence/paper/coder.py and transform.py: Python's whole numbers, and numpy. No tests here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.paper.transform import COSINES

Ints = NDArray[np.int64]
MASK = (1 << 32) - 1
COARSENESS = np.array([64, 67, 75, 93, 128, 207, 437, 1682])
C = COSINES.astype(np.int64)
SCAN = [(down, total - down) for total in range(11) for down in range(max(total - 7, 0), min(total, 7) + 1)]


class Probabilities:
    def __init__(self) -> None:
        self.pairs: dict[object, tuple[int, int]] = {}

    def zero(self, context: object) -> int:
        fast, slow = self.pairs.get(context, (1 << 15, 1 << 15))
        return min(max((fast + slow) >> 5, 16), 4080)

    def follow(self, context: object, decision: int) -> None:
        fast, slow = self.pairs.get(context, (1 << 15, 1 << 15))
        aim = 0 if decision else 1 << 16
        self.pairs[context] = fast + ((aim - fast) >> 4), slow + ((aim - slow) >> 7)


class Encoder:
    """Keeps one number of any length, so no carry needs care."""

    def __init__(self) -> None:
        self.low, self.range, self.bytes, self.probabilities = 0, MASK, 0, Probabilities()

    def __call__(self, decision: int, context: object = None) -> int:
        if context is None:
            bound = self.range = self.range >> 1
        else:
            bound = (self.range >> 12) * self.probabilities.zero(context)
            self.probabilities.follow(context, decision)
            self.range = self.range - bound if decision else bound
        self.low += bound if decision else 0
        while self.range < 1 << 24:
            self.low, self.range, self.bytes = self.low << 8, self.range << 8, self.bytes + 1
        return decision

    def end(self) -> bytes:
        return self.low.to_bytes(self.bytes + 4, "big").rstrip(b"\0")


class Decoder:
    def __init__(self, packed: bytes) -> None:
        self.rest = packed + bytes(1 << 16)
        self.code, self.range, self.at, self.probabilities = (
            int.from_bytes(self.rest[:4], "big"),
            MASK,
            4,
            Probabilities(),
        )

    def __call__(self, _: int, context: object = None) -> int:
        if context is None:
            bound = self.range = self.range >> 1
            decision = int(self.code >= bound)
        else:
            bound = (self.range >> 12) * self.probabilities.zero(context)
            decision = int(self.code >= bound)
            self.probabilities.follow(context, decision)
            self.range = self.range - bound if decision else bound
        self.code -= bound if decision else 0
        while self.range < 1 << 24:
            self.code, self.range = self.code << 8 | self.rest[self.at], self.range << 8
            self.at += 1
        return decision


Coder = Callable[..., int]


def last_sum(block: Ints) -> int:
    return max((down + across for down, across in SCAN if block[down, across]), default=0)


def pass_count(code: Coder, count: int, kind: int) -> int:
    """Both ways: an encoder is told the count, a decoder finds it."""
    at = 1
    while at <= 8 and code(int(count > at), ("more", kind, at)):
        at += 1
    if at <= 8:
        return at
    bits, width = 0, max(count - 8, 1).bit_length() - 1
    while bits < 9 and code(int(bits < width), ("bits", bits)):
        bits += 1
    return 8 + (1 << bits) + sum(code((count - 8) >> at & 1) << at for at in range(bits))


def pass_block(code: Coder, block: Ints, above: Ints, left: Ints, found: Ints) -> None:
    before, last = (last_sum(above) + last_sum(left) + 1) // 2, 0
    while last < 10 and code(int(last < last_sum(block)), ("last", before, last)):
        last += 1
    for down, across in SCAN:
        if down + across > last:
            continue
        own = sum(
            abs(int(found[down - up, across - back]))
            for up, back in ((1, 0), (0, 1), (1, 1))
            if down >= up and across >= back
        )
        near = abs(int(above[down, across])) + abs(int(left[down, across]))
        value = int(block[down, across])
        if code(int(value != 0), ("some", down + across, min((own + 1) // 2, 2), min(near, 2))):
            negative = code(int(value < 0))
            count = pass_count(code, abs(value), min(down + across, 3))
            found[down, across] = -count if negative else count


def passed(code: Coder, steps: Ints) -> Ints:
    """All blocks through an encoder or a decoder: what a decoder finds."""
    found = np.zeros((steps.shape[0] + 1, steps.shape[1] + 1, 8, 8), np.int64)
    for row, column in np.ndindex(*steps.shape[:2]):
        above, left = found[row, column + 1], found[row + 1, column]
        context = sum(int(bool(near[0, 0] or near[0, 1] or near[1, 0])) for near in (above, left))
        if code(int(steps[row, column].any()), ("empty", context)):
            pass_block(code, steps[row, column], above, left, found[row + 1, column + 1])
    inside: Ints = found[1:, 1:]
    return inside


def sizes(step: int) -> Ints:
    found: Ints = np.maximum(step * COARSENESS[:, None] * COARSENESS >> 12, 1)
    return found


def steps_of(ink: NDArray[np.uint8], step: int) -> Ints:
    blocks = np.pad(ink.astype(np.int64), [(0, -side % 8) for side in ink.shape], mode="edge")
    rows, columns = blocks.shape[0] // 8, blocks.shape[1] // 8
    blocks = blocks.reshape(rows, 8, columns, 8).swapaxes(1, 2)
    frequencies = (C @ blocks @ C.T + (1 << 11)) >> 12
    counts = np.minimum((abs(frequencies) * 16 + sizes(step) * 5) // (sizes(step) * 16), 1023)
    down, across = np.indices((8, 8))
    kept: Ints = np.where(down + across <= 10, np.sign(frequencies) * counts, 0)
    return kept


def ink_of(steps: Ints, step: int, height: int, width: int) -> NDArray[np.uint8]:
    frequencies = (steps * sizes(step)).clip(-(1 << 14), 1 << 14)
    halfway = (C.T @ frequencies + (1 << 6)) >> 7
    blocks = (halfway @ C + (1 << 10)) >> 11
    pixels = blocks.swapaxes(1, 2).reshape(steps.shape[0] * 8, steps.shape[1] * 8)
    shown: NDArray[np.uint8] = pixels[:height, :width].clip(0, 238).astype(np.uint8)
    return shown


def encoded(ink: NDArray[np.uint8], step: int) -> bytes:
    encoder = Encoder()
    passed(encoder, steps_of(ink, step))
    return encoder.end()


def decoded(packed: bytes, step: int, height: int, width: int) -> NDArray[np.uint8]:
    none = np.zeros((-(-height // 8), -(-width // 8), 8, 8), np.int64)
    return ink_of(passed(Decoder(packed), none), step, height, width)

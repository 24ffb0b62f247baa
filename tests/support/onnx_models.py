"""Tiny ONNX models, written byte by byte: protocol buffers need no library to be written.

Field numbers are those of onnx.proto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

SIDE: Final = 8
VALUES: Final = 16
FLOAT, UINT8, INT64, BOOL, FLOAT16 = 1, 2, 7, 9, 10
OPSET, IR_VERSION = 13, 8
Shape = Sequence[int | str]


def projection(values: int = VALUES, seed: int = 0, side: int = SIDE) -> npt.NDArray[np.float32]:
    """What `flat_model` multiplies its flattened input with: numbers × values."""
    return np.random.default_rng(seed).standard_normal((side * side * 3, values)).astype(np.float32)


def flat_model(
    folder: Path, name: str = "flat.onnx", *, layout: str = "nchw", seed: int = 0, kind: int = FLOAT
) -> Path:
    """Vectors of 16 values, which are linear in all pixels of 8 × 8; `kind` is the type of what it takes."""
    shape = ("n", 3, SIDE, SIDE) if layout == "nchw" else ("n", SIDE, SIDE, 3)
    nodes = [
        _node("Cast", ["picture"], ["values"], _int("to", FLOAT)),
        _node("Flatten", ["values"], ["flat"]),
        _node("MatMul", ["flat", "weights"], ["vector"]),
    ]
    return _write(folder / name, nodes, shape, ("n", VALUES), [_tensor("weights", projection(seed=seed))], kind)


def free_model(folder: Path, name: str = "free.onnx") -> Path:
    """Takes pictures of any size: vectors of 3 values, the mean of each channel, as 1 × 3 × 1 × 1."""
    nodes = [_node("GlobalAveragePool", ["picture"], ["vector"])]
    return _write(folder / name, nodes, ("n", 3, "height", "width"), ("n", 3, 1, 1), [])


def picture_model(folder: Path, shape: Shape, name: str = "same.onnx") -> Path:
    """Gives the picture back."""
    return _write(folder / name, [_node("Identity", ["picture"], ["vector"])], shape, shape, [])


def dividing_model(folder: Path, name: str = "dividing.onnx") -> Path:
    """Divides by the brightest value: of a picture that is all zero, no value is a number."""
    nodes = [
        _node("Flatten", ["picture"], ["flat"]),
        _node("ReduceMax", ["flat"], ["largest"]),
        _node("Div", ["flat", "largest"], ["vector"]),
    ]
    return _write(folder / name, nodes, (1, 3, SIDE, SIDE), (1, 3 * SIDE * SIDE), [])


def endless_model(folder: Path, name: str = "endless.onnx") -> Path:
    """Never ends for a picture that has a value of 255 or more."""
    body = _graph(
        [_node("Identity", ["go"], ["goes"]), _node("Mul", ["value", "one"], ["next"])],
        [_value("number", INT64, ()), _value("go", BOOL, ()), _value("value", FLOAT, (1, 3 * SIDE * SIDE))],
        [_value("goes", BOOL, ()), _value("next", FLOAT, (1, 3 * SIDE * SIDE))],
        [],
    )
    nodes = [
        _node("Flatten", ["picture"], ["flat"]),
        _node("ReduceMax", ["flat"], ["largest"], _ints("axes", [0, 1]), _int("keepdims", 0)),
        _node("Div", ["largest", "full"], ["share"]),
        _node("Floor", ["share"], ["is_full"]),
        _node("Mul", ["is_full", "many"], ["count"]),
        _node("Cast", ["count"], ["times"], _int("to", INT64)),
        _node("Loop", ["times", "", "flat"], ["vector"], _field(1, b"body") + _field(6, body) + _number(20, 5)),
    ]
    constants = {"full": 255.0, "many": 1e15, "one": 1.0}
    weights = [_tensor(key, np.array(value, np.float32)) for key, value in constants.items()]
    return _write(folder / name, nodes, (1, 3, SIDE, SIDE), (1, 3 * SIDE * SIDE), weights)


def _write(
    path: Path, nodes: Sequence[bytes], taken: Shape, given: Shape, weights: Sequence[bytes], kind: int = FLOAT
) -> Path:
    graph = _graph(nodes, [_value("picture", kind, taken)], [_value("vector", FLOAT, given)], weights)
    path.write_bytes(_number(1, IR_VERSION) + _field(7, graph) + _field(8, _number(2, OPSET)))
    return path


def _graph(
    nodes: Iterable[bytes], inputs: Iterable[bytes], outputs: Iterable[bytes], weights: Iterable[bytes]
) -> bytes:
    parts = ((1, nodes), (5, weights), (11, inputs), (12, outputs))
    return _field(2, b"graph") + b"".join(_field(number, each) for number, part in parts for each in part)


def _node(operator: str, inputs: Sequence[str], outputs: Sequence[str], *attributes: bytes) -> bytes:
    names = [_field(1, name.encode()) for name in inputs] + [_field(2, name.encode()) for name in outputs]
    return b"".join(names) + _field(4, operator.encode()) + b"".join(_field(5, each) for each in attributes)


def _int(name: str, value: int) -> bytes:
    return _field(1, name.encode()) + _number(3, value) + _number(20, 2)


def _ints(name: str, values: Sequence[int]) -> bytes:
    return _field(1, name.encode()) + b"".join(_number(8, value) for value in values) + _number(20, 7)


def _tensor(name: str, values: npt.NDArray[np.float32]) -> bytes:
    sides = b"".join(_number(1, side) for side in values.shape)
    return sides + _number(2, FLOAT) + _field(8, name.encode()) + _field(9, values.astype("<f4").tobytes())


def _value(name: str, kind: int, shape: Shape) -> bytes:
    sides = [_number(1, side) if isinstance(side, int) else _field(2, side.encode()) for side in shape]
    tensor = _number(1, kind) + _field(2, b"".join(_field(1, side) for side in sides))
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])

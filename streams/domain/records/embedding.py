"""What a model says that a medium looks like: one vector, with the model that made it. Nothing is decided by it."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from streams.errors import BadInput, Reason

MAX_VALUES: Final = 8_192
MAX_MODEL_CHARS: Final = 256
MAX_AT_MS: Final = (1 << 32) - 1
_FLOAT16: Final = np.dtype("<f2")


@dataclass(frozen=True)
class Embedding:
    """What a model says that a medium looks like. Vectors of two models have nothing to do with each other.

    Attributes:
        model: Name of the model's file, `@`, and a digest of its bytes and of how pictures were prepared for it.
        at_ms: Of a video, when the frame is shown that the model saw; 0 of a picture.
        vector: Length 1; float16, little-endian, in base64.
    """

    model: str
    at_ms: int
    vector: str

    def values(self) -> npt.NDArray[np.float32]:
        """The vector, of length 1 but for rounding.

        Raises:
            BadInput: bad_field.
        """
        try:
            packed = b64decode(self.vector, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadInput(Reason.BAD_FIELD, "field 'embedding.vector' must be base64") from error
        if len(packed) % _FLOAT16.itemsize or not 0 < len(packed) <= MAX_VALUES * _FLOAT16.itemsize:
            raise BadInput(Reason.BAD_FIELD, f"field 'embedding.vector' must have 1 to {MAX_VALUES} values")
        values = np.frombuffer(packed, _FLOAT16).astype(np.float32)
        if not np.isfinite(values).all() or not values.any():
            raise BadInput(Reason.BAD_FIELD, "field 'embedding.vector' must have a length")
        return values


def make_embedding(model: str, at_ms: int, values: npt.NDArray[np.floating[Any]]) -> Embedding:
    """The embedding of a vector of any length.

    Args:
        model: its name.
        at_ms: of the frame that it saw.
        values: one-dimensional.

    Raises:
        ValueError: the vector has no length or values that are no numbers, or more than MAX_VALUES.
    """
    if values.ndim != 1 or not 0 < len(values) <= MAX_VALUES:
        raise ValueError(f"the vector has the shape {values.shape}, not one of 1 to {MAX_VALUES} values")
    wide = values.astype(np.float64)
    length = float(np.sqrt(np.square(wide).sum()))
    if not np.isfinite(length) or length == 0:
        raise ValueError("the vector has no length, or values that are no numbers")
    unit = (wide / length).astype(_FLOAT16)
    return Embedding(model, at_ms, b64encode(unit.tobytes()).decode())


def embedding_of(document: Any) -> Embedding | None:
    """The embedding in the JSON of a record; None of anything else, since nothing is decided by it."""
    if type(document) is not dict:
        return None
    model, at_ms, vector = document.get("model"), document.get("at_ms"), document.get("vector")
    if type(model) is not str or type(at_ms) is not int or type(vector) is not str:
        return None
    if not 0 < len(model) <= MAX_MODEL_CHARS or not 0 <= at_ms <= MAX_AT_MS:
        return None
    return Embedding(model, at_ms, vector)

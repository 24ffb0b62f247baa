"""The model of the settings that says what pictures look like: its name, its input, and a vector for a picture.

Nothing in here knows an event loop. streams/stages/fingerprint/embedder.py bounds what runs at once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from streams.config.parts.picture_model import PictureModelSettings
from streams.domain.fingerprint.model_view import CHANNELS, ViewSize
from streams.domain.records.embedding import MAX_VALUES
from streams.errors import ConfigurationError
from streams.models.model_values import Layout, ModelValues
from streams.models.onnx_file import check_installed, find_model, open_session

SETTING: Final = "MEDIASIEVE_PICTURE_MODEL"
MAX_SIDE: Final = 1_024
MAX_NAME_CHARS: Final = 200
DIGEST_CHARS: Final = 16
READ_BYTES: Final = 1 << 20
#: What a model may take: the type of its input, to that of the array.
TYPES: Final[dict[str, Any]] = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


class Run:
    """One run of the model, which another thread may stop."""

    def __init__(self, loaded: _Loaded, pixels: bytes) -> None:
        import onnxruntime

        self._loaded, self._pixels = loaded, pixels
        self._options = onnxruntime.RunOptions()

    def __call__(self) -> npt.NDArray[np.float32]:
        """The vector, of any length. Blocks.

        Raises:
            Exception: onnxruntime's own; ValueError if the output is no vector.
        """
        return self._loaded.vector(self._pixels, self._options)

    def stop(self) -> None:
        """The run raises as soon as the node of the graph that it is at has ended."""
        self._options.terminate = True


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A session, and what its model takes."""

    session: Any
    input_name: str
    input_type: Any
    output_name: str
    size: ViewSize
    values: ModelValues

    def vector(self, pixels: bytes, options: Any) -> npt.NDArray[np.float32]:
        shown = np.frombuffer(pixels, np.uint8).reshape(self.size.height, self.size.width, CHANNELS)
        values = self.values.of(shown)
        if self.input_type is np.uint8:
            values = np.clip(np.rint(values), 0, 255)
        (found,) = self.session.run(
            [self.output_name], {self.input_name: values[None].astype(self.input_type)}, options
        )
        vector = np.asarray(found, np.float32)
        if max(vector.shape, default=0) != vector.size or not 1 < vector.size <= MAX_VALUES:
            shape = " × ".join(map(str, vector.shape))
            raise ValueError(f"the output {self.output_name!r} is {shape}, not one vector of 2 to {MAX_VALUES} values")
        return vector.reshape(-1)


class PictureModel:
    """The model of the settings; loaded when it is first needed. Thread-safe.

    Args:
        settings: with a model.

    Raises:
        ConfigurationError: there is no such file, or onnxruntime is not installed.
    """

    def __init__(self, settings: PictureModelSettings) -> None:
        self._settings = settings
        try:
            check_installed()
            self._path = find_model(settings.model, Path())
        except ConfigurationError as error:
            raise ConfigurationError(f"{SETTING}: {error}") from error
        self._lock = threading.Lock()
        self._name: str | None = None
        self._loaded: _Loaded | None = None

    def name(self) -> str:
        """The name of the file, and a digest of its bytes and of how pictures are prepared. Blocks at first.

        Raises:
            ConfigurationError: the file cannot be read.
        """
        with self._lock:
            if self._name is None:
                try:
                    self._name = f"{self._path.name[-MAX_NAME_CHARS:]}@{self._digest()[:DIGEST_CHARS]}"
                except OSError as error:
                    raise ConfigurationError(f"{SETTING}: {error}") from error
            return self._name

    def load(self) -> ViewSize:
        """Load the model, and run it once. Returns what it wants to see of a picture. Blocks.

        Raises:
            ConfigurationError: it is no model, or not one from a picture to a vector.
        """
        with self._lock:
            if self._loaded is None:
                try:
                    loaded = self._open()
                    pattern = bytes(at % 256 for at in range(loaded.size.size_bytes))
                    if not np.isfinite(loaded.vector(pattern, None)).all():
                        raise ValueError(f"the output {loaded.output_name!r} has values that are no numbers")
                except Exception as error:  # onnxruntime has many of its own
                    raise ConfigurationError(f"{SETTING}: {self._path.name}: {error}") from error
                self._loaded = loaded
            return self._loaded.size

    def begin(self, pixels: bytes) -> Run:
        """A run for a picture.

        Args:
            pixels: as many as the size that `load` returned has, in RGB; of a model that is loaded.
        """
        assert self._loaded is not None
        return Run(self._loaded, pixels)

    def _open(self) -> _Loaded:
        settings = self._settings
        session = open_session(self._path, 1)
        inputs, outputs = session.get_inputs(), [output.name for output in session.get_outputs()]
        if len(inputs) != 1:
            raise ValueError(f"it takes {len(inputs)} inputs, not one picture")
        if inputs[0].type not in TYPES:
            raise ValueError(f"its input is of the type {inputs[0].type}, not one of {', '.join(TYPES)}")
        if settings.output and settings.output not in outputs:
            raise ValueError(f"{SETTING}_OUTPUT: it has the outputs {', '.join(outputs)}")
        layout, height, width = read_shape(inputs[0].shape, settings.side)
        values = ModelValues(layout, settings.channels, settings.scale, settings.mean, settings.std)
        size = ViewSize(width, height, settings.fit)
        output = settings.output or outputs[0]
        return _Loaded(session, inputs[0].name, TYPES[inputs[0].type], output, size, values)

    def _digest(self) -> str:
        """What makes vectors comparable: the model, and what it is shown."""
        digest = sha256()
        with self._path.open("rb") as file:
            while part := file.read(READ_BYTES):
                digest.update(part)
        how = self._settings.model_dump(mode="json", exclude={"model", "threads", "timeout_s"})
        digest.update(orjson.dumps(how, option=orjson.OPT_SORT_KEYS))
        return digest.hexdigest()


def read_shape(shape: list[int | str | None], side: int) -> tuple[Layout, int, int]:
    """Layout, height and width of the input of a model.

    Args:
        shape: as onnxruntime has it: a number, or a name or None where any number may stand.
        side: height or width where the model leaves it free.

    Raises:
        ValueError: it is not a batch of pictures in colour, or one picture alone is no batch.
    """
    told = " × ".join("?" if each is None else str(each) for each in shape)
    if len(shape) != 4 or (shape[1] == CHANNELS) == (shape[3] == CHANNELS):
        raise ValueError(f"its input is {told}, not batch × 3 × height × width or batch × height × width × 3")
    if isinstance(shape[0], int) and shape[0] not in (-1, 1):
        raise ValueError(f"its input is {told}: it does not take one picture alone")
    layout: Layout = "nchw" if shape[1] == CHANNELS else "nhwc"
    sides = shape[2:] if layout == "nchw" else shape[1:3]
    height, width = (each if isinstance(each, int) and each > 0 else side for each in sides)
    if max(height, width) > MAX_SIDE:
        raise ValueError(f"its input is {told}: more than {MAX_SIDE} pixels a side")
    return layout, height, width


@lru_cache(1)
def open_picture_model(settings: PictureModelSettings) -> PictureModel | None:
    """The model of the settings, the same object for the same settings; None if they have none.

    Raises:
        ConfigurationError: as `PictureModel`.
    """
    return PictureModel(settings) if settings.model else None

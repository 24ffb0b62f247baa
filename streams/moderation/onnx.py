"""Models in the ONNX format, run in the worker: a picture in, scores of labels out. Needs the extra `onnx`.

    options:
      model: models/safety.onnx          # or PACKAGE:FILE, a file that an installed package brings
      labels: [safe, nudity]
      input: {width: 224, height: 224, layout: nhwc, channels: bgr, mean: [104, 117, 123], resize: 256}
      verdict: [{label: nudity, at_least: 0.8, status: blocked}, {otherwise: allowed}]

The model is loaded when it is first needed, once a worker. It runs on a thread of its own. The pictures were decoded
before, by the fingerprint stage: whatever kills a decoder never gets here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streams.domain.fingerprint.rgb import decode_rgb
from streams.domain.records import Label
from streams.errors import BadInput, ConfigurationError, Reason
from streams.models.model_values import Channels, Layout, ModelValues, Triple
from streams.models.onnx_file import check_installed, find_model, open_session
from streams.moderation.moderator import (
    BadOption,
    ItemAnswer,
    Moderator,
    ModeratorAnswer,
    ModeratorFailure,
    PluginContext,
    Question,
)
from streams.moderation.verdict_rules import VerdictRules

MAX_SIDE: Final = 4096


class InputPart(BaseModel):
    """How a picture becomes the input: scaled to `resize` (the sides, else to width × height), the centre of width ×
    height cut out, channels in order; (value × scale − mean) / std.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: int = Field(default=224, ge=1, le=MAX_SIDE)
    height: int = Field(default=224, ge=1, le=MAX_SIDE)
    resize: int | None = Field(default=None, ge=1, le=MAX_SIDE)
    layout: Layout = "nchw"
    channels: Channels = "rgb"
    scale: float = 1.0
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    labels: tuple[str, ...] = Field(min_length=1, max_length=100_000)
    input: InputPart = InputPart()
    activation: Literal["none", "softmax", "sigmoid"] = "none"
    threads: int = Field(default=1, ge=1, le=256)
    verdict: list[Any]


class OnnxModerator(Moderator):
    """Runs a model.

    Args:
        path: of the model.
        options: how it is used.
        rules: from labels to a status.
        max_pixels: larger pictures are refused.
    """

    sends = "bytes"
    is_free = True

    def __init__(self, path: Path, options: _Options, rules: VerdictRules, max_pixels: int) -> None:
        self._path, self._options, self._rules, self._max_pixels = path, options, rules, max_pixels
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="onnx")
        self._session: Any = None

    async def ask(self, questions: Sequence[Question], key: int) -> Sequence[ItemAnswer]:
        loop = asyncio.get_running_loop()
        return [await loop.run_in_executor(self._thread, self._answer, question.data) for question in questions]

    def _answer(self, data: bytes | None) -> ItemAnswer:
        """Runs on the thread."""
        assert data is not None
        try:
            picture = decode_rgb(data, self._max_pixels, self._options.input.resize or self._options.input.width)
        except BadInput as error:
            return error
        scores = self._scores(prepare_input(picture, self._options.input))
        labels = [Label(name, None, float(score)) for name, score in zip(self._options.labels, scores, strict=True)]
        status, due_to = self._rules.status(labels)
        reason = f"{due_to.name} {due_to.score:.2f}" if due_to is not None else None
        return ModeratorAnswer(status, labels, reason)

    def _scores(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        session = self._load()
        outputs = session.run([session.get_outputs()[0].name], {session.get_inputs()[0].name: values[None]})
        scores = np.asarray(outputs[0], dtype=np.float64).reshape(-1)
        if len(scores) != len(self._options.labels):
            detail = f"the model gives {len(scores)} scores, and the file names {len(self._options.labels)} labels"
            raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, detail)
        if self._options.activation == "softmax":
            scores = np.exp(scores - scores.max())
            scores /= scores.sum()
        elif self._options.activation == "sigmoid":
            scores = np.reciprocal(1 + np.exp(-np.clip(scores, -500, 500)))
        if not np.all((scores >= 0) & (scores <= 1 + 1e-6)):
            detail = "the model gives scores beyond 0 to 1: set `activation` to softmax or sigmoid"
            raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, detail)
        return np.clip(scores, 0.0, 1.0)

    def _load(self) -> Any:
        if self._session is None:
            self._session = open_session(self._path, self._options.threads)
        return self._session

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def prepare_input(picture: Image.Image, part: InputPart) -> npt.NDArray[np.float32]:
    """The input of the model, without the dimension of the batch: height × width × 3, or 3 × height × width."""
    size = part.width, part.height
    scaled = (part.resize, part.resize) if part.resize is not None else size
    left, top = (scaled[0] - size[0]) // 2, (scaled[1] - size[1]) // 2
    large = picture.resize(scaled, Image.Resampling.BILINEAR)
    shown = large.crop((left, top, left + size[0], top + size[1]))
    return ModelValues(part.layout, part.channels, part.scale, part.mean, part.std).of(np.asarray(shown))


def make_onnx(context: PluginContext) -> OnnxModerator:
    """The plug-in `onnx`. Raises BadOption."""
    try:
        options = _Options.model_validate(context.options)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadOption(first["loc"], first["msg"]) from error
    try:
        check_installed()
    except ConfigurationError as error:
        raise BadOption(("..", "plugin"), str(error)) from error
    try:
        path = find_model(options.model, context.folder)
    except ConfigurationError as error:
        raise BadOption(("model",), str(error)) from error
    rules = VerdictRules.read(options.verdict, ("verdict",))
    return OnnxModerator(path, options, rules, context.max_pixels)

"""The settings of the model that says what pictures look like."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from streams.config.parts.settings_part import SettingsPart

ThreeNumbers = Annotated[tuple[float, float, float], NoDecode]
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class PictureModelSettings(SettingsPart):
    """The model, and how pictures become its input; without `model` there is none.

    `model` is the path of an ONNX file, or PACKAGE:FILE. `output` names the output that is taken, by default the first.
    `side` is that of models which take pictures of any size. Values are (pixel × scale − mean) / std, with a mean and a
    std for each of the channels, in their order. `threads` pictures are in work at once, each for `timeout_s` at most.
    """

    model: str = Field("", validation_alias="MEDIASIEVE_PICTURE_MODEL")
    output: str = Field("", validation_alias="MEDIASIEVE_PICTURE_MODEL_OUTPUT")
    side: int = Field(224, ge=1, le=1024, validation_alias="MEDIASIEVE_PICTURE_MODEL_SIDE")
    fit: Literal["stretch", "crop"] = Field("stretch", validation_alias="MEDIASIEVE_PICTURE_MODEL_FIT")
    channels: Literal["rgb", "bgr"] = Field("rgb", validation_alias="MEDIASIEVE_PICTURE_MODEL_CHANNELS")
    scale: float = Field(1 / 255, gt=0, allow_inf_nan=False, validation_alias="MEDIASIEVE_PICTURE_MODEL_SCALE")
    mean: ThreeNumbers = Field(IMAGENET_MEAN, validation_alias="MEDIASIEVE_PICTURE_MODEL_MEAN")
    std: ThreeNumbers = Field(IMAGENET_STD, validation_alias="MEDIASIEVE_PICTURE_MODEL_STD")
    threads: int = Field(1, ge=1, le=256, validation_alias="MEDIASIEVE_PICTURE_MODEL_THREADS")
    timeout_s: float = Field(10.0, gt=0, validation_alias="MEDIASIEVE_PICTURE_MODEL_TIMEOUT_S")

    @field_validator("mean", "std", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(","))
        return value

    @field_validator("std")
    @classmethod
    def _none_is_zero(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if 0 in value:
            raise ValueError("a std is not zero")
        return value

"""From the pixels of a picture to the numbers that a model takes: channels in order, scaled, in its layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Triple = tuple[float, float, float]
Layout = Literal["nchw", "nhwc"]
Channels = Literal["rgb", "bgr"]


@dataclass(frozen=True, slots=True)
class ModelValues:
    """How pixels become numbers: channels in order, then (value × scale − mean) / std of the channel."""

    layout: Layout = "nchw"
    channels: Channels = "rgb"
    scale: float = 1.0
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)

    def of(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The input of a model, without the dimension of the batch.

        Args:
            pixels: height × width × 3, in RGB.

        Returns:
            height × width × 3 for `nhwc`, 3 × height × width for `nchw`; contiguous.
        """
        values = pixels.astype(np.float32)
        if self.channels == "bgr":
            values = values[:, :, ::-1]
        mean, std = (np.array(three, dtype=np.float32) for three in (self.mean, self.std))
        values = (values * np.float32(self.scale) - mean) / std
        if self.layout == "nchw":
            values = values.transpose(2, 0, 1)
        return np.ascontiguousarray(values, dtype=np.float32)

"""Pictures in smaller sizes, by FFmpeg's scaler: it takes a fifth of what Pillow's does."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from PIL import Image

from streams.domain.fingerprint.image.luminance import coloured_strips

Size = tuple[int, int]

MIN_SCALED_SIDE: Final = 8
"""FFmpeg's scaler does not make pictures of a few rows; Pillow does."""


def fitted(size: Size, side: int) -> Size:
    """A size with the same shape whose longer side has at most `side` pixels, and the shorter at least one."""
    longest = max(size)
    if longest <= side:
        return size
    width, height = (max(1, (length * side + longest // 2) // longest) for length in size)
    return width, height


def resized(picture: Image.Image, size: Size) -> Image.Image:
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BOX)


def reduced(image: Image.Image, side: int, ground: int) -> Image.Image:
    """The picture on its ground, in mode YCbCr or RGB, reduced by a whole factor to no less than `side` pixels."""
    factor = max(1, max(image.size) // side)
    if image.mode == "YCbCr":
        return image.reduce(factor) if factor > 1 else image
    size = -(-image.width // factor), -(-image.height // factor)
    small, top = Image.new("RGB", size), 0
    for strip, _ in coloured_strips(image, multiple=factor, ground=ground):
        part = strip.reduce(factor) if factor > 1 else strip
        small.paste(part, (0, top))
        top += part.height
    return small


def scaled_frame(
    picture: Image.Image, size: Size, planes: Literal["yuv420p", "yuv444p"], levels: ColorRange
) -> VideoFrame:
    """The picture in another size, as planes of luma and chroma.

    Args:
        picture: in mode YCbCr, of a JPEG, or RGB.
        size: with at least MIN_SCALED_SIDE pixels a side.
        planes: whether chroma is halved.
        levels: all of them, as a JPEG has it, or from 16 on, as WebP does.
    """
    return VideoReformatter().reformat(
        _frame_of(picture),
        width=size[0],
        height=size[1],
        format=planes,
        interpolation=Interpolation.AREA,
        src_color_range=ColorRange.JPEG,
        dst_color_range=levels,
        threads=1,
    )


def _frame_of(picture: Image.Image) -> VideoFrame:
    if picture.mode != "YCbCr":
        return VideoFrame.from_ndarray(np.asarray(picture.convert("RGB")), format="rgb24")
    frame = VideoFrame(picture.width, picture.height, "yuv444p")
    for plane, band in zip(frame.planes, picture.split(), strict=True):
        if plane.line_size == picture.width:
            plane.update(band.tobytes())
        else:
            rows = np.zeros((picture.height, plane.line_size), np.uint8)
            rows[:, : picture.width] = np.asarray(band)
            plane.update(rows.tobytes())
    return frame

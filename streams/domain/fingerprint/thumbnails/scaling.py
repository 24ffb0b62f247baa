"""Pictures in smaller sizes, by FFmpeg's scaler: it takes a fifth of what Pillow's does."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final, Literal, cast

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from PIL import Image

from streams.domain.fingerprint.image.codecs.turbojpeg import JpegPlanes, Plane
from streams.domain.fingerprint.image.luminance import coloured_strips

Size = tuple[int, int]
_of_thread = threading.local()

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


def reduced_planes(planes: JpegPlanes, side: int) -> Image.Image:
    """The picture in mode YCbCr, with `side` pixels at most, and MIN_SCALED_SIDE at least."""
    width, height = (max(length, MIN_SCALED_SIDE) for length in fitted(planes.size, side))
    frame = scaled_frame(planes, (width, height), "yuv444p", ColorRange.JPEG)
    return Image.merge("YCbCr", [Image.fromarray(np.ascontiguousarray(plane)) for plane in planes_of(frame)])


def scaled_frame(
    picture: Image.Image | JpegPlanes, size: Size, planes: Literal["yuv420p", "yuv444p"], levels: ColorRange
) -> VideoFrame:
    """The picture in another size, as planes of luma and chroma.

    Args:
        picture: its planes, or in mode YCbCr, of a JPEG, or RGB.
        size: with at least MIN_SCALED_SIDE pixels a side.
        planes: whether chroma is halved.
        levels: all of them, as a JPEG has it, or from 16 on, as WebP does.
    """
    return _reformatter().reformat(
        _frame_of(picture),
        width=size[0],
        height=size[1],
        format=planes,
        interpolation=Interpolation.AREA,
        src_color_range=ColorRange.JPEG,
        dst_color_range=levels,
        threads=1,
    )


def _reformatter() -> VideoReformatter:
    """That of this thread: of pictures in one size, only the first costs what a scaler takes to be set up."""
    reformatter: VideoReformatter | None = getattr(_of_thread, "reformatter", None)
    if reformatter is None:
        reformatter = _of_thread.reformatter = VideoReformatter()
    return reformatter


def planes_of(frame: VideoFrame) -> list[Plane]:
    """Copies of the planes of a frame."""
    return [
        np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in frame.planes
    ]


def _frame_of(picture: Image.Image | JpegPlanes) -> VideoFrame:
    if isinstance(picture, JpegPlanes):
        return _frame_with(picture.size, picture.form, picture.planes)
    if picture.mode == "YCbCr":
        return _frame_with(picture.size, "yuv444p", [_plane_of(band) for band in picture.split()])
    return VideoFrame.from_ndarray(np.asarray(picture.convert("RGB")), format="rgb24")


def _frame_with(size: Size, form: str, planes: Sequence[Plane]) -> VideoFrame:
    frame = VideoFrame(*size, form)
    for target, plane in zip(frame.planes, planes, strict=True):
        rows = plane[: target.height, : target.width]
        if target.line_size != target.width:
            rows = np.pad(rows, ((0, 0), (0, target.line_size - target.width)))
        target.update(cast(bytes, np.ascontiguousarray(rows).data))  # any buffer will do
    return frame


def _plane_of(band: Image.Image) -> Plane:
    return np.frombuffer(band.tobytes(), np.uint8).reshape(band.height, band.width)

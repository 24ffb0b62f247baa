"""JPEG to planes of luma and chroma and back, by libjpeg-turbo's own library, where the machine has it.

Pillow has no way to get at the planes: its decoder first makes chroma as large as luma and puts all into one array, and
its encoder makes chroma small again. Luma is the same to the bit in both, for Pillow has libjpeg-turbo's code, too.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import CDLL, POINTER, byref, c_char_p, c_int, c_ubyte, c_ulong, c_void_p
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

LIBRARY: Final = "libturbojpeg.so.0"
"""Of libjpeg-turbo 1.5 to 3; Debian's package is libturbojpeg0."""

Plane = NDArray[np.uint8]

PLANES: Final = {0: "yuv444p", 1: "yuv422p", 2: "yuv420p"}
"""The forms of chroma that are decoded here, by TurboJPEG's number, as FFmpeg calls them."""

_HALVED: Final = 2
_YCBCR: Final = 1


class JpegPlanes(NamedTuple):
    """A picture in YCbCr as a JPEG has it.

    Attributes:
        size: width and height.
        form: how large chroma is, as FFmpeg calls it.
        planes: Y, Cb and Cr; one may have a column or a row more than the picture.
    """

    size: tuple[int, int]
    form: str
    planes: Sequence[Plane]

    @property
    def luma(self) -> Plane:
        width, height = self.size
        return self.planes[0][:height, :width]


def is_installed() -> bool:
    return _library() is not None


def decode_planes(data: bytes, scale: int) -> JpegPlanes | None:
    """The picture at 1/`scale` of its size; None of a file about which there is anything unusual.

    Args:
        data: a JPEG whose size has been checked.
        scale: 1, 2, 4 or 8.
    """
    library = _library()
    decoder = library.tjInitDecompress() if library else None
    if library is None or not decoder:
        return None
    try:
        width, height, form, colours = (c_int() for _ in range(4))
        if library.tjDecompressHeader3(
            decoder, data, len(data), byref(width), byref(height), byref(form), byref(colours)
        ):
            return None
        if colours.value != _YCBCR or form.value not in PLANES:
            return None
        size = -(-width.value // scale), -(-height.value // scale)
        planes = _new_planes(library, size, form.value)
        if library.tjDecompressToYUVPlanes(decoder, data, len(data), _pointers(planes), size[0], None, size[1], 0):
            return None
        return JpegPlanes(size, PLANES[form.value], planes)
    finally:
        library.tjDestroy(decoder)


def encode_planes(size: tuple[int, int], planes: Sequence[Plane], quality: int) -> bytes:
    """A JPEG of planes whose chroma is halved in both directions. It has no metadata.

    Raises:
        OSError: the library is not installed, or cannot do it.
    """
    library = _library()
    encoder = library.tjInitCompress() if library else None
    if library is None or not encoder:
        raise OSError(f"{LIBRARY} cannot be used")
    file, size_bytes = POINTER(c_ubyte)(), c_ulong()
    strides = (c_int * 3)(*(plane.strides[0] for plane in planes))
    try:
        if library.tjCompressFromYUVPlanes(
            encoder, _pointers(planes), size[0], strides, size[1], _HALVED, byref(file), byref(size_bytes), quality, 0
        ):
            raise OSError(f"{LIBRARY} cannot encode {size[0]}×{size[1]}")
        return ctypes.string_at(file, size_bytes.value)
    finally:
        library.tjFree(file)
        library.tjDestroy(encoder)


def _new_planes(library: CDLL, size: tuple[int, int], form: int) -> list[Plane]:
    shapes = [
        (library.tjPlaneHeight(number, size[1], form), library.tjPlaneWidth(number, size[0], form))
        for number in range(3)
    ]
    return [np.empty(shape, np.uint8) for shape in shapes]


def _pointers(planes: Sequence[Plane]) -> ctypes.Array[c_void_p]:
    return (c_void_p * 3)(*(plane.ctypes.data for plane in planes))


@cache
def _library() -> CDLL | None:
    try:
        library = CDLL(LIBRARY)
        for name, result, arguments in _FUNCTIONS:
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError):
        return None
    return library


_FUNCTIONS: Final = (
    ("tjInitDecompress", c_void_p, ()),
    ("tjInitCompress", c_void_p, ()),
    ("tjDestroy", c_int, (c_void_p,)),
    ("tjFree", None, (c_void_p,)),
    ("tjPlaneWidth", c_int, (c_int, c_int, c_int)),
    ("tjPlaneHeight", c_int, (c_int, c_int, c_int)),
    ("tjDecompressHeader3", c_int, (c_void_p, c_char_p, c_ulong, *(c_void_p,) * 4)),
    ("tjDecompressToYUVPlanes", c_int, (c_void_p, c_char_p, c_ulong, c_void_p, c_int, c_void_p, c_int, c_int)),
    (
        "tjCompressFromYUVPlanes", c_int,
        (c_void_p, c_void_p, c_int, c_void_p, c_int, c_int, c_void_p, c_void_p, c_int, c_int),
    ),
)  # fmt: skip

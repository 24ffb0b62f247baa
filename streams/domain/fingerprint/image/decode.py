"""The one place that hands foreign bytes to Pillow: opening, limits, loading, orientation, and errors made ours.

No process-global state of Pillow is read or changed on purpose: a plugin is called directly, so neither
`Image.MAX_IMAGE_PIXELS` nor other plugins that are registered matter here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from streams.domain.fingerprint.formats import ImageFormat
from streams.domain.fingerprint.image.luminance import luminance
from streams.domain.fingerprint.image.structure import Structure
from streams.errors import BadInput, Reason

DRAFT_PIXELS = 512
"""A JPEG is decoded at 1/2, 1/4 or 1/8 as long as both sides keep this many pixels: 8 for each of the 64
that the larger hash needs. 128 was measured not to be compatible with the full decode."""

BYTES_PER_PIXEL: dict[ImageFormat, int] = {"jpeg": 1, "png": 8, "gif": 8, "webp": 17, "avif": 14, "tiff": 9, "bmp": 8}
"""Peak memory of a decode, measured and rounded up: WebP keeps two canvases, a copy and the picture at once."""

PROGRESSIVE_BYTES_PER_PIXEL = 8
"""libjpeg keeps all coefficients of a progressive JPEG, whatever the scale; of a baseline one it keeps rows."""

MAX_EXIF_BYTES = 1 << 20
ORIENTATION = 0x0112

_PLUGINS: dict[ImageFormat, type[ImageFile.ImageFile]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
}

_TRANSPOSITIONS: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode_luminance(
    data: bytes, form: ImageFormat, structure: Structure, *, max_pixels: int, max_decode_bytes: int
) -> tuple[Image.Image, tuple[int, int], int]:
    """Decode the first picture once, as small as the hashes allow.

    Returns:
        The picture upright in mode L, possibly scaled down; its full width and height upright; its frames.

    Raises:
        BadInput: too_many_pixels, truncated_media, corrupt_media or out_of_memory.
    """
    with _errors_made_ours(form, structure), BytesIO(data) as source:
        image = _PLUGINS[form](source)
        try:
            _check_size(image, form, max_pixels, max_decode_bytes)
            frames = structure.frames or int(getattr(image, "n_frames", 1))
            width, height = image.size
            if form == "jpeg":
                image.draft("L", (DRAFT_PIXELS, DRAFT_PIXELS))
            image.load()
            grey = luminance(image)
            # Before the resize: a resize is not symmetric (the blocks of its first step begin at one corner),
            # so turning afterwards would hash the eight orientations differently.
            transposition = _TRANSPOSITIONS.get(_orientation(image))
            if transposition is not None:
                grey = grey.transpose(transposition)
                if transposition >= Image.Transpose.ROTATE_90 and transposition != Image.Transpose.ROTATE_180:
                    width, height = height, width
            grey.load()
        finally:
            if image.fp is not None and not image.fp.closed:
                image.fp.close()
    return grey, (width, height), frames


def _orientation(image: Image.Image) -> int:
    """EXIF (or XMP) orientation that the decoder has not applied itself; 1, upright, where there is none."""
    exif = image.info.get("exif", b"")
    if not isinstance(exif, bytes) or len(exif) > MAX_EXIF_BYTES:
        return 1
    orientation = image.getexif().get(ORIENTATION, 1)
    return orientation if isinstance(orientation, int) else 1


def _check_size(image: ImageFile.ImageFile, form: ImageFormat, max_pixels: int, max_decode_bytes: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise BadInput(Reason.TOO_MANY_PIXELS, f"{width}×{height} are more than {max_pixels:,} pixels")
    each = PROGRESSIVE_BYTES_PER_PIXEL if image.info.get("progressive") else BYTES_PER_PIXEL[form]
    if width * height * each > max_decode_bytes:
        need_mib, most_mib = width * height * each >> 20, max_decode_bytes >> 20
        raise BadInput(
            Reason.TOO_MANY_PIXELS, f"{width}×{height} in {form} take {need_mib:,} MiB to decode, not {most_mib:,} MiB"
        )


@contextmanager
def _errors_made_ours(form: ImageFormat, structure: Structure) -> Iterator[None]:
    """Whatever a decoder raises on foreign bytes is the input's fault.

    Pillow's plugins raise OSError, SyntaxError, ValueError, struct.error, IndexError, KeyError, OverflowError,
    DecompressionBombError (no OSError), warnings where a process makes them errors, and what no one has seen
    yet; so this is the one place that catches Exception. Nothing but the decoder runs inside.
    """
    try:
        yield
    except BadInput:
        raise
    except MemoryError as error:
        raise BadInput(Reason.OUT_OF_MEMORY, f"decoding the {form} needs more memory than there is") from error
    except Image.DecompressionBombError as error:
        raise BadInput(Reason.TOO_MANY_PIXELS, str(error)) from error
    except Exception as error:
        detail = f"{form}: {str(error) or type(error).__name__}"
        if not structure.complete or isinstance(error, EOFError) or "truncated" in detail.lower():
            raise BadInput(Reason.TRUNCATED_MEDIA, detail) from error
        raise BadInput(Reason.CORRUPT_MEDIA, detail) from error

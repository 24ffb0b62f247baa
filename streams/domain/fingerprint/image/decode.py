"""Hands foreign bytes to Pillow: opens, checks limits, decodes, turns upright, translates errors.

Nothing else does so but `fingerprint/sequence`, with the plugins and the error translation of this file.

Pillow's process-global state is deliberately neither read nor changed: plugins are called directly, so
`Image.MAX_IMAGE_PIXELS` and other registered plugins have no effect here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import NamedTuple

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from streams.domain.fingerprint.formats import ImageFormat
from streams.domain.fingerprint.image.codecs.heif import open_heif
from streams.domain.fingerprint.image.codecs.jpeg import PartialJpeg
from streams.domain.fingerprint.image.codecs.parts import FileStructure
from streams.domain.fingerprint.image.codecs.turbojpeg import JpegPlanes, decode_planes
from streams.domain.fingerprint.image.colours import PictureColours
from streams.domain.fingerprint.image.luminance import OnGround, on_ground
from streams.errors import BadInput, Reason

DRAFT_PIXELS = 512
"""A JPEG is decoded at 1/2, 1/4 or 1/8 of its size as long as both sides keep this many pixels: 8 for each of the 64
that the larger hash needs. With 128, hashes were measured to be incompatible with the full decode."""

BYTES_PER_PIXEL: dict[ImageFormat, int] = {
    "jpeg": 1,
    "png": 8,
    "gif": 8,
    "webp": 17,
    "avif": 14,
    "heif": 20,
    "tiff": 9,
    "bmp": 8,
}
"""Peak memory of a decode, measured and rounded up. WebP keeps two canvases, a copy and the picture at once; HEIF of 10
bits keeps planes of 16 bits. A JPEG 2000, and a JPEG of several scans, say in their structure what they take."""

MAX_COLOURED_PIXELS = 8_000_000
"""Pixels, after scaling, of a JPEG that is decoded with its colours: they take three bytes more for every pixel."""

MAX_EXIF_BYTES = 1 << 20
EXIF_ORIENTATION = 0x0112

PLUGINS: dict[ImageFormat, type[ImageFile.ImageFile]] = {
    "png": PngImagePlugin.PngImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
    "jpeg2000": Jpeg2KImagePlugin.Jpeg2KImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
}

TRANSPOSITIONS: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class DecodedPicture(NamedTuple):
    """The first picture of a file, upright.

    Attributes:
        grey: in mode L, possibly scaled down.
        size: full width and height, in pixels.
        frames: the pictures of the file.
        truncated: the file ends early; `grey` and `size` are of the rows that it has.
        colours: of the picture, computed when they are needed.
        shown: `grey` with its alpha and its ground.
        coloured: the picture as it was decoded, not yet upright; None of a JPEG unless its colours were asked for.
        transposition: what turns `coloured` upright.
    """

    grey: Image.Image
    size: tuple[int, int]
    frames: int
    truncated: bool
    colours: PictureColours
    shown: OnGround
    coloured: Image.Image | JpegPlanes | None
    transposition: Image.Transpose | None


def ignore_size(_: int) -> None:
    """For a caller that decodes pictures of any permitted size at once."""


def decode_luminance(
    data: bytes,
    image_format: ImageFormat,
    structure: FileStructure,
    *,
    max_pixels: int,
    max_decode_bytes: int,
    before_decode: Callable[[int], None] = ignore_size,
    in_colour: bool = False,
) -> DecodedPicture:
    """Decode the first picture once, as small as the hashes allow.

    `before_decode` is called with the bytes that decoding takes at its peak, and may wait until there is room for them.

    A JPEG that was cut off is decoded as far as it goes, if it goes to half of its rows or further. A progressive one
    shows all rows, coarsely; it needs one pass of luminance detail (see `codecs.jpeg`).

    With `in_colour`, a JPEG is decoded with its colours, if it is complete; its luminance is the same to the bit.

    Raises:
        BadInput: too_many_pixels, truncated_media, corrupt_media or out_of_memory.
    """
    with decoder_errors_as_bad_input(image_format, structure), BytesIO(data) as source:
        image = open_image(source, image_format, structure)
        try:
            before_decode(check_size(image, image_format, structure, max_pixels, max_decode_bytes))
            frames = structure.frames or int(getattr(image, "n_frames", 1))
            width, height = image.size
            truncated = False
            coloured: Image.Image | JpegPlanes | None = None
            if isinstance(image, PartialJpeg):
                if not (structure.complete or structure.row_by_row or structure.whole_passes):
                    raise BadInput(Reason.TRUNCATED_MEDIA, "the file ends before it shows the whole picture coarsely")
                coloured = _coloured_jpeg(data, structure, image) if in_colour else None
                if isinstance(coloured, JpegPlanes):
                    shown = on_ground(Image.fromarray(coloured.luma))
                elif coloured is not None:
                    shown = on_ground(coloured.getchannel("Y"))
                else:
                    image.draft("L", (DRAFT_PIXELS, DRAFT_PIXELS))
                    image.load()
                    rows = image.complete_rows()
                    truncated = rows < image.height or not structure.complete
                    coloured = first = _first_rows(image, rows)
                    shown, height = on_ground(first), height * rows // image.height
            else:
                image.load()
                width, height = image.size
                shown, coloured = on_ground(image), image
            # Turned before the resize, which is not symmetric: the blocks of its first step begin at one corner, so the
            # eight orientations would get different hashes.
            transposition = TRANSPOSITIONS.get(exif_orientation(image))
            if transposition is not None:
                alpha = shown.alpha and shown.alpha.transpose(transposition)
                shown = OnGround(shown.grey.transpose(transposition), alpha, shown.ground)
                if transposition >= Image.Transpose.ROTATE_90 and transposition != Image.Transpose.ROTATE_180:
                    width, height = height, width
            shown.grey.load()
        finally:
            if image.fp is not None and not image.fp.closed:
                image.fp.close()
    exact = image_format != "jpeg"
    load = partial(_same, image) if exact else partial(_small_jpeg, b"" if truncated else data)
    colours = PictureColours(load, transposition, exact)
    return DecodedPicture(shown.grey, (width, height), frames, truncated, colours, shown, coloured, transposition)


def _same(image: Image.Image) -> Image.Image:
    return image


def _small_jpeg(data: bytes) -> Image.Image | None:
    """A JPEG with its colours at an eighth of its size; None if it has none that can be had cheaply."""
    try:
        with BytesIO(data) as source:
            image = JpegImagePlugin.JpegImageFile(source)
            if image.mode not in ("L", "RGB"):
                return None
            image.draft("YCbCr", (1, 1))
            image.load()
    except Exception:  # as in decoder_errors_as_bad_input; the luminance was readable, so the picture is not bad
        return None
    return image


def _coloured_jpeg(data: bytes, structure: FileStructure, opened: PartialJpeg) -> Image.Image | JpegPlanes | None:
    """A JPEG in YCbCr; None unless it is whole. Where rows are missing, the luminance alone says which."""
    width, height = opened.size
    scale = max(1, min(8, width // DRAFT_PIXELS, height // DRAFT_PIXELS))
    if not (structure.complete and opened.has_luma) or width * height > MAX_COLOURED_PIXELS * scale**2:
        return None
    planes = decode_planes(data, 1 << scale.bit_length() - 1)
    if planes is not None:
        return planes
    with BytesIO(data) as source:
        image = PartialJpeg(source, structure)
        image.draft("YCbCr", (DRAFT_PIXELS, DRAFT_PIXELS))
        image.load()
        return image if image.is_whole else None


def open_image(source: BytesIO, image_format: ImageFormat, structure: FileStructure) -> ImageFile.ImageFile:
    match image_format:
        case "jpeg":
            return PartialJpeg(source, structure)
        case "heif":
            return open_heif(source)
        case _:
            return PLUGINS[image_format](source)


def _first_rows(image: Image.Image, rows: int) -> Image.Image:
    if rows == image.height:
        return image
    if rows * 2 < image.height:
        raise BadInput(Reason.TRUNCATED_MEDIA, f"the file ends after {100 * rows // image.height} % of the rows")
    return image.crop((0, 0, image.width, rows))


def exif_orientation(image: Image.Image) -> int:
    """The EXIF (or XMP) orientation that the decoder has not applied itself; 1 (upright) if the file names none."""
    exif = image.info.get("exif", b"")
    if not isinstance(exif, bytes) or len(exif) > MAX_EXIF_BYTES:
        return 1
    orientation = image.getexif().get(EXIF_ORIENTATION, 1)
    return orientation if isinstance(orientation, int) else 1


def check_size(
    image: ImageFile.ImageFile,
    image_format: ImageFormat,
    structure: FileStructure,
    max_pixels: int,
    max_decode_bytes: int,
) -> int:
    """Refuse an opened image that is too large to be decoded; returns the bytes that decoding takes at its peak.

    Raises:
        BadInput: too_many_pixels.
    """
    width, height = max(image.size, structure.largest, key=lambda size: size[0] * size[1])
    if width * height > max_pixels:
        raise BadInput(Reason.TOO_MANY_PIXELS, f"{width}×{height} exceeds the limit of {max_pixels:,} pixels")
    needed_bytes = width * height * (structure.pixel_bytes or BYTES_PER_PIXEL[image_format]) + structure.extra_bytes
    if needed_bytes > max_decode_bytes:
        needed_mib, limit_mib = needed_bytes >> 20, max_decode_bytes >> 20
        raise BadInput(
            Reason.TOO_MANY_PIXELS,
            f"{width}×{height} in {image_format} takes {needed_mib:,} MiB to decode; the limit is {limit_mib:,} MiB",
        )
    return needed_bytes


@contextmanager
def decoder_errors_as_bad_input(image_format: ImageFormat, structure: FileStructure) -> Iterator[None]:
    """Translates errors of a decoder to BadInput: on foreign bytes they are the input's fault.

    Pillow's plugins raise OSError, SyntaxError, ValueError, struct.error, IndexError, KeyError, OverflowError,
    DecompressionBombError (not an OSError), warnings in processes that turn them into errors, and errors that nobody
    has seen yet. So this block catches Exception. Only the decoder runs inside.
    """
    try:
        yield
    except BadInput:
        raise
    except MemoryError as error:
        detail = f"decoding the {image_format} needs more memory than this process can get"
        raise BadInput(Reason.OUT_OF_MEMORY, detail) from error
    except Image.DecompressionBombError as error:
        raise BadInput(Reason.TOO_MANY_PIXELS, str(error)) from error
    except Exception as error:
        detail = f"{image_format}: {str(error) or type(error).__name__}"
        if not structure.complete or isinstance(error, EOFError) or "truncated" in detail.lower():
            raise BadInput(Reason.TRUNCATED_MEDIA, detail) from error
        raise BadInput(Reason.CORRUPT_MEDIA, detail) from error

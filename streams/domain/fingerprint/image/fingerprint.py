"""An image's bytes to its facts: content id, hashes, size, quality. The other files of this folder do the steps."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from streams.domain.evidence.evidence import pack_evidence
from streams.domain.evidence.extract import extract_evidence
from streams.domain.fingerprint.formats import image_format_of
from streams.domain.fingerprint.image.decode import decode_luminance, ignore_size
from streams.domain.fingerprint.image.extra_hashes import compute_extra_hashes
from streams.domain.fingerprint.image.file_structure import file_structure
from streams.domain.fingerprint.image.reduced import ReducedPicture
from streams.domain.fingerprint.image.views import inner_pictures, picture_hashes
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from streams.domain.hashes.algorithms import VIEWS_HASH
from streams.domain.hashes.levels import Level
from streams.domain.records import MediaFacts
from streams.errors import BadInput, Reason

PHASH64 = "phash64:1"
PHASH256 = "phash256:1"


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """The limits of an image. A larger image is refused by its header, before it is decoded.

    Attributes:
        max_pixels: width times height of one picture.
        max_decode_bytes: peak memory of one decode. The default is filled by 26 megapixels of JPEG 2000 (40 bytes a
            pixel), 53 of HEIF (20), 63 of WebP (17) or 76 of AVIF (14); all other formats fit in with up to 119.
    """

    max_pixels: int = 120_000_000
    max_decode_bytes: int = 1 << 30


DEFAULT_IMAGE_LIMITS = ImageLimits()


def compute_content_id(data: bytes) -> str:
    """The content id of bytes: `sha256:` and their hex digest."""
    return f"sha256:{sha256(data).hexdigest()}"


def fingerprint_image(
    data: bytes,
    limits: ImageLimits = DEFAULT_IMAGE_LIMITS,
    *,
    content_id: str | None = None,
    level: Level = "standard",
    extra_hashes: Sequence[str] = (),
    before_decode: Callable[[int], None] = ignore_size,
    thumbnails: ThumbnailMaker | None = None,
) -> MediaFacts:
    """Fingerprint the first picture of an image. Pure and thread-safe; the heavy parts release the GIL.

    The hashes are those of `imagehash.phash` with hash_size 8 and 16, of the upright picture on white, or on black if
    it is white art on transparency. A JPEG is decoded at reduced size: 99 % of photos are within 2 bits of imagehash
    for 64 bits and within 6 for 256. The hashes of its views (streams.domain.hashes.views) are of the same kind and
    come from the same decode; `views:1` is empty if the picture has too little structure to be compared.
    `width` and `height` are those of the upright picture. `frames` counts the pictures of an animation or the pages of
    a TIFF that the file really holds, up to the first million blocks (GIF) or 10,000 pages (TIFF).
    A JPEG that was cut off after half of its rows or later is `truncated`; its facts are of the rows that it has.

    Args:
        data: the file.
        limits: larger images are refused undecoded.
        content_id: `compute_content_id(data)`, if the caller has computed it already.
        level: which views are hashed.
        extra_hashes: names of further hashes: `dhash64`, `pdq256` … (see `streams.domain.hashes.algorithms`).
        before_decode: called with the bytes that decoding takes at its peak, before it begins.
        thumbnails: gets the decoded picture.

    Raises:
        BadInput: not_media, unsupported_format, unsupported_kind, too_many_pixels, truncated_media,
            corrupt_media or out_of_memory; no other error, whatever the bytes.
        BadHash, ConfigurationError: as `compute_extra_hashes`, if `extra_hashes` has a name that is not available.
    """
    if not data:
        raise BadInput(Reason.NOT_MEDIA, "the file is empty")
    image_format = image_format_of(data)
    structure = file_structure(data, image_format)
    decoded = decode_luminance(
        data,
        image_format,
        structure,
        max_pixels=limits.max_pixels,
        max_decode_bytes=limits.max_decode_bytes,
        before_decode=before_decode,
        in_colour=thumbnails is not None,
    )
    if thumbnails is not None:
        thumbnails.take_picture(decoded.coloured or decoded.grey, decoded.transposition, decoded.shown.ground)
    reduced = ReducedPicture(decoded.shown)
    width, height = decoded.size
    hashes = picture_hashes(reduced, level)
    inner = inner_pictures(reduced, level)
    shown = decoded.shown
    evidence = extract_evidence(
        reduced.pixels, decoded.size, reduced.whole, inner, shown.grey, decoded.colours,
        None if shown.alpha is None else shown.on_other_ground,
    )  # fmt: skip
    return MediaFacts(
        content_id=content_id or compute_content_id(data),
        kind="image",
        format=image_format,
        size_bytes=len(data),
        width=width,
        height=height,
        frames=decoded.frames,
        quality=hashes.quality,
        hashes={
            PHASH64: hashes.phash64,
            PHASH256: hashes.phash256,
            **compute_extra_hashes(extra_hashes, decoded.grey, data),
            VIEWS_HASH: hashes.views,
        },
        evidence=b64encode(pack_evidence(evidence)).decode(),
        truncated=decoded.truncated,
    )

"""An image's bytes to its facts: content id, hashes, size, quality. The steps live in the files beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from streams.domain.fingerprint.formats import image_format_of
from streams.domain.fingerprint.image.decode import decode_luminance
from streams.domain.fingerprint.image.extra_hashes import further_hashes
from streams.domain.fingerprint.image.structure import examine
from streams.domain.fingerprint.image.views import look
from streams.domain.hashes.algorithms import VIEWS_HASH
from streams.domain.hashes.levels import Level
from streams.domain.records import MediaFacts
from streams.errors import BadInput, Reason

PHASH64 = "phash64:1"
PHASH256 = "phash256:1"


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What is refused before it is decoded, by its header.

    `max_pixels` counts width times height of one picture. `max_decode_bytes` bounds the memory one decode takes at
    its peak: of the default, WebP (17 bytes a pixel) fills it with 63 megapixels and AVIF (14) with 76; all else
    fits in up to 119.
    """

    max_pixels: int = 120_000_000
    max_decode_bytes: int = 1 << 30


DEFAULT_LIMITS = ImageLimits()


def compute_content_id(data: bytes) -> str:
    """The identity of a content: `sha256:` and the hex digest of its bytes."""
    return f"sha256:{sha256(data).hexdigest()}"


def fingerprint_image(
    data: bytes,
    limits: ImageLimits = DEFAULT_LIMITS,
    *,
    content: str | None = None,
    level: Level = "standard",
    further: Sequence[str] = (),
) -> MediaFacts:
    """Fingerprint the first picture of an image. Pure and thread-safe; the heavy parts release the GIL.

    Hashes are those of `imagehash.phash` with hash_size 8 and 16 of the upright picture on white, from a
    JPEG decode at reduced size: 99 % of photos are within 2 bits of imagehash for 64 bits and within 6 for 256.
    Those of its views (streams.domain.hashes.views) are of the same kind, all from that one decode; `views:1` is
    empty where the picture says too little to be compared.
    `width` and `height` are of the upright picture. `frames` counts the pictures of an animation and the pages
    of a TIFF, as far as the file really holds them and the first million blocks (GIF) or 10,000 pages (TIFF) go.

    Args:
        data: the file.
        limits: what is refused undecoded.
        content: `compute_content_id(data)`, where the caller has computed it already.
        level: which views are hashed.
        further: more hashes to compute: `dhash64`, `pdq256` … (see `streams.domain.hashes.algorithms`).

    Raises:
        BadInput: not_media, unsupported_format, unsupported_kind, too_many_pixels, truncated_media,
            corrupt_media or out_of_memory; no other error, whatever the bytes.
        BadHash, ConfigurationError: as `further_hashes`, if `further` names what there is not.
    """
    if not data:
        raise BadInput(Reason.NOT_MEDIA, "there are no bytes")
    form = image_format_of(data)
    structure = examine(data, form)
    grey, (width, height), frames = decode_luminance(
        data, form, structure, max_pixels=limits.max_pixels, max_decode_bytes=limits.max_decode_bytes
    )
    hashes = look(grey, level)
    return MediaFacts(
        content_id=content or compute_content_id(data),
        kind="image",
        format=form,
        size_bytes=len(data),
        width=width,
        height=height,
        frames=frames,
        quality=hashes.quality,
        hashes={
            PHASH64: hashes.phash64,
            PHASH256: hashes.phash256,
            **further_hashes(further, grey),
            VIEWS_HASH: hashes.views,
        },
    )

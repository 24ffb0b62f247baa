"""PDQ, the hash in ThreatExchange's hash lists: 256 bits and a quality. Needs the optional library pdqhash.

Source: Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019, and the reference
implementations at github.com/facebook/ThreatExchange. pdqhash binds the C++ implementation. The references prepare
pictures in different ways; this file does it as the Python reference does.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from streams.domain.fingerprint.image.luminance import luminance
from streams.domain.hashes.notation import Hash
from streams.errors import ConfigurationError

MAX_SIDE = 512
"""Larger pictures are scaled down to this, as the references in Python and C++ do. It also bounds how long the library
holds the interpreter's lock: 1.5 to 3 ms."""

RELIABLE_QUALITY = 50
"""ThreatExchange advises to discard hashes of lower quality."""

MATCH_DISTANCE_BITS = 31
"""ThreatExchange advises to treat two pictures within this distance as the same."""


class PdqHash(NamedTuple):
    """`hex` has 64 digits in PDQ's notation; `quality` is 0 to 100."""

    hex: str
    quality: int


@cache
def load_pdqhash() -> Any:
    """The library pdqhash, loaded once. A worker whose policies ask for PDQ calls this when it starts.

    Raises:
        ConfigurationError: pdqhash is not installed, or does not load.
    """
    try:
        return import_module("pdqhash")
    except ImportError as error:
        raise ConfigurationError(
            f"pdq256 needs the library pdqhash ({error}); install it with: pip install 'mediasieve[pdq]'"
        ) from error


def pdq_hash(image: Image.Image) -> PdqHash:
    """PDQ of a loaded picture.

    A picture in RGB gives exactly the hash of ThreatExchange's Python reference. Its luminance, which fingerprints use,
    gives a hash that differs by 0.3 bits on average where the quality is 50 or more: by at most 2 bits in 99 of 100
    photos, by 8 in the worst. The references differ more among themselves, by up to 22 bits, because they scale large
    pictures down in different ways. They ignore the EXIF orientation; a fingerprint shows the upright picture.

    Args:
        image: mode L or RGB; other modes are reduced to their luminance on white. Below 5 pixels a side the hash is
            zero and the quality 0.

    Raises:
        ConfigurationError: pdqhash is not installed.
    """
    library = load_pdqhash()
    picture = image if image.mode in ("L", "RGB") else luminance(image)
    if max(picture.size) > MAX_SIDE:
        picture = picture.copy()
        picture.thumbnail((MAX_SIDE, MAX_SIDE))
    bits, quality = library.compute(np.asarray(picture.convert("RGB")))
    return PdqHash(Hash.from_bits("pdq256:1", bits).hex, int(quality))

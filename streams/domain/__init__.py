"""The pure part of mediasieve: values in, values out; no clock, no I/O, no broker. Usable from a notebook.

`from streams.domain import fingerprint_image` works. Decoders and compiled code are loaded when they are first used, so
a process that needs neither stays small.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.domain.fingerprint import ImageLimits, fingerprint_image
    from streams.domain.fingerprint.video.fingerprint import fingerprint_video
    from streams.domain.fingerprint.video.limits import VideoLimits
    from streams.domain.hamming.index import NearIndex

__all__ = ["ImageLimits", "NearIndex", "VideoLimits", "fingerprint_image", "fingerprint_video"]

_HOMES = {
    "ImageLimits": "streams.domain.fingerprint",
    "VideoLimits": "streams.domain.fingerprint.video.limits",
    "NearIndex": "streams.domain.hamming.index",
    "fingerprint_image": "streams.domain.fingerprint",
    "fingerprint_video": "streams.domain.fingerprint.video.fingerprint",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

"""Bytes in, fingerprint out. Pure and thread-safe; where bytes come from is streams.sources' business."""

from streams.domain.fingerprint.image.fingerprint import ImageLimits, fingerprint_image

__all__ = ["ImageLimits", "fingerprint_image"]

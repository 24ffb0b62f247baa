"""Bytes in, fingerprint out. Pure and thread-safe. Where the bytes come from is the business of streams.sources.

formats.py tells formats by their first bytes, image/ hashes pictures, video/ hashes videos, record.py builds the record
of media.fingerprints.
"""

from streams.domain.fingerprint.image.fingerprint import ImageLimits, fingerprint_image

__all__ = ["ImageLimits", "fingerprint_image"]

"""Compiles the kernels that fingerprinting uses, by fingerprinting a made-up picture; needed once in every process."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from streams.domain.fingerprint.image.fingerprint import fingerprint_image

SIDE, BORDER = 200, 40


def warm_up() -> None:
    """Compile the kernels, or load them if an earlier process has compiled them.

    Takes a quarter of a minute on a machine that has never run this version: most of the time that one decode may take.
    """
    pixels = np.full((SIDE + 2 * BORDER, SIDE + 2 * BORDER), 255, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), np.uint8)
    pixels[BORDER : BORDER + SIDE, BORDER : BORDER + SIDE] = noise
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    fingerprint_image(file.getvalue(), level="deep")

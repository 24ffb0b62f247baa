"""A burst of photos from a tripod: one scene, in which something small moves, with the noise of a sensor."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tests.bench.lookalikes.drawing import Member
from tests.support.media import photo

WIDTH, HEIGHT = 640, 480
MOVING_SIDE = 62
"""Pixels; an ellipse this large covers 1 % of the picture."""

NOISE = 3.0
"""Standard deviation of the noise in grey levels."""


def draw(member: Member) -> Image.Image:
    own = member.own()
    image = photo("coffee.png", (WIDTH, HEIGHT))
    moving = photo("chelsea.png").crop((120, 20, 360, 260)).resize((MOVING_SIDE, MOVING_SIDE))
    mask = Image.new("L", (MOVING_SIDE, MOVING_SIDE))
    ImageDraw.Draw(mask).ellipse((2, 2, MOVING_SIDE - 3, MOVING_SIDE - 3), fill=255)
    at = int(own.integers(40, WIDTH - 40 - MOVING_SIDE)), int(own.integers(40, HEIGHT - 40 - MOVING_SIDE))
    image.paste(moving, at, mask.filter(ImageFilter.GaussianBlur(1.5)))
    light = own.uniform(0.97, 1.03)
    pixels = np.asarray(image) * light + own.normal(0, NOISE, (HEIGHT, WIDTH, 3))
    return Image.fromarray(np.clip(pixels.round(), 0, 255).astype(np.uint8))

"""Alterations that hide a picture better than those of alterations.py: strong crops, turns, frames, colours, other
pictures beside it. Same conventions.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from tests.support.alterations import (
    BICUBIC,
    BLACK,
    LANCZOS,
    WHITE,
    Alteration,
    brightness,
    captioned,
    centre_cropped,
    centre_fitted,
    chain,
    contrast,
    corner_cropped,
    edges_cropped,
    emoji,
    lettered,
    padded,
    phone_screenshot,
    resized,
    rotated,
    saturation,
    transposed,
    unchanged,
)

Colour = tuple[int, int, int]


def inverted(image: Image.Image, _: np.random.Generator) -> Image.Image:
    return ImageOps.invert(image)


def side_cropped(
    image: Image.Image, _: np.random.Generator, *, left: float = 0, top: float = 0, right: float = 0, bottom: float = 0
) -> Image.Image:
    """Cuts shares off some sides."""
    width, height = image.size
    return image.crop(
        (round(width * left), round(height * top), round(width * (1 - right)), round(height * (1 - bottom)))
    )


def off_centre_cropped(image: Image.Image, rng: np.random.Generator, *, share: float) -> Image.Image:
    """Keeps the rest of both sides, at a random place."""
    width, height = round(image.width * (1 - share)), round(image.height * (1 - share))
    left, top = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def turned_on_canvas(
    image: Image.Image, rng: np.random.Generator, *, degrees: float, colour: Colour = WHITE
) -> Image.Image:
    """Rotated to either side; the canvas grows, its corners get a colour."""
    return image.rotate(degrees if rng.integers(2) else -degrees, BICUBIC, expand=True, fillcolor=colour)


def turned_and_cropped(image: Image.Image, rng: np.random.Generator, *, degrees: float) -> Image.Image:
    """Rotated to either side, and cropped to the largest centred part of the same aspect without empty corners."""
    angle = np.radians(degrees)
    aspect = max(image.width / image.height, image.height / image.width)
    scale = 1 / (np.cos(angle) + aspect * np.sin(angle))
    turned = image.rotate(degrees if rng.integers(2) else -degrees, BICUBIC)
    return centre_cropped(turned, rng, share=1 - scale)


def in_perspective(image: Image.Image, rng: np.random.Generator, *, share: float) -> Image.Image:
    """Every corner moves inwards by a random part of a share of the sides; the rest is cut off."""
    width, height = image.size
    moves = rng.uniform(0, share, (4, 2))
    corners = [
        (x + (1 if x == 0 else -1) * moves[number, 0] * width, y + (1 if y == 0 else -1) * moves[number, 1] * height)
        for number, (x, y) in enumerate(((0, 0), (0, height), (width, height), (width, 0)))
    ]
    data = tuple(float(value) for corner in corners for value in corner)
    return image.transform(image.size, Image.Transform.QUAD, data, BICUBIC)


def screen_photographed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A photo of a screen: slight perspective, uneven light, fine stripes, noise, softness."""
    pixels = np.asarray(in_perspective(image, rng, share=0.04), np.float32)
    height, width = pixels.shape[:2]
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    light = 1 - 0.18 * ((across - rng.uniform(-0.5, 0.5)) ** 2 + (down - rng.uniform(-0.5, 0.5)) ** 2)
    stripes = 6 * np.sin(2 * np.pi * (np.arange(height)[:, None] * 0.31 + np.arange(width)[None] * 0.07))
    shown = (pixels * light[..., None] + stripes[..., None]) * 0.92 + 12 + rng.normal(0, 4, pixels.shape)
    photo = Image.fromarray(np.clip(shown, 0, 255).astype(np.uint8))
    return photo.filter(ImageFilter.GaussianBlur(0.0012 * max(image.size)))


def stickered(image: Image.Image, rng: np.random.Generator, *, share: float) -> Image.Image:
    """A plain sticker with a word, over a share of the area, at a random place."""
    image, side = image.copy(), share**0.5
    width, height = round(image.width * side), round(image.height * side)
    left, top = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    colour = tuple(int(value) for value in rng.integers(60, 256, 3))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((left, top, left + width, top + height), min(width, height) // 6, colour, WHITE, 4)
    return image


def in_story(image: Image.Image, rng: np.random.Generator, *, aspect: float, share: float = 0.92) -> Image.Image:
    """Set on a blurred and enlarged copy of itself, of another aspect, as apps do to fill a screen."""
    height = round((image.width * image.height / aspect) ** 0.5 * 1.2)
    width = round(height * aspect)
    fill = centre_fitted(image, rng, aspect=aspect).resize((width, height), LANCZOS)
    fill = ImageEnhance.Brightness(fill.filter(ImageFilter.GaussianBlur(0.03 * max(width, height)))).enhance(0.8)
    scale = min(width / image.width, height / image.height)
    scale *= 1.0 if rng.integers(2) else share
    shown = image.resize((round(image.width * scale), round(image.height * scale)), LANCZOS)
    fill.paste(shown, ((width - shown.width) // 2, (height - shown.height) // 2))
    return fill


def _other_pictures(image: Image.Image, rng: np.random.Generator, count: int) -> list[Image.Image]:
    """Pictures unlike the image: smooth random fields with blots, in its size."""
    others = []
    for _ in range(count):
        small = Image.fromarray(rng.integers(0, 256, (7, 9, 3), np.uint8))
        other = small.resize(image.size, BICUBIC)
        draw = ImageDraw.Draw(other)
        for _ in range(30):
            x, y = rng.uniform(0, image.width), rng.uniform(0, image.height)
            radius = rng.uniform(0.01, 0.12) * max(image.size)
            colour = tuple(int(value) for value in rng.integers(0, 256, 3))
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)
        others.append(other)
    return others


def in_collage(
    image: Image.Image,
    rng: np.random.Generator,
    *,
    columns: int,
    rows: int,
    colour: Colour = WHITE,
    margin: bool = True,
) -> Image.Image:
    """One of several pictures in a grid with plain gutters of 2 % of the width."""
    gutter = round(0.02 * image.width * columns)
    edge = gutter if margin else 0
    size = (
        columns * image.width + (columns - 1) * gutter + 2 * edge,
        rows * image.height + (rows - 1) * gutter + 2 * edge,
    )
    canvas = Image.new("RGB", size, colour)
    pictures = _other_pictures(image, rng, columns * rows - 1)
    pictures.insert(int(rng.integers(columns * rows)), image)
    for number, picture in enumerate(pictures):
        column, row = number % columns, number // columns
        canvas.paste(picture, (edge + column * (image.width + gutter), edge + row * (image.height + gutter)))
    return canvas.resize((round(size[0] * 1.4 / columns), round(size[1] * 1.4 / columns)), LANCZOS)


def sepia(image: Image.Image, _: np.random.Generator) -> Image.Image:
    return ImageOps.colorize(image.convert("L"), (30, 18, 8), (255, 240, 205), mid=(140, 110, 78))


def vignetted(image: Image.Image, _: np.random.Generator) -> Image.Image:
    pixels = np.asarray(image, np.float32)
    across = np.linspace(-1, 1, image.width)[None] ** 2
    down = np.linspace(-1, 1, image.height)[:, None] ** 2
    return Image.fromarray((pixels * (1 - 0.35 * (across + down))[..., None].clip(0.2, 1)).astype(np.uint8))


def gamma(image: Image.Image, _: np.random.Generator, *, power: float) -> Image.Image:
    return image.point([round(255 * (level / 255) ** power) for level in range(256)] * 3)


def posterised(image: Image.Image, _: np.random.Generator) -> Image.Image:
    return ImageOps.posterize(image, 2)


def grainy(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    pixels = np.asarray(image, np.float32)
    noise = rng.normal(0, 40, pixels.shape[:2])
    return Image.fromarray(np.clip(pixels + noise[..., None], 0, 255).astype(np.uint8))


def filtered(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """As photo apps do: warmer, more contrast, faded blacks."""
    warm = contrast(saturation(image, rng, factor=0.7), rng, factor=1.25)
    pixels = np.asarray(warm, np.float32) * np.array([1.05, 0.98, 0.85]) * 0.88 + 24
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def scribbled(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Thick lines drawn over the picture by hand."""
    image = image.copy()
    draw = ImageDraw.Draw(image)
    for _ in range(4):
        points = [tuple(rng.uniform(0.1, 0.9, 2) * image.size) for _ in range(5)]
        draw.line(
            points, tuple(int(value) for value in rng.integers(0, 256, 3)), round(0.015 * max(image.size)), "curve"
        )
    return image


def framed(image: Image.Image, _: np.random.Generator) -> Image.Image:
    """A dark wooden frame with a light passe-partout."""
    inner = padded(image, _, across=0.06, down=0.06, colour=(240, 236, 226))
    return padded(inner, _, across=0.05, down=0.05, colour=(70, 45, 25))


_MIRROR = partial(transposed, how=Image.Transpose.FLIP_LEFT_RIGHT)
_TURN = partial(transposed, how=Image.Transpose.ROTATE_90)


def _blurred(image: Image.Image, _: np.random.Generator) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(6 / 640 * max(image.size)))


def _stretched(image: Image.Image, _: np.random.Generator) -> Image.Image:
    return image.resize((round(image.width * 1.4), image.height), LANCZOS)


HARD: Final[dict[str, Alteration]] = {
    "inverted": Alteration("colours", inverted),
    "sepia": Alteration("colours", sepia),
    "vignette": Alteration("colours", vignetted),
    "gamma 0.5": Alteration("colours", partial(gamma, power=0.5)),
    "posterised": Alteration("colours", posterised),
    "filtered": Alteration("colours", filtered),
    "grain": Alteration("noise", grainy),
    "blurred, radius 6 of 640": Alteration("noise", _blurred),
    "JPEG q5": Alteration("noise", unchanged, "JPEG", {"quality": 5}),
    "to 96 pixels": Alteration("noise", lambda image, rng: resized(image, rng, factor=96 / max(image.size))),
    "left 25% cut": Alteration("side crop", partial(side_cropped, left=0.25)),
    "right 25% cut": Alteration("side crop", partial(side_cropped, right=0.25)),
    "top 20% cut": Alteration("side crop", partial(side_cropped, top=0.2)),
    "bottom 20% cut": Alteration("side crop", partial(side_cropped, bottom=0.2)),
    "centre crop 30%": Alteration("centre crop", partial(centre_cropped, share=0.3)),
    "centre crop 50%": Alteration("centre crop", partial(centre_cropped, share=0.5)),
    "off-centre crop 15%": Alteration("crop", partial(off_centre_cropped, share=0.15)),
    "edges cropped 0-10%": Alteration("crop", partial(edges_cropped, most=0.1)),
    "cut to a square": Alteration("crop", partial(centre_fitted, aspect=1)),
    "cut to 16:9": Alteration("crop", partial(centre_fitted, aspect=16 / 9)),
    "crop + letterbox": Alteration(
        "crop", chain(partial(centre_cropped, share=0.15), partial(padded, across=0, down=0.15, colour=BLACK))
    ),
    "rotated 10°": Alteration("turn", partial(rotated, degrees=10)),
    "turned 8°, white corners": Alteration("turn", partial(turned_on_canvas, degrees=8)),
    "turned 12° and cropped": Alteration("turn", partial(turned_and_cropped, degrees=12)),
    "perspective 6%": Alteration("turn", partial(in_perspective, share=0.06)),
    "photo of a screen": Alteration("turn", screen_photographed),
    "stretched 40%": Alteration("turn", _stretched),
    "collage 2 × 1": Alteration("beside others", partial(in_collage, columns=2, rows=1)),
    "collage 2 × 2, black": Alteration(
        "beside others", partial(in_collage, columns=2, rows=2, colour=BLACK, margin=False)
    ),
    "story, tall": Alteration("fill", partial(in_story, aspect=9 / 16)),
    "story, wide": Alteration("fill", partial(in_story, aspect=16 / 9)),
    "framed": Alteration("fill", framed),
    "sticker over 20%": Alteration("overlay", partial(stickered, share=0.2)),
    "emoji": Alteration("overlay", partial(emoji, count=1, share=0.3)),
    "three emoji": Alteration("overlay", partial(emoji, count=3, share=0.2)),
    "scribbled": Alteration("overlay", scribbled),
    "turned 90° + meme text": Alteration("two at once", chain(_TURN, lettered)),
    "mirrored + caption + brighter": Alteration(
        "two at once", chain(_MIRROR, partial(captioned, above=False), partial(brightness, factor=1.3))
    ),
    "corner crop 10% + screenshot": Alteration(
        "two at once", chain(partial(corner_cropped, share=0.1), partial(phone_screenshot, dark=True))
    ),
}  # fmt: skip
"""The hard list: 39 alterations."""

BETWEEN: Final[dict[str, Alteration]] = {
    "left 20% cut": Alteration("side crop", partial(side_cropped, left=0.2)),
    "right 15% cut": Alteration("side crop", partial(side_cropped, right=0.15)),
    "top 15% cut": Alteration("side crop", partial(side_cropped, top=0.15)),
    "bottom 25% cut": Alteration("side crop", partial(side_cropped, bottom=0.25)),
    "left 30% cut": Alteration("side crop", partial(side_cropped, left=0.3)),
    "centre crop 25%": Alteration("centre crop", partial(centre_cropped, share=0.25)),
    "centre crop 40%": Alteration("centre crop", partial(centre_cropped, share=0.4)),
    "rotated 8°": Alteration("turn", partial(rotated, degrees=8)),
    "rotated 12°": Alteration("turn", partial(rotated, degrees=12)),
    "turned 5°, white corners": Alteration("turn", partial(turned_on_canvas, degrees=5)),
    "turned 14°, black corners": Alteration("turn", partial(turned_on_canvas, degrees=14, colour=BLACK)),
    "turned 4° and cropped": Alteration("turn", partial(turned_and_cropped, degrees=4)),
    "collage 3 × 1": Alteration("beside others", partial(in_collage, columns=3, rows=1)),
    "collage 1 × 2": Alteration("beside others", partial(in_collage, columns=1, rows=2, margin=False)),
    "mirrored + inverted": Alteration("two at once", chain(_MIRROR, inverted)),
    "story of the mirrored": Alteration("two at once", chain(_MIRROR, partial(in_story, aspect=9 / 16))),
}
"""Strengths between those of the views, and alterations in other forms than those that the views were made for."""

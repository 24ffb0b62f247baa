"""Alterations that people make to pictures before they upload them again, by name.

An alteration takes a picture in RGB and a random generator (for place and content, never for strength) and gives the
file that would be uploaded. A crop removes the named share of the width and of the height.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from typing import Any, Final, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

Alter = Callable[[Image.Image, np.random.Generator], Image.Image]
LANCZOS, BICUBIC = Image.Resampling.LANCZOS, Image.Resampling.BICUBIC
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
QUALITY = 85
"""JPEG quality of copies whose alteration is not the encoding."""

WORDS = (
    "when you", "nobody", "sale", "today only", "look at this", "me", "monday", "the moment", "before", "after",
    "best of", "wait for it", "free", "my cat", "again", "they said", "not me", "summer", "breaking", "how it began",
)  # fmt: skip


class Alteration(NamedTuple):
    """`kind` groups alterations that differ in strength alone; `options` are those of Pillow's `save`."""

    kind: str
    alter: Alter
    form: str = "JPEG"
    options: Mapping[str, Any] = {"quality": QUALITY}

    def apply(self, image: Image.Image, seed: int) -> bytes:
        """The bytes of the altered copy."""
        file = BytesIO()
        self.alter(image, np.random.default_rng(seed)).save(file, self.form, **self.options)
        return file.getvalue()


def random_text(rng: np.random.Generator, words: int) -> str:
    return " ".join(str(word) for word in rng.choice(WORDS, words))


def default_font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(8, round(size)))


def unchanged(image: Image.Image, _: np.random.Generator) -> Image.Image:
    return image


def resized(image: Image.Image, _: np.random.Generator, *, factor: float) -> Image.Image:
    return image.resize((max(1, round(image.width * factor)), max(1, round(image.height * factor))), LANCZOS)


def blurred(image: Image.Image, _: np.random.Generator, *, share: float) -> Image.Image:
    """Gaussian, its radius a share of the longer side."""
    return image.filter(ImageFilter.GaussianBlur(share * max(image.size)))


def noisy(image: Image.Image, rng: np.random.Generator, *, levels: float) -> Image.Image:
    pixels = np.asarray(image, np.float32)
    return Image.fromarray(np.clip(pixels + rng.normal(0, levels, pixels.shape), 0, 255).astype(np.uint8))


def brightness(image: Image.Image, _: np.random.Generator, *, factor: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(factor)


def contrast(image: Image.Image, _: np.random.Generator, *, factor: float) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(factor)


def saturation(image: Image.Image, _: np.random.Generator, *, factor: float) -> Image.Image:
    return ImageEnhance.Color(image).enhance(factor)


def greyscale(image: Image.Image, _: np.random.Generator) -> Image.Image:
    return image.convert("L")


def transposed(image: Image.Image, _: np.random.Generator, *, how: Image.Transpose) -> Image.Image:
    return image.transpose(how)


def padded(
    image: Image.Image, _: np.random.Generator, *, across: float, down: float, colour: tuple[int, int, int]
) -> Image.Image:
    """A border on both sides, in shares of the picture's width and height."""
    left, top = round(image.width * across), round(image.height * down)
    canvas = Image.new("RGB", (image.width + 2 * left, image.height + 2 * top), colour)
    canvas.paste(image, (left, top))
    return canvas


def captioned(
    image: Image.Image, rng: np.random.Generator, *, above: bool, colour: tuple[int, int, int] = WHITE
) -> Image.Image:
    """A bar of 15 % with a line of text, above or below the picture."""
    bar = round(image.height * 0.15)
    canvas = Image.new("RGB", (image.width, image.height + bar), colour)
    canvas.paste(image, (0, bar if above else 0))
    ink = BLACK if sum(colour) > 383 else WHITE
    middle = (image.width / 2, bar / 2 if above else image.height + bar / 2)
    ImageDraw.Draw(canvas).text(middle, random_text(rng, 4), ink, default_font(bar * 0.45), anchor="mm")
    return canvas


def lettered(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Large outlined text across the top and the bottom of the picture, as in memes."""
    image = image.copy()
    draw, size = ImageDraw.Draw(image), image.height * 0.11
    for height in (0.1, 0.9):
        draw.text(
            (image.width / 2, image.height * height), random_text(rng, 2).upper(), WHITE, default_font(size),
            anchor="mm", stroke_width=max(1, round(size / 14)), stroke_fill=BLACK,
        )  # fmt: skip
    return image


def watermarked(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Pale text across the whole picture."""
    layer = Image.new("RGBA", image.size, (255, 255, 255, 0))
    draw, mark, size = ImageDraw.Draw(layer), random_text(rng, 1), image.height * 0.08
    for across in (0.2, 0.5, 0.8):
        for down in (0.15, 0.4, 0.65, 0.9):
            draw.text((image.width * across, image.height * down), mark, (*WHITE, 110), default_font(size), anchor="mm")
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def emoji(image: Image.Image, rng: np.random.Generator, *, count: int, share: float) -> Image.Image:
    """Yellow faces at random places. `share` is their width as a share of the shorter side."""
    image = image.copy()
    draw, size = ImageDraw.Draw(image), share * min(image.size)
    for _ in range(count):
        left, top = rng.uniform(0, image.width - size), rng.uniform(0, image.height - size)
        draw.ellipse((left, top, left + size, top + size), (255, 204, 51), (120, 80, 0), max(1, round(size / 30)))
        for eye in (0.33, 0.67):
            x, y, radius = left + size * eye, top + size * 0.38, size * 0.07
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), (60, 40, 0))
        mouth = (left + size * 0.25, top + size * 0.3, left + size * 0.75, top + size * 0.8)
        draw.arc(mouth, 20, 160, (60, 40, 0), max(1, round(size / 16)))
    return image


def centre_cropped(image: Image.Image, _: np.random.Generator, *, share: float) -> Image.Image:
    left, top = image.width * share / 2, image.height * share / 2
    return image.crop((round(left), round(top), round(image.width - left), round(image.height - top)))


def corner_cropped(image: Image.Image, rng: np.random.Generator, *, share: float) -> Image.Image:
    """Keeps one of the four corners."""
    width, height = round(image.width * (1 - share)), round(image.height * (1 - share))
    left = int(rng.integers(2)) * (image.width - width)
    top = int(rng.integers(2)) * (image.height - height)
    return image.crop((left, top, left + width, top + height))


def edges_cropped(image: Image.Image, rng: np.random.Generator, *, most: float) -> Image.Image:
    """Cuts a random share, up to `most`, off each edge; this changes the aspect."""
    left, top, right, bottom = rng.uniform(0, most, 4)
    width, height = image.size
    return image.crop(
        (round(width * left), round(height * top), round(width * (1 - right)), round(height * (1 - bottom)))
    )


def centre_fitted(image: Image.Image, _: np.random.Generator, *, aspect: float) -> Image.Image:
    """The largest middle of the picture with an aspect."""
    width, height = min(image.width, image.height * aspect), min(image.height, image.width / aspect)
    left, top = (image.width - width) / 2, (image.height - height) / 2
    return image.crop((round(left), round(top), round(left + width), round(top + height)))


def any_strength(
    image: Image.Image, rng: np.random.Generator, *, alter: Callable[..., Image.Image], most: float, name: str
) -> Image.Image:
    """An alteration at a random strength between a quarter of `most` and `most`."""
    return alter(image, rng, **{name: rng.uniform(most / 4, most)})


def rotated(image: Image.Image, rng: np.random.Generator, *, degrees: float) -> Image.Image:
    """Rotated to either side in the same size; the corners become black."""
    return image.rotate(degrees if rng.integers(2) else -degrees, BICUBIC)


def phone_screenshot(image: Image.Image, rng: np.random.Generator, *, dark: bool) -> Image.Image:
    """The picture in an app on a phone, with the bars, texts and icons around it."""
    ink, paper = (WHITE, (18, 18, 20)) if dark else (BLACK, WHITE)
    faint = (110, 110, 116) if dark else (170, 170, 176)
    width, height = 540, 1170
    scale = min(width / image.width, 0.58 * height / image.height)
    shown = image.resize((round(image.width * scale), round(image.height * scale)), LANCZOS)
    screen = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(screen)
    draw.text((40, 16), f"{rng.integers(24):02}:{rng.integers(60):02}", ink, default_font(24))
    draw.rectangle((470, 20, 506, 36), None, ink, 2)
    draw.rectangle((473, 23, 473 + int(rng.integers(5, 30)), 33), ink)
    colour = tuple(int(value) for value in rng.integers(40, 220, 3))
    draw.ellipse((20, 76, 76, 132), colour)
    draw.text((92, 80), random_text(rng, 1), ink, default_font(24))
    draw.text((92, 108), random_text(rng, 2), faint, default_font(18))
    top = 150 + int(rng.integers(0, 60))
    screen.paste(shown, ((width - shown.width) // 2, top))
    below = top + shown.height
    for number in range(3):
        draw.ellipse((24 + 60 * number, below + 20, 60 + 60 * number, below + 56), None, ink, 3)
    for line in range(3):
        draw.text((24, below + 80 + 36 * line), random_text(rng, 3), ink if line else faint, default_font(22))
    draw.line((0, height - 90, width, height - 90), faint, 1)
    for number in range(4):
        left = 50 + 130 * number
        draw.rectangle((left, height - 66, left + 34, height - 32), None, ink, 3)
    return screen


def _plain(kind: str, alter: Alter) -> Alteration:
    return Alteration(kind, alter)


def _encoded(kind: str, form: str, quality: int) -> Alteration:
    return Alteration(kind, unchanged, form, {"quality": quality})


ALTERATIONS: Final[dict[str, Alteration]] = {
    **{f"JPEG q{quality}": _encoded("JPEG", "JPEG", quality) for quality in (10, 20, 30, 50, 70, 90)},
    **{f"WebP q{quality}": _encoded("WebP", "WEBP", quality) for quality in (20, 50, 80)},
    **{f"resized {f:.0%}": _plain("resize", partial(resized, factor=f)) for f in (0.25, 0.5, 0.75, 1.5, 2, 4)},
    **{f"blurred {s:.1%}": _plain("blur", partial(blurred, share=s)) for s in (0.002, 0.004, 0.008)},
    **{f"noise {levels}": _plain("noise", partial(noisy, levels=levels)) for levels in (10, 25)},
    **{f"brightness {f:.0%}": _plain("brightness", partial(brightness, factor=f)) for f in (0.6, 1.4)},
    **{f"contrast {f:.0%}": _plain("contrast", partial(contrast, factor=f)) for f in (0.6, 1.5)},
    **{f"saturation {f:.0%}": _plain("saturation", partial(saturation, factor=f)) for f in (0.5, 2)},
    "greyscale": _plain("greyscale", greyscale),
    "mirrored": _plain("mirror", partial(transposed, how=Image.Transpose.FLIP_LEFT_RIGHT)),
    "flipped": _plain("mirror", partial(transposed, how=Image.Transpose.FLIP_TOP_BOTTOM)),
    "turned 90°": _plain("quarter turn", partial(transposed, how=Image.Transpose.ROTATE_270)),
    "turned 180°": _plain("quarter turn", partial(transposed, how=Image.Transpose.ROTATE_180)),
    "turned 270°": _plain("quarter turn", partial(transposed, how=Image.Transpose.ROTATE_90)),
    "letterbox": _plain("letterbox", partial(padded, across=0, down=0.17, colour=BLACK)),
    "pillarbox": _plain("letterbox", partial(padded, across=0.17, down=0, colour=BLACK)),
    "border white 5%": _plain("border", partial(padded, across=0.05, down=0.05, colour=WHITE)),
    "border red 10%": _plain("border", partial(padded, across=0.1, down=0.1, colour=(180, 30, 40))),
    "caption above": _plain("caption bar", partial(captioned, above=True)),
    "caption below": _plain("caption bar", partial(captioned, above=False)),
    "caption above, black": _plain("caption bar", partial(captioned, above=True, colour=BLACK)),
    "meme text": _plain("text overlay", lettered),
    "watermark": _plain("text overlay", watermarked),
    "emoji": _plain("emoji overlay", partial(emoji, count=1, share=0.2)),
    "three emoji": _plain("emoji overlay", partial(emoji, count=3, share=0.15)),
    **{f"centre crop {s:.0%}": _plain("centre crop", partial(centre_cropped, share=s)) for s in (0.05, 0.1, 0.2)},
    **{f"corner crop {s:.0%}": _plain("corner crop", partial(corner_cropped, share=s)) for s in (0.05, 0.1, 0.2)},
    **{f"rotated {degrees}°": _plain("rotation", partial(rotated, degrees=degrees)) for degrees in (2, 5)},
    "screenshot, light": _plain("screenshot", partial(phone_screenshot, dark=False)),
    "screenshot, dark": _plain("screenshot", partial(phone_screenshot, dark=True)),
}
"""The alterations that detection is measured by: one or more strengths of each kind."""


def chain(*steps: Alter) -> Alter:
    def alter(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        for step in steps:
            image = step(image, rng)
        return image

    return alter


_mirror = partial(transposed, how=Image.Transpose.FLIP_LEFT_RIGHT)
BEYOND: Final[dict[str, Alteration]] = {
    "mirrored + centre crop 10%": _plain("two at once", chain(_mirror, partial(centre_cropped, share=0.1))),
    "mirrored + white border": _plain(
        "two at once", chain(_mirror, partial(padded, across=0.06, down=0.06, colour=WHITE))
    ),
    "centre crop 10% + letterbox": _plain(
        "two at once", chain(partial(centre_cropped, share=0.1), partial(padded, across=0, down=0.2, colour=BLACK))
    ),
    "caption + JPEG q20": Alteration("two at once", partial(captioned, above=True), "JPEG", {"quality": 20}),
    "screenshot of the mirrored": _plain("two at once", chain(_mirror, partial(phone_screenshot, dark=False))),
    "each edge cropped 0-5%": _plain("any strength", partial(edges_cropped, most=0.05)),
    "each edge cropped 0-10%": _plain("any strength", partial(edges_cropped, most=0.1)),
    "centre crop 5-20%": _plain("any strength", partial(any_strength, alter=centre_cropped, most=0.2, name="share")),
    "corner crop 5-20%": _plain("any strength", partial(any_strength, alter=corner_cropped, most=0.2, name="share")),
    "rotated 1.5-6°": _plain("any strength", partial(any_strength, alter=rotated, most=6, name="degrees")),
    "cut to a square": _plain("harder", partial(centre_fitted, aspect=1)),
    "cut to 16:9": _plain("harder", partial(centre_fitted, aspect=16 / 9)),
    "centre crop 30%": _plain("harder", partial(centre_cropped, share=0.3)),
    "rotated 10°": _plain("harder", partial(rotated, degrees=10)),
    "JPEG q5": _encoded("harder", "JPEG", 5),
}
"""Alterations without a target, which show the limits of the method."""

"""Which ground a transparent picture is shown on, which views and which digest it has."""

from __future__ import annotations

from base64 import b64decode
from functools import partial

import numpy as np
import pytest
from PIL import Image

from streams.domain.evidence.evidence import Evidence, unpack_evidence
from streams.domain.fingerprint.image.colours import PictureColours
from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.fingerprint.image.luminance import BLACK, STRIP_PIXELS, on_ground
from streams.domain.hashes.packing import unpack_entries
from streams.domain.hashes.views import CUT_OUT, FULL, OTHER_GROUND
from tests.support.cut_outs import RED, TEAL, flattened, logo, sticker
from tests.support.cut_outs import WHITE as WHITE_INK
from tests.support.media import encode, photo


def _same(image: Image.Image) -> Image.Image:
    return image


def digest(image: Image.Image) -> bytes:
    return PictureColours(partial(_same, image), None, exact=True).digest()


def views_of(image: Image.Image, form: str = "PNG") -> set[int]:
    return set(unpack_entries(fingerprint_image(encode(image, form)).hashes["views:1"])["view"].tolist())


def evidence_of(image: Image.Image) -> Evidence:
    found = unpack_evidence(b64decode(fingerprint_image(encode(image, "PNG")).evidence))
    assert found is not None
    return found


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_white_art_is_shown_on_black_and_all_else_on_white(mode: str) -> None:
    for art, on_black in ((logo(WHITE_INK), True), (logo(TEAL), False), (sticker(), False)):
        shown = on_ground(art.convert(mode))
        ground = BLACK if on_black else 255
        assert (shown.ground, shown.grey.getpixel((0, 0))) == (ground, ground)
        assert shown.alpha is not None
        expected = np.asarray(flattened(art, (ground,) * 3).convert("L"), int)
        assert np.abs(np.asarray(shown.grey, int) - expected).max() <= 2
        other = np.asarray(flattened(art, (255 - ground,) * 3).convert("L"), int)
        assert np.abs(np.asarray(shown.on_other_ground(1), int) - other).max() <= 2


def test_an_opaque_picture_has_no_alpha() -> None:
    for image in (photo("coffee.png", (60, 40)), photo("coffee.png", (60, 40)).convert("RGBA")):
        assert on_ground(image).alpha is None


def test_a_cut_out_has_views_on_both_grounds() -> None:
    assert {FULL, OTHER_GROUND} <= views_of(sticker())
    assert CUT_OUT not in views_of(sticker())
    evidence = evidence_of(sticker())
    on_white, on_black = evidence.thumbnails[0].pixels, evidence.thumbnail_of(OTHER_GROUND).pixels
    assert (int(on_white[0, -1]), int(on_black[0, -1])) == (255, 0)
    assert np.abs(on_white[30:34, 30:34].astype(int) - on_black[30:34, 30:34]).max() <= 2


def test_a_few_transparent_pixels_make_no_further_view() -> None:
    image = photo("coffee.png", (200, 150)).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 20, 20))
    assert not views_of(image) & {OTHER_GROUND, CUT_OUT}


def test_an_object_on_a_colour_has_the_view_of_the_cut_out() -> None:
    assert CUT_OUT in views_of(flattened(sticker(), RED), "JPEG")
    assert CUT_OUT in views_of(flattened(sticker(), (0, 0, 0)))
    assert CUT_OUT not in views_of(flattened(sticker(), (255, 255, 255)))


def test_digests_differ_where_art_differs_and_only_there() -> None:
    art = sticker()
    assert len({digest(logo(WHITE_INK, number)) for number in range(3)}) == 3
    assert digest(art) == digest(art.copy())
    hidden = art.copy()
    pixels = np.array(hidden)
    pixels[pixels[..., 3] == 0, :3] = 77
    assert digest(Image.fromarray(pixels)) == digest(art)
    assert digest(flattened(art, WHITE_INK)) != digest(art)
    grey = art.convert("LA")
    assert digest(grey) == digest(grey.convert("RGBA"))


def test_a_transparent_pixel_in_the_last_strip_counts() -> None:
    size = (1000, STRIP_PIXELS // 1000 + 50)
    opaque = Image.new("RGBA", size, WHITE_INK)
    pierced = opaque.copy()
    pierced.putpixel((size[0] - 1, size[1] - 1), (255, 255, 255, 0))
    assert digest(opaque) == digest(Image.new("L", size, 255))
    assert digest(pierced) != digest(opaque)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (7, 5)])
def test_transparent_pictures_of_any_size_are_read(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    image = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 4), dtype=np.uint8))
    facts = fingerprint_image(encode(image, "PNG"))
    assert (facts.width, facts.height) == size


def test_the_orientation_turns_the_alpha_too() -> None:
    art = sticker()
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encode(art, "PNG", exif=exif)
    upright = encode(art.transpose(Image.Transpose.ROTATE_270), "PNG")
    assert fingerprint_image(turned).hashes == fingerprint_image(upright).hashes
    assert fingerprint_image(turned).evidence == fingerprint_image(upright).evidence

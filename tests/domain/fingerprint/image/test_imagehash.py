"""pHash, dHash, aHash and wHash of all sizes; imagehash is the slow twin."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from io import BytesIO

import imagehash
import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint import fingerprint_image
from streams.domain.fingerprint.formats import image_format_of
from streams.domain.fingerprint.image.decode import decode_luminance
from streams.domain.fingerprint.image.file_structure import file_structure
from streams.domain.fingerprint.image.imagehash import hash_hex
from streams.domain.hashes.algorithms import BadHash
from streams.domain.hashes.notation import Hash
from tests.support.hash_distance import bits_apart
from tests.support.media import PHOTOS, encode, jpeg, noise, photo

fftpack, pywt = import_module("scipy.fftpack"), import_module("pywt")  # untyped; imagehash uses them, too

SIDES = {16: 4, 64: 8, 256: 16}
TWINS: dict[str, Callable[[Image.Image, int], object]] = {
    "phash": imagehash.phash,
    "dhash": imagehash.dhash,
    "ahash": imagehash.average_hash,
    "whash": imagehash.whash,
}
SQUARES = [(family, bits) for family in TWINS for bits in SIDES]
OURS = [(family, bits) for family, bits in SQUARES if (family, bits) not in (("phash", 64), ("phash", 256))]
"""Every fingerprint has the other two, of a picture that is reduced in two steps: see test_compatibility.py."""

MOST_BITS_APART = {16: 2, 64: 4, 256: 8}


def twin(family: str, bits: int, image: Image.Image) -> str:
    return str(TWINS[family](image, SIDES[bits]))


def whash_twin(bits: int, grey: Image.Image) -> str:
    """imagehash.whash, step by step, with its rounding noise removed, so that equal blocks are equal."""
    scale = max(2 ** int(np.log2(min(grey.size))), SIDES[bits])
    pixels = np.asarray(grey.resize((scale, scale), Image.Resampling.LANCZOS)) / 255
    coefficients = list(pywt.wavedec2(pixels, "haar", level=int(np.log2(scale))))
    coefficients[0] *= 0
    pixels = pywt.waverec2(coefficients, "haar")
    low = pywt.wavedec2(pixels, "haar", level=int(np.log2(scale // SIDES[bits])))[0].round(9)
    return Hash.from_bits(f"whash{bits}:1", low > np.median(low)).hex


def decoded(data: bytes) -> Image.Image:
    form = image_format_of(data)
    return decode_luminance(data, form, file_structure(data, form), max_pixels=1 << 30, max_decode_bytes=1 << 40)[0]


@cache
def decoded_and_full() -> list[tuple[Image.Image, Image.Image]]:
    """Photos as fingerprints decode them, and as imagehash does."""
    pairs = []
    for name in PHOTOS:
        for data in (jpeg(name), jpeg(name, (1920, 1080)), encode(photo(name, (300, 400)), "PNG")):
            with Image.open(BytesIO(data)) as image:
                pairs.append((decoded(data), image.convert("L")))
    return pairs


@pytest.mark.parametrize(("family", "bits"), OURS)
def test_the_hash_of_a_grey_picture_is_that_of_imagehash(family: str, bits: int) -> None:
    sizes = ((500, 375), (64, 64), (65, 130), (17, 9), (16, 16), (4, 5), (2, 3), (1000, 1023))
    for number, size in enumerate(sizes):
        for picture in (photo(PHOTOS[number], size), noise(size, number)):
            grey = picture.convert("L")
            expected = whash_twin(bits, grey) if family == "whash" else twin(family, bits, grey)
            assert hash_hex(f"{family}{bits}", grey) == expected, size


@pytest.mark.parametrize(("family", "bits"), SQUARES)
def test_hashes_of_decoded_photos_differ_from_imagehash_by_few_bits(family: str, bits: int) -> None:
    name = f"{family}{bits}"
    apart = [bits_apart(hash_hex(name, grey), twin(family, bits, full)) for grey, full in decoded_and_full()]
    assert max(apart) <= MOST_BITS_APART[bits]
    assert np.mean(apart) <= bits / 170


@pytest.mark.parametrize(("family", "bits"), SQUARES)
def test_large_pictures_are_averaged_down_first_and_stay_compatible(family: str, bits: int) -> None:
    for name in ("chelsea.png", "rocket.jpg"):
        grey = photo(name, (2600, 2100)).convert("L")
        assert bits_apart(hash_hex(f"{family}{bits}", grey), twin(family, bits, grey)) <= max(2, bits // 32)


def definition_of_32_bits(family: str, grey: Image.Image) -> list[bool]:
    """What imagehash would do if it took 4 rows of 8 instead of a square."""

    def pixels(width: int, height: int) -> np.ndarray:
        return np.asarray(grey.resize((width, height), Image.Resampling.LANCZOS)).astype(float)

    if family == "phash":
        rows = fftpack.dct(fftpack.dct(pixels(32, 16), axis=0), axis=1)[:4, :8]
        return [bool(value > np.median(rows)) for value in rows.ravel()]
    if family == "dhash":
        grid = pixels(9, 4)
        return [bool(grid[row, column + 1] > grid[row, column]) for row in range(4) for column in range(8)]
    if family == "ahash":
        grid = pixels(8, 4)
        return [bool(value > grid.mean()) for value in grid.ravel()]
    side = 2 ** int(np.log2(min(grey.size)))
    low = pixels(side, side)
    for axis, length in ((0, 4), (1, 8)):
        low = pywt.wavedec(low, "haar", level=int(np.log2(side // length)), axis=axis)[0]
    return [bool(value > np.median(low)) for value in low.ravel()]


@pytest.mark.parametrize("family", TWINS)
@pytest.mark.parametrize("name", PHOTOS)
def test_32_bits_are_four_rows_of_eight_by_the_same_definition(family: str, name: str) -> None:
    grey = photo(name, (320, 200)).convert("L")
    assert Hash("dhash32:1", hash_hex(f"{family}32", grey)).bits.ravel().tolist() == definition_of_32_bits(family, grey)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("dhash16", "ffff"), ("dhash32", "ffffffff"), ("dhash64", "f" * 16), ("ahash16", "3333"), ("ahash64", "0f" * 8)],
)
def test_a_picture_that_gets_brighter_to_the_right(name: str, expected: str) -> None:
    ramp = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90)
    assert hash_hex(name, ramp) == expected
    assert hash_hex(name.replace("ahash", "whash"), ramp) == expected


@pytest.mark.parametrize("level", [0, 1, 100, 255])
@pytest.mark.parametrize("bits", [16, 32, 64, 256])
def test_a_uniform_picture_has_at_most_the_bit_of_its_mean(level: int, bits: int) -> None:
    uniform = Image.new("L", (300, 200), level)
    for family in ("dhash", "ahash", "whash"):
        assert int(hash_hex(f"{family}{bits}", uniform), 16) == 0
    assert int(hash_hex(f"phash{bits}", uniform), 16) == (1 << (bits - 1) if level else 0)


@pytest.mark.parametrize("bits", [16, 64, 256])
def test_if_half_of_the_blocks_are_equal_the_bits_are_those_of_imagehash_without_its_rounding_noise(bits: int) -> None:
    picture = Image.new("L", (300, 300), 255)
    picture.paste(noise((300, 120)).convert("L"), (0, 0))
    assert hash_hex(f"whash{bits}", picture) == whash_twin(bits, picture)


@pytest.mark.parametrize("size", [(640, 480), (1700, 1100), (90, 130), (20, 30)])
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_phash64_and_phash256_are_those_of_every_fingerprint(size: tuple[int, int], form: str) -> None:
    for name in PHOTOS[:2]:
        data = encode(photo(name, size), form)
        hashes, grey = fingerprint_image(data).hashes, decoded(data)
        assert hash_hex("phash64", grey) == hashes["phash64:1"]
        assert hash_hex("phash256", grey) == hashes["phash256:1"]


@pytest.mark.parametrize("name", ["dhash", "dhash128", "64", "", "md5", "pdq256", "dhash64:1"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(BadHash, match=r"computed here|is not a hash"):
        hash_hex(name, Image.new("L", (8, 8)))


def test_neither_scipy_nor_a_wavelet_library_is_needed() -> None:
    program = (
        "import sys; sys.modules.update(dict.fromkeys(('scipy', 'pywt', 'imagehash', 'pdqhash')));"
        "from PIL import Image; from streams.domain.fingerprint.image.imagehash import hash_hex;"
        "print(*(len(hash_hex(f + '64', Image.linear_gradient('L'))) for f in ('phash', 'dhash', 'ahash', 'whash')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["16"] * 4

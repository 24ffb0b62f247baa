"""PDQ against ThreatExchange's own test vectors, and against the paper's definition as the slow twin."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint.formats import image_format_of
from streams.domain.fingerprint.image import pdq
from streams.domain.fingerprint.image.decode import decode_luminance
from streams.domain.fingerprint.image.file_structure import file_structure
from streams.errors import ConfigurationError
from tests.support.hash_distance import bits_apart
from tests.support.media import PHOTOS, noise, photo

needs_pdqhash = pytest.mark.skipif(find_spec("pdqhash") is None, reason="pip install 'mediasieve[pdq]'")

PYTHON_TOLERANCE_BITS = 16
"""The tolerance of ThreatExchange's test of its Python reference (pdq/python/pdqhashing/tests/pdq_test.py)."""

IMPLEMENTATION_TOLERANCE_BITS = 10
"""Its tolerance between an implementation and the C++ reference, from a quality of 80 on (pdq/README.md)."""


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def decoded(path: Path) -> Image.Image:
    data = path.read_bytes()
    form = image_format_of(data)
    return decode_luminance(data, form, file_structure(data, form), max_pixels=1 << 30, max_decode_bytes=1 << 40)[0]


def python_vectors(shared_data: Path) -> Iterator[tuple[Path, str]]:
    folder = shared_data / "threatexchange"
    with (folder / "pdq-python-expected.tsv").open() as file:
        yield from ((folder / row["path"], row["pdq"]) for row in csv.DictReader(file, delimiter="\t"))


def compiled_vectors(shared_data: Path) -> Iterator[tuple[Path, str]]:
    """The hashes of the C++ reference, compiled to WebAssembly. The two rows of videos are MD5s."""
    folder = shared_data / "threatexchange"
    with (folder / "pdq-wasm-expected.csv").open() as file:
        for row in csv.DictReader(file):
            _, _, inside = row["FilePath"].partition("/data/")
            if inside:
                yield folder / "pdq" / inside, row["Hash"]


@needs_pdqhash
def test_hashes_of_rgb_are_those_of_the_python_reference(shared_data: Path) -> None:
    vectors = list(python_vectors(shared_data))
    assert len(vectors) == 19
    for path, expected in vectors:
        found = pdq.pdq_hash(opened(path))
        apart = bits_apart(found.hex, expected)
        # At quality 3 a hash is nearly noise: the rounding of a decoder changes 10 of its bits.
        assert apart == 0 if found.quality >= 4 else apart <= IMPLEMENTATION_TOLERANCE_BITS, path.name


@needs_pdqhash
def test_the_photo_of_the_python_package_has_its_hash_and_quality(shared_data: Path) -> None:
    expected = "fb4eed46cb8a6c78819ca06b756c541f7b07ef6d02c82fccd00f862166272cda", 100
    assert pdq.pdq_hash(opened(shared_data / "threatexchange" / "pytx-resources" / "rgb.jpeg")) == expected


@needs_pdqhash
def test_hashes_of_luminance_are_within_the_tolerance_of_threatexchange(shared_data: Path) -> None:
    for path, expected in python_vectors(shared_data):
        found = pdq.pdq_hash(decoded(path))
        if found.quality >= pdq.RELIABLE_QUALITY:
            assert bits_apart(found.hex, expected) <= IMPLEMENTATION_TOLERANCE_BITS < PYTHON_TOLERANCE_BITS, path.name


@needs_pdqhash
@pytest.mark.parametrize("read", [opened, decoded])
def test_hashes_are_within_the_tolerance_of_the_c_reference(shared_data: Path, read: object) -> None:
    assert callable(read)
    vectors = list(compiled_vectors(shared_data))
    assert len(vectors) == 16
    for path, expected in vectors:
        found = pdq.pdq_hash(read(path))
        assert found.quality >= 80 or path.name == "small.jpg"
        assert bits_apart(found.hex, expected) <= IMPLEMENTATION_TOLERANCE_BITS, path.name


def twin(picture: Image.Image) -> tuple[str, int]:
    """PDQ by its definition, step by step, in double precision."""
    red, green, blue = np.moveaxis(np.asarray(picture.convert("RGB")).astype(float), 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    for _ in range(2):
        luma = blurred(blurred(luma).T).T
    rows, columns = (((np.arange(64) + 0.5) * length / 64).astype(int) for length in luma.shape)
    small = luma[rows][:, columns]
    steps = [np.diff(small, axis=axis) * 100 / 255 for axis in (0, 1)]
    quality = min(100, int(sum(np.abs(np.trunc(step)).sum() for step in steps)) // 90)
    cosines = np.cos(np.pi / 128 * np.outer(np.arange(1, 17), 2 * np.arange(64) + 1))
    block = (cosines @ small @ cosines.T).ravel()
    bits = block > np.sort(block)[127]
    return np.packbits(bits[::-1]).tobytes().hex(), quality


def blurred(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each pixel becomes the mean of a window of 1/128 of the row, rounded up and cut off at the ends."""
    width = luma.shape[1]
    window = -(-width // 128)
    before = window - (window + 2) // 2
    result = np.empty_like(luma)
    for column in range(width):
        result[:, column] = luma[:, max(0, column - before) : column - before + window].mean(axis=1)
    return result


@needs_pdqhash
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("name", PHOTOS)
def test_the_hash_and_quality_are_those_of_the_definition(name: str, mode: str) -> None:
    for size in ((500, 375), (130, 512), (64, 64), (100, 40)):
        picture = photo(name, size).convert(mode)
        assert pdq.pdq_hash(picture) == twin(picture), size


@needs_pdqhash
def test_larger_pictures_are_scaled_down_to_512_pixels_and_not_changed() -> None:
    large = photo("rocket.jpg", (1500, 1000))
    small = large.copy()
    small.thumbnail((512, 512))
    assert pdq.pdq_hash(large) == pdq.pdq_hash(small) == twin(small)
    assert large.size == (1500, 1000)


@needs_pdqhash
def test_luminance_gives_the_hash_of_the_colours_except_for_a_few_bits() -> None:
    for name in PHOTOS:
        colours = photo(name, (500, 400))
        one, other = pdq.pdq_hash(colours), pdq.pdq_hash(colours.convert("L"))
        if one.quality >= pdq.RELIABLE_QUALITY:
            assert bits_apart(one.hex, other.hex) <= 4
        assert abs(one.quality - other.quality) <= 1


@needs_pdqhash
def test_transparent_pictures_are_shown_on_white() -> None:
    colours = photo("coffee.png", (300, 200))
    alpha = Image.linear_gradient("L").resize(colours.size)
    colours.putalpha(alpha)
    white = Image.new("L", colours.size, 255)
    white.paste(colours.convert("L"), mask=alpha)
    assert pdq.pdq_hash(colours) == pdq.pdq_hash(white)


@needs_pdqhash
@pytest.mark.parametrize("size", [(4, 100), (100, 4), (1, 1), (3000, 2)])
def test_a_picture_too_small_to_hash_has_no_bits_and_no_quality(size: tuple[int, int]) -> None:
    assert pdq.pdq_hash(noise(size)) == ("0" * 64, 0)


@needs_pdqhash
def test_threads_do_not_disturb_each_other() -> None:
    pictures = [noise((400, 300), seed) for seed in range(12)]
    alone = [pdq.pdq_hash(each) for each in pictures]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(pdq.pdq_hash, pictures * 4)) == alone * 4


def test_without_the_library_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pdqhash", None)
    pdq.load_pdqhash.cache_clear()
    try:
        with pytest.raises(ConfigurationError, match=r"pip install 'mediasieve\[pdq\]'"):
            pdq.pdq_hash(noise())
    finally:
        pdq.load_pdqhash.cache_clear()

"""What is certain, what a person should look at, and what is no match: by kind of picture."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from functools import cache
from io import BytesIO
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from streams.domain.evidence.evidence import Evidence, unpack_evidence
from streams.domain.evidence.judge import Judgement, judge
from streams.domain.evidence.verify import MatchedViews
from streams.domain.fingerprint import fingerprint_image
from streams.domain.hashes.algorithms import VIEWS_HASH
from streams.domain.hashes.levels import LEVEL_NUMBERS
from streams.domain.hashes.packing import ORIENTATION_MASK, unpack_entries
from streams.domain.hashes.views import VIEW_PAIRS
from tests.support.alterations import ALTERATIONS
from tests.support.hard_alterations import HARD
from tests.support.media import encode, photo, thing_on_even_ground
from tests.support.papers import KINDS

STANDARD = LEVEL_NUMBERS["standard"]
RADIUS_BITS, CONFIRM_BITS = 12, 92
WHOLE_VIEWS = MatchedViews(0, 0, 0, 0)

FRANCE, ITALY = ("#0055a4", "#ffffff", "#ef4135"), ("#009246", "#ffffff", "#ce2b37")


@cache
def fingerprinted(file: bytes) -> tuple[Evidence, np.ndarray]:
    facts = fingerprint_image(file)
    evidence = unpack_evidence(b64decode(facts.evidence))
    assert evidence is not None
    return evidence, unpack_entries(facts.hashes[VIEWS_HASH])


def judged(known: bytes, query: bytes) -> Judgement | None:
    """As the product judges a candidate; None where hashes propose none."""
    (of_known, known_entries), (of_query, query_entries) = fingerprinted(known), fingerprinted(query)
    found = []
    for own in query_entries:
        for other in known_entries:
            near = int(np.bitwise_count(own["hash64"] ^ other["hash64"]))
            bits = int(np.bitwise_count(own["hash256"] ^ other["hash256"]).sum())
            if VIEW_PAIRS[STANDARD, own["view"], other["view"]] and near <= RADIUS_BITS and bits <= CONFIRM_BITS:
                turns = (int(entry["orientation"]) & ORIENTATION_MASK for entry in (other, own))
                known_turn, query_turn = turns
                views = MatchedViews(int(other["view"]), known_turn, int(own["view"]), query_turn)
                found.append((bits, near, views))
    if not found:
        return None
    found.sort()
    return judge(of_known, of_query, [views for _, _, views in found], found[0][1], found[0][0])


def confidence(known: bytes, query: bytes) -> str:
    found = judged(known, query)
    return found.confidence if found else ""


def flag(colours: tuple[str, ...], across: bool = False) -> Image.Image:
    image = Image.new("RGB", (600, 400))
    pen = ImageDraw.Draw(image)
    for number, colour in enumerate(colours):
        start = number * 400 // 3 if across else number * 200
        pen.rectangle((0, start, 600, 400) if across else (start, 0, 600, 400), fill=colour)
    return image


def lettered(image: Image.Image, words: str) -> Image.Image:
    pen = ImageDraw.Draw(image)
    pen.text((320, 20), words, "white", font_size=44, anchor="ma", stroke_width=3, stroke_fill="black")
    return image


def png(image: Image.Image) -> bytes:
    return encode(image, "PNG")


def altered(image: Image.Image, name: str) -> bytes:
    return ALTERATIONS[name].apply(image.convert("RGB"), seed=1)


@pytest.mark.parametrize("name", ["JPEG q50", "resized 50%", "greyscale", "mirrored", "brightness 60%", "letterbox"])
def test_a_copy_of_a_photo_is_certain(name: str) -> None:
    image = photo("coffee.png", (640, 480))
    found = judged(encode(image, "JPEG", quality=90), altered(image, name))

    assert found is not None
    assert (found.confidence, found.differs <= 0.05) == ("certain", True)


def in_frame(image: Image.Image, words: str = "") -> Image.Image:
    """In a dark frame with a passe-partout, which may have words at the bottom."""
    framed = HARD["framed"].alter(image, np.random.default_rng(1))
    if words:
        where = (framed.width // 2, framed.height * 93 // 100)
        ImageDraw.Draw(framed).text(where, words, "black", font_size=framed.height // 24, anchor="mm")
    return framed


@pytest.mark.parametrize("name", ["coffee.png", "chelsea.png", "astronaut.png"])
def test_a_frame_with_a_passe_partout_adds_nothing_and_words_on_it_do(name: str) -> None:
    image = photo(name, (640, 480)).convert("RGB")
    found, lettered = (judged(png(image), png(in_frame(image, words))) for words in ("", "A MEMORABLE DAY IN JUNE"))
    assert found is not None
    assert (found.confidence, found.differs <= 0.05) == ("certain", True)
    assert lettered is not None
    assert lettered.differs > 0.05 or lettered.confidence != "certain"


@pytest.mark.parametrize("name", ["JPEG q20", "JPEG q50", "resized 50%"])
def test_a_copy_of_a_flag_is_certain(name: str) -> None:
    assert confidence(png(flag(FRANCE)), altered(flag(FRANCE), name)) == "certain"


def test_flags_of_other_colours_are_no_match() -> None:
    assert judged(png(flag(FRANCE)), png(flag(ITALY))) is not None
    assert confidence(png(flag(FRANCE)), png(flag(ITALY))) == ""


@pytest.mark.parametrize("other", [flag(FRANCE[::-1]), flag(FRANCE, across=True), flag(FRANCE).convert("L")])
def test_a_flag_that_is_turned_or_grey_is_not_certain(other: Image.Image) -> None:
    assert confidence(png(flag(FRANCE)), png(other)) != "certain"


LOSSLESS: dict[str, Callable[[Image.Image], bytes]] = {
    "BMP": lambda image: encode(image, "BMP"),
    "TIFF": lambda image: encode(image, "TIFF"),
    "WebP": lambda image: encode(image, "WEBP", lossless=True),
    "PNG with transparency": lambda image: png(image.convert("RGBA")),
    "PNG of few colours": lambda image: png(image.convert("RGB").quantize(64, dither=Image.Dither.NONE)),
}


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize("image", [flag(FRANCE), KINDS["receipt"](1)], ids=["flag", "receipt"])
def test_equal_pixels_are_certain_in_any_format(image: Image.Image, name: str) -> None:
    image = image.convert("RGB").quantize(64, dither=Image.Dither.NONE).convert("RGB")
    found = judged(png(image), LOSSLESS[name](image))

    assert found is not None
    assert (found.confidence, found.score, found.differs) == ("certain", 1000, 0.0)


def test_what_transparency_hides_does_not_count() -> None:
    shown = np.array(flag(FRANCE).convert("RGBA"))
    shown[:100, :, 3] = 0
    hidden = shown.copy()
    hidden[:100, :, :3] = np.random.default_rng(1).integers(0, 256, hidden[:100, :, :3].shape)

    assert fingerprinted(png(Image.fromarray(shown)))[0].pixels == fingerprinted(png(Image.fromarray(hidden)))[0].pixels


@pytest.mark.parametrize("kind", KINDS)
def test_pages_of_one_layout_are_not_certain(kind: str) -> None:
    pages = [png(KINDS[kind](seed)) for seed in range(3)]
    for one, other in combinations(pages, 2):
        assert confidence(one, other) != "certain"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["JPEG q50", "resized 50%"])
def test_a_copy_of_a_page_is_found(kind: str, name: str) -> None:
    assert confidence(png(KINDS[kind](1)), altered(KINDS[kind](1), name))


def test_memes_of_one_photo_are_certain_with_the_same_words_alone() -> None:
    image = photo("coffee.png", (640, 480))
    known = png(lettered(image.copy(), "WAIT FOR IT"))

    assert confidence(known, altered(lettered(image.copy(), "WAIT FOR IT"), "JPEG q50")) == "certain"
    assert confidence(known, png(lettered(image.copy(), "MY CAT AGAIN"))) == "likely"
    assert confidence(known, png(image)) == "likely"


def test_one_drawing_in_other_colours_is_not_certain() -> None:
    def drawing(colour: str) -> Image.Image:
        image = Image.new("RGB", (256, 256), "white")
        pen = ImageDraw.Draw(image)
        pen.ellipse((28, 28, 228, 228), fill=colour)
        pen.ellipse((84, 88, 108, 124), fill="#50321e")
        pen.ellipse((150, 88, 174, 124), fill="#50321e")
        pen.arc((78, 110, 178, 196), 20, 160, "#50321e", 9)
        return image

    yellow, green = drawing("#ffcc4d"), drawing("#77d155")
    assert confidence(png(yellow), altered(yellow, "JPEG q90")) == "certain"
    assert confidence(png(yellow), png(green)) != "certain"


def hostile() -> list[bytes]:
    rng = np.random.default_rng(5)
    wide = Image.fromarray(rng.integers(0, 65536, (200, 300), dtype=np.uint16))
    return [
        png(Image.new("RGB", (10_000, 1), "red")),
        png(Image.new("RGB", (1, 10_000), "blue")),
        png(Image.new("L", (300, 200), 0)),
        png(Image.new("RGB", (300, 200), "#ff0000")),
        png(Image.new("RGB", (300, 200), "#00ff00")),
        png(Image.linear_gradient("L")),
        png(Image.radial_gradient("L")),
        png(wide),
        encode(Image.new("CMYK", (90, 70), (9, 200, 30, 5)), "JPEG"),
        png(Image.new("1", (200, 200), 1)),
    ]


def test_strange_pictures_are_never_certain_copies_of_each_other() -> None:
    evidence = [fingerprinted(file)[0] for file in hostile()]
    for one, other in combinations(evidence, 2):
        assert judge(one, other, [WHOLE_VIEWS], 0, 0).confidence != "certain"
        assert judge(other, one, [], 0, 0).confidence != "certain"


@pytest.mark.parametrize("report", ["04_text_pages", "07_memes", "33_colour_only"])
def test_reported_cases_are_judged_as_expected(shared_data: Path, report: str) -> None:
    folder = shared_data / "reports" / report
    if not folder.is_dir():
        pytest.skip(f"no reports at {folder}")
    expected = json.loads((folder / "expected.json").read_text())
    for group in expected.get("groups", []):
        for one, other in combinations(group, 2):
            assert confidence((folder / one).read_bytes(), (folder / other).read_bytes()), (one, other)
    for group in expected["not_groups"]:
        for one, other in combinations(group, 2):
            found = judged((folder / one).read_bytes(), (folder / other).read_bytes())
            reused = found is not None and found.confidence == "certain" and found.differs <= 0.05
            assert not reused, (one, other)


def test_evidence_of_a_plain_picture_survives_its_bytes() -> None:
    for image in (flag(FRANCE), KINDS["receipt"](1)):
        with Image.open(BytesIO(png(image))) as opened:
            assert opened.size == image.size
        evidence = fingerprinted(png(image))[0]
        assert evidence.pixels and evidence.chroma
        assert bool(evidence.page) is (image.mode == "L")


@pytest.mark.parametrize(
    "name",
    [
        *("JPEG q20", "resized 50%", "blurred 0.4%", "mirrored", "centre crop 5%"),
        *("brightness 60%", "contrast 60%", "greyscale"),
    ],
)
def test_a_copy_of_a_thing_on_an_even_ground_is_certain(name: str) -> None:
    assert confidence(png(thing_on_even_ground()), altered(thing_on_even_ground(), name)) == "certain"


def test_a_thing_in_another_colour_is_not_certain() -> None:
    assert confidence(png(thing_on_even_ground()), png(thing_on_even_ground(colour="#2a4a9a"))) != "certain"


def test_words_on_a_thing_are_not_certain() -> None:
    assert confidence(png(thing_on_even_ground()), png(lettered(thing_on_even_ground(), "SALE TODAY"))) != "certain"

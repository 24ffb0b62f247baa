"""Pages of a TIFF are shown one after the other, whatever else the file holds."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint.image.file_structure import file_structure
from streams.domain.fingerprint.image.fingerprint import ImageLimits
from streams.domain.fingerprint.sequence import pages
from streams.domain.fingerprint.sequence.fingerprint import fingerprint_sequence, has_several_pictures
from streams.domain.fingerprint.sequence.frames import SequenceFrame
from streams.domain.fingerprint.sequence.pages import PAGE_MS, page_frames, page_step, tiff_pages
from streams.domain.hashes.frames import unpack_frames
from streams.errors import BadInput, Reason
from tests.support import animations
from tests.support.animations import bare_tiff
from tests.support.media import encode, noise, oriented, photo

REDUCED, MASK = 1, 4


def no_check() -> None:
    pass


def frames_of(data: bytes, limits: ImageLimits | None = None) -> list[SequenceFrame]:
    return list(page_frames(data, file_structure(data, "tiff"), tiff_pages(data), limits or ImageLimits(), no_check))


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"])
def test_every_page_is_decoded_as_if_it_were_alone(compression: str | None) -> None:
    pictures = [photo("coffee.png", (300, 200)), noise((100, 240), 1), photo("chelsea.png", (64, 48)).convert("L")]
    found = frames_of(animations.pages(pictures, compression=compression))
    assert [frame.size for frame in found] == [(300, 200), (100, 240), (64, 48)]
    assert [(frame.at_ms, frame.shown_ms) for frame in found] == [(PAGE_MS * number, PAGE_MS) for number in range(3)]
    for picture, frame in zip(pictures, found, strict=True):
        alone = frames_of(animations.pages([picture], compression=compression))[0]
        assert frame.grey is not None
        assert alone.grey is not None
        assert np.array_equal(frame.grey, alone.grey)


def test_bilevel_pages_are_decoded() -> None:
    pictures = [noise((200, 300), seed).convert("1") for seed in range(3)]
    found = frames_of(animations.pages(pictures, compression="group4"))
    assert all(frame.grey is not None and frame.grey.std() > 20 for frame in found)


@pytest.mark.parametrize("order", ["II", "MM"])
def test_either_byte_order_is_read(order: str) -> None:
    form, width, height = "<" if order == "II" else ">", 30, 20
    pixels = np.random.default_rng(0).integers(0, 256, (2, height, width), dtype=np.uint8)
    data = bytearray(order.encode() + struct.pack(form + "HI", 42, 8 + 2 * width * height) + pixels.tobytes())
    for number in range(2):
        tags = [(256, 3, width), (257, 3, height), (258, 3, 8), (259, 3, 1), (262, 3, 1),
                (273, 4, 8 + number * width * height), (278, 3, height), (279, 4, width * height)]  # fmt: skip
        following = 0 if number else len(data) + 2 + 12 * len(tags) + 4
        data += struct.pack(form + "H", len(tags))
        for tag, kind, value in tags:
            data += struct.pack(form + ("HHIHH" if kind == 3 else "HHII"), tag, kind, 1, value, *([0] * (kind == 3)))
        data += struct.pack(form + "I", following)
    found = frames_of(bytes(data))
    assert [frame.grey.tolist() for frame in found if frame.grey is not None] == pixels.tolist()
    assert [page.pixels for page in tiff_pages(bytes(data))] == [width * height] * 2


def test_smaller_versions_and_masks_are_no_pages() -> None:
    data = bare_tiff(5, subfile_types=[0, REDUCED, MASK, 0, REDUCED])
    assert len(tiff_pages(data)) == 2
    assert has_several_pictures(data)
    assert not has_several_pictures(bare_tiff(4, subfile_types=[0, REDUCED, REDUCED, REDUCED]))
    assert not has_several_pictures(encode(noise(), "TIFF"))


def test_pages_are_turned_upright_each_by_its_own_tag() -> None:
    upright = noise((90, 60), 3)
    sideways = animations.opened(oriented(upright, 6, "TIFF"))
    first, second = frames_of(animations.pages([upright, sideways.copy()])), frames_of(oriented(upright, 6, "TIFF"))
    assert second[0].size == (90, 60)
    assert first[0].grey is not None
    assert second[0].grey is not None
    assert np.abs(first[0].grey.astype(int) - second[0].grey).max() <= 1


def test_a_page_that_cannot_be_decoded_is_left_out_unless_it_is_the_first() -> None:
    data = animations.pages([noise((60, 40), seed) for seed in range(4)], compression="tiff_adobe_deflate")
    starts = [at for at in range(len(data)) if data.startswith(b"x\x9c", at)]
    assert len(starts) == 4
    broken = bytearray(data)
    broken[starts[2] : starts[2] + 20] = bytes(20)
    assert [frame.grey is not None for frame in frames_of(bytes(broken))] == [True, True, False, True]
    facts = fingerprint_sequence(bytes(broken))
    assert facts.video is not None
    assert (facts.frames, facts.video.decoded_frames) == (4, 3)
    broken[starts[0] : starts[0] + 20] = bytes(20)
    with pytest.raises(BadInput) as refused:
        frames_of(bytes(broken))
    assert refused.value.reason in (Reason.CORRUPT_MEDIA, Reason.TRUNCATED_MEDIA)


def test_of_many_pages_some_are_decoded_and_the_others_count() -> None:
    data = bare_tiff(1_000)
    found = frames_of(data)
    assert len(found) == 1_000
    assert [number for number, frame in enumerate(found) if frame.grey is not None] == list(range(0, 1_000, 4))
    facts = fingerprint_sequence(data)
    assert facts.video is not None
    assert (facts.kind, facts.frames) == ("video", 1_000)  # pages that nobody looked at may be any pages
    assert (facts.video.path, facts.video.decoded_frames) == ("index", 250)
    assert facts.video.duration_s == 1_000 * PAGE_MS / 1000


def test_the_pixels_of_all_pages_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tiff_pages(bare_tiff(40))
    monkeypatch.setattr(pages, "MAX_TOTAL_PIXELS", 10 * 64 * 64)
    assert page_step(found) == 4
    monkeypatch.setattr(pages, "MAX_TOTAL_PIXELS", 64 * 64)
    with pytest.raises(BadInput) as refused:
        page_step(found)
    assert refused.value.reason is Reason.TOO_LONG


def test_a_page_that_is_too_large_is_refused() -> None:
    data = animations.pages([noise((60, 40)), noise((600, 400))])
    with pytest.raises(BadInput) as refused:
        frames_of(data, ImageLimits(max_pixels=100_000))
    assert refused.value.reason is Reason.TOO_MANY_PIXELS


def test_more_pages_or_tags_than_any_file_has_are_refused() -> None:
    assert len(tiff_pages(bare_tiff(10_000))) == 10_000
    with pytest.raises(BadInput, match="10,000 pages") as refused:
        has_several_pictures(bare_tiff(10_001))
    assert refused.value.reason is Reason.TOO_LONG
    with pytest.raises(BadInput, match="entries") as refused:
        has_several_pictures(bare_tiff(1_200, entries=1_000))
    assert refused.value.reason is Reason.CORRUPT_MEDIA


def test_pages_in_a_circle_end() -> None:
    data = bytearray(bare_tiff(3))
    directories = [page.directory for page in tiff_pages(bytes(data))]
    data[-4:] = struct.pack("<I", directories[1])
    assert [page.directory for page in tiff_pages(bytes(data))] == directories


def test_pages_that_resemble_each_other_are_moments_of_their_own() -> None:
    page = Image.new("L", (400, 500), 250)
    page.paste(noise((300, 200)).convert("L"), (50, 40))
    second = page.copy()
    second.paste(0, (60, 400, 75, 410))
    facts = fingerprint_sequence(animations.pages([page, second, page]))
    starts = np.unique(unpack_frames(facts.hashes["frames:1"])["from_ms"])
    assert starts.tolist() == [0, PAGE_MS, 2 * PAGE_MS]

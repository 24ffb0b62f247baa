"""An animation is matched by all that it shows, whatever its format; one that shows a single picture is a picture."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streams.domain.fingerprint.formats import HEAD_BYTES, video_format_of
from streams.domain.fingerprint.image.fingerprint import compute_content_id, fingerprint_image
from streams.domain.fingerprint.sequence.fingerprint import fingerprint_sequence, has_several_pictures
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.hashes.frames import unpack_frames
from streams.domain.match.videos.comparison import compare_videos, find_picture
from streams.domain.policy.policy import DEFAULT_POLICY, Policy
from streams.domain.records import MediaFacts
from streams.errors import BadInput, Reason
from tests.support import animations
from tests.support.animations import COLOURS, FPS, SIZE, TRANSPARENT, Levels, Part, animated, apng, gif, shots
from tests.support.films import cached_file, encode
from tests.support.media import encode as encode_picture
from tests.support.media import noise, photo


def facts_of(data: bytes) -> MediaFacts:
    """The facts of a file of any kind."""
    if video_format_of(data[:HEAD_BYTES]):
        return fingerprint_video(data)
    return fingerprint_sequence(data) if has_several_pictures(data) else fingerprint_image(data)


def relation(known: MediaFacts, submitted: MediaFacts, policy: Policy = DEFAULT_POLICY) -> str:
    """How one video relates to another; empty for different videos."""
    match = compare_videos(known, submitted, policy, media_ids=("known", "submitted")).match
    return match.relation if match is not None else ""


def as_mp4(name: str, pictures: list[Image.Image]) -> bytes:
    return cached_file(name, lambda target: encode(target, pictures, fps=FPS)).read_bytes()


def title_card(seed: int = 9) -> Image.Image:
    return noise(SIZE, seed)


CLIP = shots(5, 4.0, begin_s=2.0)


@cache
def clip_as(form: str) -> bytes:
    return animated(CLIP, form)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "AVIF"])
def test_the_facts_of_an_animation_are_those_of_a_short_video(form: str) -> None:
    data = clip_as(form)
    facts = facts_of(data)
    assert (facts.kind, facts.format) == ("video", form.lower())
    assert (facts.width, facts.height) == SIZE
    assert facts.frames == len(CLIP)
    assert (facts.content_id, facts.size_bytes) == (compute_content_id(data), len(data))
    assert set(facts.hashes) == {"frames:1"}
    assert 0.1 < facts.quality <= 1
    video = facts.video
    assert video is not None
    assert video.codec == {"PNG": "apng", "AVIF": "av1"}.get(form, form.lower())
    assert (video.duration_s, video.frame_rate) == (4.0, FPS)
    assert (video.path, video.covers) == ("everything", "file")
    assert (video.decoded_frames, video.read_bytes) == (len(CLIP), len(data))
    assert 0 < video.poster_s < 4
    assert len(video.thumbnails_s) > 1
    assert facts_of(data) == facts


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_and_the_video_it_became_are_copies_of_each_other(form: str) -> None:
    video, moving = facts_of(as_mp4("clip.mp4", CLIP)), facts_of(clip_as(form))
    smaller = facts_of(animated([picture.resize((160, 90)) for picture in CLIP], "WEBP", quality=50))
    for one, other in itertools.permutations((video, moving, smaller), 2):
        assert relation(one, other) == "copy"


def test_a_part_of_a_film_as_a_gif_is_a_clip_of_it() -> None:
    film = facts_of(as_mp4("film-5.mp4", shots(5, 14.0)))
    clip = facts_of(clip_as("GIF"))
    assert relation(film, clip) == "clip_of"
    assert relation(clip, film) == "contains"


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_two_clips_behind_one_title_card_are_different(form: str) -> None:
    one, two = (facts_of(animated([title_card()] * 15 + shots(number, 2.0), form)) for number in (0, 3))
    assert one.kind == two.kind == "video"
    assert relation(one, two) == relation(two, one) == ""


def test_a_clip_that_fades_in_from_black_is_found() -> None:
    black = Image.new("RGB", SIZE)
    faded = [Image.blend(black, picture, min(1.0, number / 8)) for number, picture in enumerate(CLIP)]
    whole = facts_of(animated(faded, "WEBP", quality=90))
    small = facts_of(animated([each.resize((180, 102)) for each in faded], "WEBP"))
    assert relation(whole, small) == relation(small, whole) == "copy"
    assert relation(whole, facts_of(animated([black] * 3 + shots(4, 3.0), "WEBP"))) == ""


def test_two_faxes_behind_one_cover_sheet_are_different_and_a_copy_is_found() -> None:
    cover, *sheets = (photo(name, (420, 594)) for name in ("page.png", "coffee.png", "chelsea.png", "rocket.jpg"))
    one, two = animations.pages([cover, sheets[0], sheets[1]]), animations.pages([cover, sheets[2], sheets[1]])
    again = animations.pages(
        [each.convert("L").resize((300, 424)) for each in (cover, sheets[0], sheets[1])], compression="jpeg"
    )
    assert relation(facts_of(one), facts_of(again)) == "copy"
    assert relation(facts_of(one), facts_of(two)) == ""
    pages_swapped = facts_of(animations.pages([sheets[1], cover, sheets[0]]))
    assert relation(facts_of(one), pages_swapped) == ""


def test_a_policy_for_documents_lets_no_page_differ() -> None:
    sheets = [noise((210, 297), seed) for seed in range(12)]
    document = facts_of(animations.pages(sheets))
    again = facts_of(animations.pages([sheet.convert("L") for sheet in sheets], compression="jpeg"))
    changed = facts_of(animations.pages([*sheets[:5], noise((210, 297), 99), *sheets[6:]]))
    longer = facts_of(animations.pages([*sheets, noise((210, 297), 99)]))
    strict = Policy.of(video_share=0.99)
    assert relation(document, again, strict) == "copy"
    assert relation(document, changed) == "copy"
    assert relation(document, changed, strict) not in ("copy", "clip_of")
    assert relation(document, longer, strict) == "contains"


def test_one_frame_of_an_animation_appears_in_it_and_is_no_copy() -> None:
    facts = facts_of(animated([title_card()] * 5 + CLIP, "WEBP"))
    still = fingerprint_image(encode_picture(title_card(), "JPEG", quality=90))
    found = find_picture(facts, still, DEFAULT_POLICY)
    assert found[0].matches
    assert found[0].known_at_s == 0


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_one_frame_is_a_picture(form: str) -> None:
    data = animated([title_card()], form) if form != "TIFF" else animations.pages([title_card()])
    assert not has_several_pictures(data)
    assert facts_of(data).kind == "image"


def as_gif(frames: list[Levels]) -> bytes:
    grey = np.repeat(np.arange(COLOURS, dtype=np.uint8)[:, None] * 2, 3, axis=1)
    indices = [frame[..., 0] >> 1 for frame in frames]
    return gif([Part(np.where(each == TRANSPARENT, each + 1, each)) for each in indices], grey, SIZE)


def as_apng(frames: list[Levels]) -> bytes:
    return apng([Part(frame) for frame in frames], SIZE)


def as_tiff(frames: list[Levels]) -> bytes:
    return animations.pages([Image.fromarray(frame) for frame in frames])


@pytest.mark.parametrize("make", [as_gif, as_apng, as_tiff])
def test_frames_that_all_look_the_same_are_a_picture(make: Callable[[list[Levels]], bytes]) -> None:
    """The verdict of a picture is not escaped by showing it twice."""
    picture = np.asarray(photo("coffee.png", SIZE).convert("RGBA"))
    noisy, marked = picture.copy(), picture.copy()
    noisy[..., :3] ^= 2
    marked[60:66, 100:112, :3] = 0
    still, moving = make([picture, noisy, picture]), make([picture, noisy, marked])
    assert has_several_pictures(still)
    facts = facts_of(still)
    assert (facts.kind, facts.frames, facts.video) == ("image", 3, None)
    assert facts.hashes == fingerprint_image(still).hashes
    assert facts_of(moving).kind == "video"


def test_a_still_animation_with_another_default_picture_is_no_picture() -> None:
    """Programs show either of the two."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 30, 40, 4), dtype=np.uint8)
    still = apng([Part(pixels[0])] * 2, (40, 30))
    assert facts_of(still).kind == "image"
    assert facts_of(apng([Part(pixels[0])] * 2, (40, 30), default=pixels[1])).kind == "video"


def test_the_extra_hashes_of_a_policy_are_those_of_pictures() -> None:
    still = animations.pages([title_card()] * 2)
    assert "dhash64:1" in fingerprint_sequence(still, extra_hashes=("dhash64",)).hashes
    assert set(fingerprint_sequence(clip_as("WEBP"), extra_hashes=("dhash64",)).hashes) == {"frames:1"}


def test_an_animation_of_black_frames_has_facts_and_no_moments() -> None:
    facts = facts_of(animated([Image.new("RGB", SIZE, level) for level in ("black", "gray", "white")]))
    assert (facts.kind, facts.hashes, facts.quality) == ("video", {"frames:1": ""}, 0.0)


def test_a_moment_lasts_as_long_as_its_frame_is_shown() -> None:
    entries = unpack_frames(
        facts_of(animated([noise(SIZE, seed) for seed in range(3)], duration=2000)).hashes["frames:1"]
    )
    assert sorted({(int(entry["from_ms"]), int(entry["to_ms"])) for entry in entries}) == [
        (0, 2000),
        (2000, 4000),
        (4000, 6000),
    ]


@pytest.mark.parametrize("frames", [2, 3, 5])
def test_few_frames_are_compared_too(frames: int) -> None:
    pictures = [noise(SIZE, seed) for seed in range(frames)]
    known = facts_of(animated(pictures, duration=400))
    small = facts_of(animated([each.resize((120, 68)) for each in pictures], "WEBP", duration=400))
    other = facts_of(animated([pictures[0], *(noise(SIZE, 50 + seed) for seed in range(frames - 1))], duration=400))
    assert relation(known, small) == relation(small, known) == "copy"
    assert relation(known, other) == relation(other, known) == ""


def test_a_long_animation_is_refused() -> None:
    pictures = [noise((24, 20), seed) for seed in range(20)]
    with pytest.raises(BadInput) as refused:
        fingerprint_sequence(animated(pictures, duration=10_000), video_limits=VideoLimits(max_duration_s=150))
    assert refused.value.reason is Reason.TOO_LONG
    assert fingerprint_sequence(animated(pictures, duration=655_350)).video is not None


@pytest.mark.parametrize("make", [lambda: clip_as("WEBP"), lambda: animations.pages(CLIP[:9])])
def test_decoding_ends_when_its_time_is_up(make: Callable[[], bytes]) -> None:
    now_s = itertools.count(0.0, 10.0)
    for arguments in ({"clock": lambda: next(now_s)}, {"is_expired": lambda: True}):
        options: dict[str, Any] = arguments
        with pytest.raises(BadInput) as refused:
            fingerprint_sequence(make(), video_limits=replace(VideoLimits(), max_decode_s=50), **options)
        assert refused.value.reason is Reason.DECODE_TIMEOUT


def test_the_reported_animations_are_grouped_as_users_want(shared_data: Path) -> None:
    folder = shared_data / "reports" / "19_animations"
    wanted = json.loads((folder / "expected.json").read_text())
    facts = {path.name: facts_of(path.read_bytes()) for path in folder.iterdir() if path.suffix != ".json"}

    def joined(one: str, other: str) -> bool:
        both = facts[one], facts[other]
        return all(each.kind == "video" for each in both) and relation(*both) in ("copy", "clip_of")

    for group in (*wanted["groups"], *wanted["soft"]["groups"]):
        assert all(joined(one, other) for one, other in itertools.permutations(group, 2))
    for group in (*wanted["not_groups"], *wanted["soft"]["not_groups"]):
        assert not any(joined(one, other) for one, other in itertools.permutations(group, 2))

"""Frames are composed as the formats say, and are shown as long as browsers show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from streams.domain.fingerprint.formats import image_format_of
from streams.domain.fingerprint.image.file_structure import file_structure
from streams.domain.fingerprint.sequence import animation
from streams.domain.fingerprint.sequence.animation import animation_frames
from streams.domain.fingerprint.sequence.frames import SequenceFrame
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.errors import BadInput, Reason
from tests.support.animations import COLOURS, TRANSPARENT, Levels, Part, animated, apng, gif, shots
from tests.support.media import noise

SIZE = WIDTH, HEIGHT = 40, 30
LUMA = np.array([0.299, 0.587, 0.114])
Canvas = NDArray[np.float64]


def no_check() -> None:
    pass


def frames_of(data: bytes, check: Callable[[], None] = no_check) -> list[SequenceFrame]:
    form = image_format_of(data)
    return list(animation_frames(data, form, file_structure(data, form), VideoLimits(), check))


def greys(data: bytes) -> list[Levels]:
    found = [frame.grey for frame in frames_of(data)]
    assert all(grey is not None for grey in found)
    return [grey for grey in found if grey is not None]


def on_white(canvas: Canvas) -> Canvas:
    alpha = canvas[..., 3:] / 255
    return np.asarray((canvas[..., :3] * alpha + 255 * (1 - alpha)) @ LUMA)


def composed(
    parts: Sequence[Part], draw: Callable[[Part, Canvas], None], background: int, previous: int
) -> list[Canvas]:
    """The frames on white, by the rules of the formats; `draw` draws a part on its place of the canvas."""
    canvas, shown = np.zeros((HEIGHT, WIDTH, 4)), []
    for part in parts:
        before = canvas.copy()
        height, width = part.pixels.shape[:2]
        place = canvas[part.top : part.top + height, part.left : part.left + width]
        draw(part, place)
        shown.append(on_white(canvas))
        if part.disposal == background:
            place[:] = 0
        elif part.disposal == previous:
            canvas = before
    return shown


def draw_png(part: Part, place: Canvas) -> None:
    pixels = part.pixels.astype(float)
    if not part.blended:
        place[:] = pixels
        return
    over, under = pixels[..., 3:] / 255, place[..., 3:] / 255
    alpha = over + under * (1 - over)
    colour = pixels[..., :3] * over + place[..., :3] * under * (1 - over)
    place[..., :3] = np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    place[..., 3:] = 255 * alpha


def random_parts(rng: np.random.Generator, disposals: int, pixels: Callable[[int, int], Levels]) -> list[Part]:
    parts = []
    for number in range(6):
        width, height = SIZE if number == 0 else (int(rng.integers(1, WIDTH)), int(rng.integers(1, HEIGHT)))
        left, top = int(rng.integers(0, WIDTH - width + 1)), int(rng.integers(0, HEIGHT - height + 1))
        disposal, blended = int(rng.integers(0, disposals)), bool(rng.integers(0, 2))
        parts.append(Part(pixels(height, width), left, top, disposal, blended))
    return parts


@pytest.mark.parametrize("seed", range(20))
def test_png_frames_are_blended_and_disposed_of_as_the_format_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = random_parts(rng, 3, lambda height, width: rng.integers(0, 256, (height, width, 4), dtype=np.uint8))
    for found, wanted in zip(greys(apng(parts, SIZE)), composed(parts, draw_png, 1, 2), strict=True):
        assert np.abs(found - wanted).max() < 3


@pytest.mark.parametrize("seed", range(20))
def test_gif_frames_are_drawn_on_white_and_disposed_of_as_the_format_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 256, (COLOURS, 3), dtype=np.uint8)

    def pixels(height: int, width: int) -> Levels:
        indices = rng.integers(0, COLOURS, (height, width), dtype=np.uint8)
        return np.where(rng.uniform(size=(height, width)) < 0.4, np.uint8(TRANSPARENT), indices)

    def draw(part: Part, place: Canvas) -> None:
        drawn = part.pixels != TRANSPARENT
        place[drawn, :3], place[drawn, 3] = palette[part.pixels[drawn]], 255

    parts = random_parts(rng, 4, pixels)
    for found, wanted in zip(greys(gif(parts, palette, SIZE)), composed(parts, draw, 2, 3), strict=True):
        assert np.abs(found - wanted).max() < 2


def test_transparent_webp_frames_are_drawn_on_white() -> None:
    clear, opaque = Image.new("RGBA", SIZE, (0, 0, 0, 0)), noise(SIZE).convert("RGBA")
    found = greys(animated([opaque, clear], "WEBP", lossless=True, disposal=2))
    assert np.abs(found[0].astype(int) - np.asarray(noise(SIZE).convert("L"))).max() <= 1
    assert found[1].min() == 255


@pytest.mark.parametrize(
    ("delay_ms", "shown_ms"), [(0, 100), (10, 100), (20, 20), (70, 70), (60_000, 60_000), (65_530, 60_000)]
)
def test_frames_without_a_reasonable_duration_are_shown_as_browsers_show_them(delay_ms: int, shown_ms: int) -> None:
    indices = np.arange(3, dtype=np.uint8)
    parts = [Part(np.full((HEIGHT, WIDTH), index, np.uint8), delay=delay_ms // 10) for index in indices]
    palette = np.random.default_rng(0).integers(0, 256, (COLOURS, 3), dtype=np.uint8)
    pixels = np.random.default_rng(0).integers(0, 256, (3, HEIGHT, WIDTH, 4), dtype=np.uint8)
    for data in (gif(parts, palette, SIZE), apng([Part(each, delay=delay_ms) for each in pixels], SIZE)):
        found = frames_of(data)
        assert [(frame.at_ms, frame.shown_ms) for frame in found] == [(shown_ms * each, shown_ms) for each in range(3)]


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "AVIF"])
def test_the_frames_of_all_formats_have_the_same_times(form: str) -> None:
    durations_ms = [500, 40, 40, 120, 1000]
    pictures = [noise((64, 48), seed) for seed in range(5)]
    options: dict[str, Any] = {"speed": 10} if form == "AVIF" else {}
    found = frames_of(animated(pictures, form, duration=durations_ms, **options))
    assert [frame.shown_ms for frame in found] == durations_ms
    assert [frame.at_ms for frame in found] == [0, 500, 540, 580, 700]


def test_a_default_picture_that_is_not_part_of_the_animation_is_left_out() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, HEIGHT, WIDTH, 4), dtype=np.uint8)
    parts = [Part(each) for each in pixels[1:]]
    shown = greys(apng(parts, SIZE))
    assert [grey.tobytes() for grey in greys(apng(parts, SIZE, default=pixels[0]))] == [
        each.tobytes() for each in shown
    ]
    assert len(shown) == 2


def test_frames_are_turned_as_their_file_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    pictures = [noise((60, 40), seed) for seed in range(3)]
    found = frames_of(animated(pictures, "WEBP", lossless=True, exif=exif))
    assert {frame.size for frame in found} == {(40, 60)}
    turned = np.asarray(pictures[0].convert("L").transpose(Image.Transpose.ROTATE_270))
    assert found[0].grey is not None
    assert np.abs(found[0].grey.astype(int) - turned).max() <= 1


def test_of_a_long_animation_one_frame_in_an_eighth_of_a_second_is_sampled() -> None:
    pictures = [noise((24, 20), seed) for seed in range(100)]
    found = frames_of(animated(pictures, "WEBP", duration=40))
    sampled = [frame.at_ms for frame in found if frame.grey is not None]
    assert len(found) == 100
    assert len(sampled) == 32  # 4 s
    assert {at_ms // 125 for at_ms in sampled} == set(range(32))
    assert all(frame.grey is not None for frame in frames_of(animated(pictures[:60], "WEBP", duration=40)))


def test_broken_frames_are_left_out() -> None:
    data = bytearray(animated(shots(3, 1.0, size=(64, 48)), "PNG"))
    place = data.index(b"fdAT", len(data) // 2) + 20
    data[place : place + 30] = bytes(30)
    whole, broken = greys(animated(shots(3, 1.0, size=(64, 48)), "PNG")), greys(bytes(data))
    assert len(whole) - 2 <= len(broken) < len(whole)
    assert [grey.tobytes() for grey in broken[:2]] == [grey.tobytes() for grey in whole[:2]]


def test_a_gif_without_a_size_has_the_size_of_its_frames() -> None:
    data = bytearray(animated([noise(SIZE, seed) for seed in range(3)]))
    whole = greys(bytes(data))
    data[6:10] = bytes(4)
    assert [grey.shape for grey in greys(bytes(data))] == [(HEIGHT, WIDTH)] * 3
    assert np.abs(greys(bytes(data))[0].astype(int) - whole[0]).max() <= 1


def test_too_many_frames_and_too_many_pixels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = animated([noise(SIZE, seed) for seed in range(12)])
    monkeypatch.setattr(animation, "MAX_FRAMES", 11)
    with pytest.raises(BadInput, match="12 frames") as refused:
        frames_of(data)
    assert refused.value.reason is Reason.TOO_LONG
    monkeypatch.setattr(animation, "MAX_FRAMES", 12)
    assert len(frames_of(data)) == 12
    for form in ("GIF", "WEBP", "PNG", "AVIF"):
        data = animated([noise(SIZE, seed) for seed in range(12)], form)
        monkeypatch.setattr(animation, "MAX_TOTAL_PIXELS", 12 * WIDTH * HEIGHT)
        assert len(frames_of(data)) == 12
        monkeypatch.setattr(animation, "MAX_TOTAL_PIXELS", 12 * WIDTH * HEIGHT - 1)
        with pytest.raises(BadInput, match="pixels") as refused:
            frames_of(data)
        assert refused.value.reason is Reason.TOO_LONG


def test_giving_up_ends_the_decoding() -> None:
    seen = 0

    def check() -> None:
        nonlocal seen
        seen += 1
        if seen == 4:
            raise BadInput(Reason.DECODE_TIMEOUT, "enough")

    with pytest.raises(BadInput, match="enough"):
        frames_of(animated([noise(SIZE, seed) for seed in range(12)]), check)
    assert seen == 4

"""Reading media files: every refusal names the file and keeps its reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from streams.config.settings import load_settings
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.errors import BadInput, Reason
from streams.services.media_files import MediaFileError, PictureFile, VideoFile, read_media_file
from tests.support.media import animation, jpeg


def test_a_picture_is_read_with_its_fingerprint(folder: Path) -> None:
    (folder / "coffee.jpg").write_bytes(jpeg("coffee.png"))

    file = read_media_file(Path("coffee.jpg"), load_settings(), DEFAULT_POLICY)

    assert isinstance(file, PictureFile)
    assert (file.name, file.facts.format) == ("coffee.jpg", "jpeg")
    assert file.describe()[-1] == f"quality {file.facts.quality:.2f}"


def test_an_animation_is_read_as_a_video(folder: Path) -> None:
    (folder / "moving.webp").write_bytes(animation("WEBP", frames=5))
    (folder / "still.webp").write_bytes(animation("WEBP", frames=1))

    moving, still = (
        read_media_file(Path(name), load_settings(), DEFAULT_POLICY) for name in ("moving.webp", "still.webp")
    )

    assert isinstance(moving, VideoFile)
    assert "0.2 s" in moving.describe()
    assert moving.describe_reading().startswith("all of it")
    assert isinstance(still, PictureFile)


def test_a_tiff_of_several_pages_is_described_by_its_pages(folder: Path) -> None:
    (folder / "fax.tif").write_bytes(animation("TIFF", frames=5))

    fax = read_media_file(Path("fax.tif"), load_settings(), DEFAULT_POLICY)

    assert isinstance(fax, VideoFile)
    assert "5 pages" in fax.describe()


def test_a_pipe_is_refused_unread(folder: Path) -> None:
    os.mkfifo(folder / "pipe.gif")
    with pytest.raises(MediaFileError) as refused:
        read_media_file(Path("pipe.gif"), load_settings(), DEFAULT_POLICY)
    assert refused.value.reason == Reason.NOT_MEDIA


def test_a_refused_file_is_bad_input_that_names_the_file(folder: Path) -> None:
    (folder / "\x1b.jpg").write_bytes(b"Dear diary")

    with pytest.raises(MediaFileError) as refused:
        read_media_file(Path("\x1b.jpg"), load_settings(), DEFAULT_POLICY)

    assert isinstance(refused.value, BadInput)
    assert refused.value.reason == Reason.NOT_MEDIA
    assert str(refused.value).startswith(r"\x1b.jpg: not an image or video (")

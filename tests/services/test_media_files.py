"""Reading media files: every refusal names the file and keeps its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.config.settings import load_settings
from streams.domain.policy.policy import DEFAULT_POLICY
from streams.errors import BadInput, Reason
from streams.services.media_files import MediaFileError, PictureFile, read_media_file
from tests.support.media import jpeg


def test_a_picture_is_read_with_its_fingerprint(folder: Path) -> None:
    (folder / "coffee.jpg").write_bytes(jpeg("coffee.png"))

    file = read_media_file(Path("coffee.jpg"), load_settings(), DEFAULT_POLICY)

    assert isinstance(file, PictureFile)
    assert (file.name, file.facts.format) == ("coffee.jpg", "jpeg")
    assert file.describe()[-1] == f"quality {file.facts.quality:.2f}"


def test_a_refused_file_is_bad_input_that_names_the_file(folder: Path) -> None:
    (folder / "\x1b.jpg").write_bytes(b"Dear diary")

    with pytest.raises(MediaFileError) as refused:
        read_media_file(Path("\x1b.jpg"), load_settings(), DEFAULT_POLICY)

    assert isinstance(refused.value, BadInput)
    assert refused.value.reason == Reason.NOT_MEDIA
    assert str(refused.value).startswith(r"\x1b.jpg: not an image or video (")

"""The tour in the docs is what the script makes, and its pictures are small."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.console.screenshots import DOCS, MAX_BYTES, SCENES, Scene, tour_page


def test_the_page_is_what_the_script_writes() -> None:
    assert (DOCS / "tour.md").read_text() == tour_page(), "run make screenshots"


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_has_a_picture(scene: Scene) -> None:
    path = DOCS / "images" / f"{scene.name}.webp"
    with Image.open(path) as image:
        assert image.width in (390, 1280)
    assert path.stat().st_size <= MAX_BYTES


def test_the_readme_shows_three_of_them() -> None:
    text = (DOCS.parent / "README.md").read_text()

    assert sum(f"docs/images/{scene.name}.webp" in text for scene in SCENES) == 3

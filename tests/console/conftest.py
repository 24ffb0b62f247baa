"""A running system with a console, and a browser; tests that need a browser are skipped by name where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageDraw

from streams.config.api_keys import Role, make_key
from tests.api.conftest import Api
from tests.support.commands import running_system

ROLES: dict[str, frozenset[Role]] = {
    "ana": frozenset({"read", "submit", "moderate"}),
    "reader": frozenset({"read"}),
    "boss": frozenset({"admin"}),
}
TIMEOUT_MS = 60_000
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A system whose API has the keys `ana`, who moderates, `reader` and `boss`."""
    pytest.importorskip("chdb")
    pytest.importorskip("noida_db")
    folder = tmp_path_factory.mktemp("console")
    made = {name: make_key(name, roles, ("*",), rate="1000000/minute", expires=None) for name, roles in ROLES.items()}
    key_file = folder / "keys.yaml"
    key_file.write_text("keys:\n" + "".join(new.as_yaml() for new in made.values()))
    with running_system(folder, MEDIASIEVE_API_KEYS=str(key_file)) as running:
        yield Api(f"http://{running.api}", {name: new.key for name, new in made.items()}, folder, running.broker)


@pytest.fixture
def browser() -> Iterator[Any]:
    """Headless Chromium, as the machine has it; ends with the test, or its event loop is in the way of other tests."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any, system: Api) -> Iterator[Any]:
    """A page of a browser profile of its own; a test fails if a script of the console does, or is refused."""
    context = browser.new_context(base_url=system.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(TIMEOUT_MS)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    yield opened
    context.close()
    assert errors == []


def captioned(data: bytes, text: str = "SALE", share: float = 0.2) -> bytes:
    """A picture with a caption on a white bar: certainly the same picture, with something else in it."""
    image = Image.open(BytesIO(data)).convert("RGB")
    height = round(image.height * share)
    draw = ImageDraw.Draw(image)
    top = image.height - 2 * height
    draw.rectangle((0, top, image.width, top + height), fill="white")
    draw.text((image.width // 8, top + height // 5), text, fill="black", font_size=height // 2)
    written = BytesIO()
    image.save(written, "JPEG", quality=88)
    return written.getvalue()


def sign_in(page: Any, system: Api, key: str = "ana") -> None:
    """Opens the console and signs in."""
    page.goto("/console/")
    page.get_by_label("API key").fill(system.keys[key])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Pages").wait_for()

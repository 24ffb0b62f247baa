"""A running system with a console, and a browser; tests that need a browser are skipped by name where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from streams.config.api_keys import Role, make_key
from tests.api.conftest import Api
from tests.support.browsing import CHROMIUM, launch
from tests.support.commands import running_system

ROLES: dict[str, frozenset[Role]] = {
    "ana": frozenset({"read", "submit", "moderate"}),
    "reader": frozenset({"read"}),
    "boss": frozenset({"admin"}),
}
TIMEOUT_MS = 60_000


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
        launched = launch(started)
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

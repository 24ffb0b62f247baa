"""Makes the pictures of the console in the docs, from the demo's data: `make screenshots`."""

from __future__ import annotations

import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from streams.local.demo_samples import write_samples
from tests.api.conftest import eventually
from tests.console.conftest import CHROMIUM, captioned
from tests.support.commands import running_system

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
COLLECTION = "demo"
CAPTIONS = ("SALE -50 %", "@best_offers", "NEW")
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def main() -> None:
    """Starts a system, submits the samples and copies with captions, and takes the pictures."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        sys.exit("Install Chromium first: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, running_system(Path(home)) as running:
        url = f"http://{running.api}"
        with httpx.Client(base_url=url, timeout=60, params={"collection": COLLECTION}) as client:
            fill(client, Path(home))
        with sync_playwright() as started:
            browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            take_all(browser, url)
            browser.close()


def fill(client: httpx.Client, home: Path) -> None:
    """Submits the demo's samples, and photos with captions for somebody to look at."""
    for sample in write_samples(home / "samples"):
        submit(client, sample.path.relative_to(home / "samples").as_posix(), sample.path.read_bytes())
    for path, text in zip(sorted((home / "samples" / "photos").glob("*.jpg")), CAPTIONS, strict=False):
        slug = text.strip("@").split()[0].lower()
        submit(client, f"listings/{path.stem}-{slug}.jpg", captioned(path.read_bytes(), text))
    client.post("/v1/verdicts", json={"subject": "photos/chelsea.jpg", "status": "blocked", "scope": "content"})
    eventually(lambda: len(client.get("/v1/review").json()["groups"]) >= len(CAPTIONS))


def submit(client: httpx.Client, media_id: str, data: bytes) -> None:
    """Submits a file and waits for its decision."""
    answer = client.put(f"/v1/media/{media_id}", params={"wait_s": 30}, content=data)
    if answer.status_code != 422:  # of an empty file
        answer.raise_for_status()


def take_all(browser: Any, url: str) -> None:
    """The pages of the docs."""
    for name, size, colours, path in (
        ("console-queue", WIDE, "light", ""),
        ("console-group", WIDE, "light", "GROUP"),
        ("console-group-phone", PHONE, "dark", "GROUP"),
        ("console-media", WIDE, "dark", "media"),
    ):
        page = browser.new_context(base_url=url, viewport=size, color_scheme=colours).new_page()
        page.add_init_script("localStorage['mediasieve.blur'] = '\"none\"'")
        page.goto(f"/console/{'' if path == 'GROUP' else path}?collection={COLLECTION}")
        if path == "GROUP":
            page.locator("a.card", has_text="caption").first.click()
            page.get_by_role("figure").first.wait_for()
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(2500)  # thumbnails that were not written yet are asked for again
        image = Image.open(BytesIO(page.screenshot()))
        image.save(IMAGES / f"{name}.webp", quality=72, method=6)
        page.context.close()


if __name__ == "__main__":
    main()

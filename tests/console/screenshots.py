"""Makes the pictures of the console in the docs, and the page of the tour, from the demo's data: `make screenshots`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from streams.local.demo_samples import write_samples
from tests.api.conftest import eventually, mirrored
from tests.support.browsing import CHROMIUM, captioned, drop, launch
from tests.support.commands import running_system

DOCS = Path(__file__).resolve().parents[2] / "docs"
COLLECTION = "demo"
BLOCKED = "photos/chelsea.jpg"
#: Photos of the demo that come again with a caption, for somebody to look at.
LISTINGS = {"chelsea": "@best_offers", "coffee": "SALE -50 %", "rocket": "NEW", "motorcycle": "SOLD"}
WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 780}
MAX_BYTES = 90_000
WAIT_S = 30
TIMEOUT_MS = 120_000

#: No picture within the screen is still on its way.
LOADED = """() => [...document.images].every((image) => {
    const box = image.getBoundingClientRect();
    return box.bottom < 0 || box.top > innerHeight || (image.complete && image.naturalWidth > 0);
})"""


@dataclass(frozen=True)
class Scene:
    """A picture of the tour.

    Attributes:
        name: of its file.
        title: of its section.
        text: what somebody does and sees.
        enter: leads a page there; pages go on from scene to scene of the same look.
        phone: small and dark.
    """

    name: str
    title: str
    text: str
    enter: Callable[[Any, Path], None]
    phone: bool = False


def _queue(page: Any, _: Path) -> None:
    page.goto(f"/console/?collection={COLLECTION}")
    page.locator("a.card").nth(len(LISTINGS) - 1).wait_for()


def _group(page: Any, _: Path) -> None:
    page.get_by_role("link", name="listings/chelsea").first.click()
    page.get_by_role("heading", name="Why it matched").wait_for()


def _block(page: Any, _: Path) -> None:
    page.keyboard.press("b")
    page.get_by_text("Blocked: listings/chelsea").wait_for()
    page.get_by_role("figure").filter(has_text="Submitted").get_by_text("blocked", exact=True).wait_for()


def _search(page: Any, samples: Path) -> None:
    data = mirrored((samples / "photos" / "coffee.jpg").read_bytes())
    drop(page, "found-elsewhere.jpg", "image/jpeg", data)
    page.locator(".results a.card").first.wait_for()


def _media(page: Any, _: Path) -> None:
    page.goto(f"/console/media?collection={COLLECTION}&kind=image")
    page.locator(".grid li").nth(8).wait_for()


def _statistics(page: Any, _: Path) -> None:
    page.goto(f"/console/statistics?collection={COLLECTION}")
    page.get_by_role("heading", name="Confidence of matches").wait_for()


def _phone(page: Any, _: Path) -> None:
    page.goto(f"/console/?collection={COLLECTION}")
    page.get_by_role("link", name="listings/coffee").first.click()
    page.get_by_role("heading", name="Why it matched").wait_for()


SCENES = (
    Scene("console-queue", "What waits",
          "The queue has the groups that need a person. What resembles blocked media comes first.", _queue),
    Scene("console-group", "What differs",
          "Enter opens a group: the known picture beside the submitted one, the blocks that differ, and why they "
          "matched. Here somebody laid a caption over a picture that is blocked.", _group),
    Scene("console-block", "One key",
          "`b` blocks it, and every copy of it, past and future. `z` takes that back.", _block),
    Scene("console-search", "Seen before?",
          "A picture that is dropped on any page is searched for, and not stored. This one was mirrored.", _search),
    Scene("console-media", "Everything",
          "All media of a collection, by filters and words, in a grid that holds 100,000; one verdict on many.",
          _media),
    Scene("console-statistics", "What it saves",
          "Copies, bytes and calls to moderators that were saved, decisions as they come, latency by hop.",
          _statistics),
    Scene("console-phone", "Anywhere", "The same on a phone, in the dark.", _phone, phone=True),
)  # fmt: skip


def main() -> None:
    """Starts a system, submits the demo's samples and copies with captions, takes the pictures, writes the page."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        sys.exit("Install Chromium first: apt-get install chromium")
    (DOCS / "images").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, running_system(Path(home)) as running:
        url, samples = f"http://{running.api}", Path(home) / "samples"
        with httpx.Client(base_url=url, timeout=120, params={"collection": COLLECTION}) as client:
            fill(client, samples)
        with sync_playwright() as started:
            browser = launch(started)
            take_all(browser, url, samples)
            browser.close()
    (DOCS / "tour.md").write_text(tour_page())


def fill(client: httpx.Client, samples: Path) -> None:
    """Submits the demo's samples, and photos with captions for somebody to look at."""
    for sample in write_samples(samples):
        name = sample.path.relative_to(samples).as_posix()
        submit(client, name, sample.path.read_bytes(), wait_s=WAIT_S if name.startswith("photos/") else 0)
    verdict = {"subject": BLOCKED, "status": "blocked", "reason": "Not ours to sell."}
    client.post("/v1/verdicts", params={"wait_s": WAIT_S}, json=verdict).raise_for_status()
    for name, text in LISTINGS.items():
        submit(client, f"listings/{name}.jpg", captioned((samples / "photos" / f"{name}.jpg").read_bytes(), text))
    eventually(lambda: len(client.get("/v1/review").json()["groups"]) >= len(LISTINGS))


def submit(client: httpx.Client, media_id: str, data: bytes, wait_s: int = WAIT_S) -> None:
    """Submits a file and waits for its decision; the API refuses an empty one."""
    answer = client.put(f"/v1/media/{media_id}", params={"wait_s": wait_s}, content=data)
    if data and answer.is_error:
        raise RuntimeError(f"{media_id}: {answer.text}")


def take_all(browser: Any, url: str, samples: Path) -> None:
    """The pictures of the tour, in its order."""
    pages = {}
    for scene in SCENES:
        if scene.phone not in pages:
            look = {"viewport": PHONE, "color_scheme": "dark"} if scene.phone else {"viewport": WIDE}
            context = browser.new_context(base_url=url, device_scale_factor=1, reduced_motion="reduce", **look)
            context.set_default_timeout(TIMEOUT_MS)
            pages[scene.phone] = context.new_page()
            pages[scene.phone].add_init_script("localStorage['mediasieve.blur'] = '\"none\"'")
        page = pages[scene.phone]
        scene.enter(page, samples)
        page.wait_for_function(LOADED)
        save(page.screenshot(), DOCS / "images" / f"{scene.name}.webp")


def save(screenshot: bytes, path: Path) -> None:
    """As WebP, as well as it fits into MAX_BYTES."""
    image = Image.open(BytesIO(screenshot)).convert("RGB")
    for quality in (82, 74, 66, 58, 50):
        image.save(path, quality=quality, method=6)
        if path.stat().st_size <= MAX_BYTES:
            return


def tour_page() -> str:
    """docs/tour.md."""
    parts = [
        "# The console in 60 seconds",
        "`make screenshots` makes this page and its pictures, from the demo's data. `make demo` prints the address of\n"
        "the same console on your machine; [its page](operate/console.md) has the rest.",
    ]
    for number, scene in enumerate(SCENES, 1):
        parts += [f"## {number}. {scene.title}", scene.text, f"![{scene.title}](images/{scene.name}.webp)"]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()

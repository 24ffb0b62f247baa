"""What tests, benches and screenshots of the console do with a browser."""

from __future__ import annotations

import base64
import shutil
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from tests.api.conftest import Api

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

#: Drops a file on the page, as a person does with the mouse.
DROP = """([name, type, data]) => {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, { type }));
    document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
}"""


def launch(playwright: Any) -> Any:
    """Headless Chromium, as the machine has it."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])


def drop(page: Any, name: str, media_type: str, data: bytes) -> None:
    page.evaluate(DROP, [name, media_type, base64.b64encode(data).decode()])


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

"""The documentation is complete and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_type_hints

import pytest
from pydantic import BaseModel

from streams import metrics
from streams.config.settings import Settings
from streams.errors import Reason

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(linked), f"{target}: {path} has no such heading"


def test_every_page_is_in_the_index() -> None:
    listed = {(DOCS / target.partition("#")[0]).resolve() for target in LINK.findall((DOCS / "index.md").read_text())}
    assert set(DOCS.rglob("*.md")) - listed == {DOCS / "index.md"}


def test_every_metric_is_explained() -> None:
    page = (DOCS / "operate" / "metrics.md").read_text()
    exposed = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in metrics.REGISTRY.collect()
        if family.name.startswith("mediasieve_")
    }
    assert exposed == set(re.findall(r"`(mediasieve_\w+)`", page))


def test_every_reason_is_explained() -> None:
    page = (DOCS / "integrate" / "reasons.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == [str(reason) for reason in Reason]


def test_every_setting_is_explained() -> None:
    page = (DOCS / "operate" / "settings.md").read_text()
    parts: list[type[BaseModel]] = list(get_type_hints(Settings).values())
    variables = {str(field.validation_alias) for part in parts for field in part.model_fields.values()}
    assert set(re.findall(r"`(MEDIASIEVE_\w+)`", page)) - {"MEDIASIEVE_SECRETS_DIR"} == variables

"""Measures all families, or some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.lookalikes.families import picture_sets
from tests.bench.lookalikes.measure import FamilyFigures, measure_family

MEMBERS = 40
PHOTO_MEMBERS = 1_000
COPIED = 40


def run(
    folder: Path | None = None,
    *,
    members: int = MEMBERS,
    photo_members: int = PHOTO_MEMBERS,
    copied: int = COPIED,
    only: tuple[str, ...] = (),
    say: Callable[[str], None] = print,
) -> list[FamilyFigures]:
    """Measure all families; minutes.

    Args:
        folder: of photos that do not look alike; None takes the available photos.
        members: pictures drawn of each family.
        photo_members: garments and photos at most.
        copied: members of each family that are altered.
        only: names of families; empty for all.
        say: takes a line a family.
    """
    found = []
    with ProcessPoolExecutor() as pool:
        for shown in picture_sets(folder, count=members, photo_count=photo_members):
            if only and shown.name not in only:
                continue
            found.append(measure_family(shown, pool, copied=copied))
            say(f"{shown.name}: {found[-1].pictures} pictures")
    return found


def document(found: Sequence[FamilyFigures]) -> list[dict[str, Any]]:
    """The figures as JSON has them."""
    return [asdict(each) for each in found]

"""What a moderator says about a content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VerdictStatus = Literal["pending", "allowed", "review", "blocked"]


@dataclass(frozen=True)
class Verdict:
    """A moderator's verdict about a content; `pending` until there is one."""

    status: VerdictStatus = "pending"
    by: str | None = None
    reason: str | None = None
    at: str | None = None
    inherited_from: str | None = None

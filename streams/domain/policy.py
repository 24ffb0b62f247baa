"""Policy is data: what a collection compares by. Which collections there are is for the caller to say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules of one collection. `version` stands in every decision made under them."""

    version: str
    exact_only: bool


NEAR = Policy(version="default:1", exact_only=False)
EXACT = Policy(version="exact_only:1", exact_only=True)


class Policies:
    """The policy of every collection.

    Args:
        exact_only: collections in which only equal bytes match; they spread over all partitions. Moving a
            collection in or out of here moves its contents to other partitions: those known so far are
            then not found again.
    """

    def __init__(self, exact_only: Iterable[str] = ()) -> None:
        self._exact_only = frozenset(exact_only)

    def of(self, collection: str) -> Policy:
        return EXACT if collection in self._exact_only else NEAR

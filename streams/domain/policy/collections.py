"""Which collection has which policy."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from streams.domain.policy.policy import DEFAULT_POLICY, Policy

MAX_REMEMBERED: Final = 1024


class CollectionPolicies:
    """The policy of every collection.

    Args:
        default: of every collection that `collections` does not name.
        collections: names of collections, or patterns with `*`, `?` and `[…]`, with their policies. A name wins
            over every pattern, an earlier pattern over a later one.
    """

    def __init__(self, default: Policy = DEFAULT_POLICY, collections: Sequence[tuple[str, Policy]] = ()) -> None:
        self.default = default
        self.collections = tuple(collections)
        self._names = {name: policy for name, policy in collections if not is_pattern(name)}
        self._patterns = [(name, policy) for name, policy in collections if is_pattern(name)]
        self._remembered: dict[str, Policy] = {}

    def of(self, collection: str) -> Policy:
        policy = self._remembered.get(collection)
        if policy is None:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            policy = self._remembered[collection] = self.look_up(collection)
        return policy

    @property
    def recent_collections(self) -> frozenset[str]:
        """Collections whose policy `of` returned; the last thousand or so."""
        return frozenset(self._remembered)

    def look_up(self, collection: str) -> Policy:
        """The same as `of`, without remembering it."""
        if collection in self._names:
            return self._names[collection]
        return next((policy for pattern, policy in self._patterns if fnmatchcase(collection, pattern)), self.default)


def is_pattern(name: str) -> bool:
    return not set(name).isdisjoint("*?[")

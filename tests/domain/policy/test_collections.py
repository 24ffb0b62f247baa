"""Which collection has which policy."""

from __future__ import annotations

import pytest

from streams.domain.policy import collections
from streams.domain.policy.collections import CollectionPolicies
from streams.domain.policy.policy import Policy


def test_many_collections_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "MAX_REMEMBERED", 3)
    policies = CollectionPolicies()
    for number in range(10):
        policies.of(f"c{number}")

    assert len(policies.recent_collections) <= 3


def test_a_name_wins_over_every_pattern_and_an_earlier_pattern_over_a_later_one() -> None:
    one, two, three, rest = (Policy.of(name=name) for name in ("one", "two", "three", "rest"))
    policies = CollectionPolicies(rest, [("tenant-a*", one), ("tenant-*", two), ("tenant-ab", three), ("[xy]?", one)])

    expected = {"tenant-a": one, "tenant-ab": three, "tenant-b": two, "x1": one, "z1": rest, "tenant": rest}
    for _ in range(2):
        assert {name: policies.of(name) for name in expected} == expected

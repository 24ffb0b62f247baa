"""Precedence and inheritance as tables: docs/integrate/verdicts.md shows both."""

from __future__ import annotations

from itertools import permutations

import pytest

from streams.domain.moderation.inheritance import EVERY_STATUS, inherited_statuses, inherits
from streams.domain.moderation.precedence import strongest
from streams.domain.policy.policy import DEFAULT_POLICY, Policy
from streams.domain.records.verdict import GIVEN_STATUSES, SourceKind
from streams.domain.state.content import MAX_DRIFT_BLOCKS
from streams.domain.state.groups import GroupVerdict


def said(kind: SourceKind, offset: int, number: int = 0, at: str = "2026-01-01T00:00:00.000Z") -> GroupVerdict:
    return GroupVerdict(
        "sha256:aa", "a", "sha256:aa", kind, "x", None, "blocked", (), None, at, (offset, number), for_group=True
    )


#: The strongest first.
PRECEDENCE = [
    said("person", 9),
    said("person", 1, at="2027-01-01T00:00:00.000Z"),  # the times that events claim order nothing
    said("list", 20),
    said("list", 3, 1),
    said("list", 3, 0),
    said("model", 30),
    said("model", 2),
    said("rule", 40),
    said("rule", 0),
]


def test_a_withdrawal_uncovers_what_was_below() -> None:
    for number, expected in enumerate(PRECEDENCE):
        assert strongest(reversed(PRECEDENCE[number:])) == expected
    assert strongest([]) is None


def test_the_order_of_precedence_is_total() -> None:
    for pair in permutations(PRECEDENCE, 2):
        assert strongest(pair) == min(pair, key=PRECEDENCE.index)


@pytest.mark.parametrize(
    ("blocks", "policy", "expected"),
    [
        (0, DEFAULT_POLICY, {"allowed", "review", "blocked"}),
        (1, DEFAULT_POLICY, {"allowed", "review", "blocked"}),
        (2, DEFAULT_POLICY, {"review", "blocked"}),
        (3, DEFAULT_POLICY, {"review", "blocked"}),
        (4, DEFAULT_POLICY, set()),
        (MAX_DRIFT_BLOCKS, DEFAULT_POLICY, set()),
        (MAX_DRIFT_BLOCKS, Policy.of(max_differs=1, reuse_differs=1), set()),  # a clip inherits nothing
        (8, Policy.of(reuse_differs=0.2, allowed_differs=0), {"blocked"}),
        (0, Policy.of(reuse_differs=0), {"allowed", "review", "blocked"}),
        (1, Policy.of(reuse_differs=0), set()),
    ],
)
def test_what_a_copy_inherits_depends_on_how_much_differs(blocks: int, policy: Policy, expected: set[str]) -> None:
    statuses = inherited_statuses(blocks, policy)

    assert {status for status in GIVEN_STATUSES if inherits(statuses, status)} == expected
    assert all(inherits(EVERY_STATUS, status) for status in GIVEN_STATUSES)

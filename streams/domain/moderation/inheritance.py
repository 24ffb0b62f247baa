"""Which verdicts a copy inherits from its group: by how much it may differ from the group's canonical content.

A verdict that names the copy's own content always holds. From others of its group, `blocked` flows to every copy that
is certain, for to hide a forbidden picture behind a few changed pixels is what people try; `allowed` only where next to
nothing was added, for a caption can turn an allowed picture into another matter; `review` in between.
"""

from __future__ import annotations

from typing import Final

from streams.domain.policy.policy import Policy
from streams.domain.records.verdict import GivenStatus, Inheritance
from streams.domain.state.content import MAX_DRIFT_BLOCKS

_BITS: Final[dict[GivenStatus, int]] = {"allowed": 1, "review": 2, "blocked": 4}
EVERY_STATUS: Final = 7
BLOCKS: Final = 64
"""`Content.drift_blocks` counts these parts of a picture."""


def inherited_statuses(drift_blocks: int, policy: Policy) -> int:
    """The statuses that a content inherits from its group, as bits.

    Args:
        drift_blocks: by how much the content may differ from the group's canonical content (`Content.drift_blocks`).
        policy: of the submission.
    """
    if drift_blocks >= MAX_DRIFT_BLOCKS:  # as of a clip: it is another matter than the whole
        return 0
    limits: dict[GivenStatus, float] = {
        "allowed": policy.allowed_differs,
        "review": policy.review_differs,
        "blocked": policy.reuse_differs,
    }
    return sum(_BITS[status] for status, differs in limits.items() if drift_blocks <= int(differs * BLOCKS + 1e-9))


def told_inheritance(statuses: int, drift_blocks: int, *, is_video: bool, is_reviewed: bool) -> Inheritance | None:
    """What a decision says about the inheritance of its content; None if every verdict passes.

    Args:
        statuses: that pass, as bits.
        drift_blocks: of the content (`Content.drift_blocks`).
        is_video: the content is one.
        is_reviewed: the match goes to a person, and the content is in a group of its own.
    """
    if is_reviewed:
        return Inheritance([], "review")
    if statuses == EVERY_STATUS:
        return None
    passing = [status for status, bit in _BITS.items() if statuses & bit]
    return (
        Inheritance(passing, "clip") if is_video else Inheritance(passing, "changed", round(drift_blocks / BLOCKS, 4))
    )


def inherits(statuses: int, status: GivenStatus) -> bool:
    return bool(statuses & _BITS[status])

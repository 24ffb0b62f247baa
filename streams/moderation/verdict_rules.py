"""From labels and their scores to a status, and labels within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from streams.domain.records import Label
from streams.domain.records.moderation import MAX_LABELS, MAX_NAME_CHARS, MAX_REASON_CHARS
from streams.domain.records.verdict import GIVEN_STATUSES, GivenStatus
from streams.moderation.moderator import BadOption, ModeratorAnswer

MAX_RULES: Final = 1000


@dataclass(frozen=True, slots=True)
class VerdictRule:
    """A status for a label whose score is at least `at_least`; `label` is a name or a pattern with `*`."""

    label: str
    at_least: float
    status: GivenStatus

    def holds(self, label: Label) -> bool:
        return (1.0 if label.score is None else label.score) >= self.at_least and fnmatchcase(label.name, self.label)


@dataclass(frozen=True, slots=True)
class VerdictRules:
    """The first rule that holds for any label gives the status; if none does, `otherwise` does."""

    rules: tuple[VerdictRule, ...]
    otherwise: GivenStatus

    def status(self, labels: Sequence[Label]) -> tuple[GivenStatus, Label | None]:
        """The status, and the label that it is due to."""
        for rule in self.rules:
            found = [label for label in labels if rule.holds(label)]
            if found:
                return rule.status, max(found, key=lambda label: label.score or 0.0)
        return self.otherwise, None

    @classmethod
    def read(cls, value: object, path: tuple[str | int, ...]) -> VerdictRules:
        """The rules as they stand in a file: a list of `{label, at_least, status}`, and `{otherwise: status}` last.

        Raises:
            BadOption: names the wrong place.
        """
        if not isinstance(value, list) or not value or len(value) > MAX_RULES:
            raise BadOption(path, f"must be a list of 1 to {MAX_RULES} rules such as {{label: nudity, at_least: 0.8, "
                                  "status: blocked}, and {otherwise: allowed} at the end")  # fmt: skip
        *rules, last = value
        if not isinstance(last, dict) or last.keys() != {"otherwise"}:
            raise BadOption((*path, len(rules)), "the last rule must be {otherwise: allowed}, blocked or review")
        read = tuple(_rule(rule, (*path, number)) for number, rule in enumerate(rules))
        return cls(read, read_status(last["otherwise"], (*path, len(rules), "otherwise")))


def _rule(rule: Any, path: tuple[str | int, ...]) -> VerdictRule:
    if not isinstance(rule, dict) or not {"label", "status"} <= rule.keys() <= {"label", "status", "at_least"}:
        raise BadOption(path, "a rule has label, status and at_least")
    at_least = rule.get("at_least", 0)
    if isinstance(at_least, bool) or not isinstance(at_least, (int, float)) or not 0 <= at_least <= 1:
        raise BadOption((*path, "at_least"), "must be a number from 0 to 1")
    return VerdictRule(str(rule["label"]), float(at_least), read_status(rule["status"], (*path, "status")))


def read_status(value: object, path: tuple[str | int, ...]) -> GivenStatus:
    """A status as it stands in a file. Raises BadOption."""
    if value not in GIVEN_STATUSES:
        raise BadOption(path, f"must be one of {', '.join(GIVEN_STATUSES)}")
    return value


def bounded(answer: ModeratorAnswer) -> tuple[ModeratorAnswer, int]:
    """An answer whose labels and texts fit into a moderation event, and how many labels were cut.

    The labels with the highest scores stay; the reason says so.
    """
    labels = [
        Label(
            _cut(label.name, MAX_NAME_CHARS), _cut(label.parent, MAX_NAME_CHARS) if label.parent else None, label.score
        )
        for label in _highest(answer.labels)
        if label.name
    ]
    cut = len(answer.labels) - len(labels)
    reason = answer.reason or None
    if cut:
        said = f"{len(answer.labels):,} labels were given; the {len(labels)} with the highest scores are kept."
        reason = f"{_cut(reason, MAX_REASON_CHARS - len(said) - 1)} {said}" if reason else said
    version = _cut(answer.version, MAX_NAME_CHARS) if answer.version else None
    return ModeratorAnswer(answer.status, labels, _cut(reason, MAX_REASON_CHARS) if reason else None, version), cut


def _highest(labels: Sequence[Label]) -> Iterable[Label]:
    if len(labels) <= MAX_LABELS:
        return labels
    return sorted(labels, key=lambda label: -1.0 if label.score is None else label.score, reverse=True)[:MAX_LABELS]


def _cut(text: str, max_chars: int) -> str:
    text = text.replace("\0", "\ufffd")
    return text if len(text) <= max_chars else f"{text[: max_chars - 1]}…"

"""Rules over what a decision says about a medium: its metadata, size, format, the list that matched. Costs nothing.

    options:
      rules:
        - when: {facts.format: gif, facts.size_bytes: {above: 5000000}}
          status: review
          reason: A large animation.
        - when: {metadata.uploader.trusted: true}
          status: allowed

The first rule whose conditions all hold gives the verdict. If none does, the next moderator of the collection is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

import orjson

from streams.domain.records import Label
from streams.domain.records.moderation import MAX_REASON_CHARS
from streams.domain.records.verdict import GivenStatus
from streams.moderation.moderator import BadOption, ItemAnswer, Moderator, ModeratorAnswer, PluginContext, Question
from streams.moderation.verdict_rules import MAX_RULES, read_status

Where = tuple[str | int, ...]
MAX_PATTERN_CHARS, MAX_TEXT_CHARS, MAX_STARS = 256, 4096, 4


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _like(value: object, pattern: str) -> bool:
    return isinstance(value, str) and fnmatchcase(value[:MAX_TEXT_CHARS], pattern)


#: Tests of a value; `None` is a field that is absent.
TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "is": lambda value, wanted: (type(value) is type(wanted) and bool(value == wanted))
    or (_is_number(value) and _is_number(wanted) and bool(value == wanted)),
    "one_of": lambda value, wanted: value in wanted,
    "above": lambda value, wanted: _is_number(value) and bool(value > wanted),
    "below": lambda value, wanted: _is_number(value) and bool(value < wanted),
    "like": _like,
    "has": lambda value, wanted: isinstance(value, (list, str)) and wanted in value,
    "exists": lambda value, wanted: (value is not None) is wanted,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """A test of one field of the decision."""

    path: tuple[str, ...]
    test: Callable[[Any, Any], bool]
    wanted: Any

    def holds(self, document: Any) -> bool:
        for name in self.path:
            document = document.get(name) if isinstance(document, dict) else None
        return self.test(document, self.wanted)


@dataclass(frozen=True, slots=True)
class Rule:
    """A verdict for the decisions in which all conditions hold."""

    conditions: tuple[Condition, ...]
    answer: ModeratorAnswer


class Rules(Moderator):
    """Gives the verdict of the first rule that holds."""

    sends = "hashes"
    is_free = True

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules

    async def ask(self, questions: Sequence[Question], key: int) -> Sequence[ItemAnswer]:
        return [self._answer(question) for question in questions]

    def _answer(self, question: Question) -> ModeratorAnswer | None:
        document = orjson.loads(question.decision.to_json())
        return next(
            (rule.answer for rule in self._rules if all(each.holds(document) for each in rule.conditions)), None
        )


def make_rules(context: PluginContext) -> Rules:
    """The plug-in `rules`. Raises BadOption."""
    rules = context.options.get("rules")
    if context.options.keys() - {"rules"} or not isinstance(rules, list) or not 0 < len(rules) <= MAX_RULES:
        raise BadOption((), f"must have `rules`: a list of 1 to {MAX_RULES}, and nothing else")
    return Rules([_rule(rule, ("rules", number)) for number, rule in enumerate(rules)])


def _rule(rule: Any, where: Where) -> Rule:
    if not isinstance(rule, dict) or not {"when", "status"} <= rule.keys() <= {"when", "status", "label", "reason"}:
        raise BadOption(where, "a rule has when and status, and may have label and reason")
    when = rule["when"]
    if not isinstance(when, dict):
        raise BadOption((*where, "when"), "must be a mapping such as {facts.width: {below: 50}}; {} always holds")
    conditions = tuple(
        condition for path, test in when.items() for condition in _conditions(str(path), test, (*where, "when", path))
    )
    status: GivenStatus = read_status(rule["status"], (*where, "status"))
    labels = [Label(str(rule["label"]))] if rule.get("label") else []
    reason = str(rule["reason"])[:MAX_REASON_CHARS] if rule.get("reason") else None
    return Rule(conditions, ModeratorAnswer(status, labels, reason))


def _conditions(path: str, tests: Any, where: Where) -> list[Condition]:
    if not isinstance(tests, dict):
        tests = {"is": tests}
    found = []
    for name, wanted in tests.items():
        if name not in TESTS:
            raise BadOption((*where, name), f"must be one of {', '.join(TESTS)}")
        _check(name, wanted, (*where, name))
        found.append(Condition(tuple(path.split(".")), TESTS[name], wanted))
    return found


def _check(name: str, wanted: Any, where: Where) -> None:
    if name in ("above", "below") and not _is_number(wanted):
        raise BadOption(where, "must be a number")
    if name == "one_of" and not isinstance(wanted, list):
        raise BadOption(where, "must be a list")
    if name == "exists" and not isinstance(wanted, bool):
        raise BadOption(where, "must be true or false")
    if name == "like" and not (
        isinstance(wanted, str) and len(wanted) <= MAX_PATTERN_CHARS and wanted.count("*") <= MAX_STARS
    ):
        raise BadOption(where, f"must be a pattern of at most {MAX_PATTERN_CHARS} characters with at most "
                               f"{MAX_STARS} stars")  # fmt: skip

"""From a moderator's response to answers. A response without a clear decision does not count as an answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from streams.domain.records import Label
from streams.domain.records.verdict import GivenStatus
from streams.errors import Reason
from streams.moderation.http.mapping import LabelsPart, ResponsePart
from streams.moderation.moderator import ItemAnswer, ModeratorAnswer, ModeratorFailure, Question
from streams.moderation.verdict_rules import VerdictRules

MAX_LABELS_READ: Final = 100_000
MAX_QUOTED_CHARS: Final = 100


def find(document: Any, path: str) -> Any:
    """The value at a path; None if there is none. `.` is the document itself."""
    for found in find_all(document, path):
        return found
    return None


def find_all(document: Any, path: str) -> Iterator[Any]:
    """All values at a path in which `*` stands for every entry of a list or object."""
    if path in ("", "."):
        yield document
        return
    name, _, rest = path.partition(".")
    if name == "*":
        for entry in _entries(document):
            yield from find_all(entry, rest)
    elif isinstance(document, dict) and name in document:
        yield from find_all(document[name], rest)
    elif isinstance(document, list) and name.isdecimal() and int(name) < len(document):
        yield from find_all(document[int(name)], rest)


def _entries(document: Any) -> Sequence[Any]:
    if isinstance(document, dict):
        return list(document.values())
    return document if isinstance(document, list) else []


def read_answers(
    response: Any, part: ResponsePart, rules: VerdictRules | None, questions: Sequence[Question]
) -> list[ItemAnswer]:
    """The answers to the questions of one call, in their order.

    Raises:
        ModeratorFailure: the response does not have the items that it should.
    """
    if part.items is None:
        return [read_answer(response, part, rules)]
    items = find(response, part.items)
    if not isinstance(items, list):
        raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, f"there is no list at {part.items!r}")
    if part.id is None:
        if len(items) != len(questions):
            detail = f"{len(items)} items answer {len(questions)} questions"
            raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, detail)
        return [read_answer(item, part, rules) for item in items]
    by_id = {str(find(item, part.id)): item for item in items}
    absent = ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, "the response lacks this item")
    return [
        read_answer(by_id[question.content_id], part, rules) if question.content_id in by_id else absent
        for question in questions
    ]


def read_answer(item: Any, part: ResponsePart, rules: VerdictRules | None) -> ItemAnswer:
    """The answer to one question, or why it is none."""
    trouble = find(item, part.error) if part.error is not None else None
    if trouble:
        return ModeratorFailure(Reason.MODERATOR_UNAVAILABLE, f"it reports an error: {_quoted(trouble)}")
    try:
        labels = list(_labels(item, part.labels)) if part.labels is not None else []
        status, due_to = _status(item, part, rules, labels)
    except ModeratorFailure as failure:
        return failure
    reason = _text(find(item, part.reason)) if part.reason is not None else None
    if reason is None and due_to is not None:
        score = "" if due_to.score is None else f" {due_to.score:.2f}"
        reason = f"{due_to.name}{score}"
    version = _text(find(item, part.version)) if part.version is not None else None
    return ModeratorAnswer(status, labels, reason, version)


def _status(
    item: Any, part: ResponsePart, rules: VerdictRules | None, labels: Sequence[Label]
) -> tuple[GivenStatus, Label | None]:
    if part.status is not None:
        said = find(item, part.status)
        key = str(said).lower() if isinstance(said, bool) else str(said)
        if said is not None and key in part.statuses:
            return part.statuses[key], None
        if rules is None or said is not None:
            raise ModeratorFailure(
                Reason.MODERATOR_BAD_ANSWER, f"{part.status!r} is {_quoted(said)}; expected one of "
                                             f"{', '.join(part.statuses)}"
            )  # fmt: skip
    assert rules is not None, "make_http has checked that there are rules where there is no status"
    return rules.status(labels)


def _labels(item: Any, part: LabelsPart) -> Iterator[Label]:
    found = list(find_all(item, part.path))
    if not found:
        raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, f"there are no labels at {part.path!r}")
    number = 0
    for container in found:
        for label in _labels_in(container, part):
            number += 1
            if number > MAX_LABELS_READ:
                raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, f"more than {MAX_LABELS_READ:,} labels")
            yield label


def _labels_in(container: Any, part: LabelsPart) -> Iterator[Label]:
    if part.form == "map":
        if not isinstance(container, dict):
            raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, f"there is no object at {part.path!r}")
        yield from _labels_in_map(container, part, None)
        return
    entries = container if isinstance(container, list) else [container]
    for entry in entries:
        name = _text(entry if part.form == "names" else find(entry, part.name))
        if name is None:
            raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, f"a label has no name: {_quoted(entry)}")
        score = _score(find(entry, part.score), part) if part.score is not None else None
        yield Label(name, _text(find(entry, part.parent)) if part.parent is not None else None, score)


def _labels_in_map(container: dict[str, Any], part: LabelsPart, parent: str | None) -> Iterator[Label]:
    """A map of maps: the outer name is the parent. Values other than scores and maps are ignored."""
    for name, value in container.items():
        if isinstance(value, dict) and parent is None:
            yield from _labels_in_map(value, part, name)
        elif _is_score(value, part):
            yield Label(name, parent, _score(value, part))


def _is_score(value: Any, part: LabelsPart) -> bool:
    return value in part.words if isinstance(value, str) else type(value) in (int, float)


def _score(value: Any, part: LabelsPart) -> float:
    if isinstance(value, str) and value in part.words:
        return part.words[value]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, f"a score is {_quoted(value)}")
    score = value / part.scale
    if not 0 <= score <= 1:
        raise ModeratorFailure(Reason.MODERATOR_BAD_ANSWER, f"a score is {_quoted(value)}, not 0 to {part.scale:g}")
    return float(score)


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != "" else None


def _quoted(value: Any) -> str:
    return repr(value)[:MAX_QUOTED_CHARS]

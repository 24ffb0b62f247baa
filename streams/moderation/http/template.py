"""Templates with `${name}`: they turn a question into a request.

A text that is one placeholder becomes the value with its type. An entry of a mapping or list whose placeholder has no
value is left out; within a longer text, it becomes empty.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from streams.moderation.moderator import BadOption, Question

PLACEHOLDER: Final = re.compile(r"\$\{([A-Za-z0-9_.:-]{1,128})\}")
_ABSENT: Final = object()

#: Placeholders of a question; `hash.NAME` and `metadata.NAME` are open.
VALUES: Final[dict[str, Callable[[Question], Any]]] = {
    "url": lambda question: question.url,
    "bytes_base64": lambda question: None if question.data is None else base64.b64encode(question.data).decode(),
    "content_id": lambda question: question.content_id,
    "sha256": lambda question: _sha256(question.content_id),
    "media_id": lambda question: question.decision.media_id,
    "collection": lambda question: question.decision.collection,
    "decision_id": lambda question: question.decision.decision_id,
    "kind": lambda question: question.decision.kind,
    "format": lambda question: question.decision.facts and question.decision.facts.format,
    "width": lambda question: question.decision.facts and question.decision.facts.width,
    "height": lambda question: question.decision.facts and question.decision.facts.height,
    "size_bytes": lambda question: question.decision.facts and question.decision.facts.size_bytes,
}


def _sha256(content_id: str) -> str | None:
    """The digest of the whole medium; a video that was read in parts has none."""
    return content_id.removeprefix("sha256:") if content_id.startswith("sha256:") else None


def value_of(name: str, question: Question) -> Any:
    """The value of a placeholder; None if the question has none."""
    if name in VALUES:
        return VALUES[name](question)
    if name.startswith("hash."):
        facts = question.decision.facts
        wanted = name.removeprefix("hash.")
        hashes = facts.hashes if facts is not None else {}
        return next((found for key, found in hashes.items() if wanted in (key, key.partition(":")[0])), None)
    value: Any = question.decision.metadata
    for part in name.removeprefix("metadata.").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def check_template(template: Any, path: tuple[str | int, ...], further: frozenset[str] = frozenset()) -> None:
    """Raises BadOption for a placeholder that no question has."""
    for name, where in _placeholders(template, path):
        if name not in VALUES and name not in further and not name.startswith(("hash.", "metadata.")):
            known = ", ".join(sorted((*VALUES, *further, "hash.NAME", "metadata.NAME")))
            raise BadOption(where, f"there is no ${{{name}}}; there are {known}")


def _placeholders(template: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    if isinstance(template, str):
        for name in PLACEHOLDER.findall(template):
            yield name, path
    elif isinstance(template, dict):
        for key, entry in template.items():
            yield from _placeholders(entry, (*path, key))
    elif isinstance(template, list):
        for number, entry in enumerate(template):
            yield from _placeholders(entry, (*path, number))


def fill(template: Any, value: Callable[[str], Any]) -> Any:
    """The template with its values; None if it is nothing but a placeholder without one."""
    filled = _fill(template, value)
    return None if filled is _ABSENT else filled


def _fill(template: Any, value: Callable[[str], Any]) -> Any:
    if isinstance(template, str):
        whole = PLACEHOLDER.fullmatch(template)
        if whole:
            found = value(whole[1])
            return _ABSENT if found is None else found
        return PLACEHOLDER.sub(lambda match: _text(value(match[1])), template)
    if isinstance(template, dict):
        entries = ((name, _fill(entry, value)) for name, entry in template.items())
        return {name: entry for name, entry in entries if entry is not _ABSENT}
    if isinstance(template, list):
        return [entry for each in template if (entry := _fill(each, value)) is not _ABSENT]
    return template


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def values_of(question: Question, further: Mapping[str, Any]) -> Callable[[str], Any]:
    """The values of placeholders: those of `further` first."""
    return lambda name: further[name] if name in further else value_of(name, question)

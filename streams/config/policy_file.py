"""The policy file: which rules there are and which collection has which, read with the line of every mistake.

What a rule means and what it may be is streams/domain/policy.py; reading the file again when it changes is
streams/policy_watch.py. deploy/policies.example.yaml shows the form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from streams.domain.fingerprint.image import pdq
from streams.domain.policy.collections import CollectionPolicies, is_pattern
from streams.domain.policy.policy import RULE_NAMES, Policy
from streams.domain.policy.validation import NAME_REGEX, BadRule
from streams.domain.records import COLLECTION_REGEX
from streams.errors import ConfigurationError

MAX_BYTES = 256 << 10
MAX_DEPTH = 8
MAX_PROBLEMS = 50
MAX_PROBLEM_CHARS = 400
MAX_VALUE_CHARS = 1000
MAX_PATTERNS = 256
SECTIONS = ("policies", "collections")
#: What a policy may say in a file, where its name stands as the key.
FILE_RULES = tuple(rule for rule in RULE_NAMES if rule != "name")
PATTERN_FORM = re.compile(r"(?:[a-z0-9._*?-]|\[!?[a-z0-9._-]+\]){1,128}")


class Problem(Exception):
    """One mistake; `line` counts from 1, and is 0 where it is about the whole file."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line, self.text = line, text


class PolicyFileError(ConfigurationError):
    """A policy file that cannot be used; `lines` has one `file:line: what is wrong; what would be right` each."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        ordered = sorted(problems, key=lambda problem: problem.line)[:MAX_PROBLEMS]
        self.lines = tuple(
            f"{path}:{problem.line or ''}{':' if problem.line else ''} {problem.text[:MAX_PROBLEM_CHARS]}"
            for problem in ordered
        )
        more = f" (and {len(problems) - 1} more, which `mediasieve policy check` tells)" if len(problems) > 1 else ""
        super().__init__(self.lines[0] + more)


def load_policies(path: Path | None) -> CollectionPolicies:
    """The policies of a file; without one, the default policy for every collection.

    Raises:
        PolicyFileError: the file is missing, is no YAML, or says what cannot be; nothing of it counts then.
    """
    if path is None:
        return CollectionPolicies()
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PolicyFileError(path, [Problem(0, f"cannot be read: {error.strerror}")]) from error
    reader = _Reader()
    policies = reader.read(data)
    if reader.problems:
        raise PolicyFileError(path, reader.problems)
    if any("pdq256" in policy.also for policy in (policies.default, *(each for _, each in policies.collections))):
        try:
            pdq.load_pdqhash()
        except ConfigurationError as error:
            raise PolicyFileError(path, [Problem(0, str(error))]) from error
    return policies


class _Reader:
    """One reading of a file, which goes on after a mistake to find the others; they are in `problems`."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, data: bytes) -> CollectionPolicies:
        """What the file says; to be used only where there are no problems."""
        try:
            root = _root(data)
        except Problem as problem:
            self.problems.append(problem)
            return CollectionPolicies()
        sections = {key.value: value for key, value in self._entries(root, "the file", SECTIONS)}
        named = {"default": Policy()}
        if "policies" in sections:
            named |= dict(self._policies(sections["policies"]))
        if "collections" not in sections:
            return CollectionPolicies(named["default"])
        return CollectionPolicies(named["default"], list(self._collections(sections["collections"], named)))

    def _wrong(self, node: yaml.Node, text: str) -> None:
        self.problems.append(Problem(_line(node), text))

    def _entries(
        self, node: yaml.Node, what: str, known: tuple[str, ...] | None = None
    ) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """Keys and values of a mapping; keys that are unknown or were seen before are problems.

        A key counts as it was written, so that a collection may be called `no` or `2024`.
        """
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"{what} must be a mapping, with `key: value` in each line")
            return
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, f"a key of {what} must be a single word")
            elif key.value in lines:
                self._wrong(key, f"{key.value!r} stands here a second time; the first is in line {lines[key.value]}")
            elif known is not None and key.value not in known:
                self._wrong(key, f"{what} has no {key.value!r}{_nearest(key.value, known)}")
            else:
                lines[key.value] = _line(key)
                yield key, value

    def _policies(self, node: yaml.Node) -> Iterator[tuple[str, Policy]]:
        for key, rules in self._entries(node, "policies"):
            name = str(key.value)
            if NAME_REGEX.fullmatch(name):
                entries = {each.value: value for each, value in self._entries(rules, f"policy {name}", FILE_RULES)}
                yield name, self._policy(name, entries, key)
            else:
                self._wrong(key, f"a policy cannot be called {name!r}; 1 to 64 of a-z, 0-9, '_' and '-'")

    def _policy(self, name: str, entries: dict[str, yaml.Node], node: yaml.Node) -> Policy:
        """The policy of these rules; those that cannot be become problems, one after the other."""
        values: dict[str, Any] = {}
        for rule, value in entries.items():
            try:
                values[rule] = _value(value)
            except (yaml.YAMLError, ValueError, LookupError, TypeError):
                self._wrong(value, f"{rule} has a value that is not understood")
        while True:
            try:
                return Policy.of(name=name, **values)
            except BadRule as error:
                self._wrong(entries.get(error.rule, node), str(error))
                if error.rule not in values:
                    return Policy(name=name)
                del values[error.rule]

    def _collections(self, node: yaml.Node, named: dict[str, Policy]) -> Iterator[tuple[str, Policy]]:
        patterns: dict[str, int] = {}
        for key, value in self._entries(node, "collections"):
            form, name = str(key.value), value.value if isinstance(value, yaml.ScalarNode) else None
            hidden_by = next((other for other in patterns if _covers(other, form)), None)
            if not (PATTERN_FORM if is_pattern(form) else COLLECTION_REGEX).fullmatch(form):
                possible = "a-z, 0-9, '.', '_' and '-', or a pattern of these with *, ? and [...]"
                self._wrong(key, f"no collection is called {form!r}; {possible}")
            elif name not in named:
                given = "no single policy" if name is None else f"no policy {name!r}"
                self._wrong(value, f"for {form} there is {given}{_nearest(name or '', tuple(named))}")
            elif hidden_by is not None:
                where = f"because {hidden_by} in line {patterns[hidden_by]} comes first"
                self._wrong(key, f"{form} is never reached, {where}")
            elif len(patterns) == MAX_PATTERNS and is_pattern(form):
                self._wrong(key, f"these are more than {MAX_PATTERNS} patterns; names may be as many as you like")
                return
            else:
                if is_pattern(form):
                    patterns[form] = _line(key)
                yield form, named[name]


class _Loader(yaml.SafeLoader):
    """YAML as far as a policy file needs it: without aliases, which can make much of little, and not deep."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise Problem(line, "an alias (*name) is not understood here; write it out")
        if self.depth >= MAX_DEPTH:
            raise Problem(line, "this is nested too deep for a policy file")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _root(data: bytes) -> yaml.Node:
    """The document as nodes that know their lines.

    Raises:
        Problem: it is none.
    """
    if len(data) > MAX_BYTES:
        raise Problem(0, f"is larger than {MAX_BYTES >> 10} KiB")
    try:
        text = data.decode("utf-8-sig")
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise Problem(data.count(b"\n", 0, error.start) + 1, "this is no UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Problem(mark.line + 1 if mark else 0, f"this is no YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        raise Problem(text.count("\n", 0, error.position) + 1, f"this is no YAML: {error.reason}") from error
    if root is None:
        raise Problem(0, "is empty; `policies: {}` would stand for the defaults")
    return root


def _value(node: yaml.Node) -> Any:
    """What a node means, in YAML's plain types; errors of many kinds where its text is not of its type."""
    if node.end_mark.index - node.start_mark.index > MAX_VALUE_CHARS:
        raise ValueError("longer than any value of a rule")
    return yaml.constructor.SafeConstructor().construct_object(node, deep=True)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _nearest(word: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; it may be {', '.join(known)}"


def _covers(form: str, later: str) -> bool:
    """Whether all that a later pattern matches is surely matched by this one; tells only of patterns with `*` alone."""
    if not is_pattern(later) or set("?[") & set(form) or "[" in later:
        return False
    return re.fullmatch(".*".join(map(re.escape, form.split("*"))), later) is not None

"""Reads the policy file: policies, and which collection has which. Every mistake is named with its line.

Rules are defined in streams/domain/policy. live_policies.py reads the file again when it changes.
deploy/policies.example.yaml is an example.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from streams.config.yaml_file import YamlProblem, line_of, read_root, suggestion
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
#: The rules of a policy in a file, where its name is the key.
FILE_RULES = tuple(rule for rule in RULE_NAMES if rule != "name")
PATTERN_REGEX = re.compile(r"(?:[a-z0-9._*?-]|\[!?[a-z0-9._-]+\]){1,128}")


class PolicyFileError(ConfigurationError):
    """A policy file that cannot be used. `lines` has a line for every mistake: `file:line: mistake; how to mend it`."""

    def __init__(self, path: Path, problems: Sequence[YamlProblem]) -> None:
        ordered = sorted(problems, key=lambda problem: problem.line)[:MAX_PROBLEMS]
        self.lines = tuple(
            f"{path}:{problem.line or ''}{':' if problem.line else ''} {problem.text[:MAX_PROBLEM_CHARS]}"
            for problem in ordered
        )
        more = f" (and {len(problems) - 1} more; run `mediasieve policy check` to see all)" if len(problems) > 1 else ""
        super().__init__(self.lines[0] + more)


def load_policies(path: Path | None) -> CollectionPolicies:
    """The policies of a file. Without a file, every collection has the default policy.

    Raises:
        PolicyFileError: the file is missing, is not valid YAML, or has a mistake.
    """
    if path is None:
        return CollectionPolicies()
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PolicyFileError(path, [YamlProblem(0, f"cannot be read: {error.strerror}")]) from error
    reader = _Reader()
    policies = reader.read(data)
    if reader.problems:
        raise PolicyFileError(path, reader.problems)
    if any("pdq256" in policy.also for policy in (policies.default, *(policy for _, policy in policies.collections))):
        try:
            pdq.load_pdqhash()
        except ConfigurationError as error:
            raise PolicyFileError(path, [YamlProblem(0, str(error))]) from error
    return policies


class _Reader:
    """Reads one file. Goes on after a mistake to find the others, and collects them in `problems`."""

    def __init__(self) -> None:
        self.problems: list[YamlProblem] = []

    def read(self, data: bytes) -> CollectionPolicies:
        """The policies; valid only if `problems` is empty."""
        try:
            root = read_root(data, MAX_BYTES, MAX_DEPTH)
        except YamlProblem as problem:
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
        self.problems.append(YamlProblem(line_of(node), text))

    def _entries(
        self, node: yaml.Node, what: str, known: tuple[str, ...] | None = None
    ) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """The keys and values of a mapping. Unknown and repeated keys become problems.

        Keys are taken as text, so a collection may be called `no` or `2024`.
        """
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"{what} must be a mapping, with `key: value` in each line")
            return
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, f"a key of {what} must be a single word")
            elif key.value in lines:
                self._wrong(key, f"{key.value!r} appears twice; the first is in line {lines[key.value]}")
            elif known is not None and key.value not in known:
                self._wrong(key, f"{what} has no {key.value!r}{suggestion(key.value, known)}")
            else:
                lines[key.value] = line_of(key)
                yield key, value

    def _policies(self, node: yaml.Node) -> Iterator[tuple[str, Policy]]:
        for key, rules in self._entries(node, "policies"):
            name = str(key.value)
            if NAME_REGEX.fullmatch(name):
                entries = {rule.value: value for rule, value in self._entries(rules, f"policy {name}", FILE_RULES)}
                yield name, self._policy(name, entries, key)
            else:
                self._wrong(key, f"a policy cannot be called {name!r}; 1 to 64 of a-z, 0-9, '_' and '-'")

    def _policy(self, name: str, entries: dict[str, yaml.Node], node: yaml.Node) -> Policy:
        """The policy with the given rules. Invalid rules become problems and are left out."""
        values: dict[str, Any] = {}
        for rule, value in entries.items():
            try:
                values[rule] = _value(value)
            except (yaml.YAMLError, ValueError, LookupError, TypeError):
                self._wrong(value, f"{rule} has a value that cannot be read; write a plain number, text or list")
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
            collection, name = str(key.value), value.value if isinstance(value, yaml.ScalarNode) else None
            hidden_by = next((earlier for earlier in patterns if _covers(earlier, collection)), None)
            if not (PATTERN_REGEX if is_pattern(collection) else COLLECTION_REGEX).fullmatch(collection):
                possible = "a-z, 0-9, '.', '_' and '-', or a pattern of these with *, ? and [...]"
                self._wrong(key, f"a collection cannot be called {collection!r}; use {possible}")
            elif name not in named:
                missing = "no single policy" if name is None else f"no policy {name!r}"
                self._wrong(value, f"for {collection} there is {missing}{suggestion(name or '', tuple(named))}")
            elif hidden_by is not None:
                where = f"because {hidden_by} in line {patterns[hidden_by]} comes first"
                self._wrong(key, f"{collection} is never reached, {where}")
            elif len(patterns) == MAX_PATTERNS and is_pattern(collection):
                self._wrong(
                    key, f"these are more than {MAX_PATTERNS} patterns; write names instead, which have no limit"
                )
                return
            else:
                if is_pattern(collection):
                    patterns[collection] = line_of(key)
                yield collection, named[name]


def _value(node: yaml.Node) -> Any:
    """The value of a node in YAML's plain types. Raises errors of many types if its text does not fit its tag."""
    if node.end_mark.index - node.start_mark.index > MAX_VALUE_CHARS:
        raise ValueError("longer than any value of a rule")
    return yaml.constructor.SafeConstructor().construct_object(node, deep=True)


def _covers(pattern: str, later: str) -> bool:
    """Whether a pattern surely matches all that a later one matches. Decides only about patterns with `*` alone."""
    if not is_pattern(later) or set("?[") & set(pattern) or "[" in later:
        return False
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), later) is not None

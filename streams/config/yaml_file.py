"""YAML files that people write: read within limits, with the line of everything in them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import yaml

MAX_VALUE_CHARS = 8192
#: Names of mappings and numbers in lists, from the top of a document to a value in it.
Path = tuple[str | int, ...]


class YamlProblem(Exception):
    """One mistake. `line` counts from 1; it is 0 if the mistake is about the whole file."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line, self.text = line, text


class _Loader(yaml.SafeLoader):
    """YAML without aliases, which can expand a small file without bounds, and without deep nesting."""

    depth = 0
    max_depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise YamlProblem(line, "an alias (*name) is not allowed here; write its value")
        if self.depth >= self.max_depth:
            raise YamlProblem(line, "this is nested too deep; write fewer levels")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_root(data: bytes, max_bytes: int, max_depth: int) -> yaml.Node:
    """The document as YAML nodes, which know their lines.

    Raises:
        YamlProblem: it is not a YAML document, is empty or is too large.
    """
    if len(data) > max_bytes:
        raise YamlProblem(0, f"is larger than {max_bytes >> 10} KiB")
    try:
        text = data.decode("utf-8-sig")
        loader = _Loader(text)
        loader.max_depth = max_depth
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise YamlProblem(data.count(b"\n", 0, error.start) + 1, "this is not valid UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlProblem(mark.line + 1 if mark else 0, f"this is not valid YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        raise YamlProblem(text.count("\n", 0, error.position) + 1, f"this is not valid YAML: {error.reason}") from error
    if root is None:
        raise YamlProblem(0, "is empty; write `{}` for the defaults")
    return root


class Document:
    """A document in YAML's plain types, and the line of every value.

    Keys are taken as text, so a name may be `no` or `2024`.

    Raises:
        YamlProblem: a key appears twice or is not a single word, or a value cannot be read.
    """

    def __init__(self, root: yaml.Node) -> None:
        self._lines: dict[Path, int] = {}
        self.value = self._plain(root, ())

    def line(self, path: Path) -> int:
        """The line of a value, or of the innermost thing around it that stands in the file."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 0)

    def _plain(self, node: yaml.Node, path: Path) -> Any:
        self._lines.setdefault(path, line_of(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(each, (*path, number)) for number, each in enumerate(node.value)]
        if node.end_mark.index - node.start_mark.index > MAX_VALUE_CHARS:
            raise YamlProblem(line_of(node), f"this value has more than {MAX_VALUE_CHARS:,} characters")
        try:
            value = yaml.constructor.SafeConstructor().construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, TypeError) as error:
            raise YamlProblem(line_of(node), "this value cannot be read; write a plain number or text") from error
        # A date such as 2026-01-31 is a text: versions and times are written so.
        return value if value is None or isinstance(value, (str, int, float, bool)) else str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlProblem(line_of(key), "a key must be a single word")
            name = str(key.value)
            if name in found:
                raise YamlProblem(
                    line_of(key), f"{name!r} appears twice; the first is in line {self._lines[*path, name]}"
                )
            self._lines[*path, name] = line_of(key)
            found[name] = self._plain(value, (*path, name))
        return found


def line_of(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def suggestion(word: str, known: tuple[str, ...]) -> str:
    """The end of a sentence that says what may have been meant."""
    closest = get_close_matches(word, known, n=1)
    return f"; did you mean {closest[0]}?" if closest else f"; choose one of {', '.join(known)}"

"""The golden records in tests/examples, which the documentation shows, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def load_examples(topic: str, pattern: str = "*") -> dict[str, Any]:
    """All examples of a topic by their file's stem, in the order of their names."""
    paths = sorted((EXAMPLES / topic).glob(f"{pattern}.json"))
    assert paths
    return {path.stem: orjson.loads(path.read_bytes()) for path in paths}


def load_example(topic: str, stem: str) -> dict[str, Any]:
    document: dict[str, Any] = load_examples(topic, stem)[stem]
    return document


def example_params(topic: str, pattern: str = "*") -> list[Any]:
    """For `pytest.mark.parametrize`."""
    return [pytest.param(document, id=stem) for stem, document in load_examples(topic, pattern).items()]

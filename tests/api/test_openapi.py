"""The description: the one in the repository is the one that is served, and every operation is described whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.api.app import make_app
from streams.config.settings import load_settings

STORED = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.json"


@pytest.fixture(scope="module")
def served() -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(orjson.dumps(make_app(load_settings()).openapi()))
    return document


def test_the_stored_description_is_the_served_one(served: dict[str, Any]) -> None:
    assert orjson.loads(STORED.read_bytes()) == served, "run: python -m streams.api.openapi"


def test_every_operation_has_an_id_words_and_an_answer_with_a_shape(served: dict[str, Any]) -> None:
    assert served["openapi"].startswith("3.1")
    ids = []
    for path, methods in served["paths"].items():
        for method, operation in methods.items():
            ids.append(operation["operationId"])
            assert operation.get("description"), (method, path)
            good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            assert all(any("schema" in body for body in answer["content"].values()) for answer in good), (method, path)
            if path.startswith("/v1/"):
                problem = operation["responses"]["422"]["content"]
                assert list(problem) == ["application/problem+json"], (method, path)
                assert {"401", "403", "429", "503"} <= operation["responses"].keys()
    assert len(ids) == len(set(ids))


def test_every_operation_has_an_example(served: dict[str, Any]) -> None:
    without = []
    for path, methods in served["paths"].items():
        for method, operation in methods.items():
            answers = [answer.get("content", {}) for answer in operation["responses"].values()]
            bodies = [body for content in answers for body in content.values()]
            if not any("example" in body or "examples" in body for body in bodies):
                without.append((method, path))
    assert without == []


def test_no_word_of_later_versions_is_used(served: dict[str, Any]) -> None:
    assert b"itemSchema" not in orjson.dumps(served)

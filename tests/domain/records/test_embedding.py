"""Embeddings: of length 1 in float16, lenient where nothing is decided by them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from streams.domain.records import Embedding, Fingerprint, MediaFacts
from streams.domain.records.embedding import MAX_VALUES, embedding_of, make_embedding
from streams.errors import BadInput, Reason
from tests.support.stories import facts, fingerprint

VECTOR = np.random.default_rng(3).standard_normal(512)


def test_a_vector_comes_back_with_length_1() -> None:
    found = make_embedding("clip.onnx@0123", 2500, VECTOR * 1e6)
    assert (found.model, found.at_ms) == ("clip.onnx@0123", 2500)
    assert found.values() == pytest.approx(VECTOR / np.linalg.norm(VECTOR), abs=1e-4)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(4),
        np.array([1.0, np.nan]),
        np.array([np.inf, 1.0]),
        np.ones((2, 2)),
        np.ones(0),
        np.ones(MAX_VALUES + 1),
    ],
)
def test_what_has_no_direction_is_refused(values: Any) -> None:
    with pytest.raises(ValueError, match="the vector has"):
        make_embedding("m", 0, values)


@pytest.mark.parametrize("vector", ["", "no base64!", "AAA=", "AAAAAA==", "AH4AfA==", "é"])
def test_a_damaged_vector_is_bad_input(vector: str) -> None:
    with pytest.raises(BadInput) as refused:
        Embedding("m", 0, vector).values()
    assert refused.value.reason is Reason.BAD_FIELD


@pytest.mark.parametrize(
    "document",
    [None, "text", {}, {"model": "m", "at_ms": 0}, {"model": "", "at_ms": 0, "vector": ""},
     {"model": "m", "at_ms": -1, "vector": ""}, {"model": "m", "at_ms": 1.5, "vector": ""},
     {"model": 1, "at_ms": 0, "vector": ""}, {"model": "m" * 257, "at_ms": 0, "vector": ""}],
)  # fmt: skip
def test_what_is_no_embedding_is_passed_over(document: Any) -> None:
    assert embedding_of(document) is None
    value = json.loads(fingerprint(1).to_json())
    value["facts"]["embedding"] = document
    assert Fingerprint.from_json(json.dumps(value).encode()) == Fingerprint.from_json(fingerprint(1).to_json())


def test_a_fingerprint_carries_it_and_a_decision_does_not() -> None:
    embedding = make_embedding("m", 0, VECTOR)
    made = facts(1).with_embedding(embedding)
    assert made == replace(facts(1), embedding=embedding)
    record = replace(fingerprint(1), facts=made)
    read = Fingerprint.from_json(record.to_json())
    assert read.facts is not None and read.facts.embedding == embedding
    assert made.published() == facts(1).published()
    assert b"embedding" not in replace(record, facts=made.published()).to_json()


def test_facts_without_it_have_no_such_field() -> None:
    assert b"embedding" not in fingerprint(1).to_json()
    assert facts(1).embedding is None and MediaFacts.__dataclass_fields__["embedding"].default is None

"""Routing keys and decision ids: both are fixed for as long as there is data."""

from __future__ import annotations

import uuid
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.policy.policy import Policy
from streams.domain.records import Failure, Fingerprint, MediaFacts, Origin, decision_id, routing_key
from streams.errors import Reason

EXACT = Policy.of(near=False)
CAT = Fingerprint(
    submission_id="/shop#e-1",
    attempt=0,
    media_id="cat-1",
    collection="shop",
    kind="image",
    submitted_at="2026-01-31T09:30:00.125Z",
    fingerprinted_at="2026-01-31T09:30:00.204Z",
    origin=Origin("media.submissions", 0, 0),
    facts=MediaFacts("sha256:00", "image", "jpeg", 1, 1, 1, 1, 0.5, {}),
    failure=None,
)


def test_with_near_matching_a_collection_is_decided_in_one_place() -> None:
    other = replace(CAT, facts=MediaFacts("sha256:01", "image", "jpeg", 1, 1, 1, 1, 0.5, {}))

    assert routing_key(CAT) == routing_key(other) == b"shop"


def test_without_near_matching_a_collection_spreads_by_content() -> None:
    cat = replace(CAT, policy=EXACT)
    copy = replace(cat, media_id="cat-2", submission_id="/shop#e-2")
    other = replace(cat, facts=MediaFacts("sha256:01", "image", "jpeg", 1, 1, 1, 1, 0.5, {}))

    assert routing_key(cat) == routing_key(copy) == b"shop\0sha256:00"
    assert routing_key(other) != routing_key(cat)


def test_without_near_matching_failures_spread_by_submission() -> None:
    failed = replace(CAT, facts=None, failure=Failure(Reason.NOT_MEDIA, "text"))

    assert routing_key(replace(failed, policy=EXACT)) == b"shop\0/shop#e-1"
    assert routing_key(failed) == b"shop"


def test_a_decision_id_never_changes() -> None:
    assert decision_id("shop", "/shop/uploads#e-2", 0, 0) == "5b174db0-74e6-8351-aa33-ef74b258d092"


IDS = st.tuples(
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=5),
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=5),
    st.integers(0, 3),
    st.integers(0, 3),
)


@given(IDS, IDS)
def test_different_submissions_attempts_and_revisions_have_different_decision_ids(
    one: tuple[str, str, int, int], other: tuple[str, str, int, int]
) -> None:
    assert (decision_id(*one) == decision_id(*other)) == (one == other)


def test_a_decision_id_is_a_uuid_of_version_8() -> None:
    found = uuid.UUID(decision_id("shop", "/shop#e-1", 0, 0))

    assert found.version == 8
    assert found.variant == uuid.RFC_4122

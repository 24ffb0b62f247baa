"""Policies: what is refused, what follows from a hash, and that a version stands for exactly its rules."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.hashes.algorithms import EXTRA_HASHES, HASHES
from streams.domain.hashes.levels import LEVELS
from streams.domain.policy import policy as policy_module
from streams.domain.policy.policy import DEFAULT_POLICY, RULE_NAMES, Policy
from streams.domain.policy.validation import MAX_CONFIRM_BITS, MAX_RADIUS_BITS, BadRule
from streams.errors import BadInput, Reason


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any valid policy."""
    name = draw(st.sampled_from(HASHES))
    bits = int(name[5:])
    radius_bits = draw(st.integers(0, MAX_RADIUS_BITS[bits]))
    near = draw(st.booleans())
    return Policy(
        name=draw(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True)),
        near=near,
        hash=name,
        views=draw(st.sampled_from(LEVELS)) if name == "phash256" else "plain",
        radius_bits=radius_bits,
        view_radius_bits=draw(st.integers(0, radius_bits)),
        confirm_bits=draw(st.integers(0, MAX_CONFIRM_BITS)) if bits == 256 else 0,
        min_quality=draw(st.floats(0, 1)),
        also=tuple(draw(st.lists(st.sampled_from(EXTRA_HASHES), unique=True, max_size=4))),
        retention_days=draw(st.none() | st.floats(0, 36_500, exclude_min=True)),
        video_share=draw(st.floats(0.5, 1)),
        video_overlap=draw(st.floats(0.1, 1)),
        video_min_s=draw(st.floats(0, 3_600)),
        appears_in=near and name == "phash256" and draw(st.booleans()),
        reference=draw(st.booleans()),
    )


def through_json(policy: Policy) -> Any:
    return orjson.loads(orjson.dumps(policy))


@given(policies())
def test_a_policy_survives_a_record(policy: Policy) -> None:
    policy_module._VERIFIED.clear()
    for _ in range(2):  # verified, and known from then on
        assert Policy.from_json(through_json(policy)) == policy
    left_out = set() if policy.reference else {"reference"}  # older versions have no such rule
    assert list(through_json(policy)) == [field.name for field in fields(Policy) if field.name not in left_out]


@given(policies(), policies())
def test_a_version_stands_for_its_rules(one: Policy, other: Policy) -> None:
    assert (one.version == other.version) == (one == other)
    assert one.version == replace(one).version
    name, digest = one.version.split(":")
    assert name == one.name
    assert bytes.fromhex(digest).hex() == digest
    assert len(digest) == 12


CHANGES: list[dict[str, Any]] = [
    {"name": "other"},
    {"near": False},
    {"hash": "dhash256", "views": "plain"},
    {"views": "deep"},
    {"radius_bits": 9},
    {"view_radius_bits": 6},
    {"confirm_bits": 79},
    {"min_quality": 0.11},
    {"reuse_differs": 0.1},
    {"max_differs": 0.5},
    {"allowed_differs": 0.01},
    {"review_differs": 0.01},
    {"also": ("pdq256",)},
    {"retention_days": 1.0},
    {"video_share": 0.8},
    {"video_overlap": 0.5},
    {"video_min_s": 3.0},
    {"appears_in": True},
    {"reference": True},
]


@pytest.mark.parametrize("change", CHANGES)
def test_every_rule_changes_the_version(change: dict[str, Any]) -> None:
    assert {next(iter(change)) for change in CHANGES} == set(RULE_NAMES)
    assert replace(DEFAULT_POLICY, **change).version != DEFAULT_POLICY.version


def test_versions_do_not_change_by_themselves() -> None:
    """Decisions hold them for years."""
    assert DEFAULT_POLICY.version == "default:cddb1b5b612d"
    assert Policy.of(name="fast", near=False).version == "fast:2a96f3db48f9"


def test_the_order_of_extra_hashes_and_the_form_of_numbers_do_not_matter() -> None:
    assert Policy.of(also=["pdq256", "dhash64"], retention_days=30) == Policy.of(
        also=("dhash64", "pdq256"), retention_days=30.0
    )


@pytest.mark.parametrize(
    ("rules", "rule", "mentions"),
    [
        ({"name": ""}, "name", "1 to 64"),
        ({"name": "Fast"}, "name", "'Fast'"),
        ({"name": "a:b"}, "name", "'a:b'"),
        ({"name": 7}, "name", "7"),
        ({"near": "yes"}, "near", "true or false"),
        ({"near": 1}, "near", "true or false"),
        ({"hash": "phash65"}, "hash", "phash64"),
        ({"hash": ["phash64"]}, "hash", "phash64"),
        ({"hash": "pdq256"}, "hash", "phash256"),
        ({"views": "none"}, "views", "plain, standard, deep"),
        ({"radius_bits": 70}, "radius_bits", "from 0 to 24"),
        ({"radius_bits": 25}, "radius_bits", "from 0 to 24"),
        ({"radius_bits": -1}, "radius_bits", "from 0 to 24"),
        ({"radius_bits": 12.0}, "radius_bits", "whole number"),
        ({"radius_bits": True}, "radius_bits", "whole number"),
        ({"radius_bits": None}, "radius_bits", "whole number"),
        ({"hash": "phash64", "radius_bits": 20}, "radius_bits", "from 0 to 19"),
        ({"hash": "dhash32", "radius_bits": 7}, "radius_bits", "from 0 to 6"),
        ({"hash": "ahash16", "radius_bits": 2}, "radius_bits", "from 0 to 1"),
        ({"view_radius_bits": 13}, "view_radius_bits", "from 0 to 12"),
        ({"view_radius_bits": -1}, "view_radius_bits", "from 0 to 12"),
        ({"confirm_bits": 112}, "confirm_bits", "from 0 to 111"),
        ({"confirm_bits": -1}, "confirm_bits", "from 0 to 111"),
        ({"hash": "phash64", "confirm_bits": 92}, "confirm_bits", "nothing confirms phash64"),
        ({"hash": "dhash64", "views": "deep"}, "views", "phash256"),
        ({"hash": "dhash256", "views": "standard"}, "views", "phash256"),
        ({"min_quality": 1.1}, "min_quality", "from 0 to 1"),
        ({"min_quality": -0.1}, "min_quality", "from 0 to 1"),
        ({"min_quality": float("nan")}, "min_quality", "from 0 to 1"),
        ({"min_quality": "half"}, "min_quality", "from 0 to 1"),
        ({"also": "pdq256"}, "also", "a list"),
        ({"allowed_differs": 0.06}, "allowed_differs", "from 0 to 0.05"),
        ({"review_differs": -0.1}, "review_differs", "from 0 to 0.05"),
        ({"also": ["sha1"]}, "also", "pdq256"),
        ({"also": [["pdq256"]]}, "also", "pdq256"),
        ({"also": ["pdq256", "pdq256"]}, "also", "twice"),
        ({"retention_days": 0}, "retention_days", "for ever"),
        ({"retention_days": -1}, "retention_days", "a number"),
        ({"retention_days": float("inf")}, "retention_days", "a number"),
        ({"retention_days": True}, "retention_days", "a number"),
        ({"video_share": 0.4}, "video_share", "from 0.5 to 1"),
        ({"video_share": None}, "video_share", "a number"),
        ({"video_overlap": 0}, "video_overlap", "from 0.1 to 1"),
        ({"video_min_s": -1}, "video_min_s", "from 0 to 3600"),
        ({"appears_in": 1}, "appears_in", "true or false"),
        ({"appears_in": True, "near": False}, "appears_in", "near: true"),
        ({"appears_in": True, "hash": "phash64"}, "appears_in", "hash: phash256"),
        ({"radius": 9}, "radius", "radius_bits"),
        ({"version": "default:cddb1b5b612d"}, "version", "not a rule"),
        ({"name": "x" * 1000}, "name", "…"),
    ],
)
def test_an_impossible_rule_is_named(rules: dict[str, Any], rule: str, mentions: str) -> None:
    with pytest.raises(BadRule) as refused:
        Policy.of(**rules)

    assert refused.value.rule == rule
    assert str(refused.value).startswith(f"{rule} ")
    assert mentions in str(refused.value)
    assert len(str(refused.value)) < 280


@pytest.mark.parametrize("name", HASHES)
def test_every_hash_has_valid_thresholds(name: str) -> None:
    found = Policy.of(hash=name)

    assert found.hash_bits in MAX_RADIUS_BITS
    assert found.views == ("standard" if name == "phash256" else "plain")
    assert Policy.of(hash=name, radius_bits=0).view_radius_bits == 0


def test_what_a_copy_inherits_is_no_laxer_than_what_may_be_reused() -> None:
    strict, usual = Policy.of(reuse_differs=0.01), Policy.of(reuse_differs=0.2)

    assert (strict.allowed_differs, strict.review_differs) == (0.01, 0.01)
    assert (usual.allowed_differs, usual.review_differs) == (0.02, 0.05)


def test_without_near_matching_no_views_are_made() -> None:
    assert Policy.of(near=False).views == "plain"


def test_a_record_without_a_policy_is_decided_under_the_default() -> None:
    assert Policy.from_json(None) is DEFAULT_POLICY


def test_records_of_one_policy_share_one_object() -> None:
    assert Policy.from_json(through_json(DEFAULT_POLICY)) is Policy.from_json(through_json(DEFAULT_POLICY))


def test_rules_that_an_older_version_did_not_have_get_their_defaults_and_its_version_is_kept() -> None:
    older = {name: value for name, value in through_json(DEFAULT_POLICY).items() if name not in ("also", "version")}
    digest = policy_module._digest(older)

    found = Policy.from_json({**older, "version": f"default:{digest}"})

    assert digest not in DEFAULT_POLICY.version
    assert found.version == f"default:{digest}"
    assert replace(found) == DEFAULT_POLICY


@pytest.mark.parametrize(
    ("document", "reason", "mentions"),
    [
        ("default", Reason.BAD_FIELD, "'policy'"),
        ([], Reason.BAD_FIELD, "'policy'"),
        ({}, Reason.MISSING_FIELD, "'version'"),
        ({**through_json(DEFAULT_POLICY), "version": None}, Reason.MISSING_FIELD, "'version'"),
        ({**through_json(DEFAULT_POLICY), "version": ["default:cddb1b5b612d"]}, Reason.BAD_FIELD, "other rules"),
        ({**through_json(DEFAULT_POLICY), "version": "default:000000000000"}, Reason.BAD_FIELD, DEFAULT_POLICY.version),
        ({**through_json(DEFAULT_POLICY), "name": "fast"}, Reason.BAD_FIELD, "other rules"),
        ({**through_json(DEFAULT_POLICY), "radius_bits": 9}, Reason.BAD_FIELD, "other rules"),
        ({**through_json(DEFAULT_POLICY), "radius_bits": 90}, Reason.BAD_FIELD, "radius_bits is 90"),
        ({**through_json(DEFAULT_POLICY), "colour": True}, Reason.BAD_FIELD, "colour"),
    ],
)
def test_an_object_that_is_not_a_policy_is_refused(document: object, reason: Reason, mentions: str) -> None:
    Policy.from_json(through_json(DEFAULT_POLICY))  # that its version is known makes no difference
    with pytest.raises(BadInput) as refused:
        Policy.from_json(document)

    assert refused.value.reason == reason
    assert mentions in refused.value.detail


def test_many_policies_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_module, "MAX_VERIFIED", 3)
    monkeypatch.setattr(policy_module, "_VERIFIED", {})
    for number in range(10):
        policy = Policy.of(name=f"p{number}")
        assert Policy.from_json(through_json(policy)) == policy

    assert len(policy_module._VERIFIED) <= 3

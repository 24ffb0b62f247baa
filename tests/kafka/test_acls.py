"""Rights follow topics.yaml. tests/deploy/test_secured_system.py proves on a broker that they suffice."""

from __future__ import annotations

import pytest

from streams.config.settings import load_settings
from streams.errors import ConfigurationError
from streams.kafka.acls import ADMIN_OPERATIONS, SAME_PRINCIPAL, AclRule, expected_acls
from streams.kafka.topics import load_topics

SETTINGS = load_settings(topic_prefix="eu.", group_prefix="sieve")


def test_every_writer_and_reader_gets_its_right_and_nobody_else() -> None:
    rules = [rule for rule in expected_acls(SETTINGS) if rule.resource == "topic"]

    for topic, spec in load_topics().items():
        name = "eu.sieve" + topic.removeprefix("mediasieve") if topic.endswith("changelog") else f"eu.{topic}"
        of_topic = {(rule.principal, rule.operation) for rule in rules if rule.name == name}
        users = {role: f"User:mediasieve-{SAME_PRINCIPAL.get(role, role)}" for role in (*spec.writers, *spec.readers)}
        expected = {(users[role], "write") for role in spec.writers} | {(users[role], "read") for role in spec.readers}
        expected |= {("User:mediasieve-admin", operation) for operation in ADMIN_OPERATIONS}
        if set(spec.readers) - {"users", "publish"}:
            expected |= {("User:mediasieve-users", "describe"), ("User:mediasieve-lag", "describe")}
        assert of_topic == expected


def test_the_lag_of_every_stage_may_be_seen_without_reading() -> None:
    rules = [rule for rule in expected_acls(SETTINGS) if rule.principal == "User:mediasieve-lag"]

    assert {rule.operation for rule in rules} == {"describe"}
    stages = ("fingerprint", "bulk", "match", "record", "moderate")
    assert {rule.name for rule in rules if rule.resource == "group"} == {f"eu.sieve-{stage}" for stage in stages}


def test_readers_may_use_their_groups() -> None:
    rules = expected_acls(SETTINGS, "User:CN={role}")

    assert AclRule("User:CN=match", "group", "eu.sieve-match", "read") in rules
    assert AclRule("User:CN=users", "group", "sieve-decisions-reader", "read") in rules


@pytest.mark.parametrize("principal", ["User:everybody", "{role}"])
def test_a_principal_names_its_type_and_the_role(principal: str) -> None:
    with pytest.raises(ConfigurationError, match="must look like"):
        expected_acls(SETTINGS, principal)

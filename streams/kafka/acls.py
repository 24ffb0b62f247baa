"""Kafka ACLs, derived from the writers and readers in topics.yaml: every stage gets only the rights it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from streams.config.settings import Settings
from streams.errors import BrokerError, ConfigurationError
from streams.kafka.clients import make_admin, reach_broker
from streams.kafka.topic_admin import REQUEST_TIMEOUT_S, wait_for
from streams.kafka.topics import OUTSIDE_ROLES, TopicSpec, consumer_group, load_topics, reader_group, wire_name

Resource = Literal["topic", "group"]
Operation = Literal["read", "write", "describe", "create", "alter", "describe_configs", "alter_configs"]

ADMIN_ROLE = "admin"
#: Bulk work is done where live work is, by the same worker and so by the same user.
SAME_PRINCIPAL = {"bulk": "fingerprint"}
ADMIN_OPERATIONS: tuple[Operation, ...] = ("create", "alter", "describe_configs", "alter_configs")
DEFAULT_PRINCIPAL = "User:mediasieve-{role}"
#: Who sees how far the stages are, and reads nothing for it: programs outside, and what scales workers by lag.
LAG_ROLES = ("users", "lag")


@dataclass(frozen=True, slots=True, order=True)
class AclRule:
    """One right of a principal on the topic or group of exactly this name. `read` includes `describe`."""

    principal: str
    resource: Resource
    name: str
    operation: Operation


def expected_acls(
    settings: Settings, principal: str = DEFAULT_PRINCIPAL, specs: Mapping[str, TopicSpec] | None = None
) -> tuple[AclRule, ...]:
    """The rights of every role that topics.yaml names, of `lag`, and of `admin`, which runs `mediasieve topics apply`.

    Args:
        principal: the Kafka principal of a role; `{role}` stands for its name.

    Raises:
        ConfigurationError: `principal` does not name the role, or no type such as `User:`.
    """
    if "{role}" not in principal or ":" not in principal:
        raise ConfigurationError(f"the principal {principal!r} must look like {DEFAULT_PRINCIPAL!r}")
    rules: set[AclRule] = set()
    for spec in (specs or load_topics()).values():
        topic = wire_name(settings, spec.name)
        for role in spec.writers:
            rules.add(AclRule(_of(principal, role), "topic", topic, "write"))
        for role in spec.readers:
            rules.add(AclRule(_of(principal, role), "topic", topic, "read"))
            for group in (consumer_group(settings, role), reader_group(settings, spec.name)):
                rules.add(AclRule(_of(principal, role), "group", group, "read"))
            if role not in OUTSIDE_ROLES:
                rules |= {AclRule(_of(principal, seer), "topic", topic, "describe") for seer in LAG_ROLES}
                group = consumer_group(settings, role)
                rules |= {AclRule(_of(principal, seer), "group", group, "describe") for seer in LAG_ROLES}
        for operation in ADMIN_OPERATIONS:
            rules.add(AclRule(_of(principal, ADMIN_ROLE), "topic", topic, operation))
    rules.add(AclRule(_of(principal, "bulk"), "group", consumer_group(settings, "match"), "describe"))
    return tuple(sorted(rules))


def apply_acls(settings: Settings, rules: Iterable[AclRule]) -> tuple[AclRule, ...]:
    """Create the rules that the broker does not have; returns them. No right is taken away from anybody.

    Raises:
        BrokerError: the broker is away, refuses, or has no authorizer.
    """
    reach_broker(settings)
    admin = make_admin(settings)
    missing = _missing(admin, rules)
    if missing:
        futures = admin.create_acls([_binding(rule) for rule in missing], request_timeout=REQUEST_TIMEOUT_S)
        for binding, future in futures.items():
            _answer(future, f"the right of {binding.principal} on {binding.name}")
    return missing


def _missing(admin: AdminClient, rules: Iterable[AclRule]) -> tuple[AclRule, ...]:
    """The rules that the broker does not have yet."""
    everything = AclBindingFilter(
        ResourceType.ANY,
        None,
        ResourcePatternType.ANY,
        None,
        None,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    future = admin.describe_acls(everything, request_timeout=REQUEST_TIMEOUT_S)
    known = set(_answer(future, "the list of ACLs"))
    return tuple(rule for rule in rules if _binding(rule) not in known)


def _of(principal: str, role: str) -> str:
    return principal.replace("{role}", SAME_PRINCIPAL.get(role, role))


def _binding(rule: AclRule) -> AclBinding:
    return AclBinding(
        ResourceType.TOPIC if rule.resource == "topic" else ResourceType.GROUP,
        rule.name,
        ResourcePatternType.LITERAL,
        rule.principal,
        "*",
        AclOperation[rule.operation.upper()],
        AclPermissionType.ALLOW,
    )


def _answer(future: Future[Any], what: str) -> Any:
    try:
        return wait_for(future, what)
    except BrokerError as error:
        raise BrokerError(
            f"{error}. ACLs need a broker with an authorizer (authorizer.class.name) and a user who may alter the "
            "cluster."
        ) from error

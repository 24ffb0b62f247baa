"""Compares topics.yaml with a broker, and changes the broker where that is safe.

`compare` is pure and decides what to change and what to refuse; the rest talks to the broker. topics.py reads the file.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from streams.config.settings import Settings
from streams.errors import BrokerError, ConfigurationError
from streams.kafka.clients import make_admin, reach_broker
from streams.kafka.topics import CONTENTS_CHANGELOG, FINGERPRINTS, TopicSpec, load_topics, wire_name

ChangeKind = Literal["create", "add_partitions", "alter_config"]
REQUEST_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as expected or as the broker has it, under its name there; `config` has the relevant entries."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str] = field(default_factory=dict)
    keyed: bool = False


@dataclass(frozen=True, slots=True)
class TopicChange:
    """One change on the broker; `target` is the topic afterwards, `what` describes the change for people."""

    kind: ChangeKind
    target: TopicState
    what: str


@dataclass(frozen=True, slots=True)
class RefusedChange:
    """A difference that must not be changed: `what` differs, and `why` it stays, with advice."""

    topic: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class TopicPlan:
    changes: tuple[TopicChange, ...] = ()
    refusals: tuple[RefusedChange, ...] = ()

    @property
    def up_to_date(self) -> bool:
        """Whether the broker is as topics.yaml says."""
        return not self.changes and not self.refusals


def expected_topics(settings: Settings, specs: Mapping[str, TopicSpec] | None = None) -> tuple[TopicState, ...]:
    """The topics of topics.yaml in this deployment: names on the broker, replication and min.insync.replicas.

    Raises:
        ConfigurationError: more replicas must be in sync than exist, or a changelog has another number of partitions
            than the topic that its table is made from.
    """
    specs = specs or load_topics()
    if specs[CONTENTS_CHANGELOG].partitions != specs[FINGERPRINTS].partitions:
        raise ConfigurationError(
            f"topics.yaml: {CONTENTS_CHANGELOG} must have as many partitions as {FINGERPRINTS}: the state of "
            "partition n is restored from partition n."
        )
    expected = []
    for spec in specs.values():
        replication = settings.kafka.replication_factor or spec.replication
        config = dict(spec.config)
        if settings.kafka.min_insync_replicas is not None:
            config["min.insync.replicas"] = str(settings.kafka.min_insync_replicas)
        if int(config.get("min.insync.replicas", "1")) > replication:
            raise ConfigurationError(
                f"MEDIASIEVE_MIN_INSYNC_REPLICAS: topic {spec.name} would wait for {config['min.insync.replicas']} "
                f"replicas and has {replication}; raise MEDIASIEVE_REPLICATION or lower this."
            )
        expected.append(TopicState(wire_name(settings, spec.name), spec.partitions, replication, config, spec.keyed))
    return tuple(expected)


def compare(expected: Iterable[TopicState], actual: Mapping[str, TopicState]) -> TopicPlan:
    """The changes that make the broker's topics as expected, and the differences that must not be changed."""
    changes: list[TopicChange] = []
    refusals: list[RefusedChange] = []
    for topic in expected:
        found = actual.get(topic.name)
        if found is None:
            size = f"{topic.partitions} partitions, replication {topic.replication}"
            changes.append(TopicChange("create", topic, size + _listed(topic.config)))
            continue
        if topic.partitions != found.partitions:
            difference = f"{found.partitions} partitions, and topics.yaml says {topic.partitions}"
            if reason := _why_not_add_partitions(topic, found):
                refusals.append(RefusedChange(topic.name, difference, reason))
            else:
                changes.append(
                    TopicChange("add_partitions", topic, f"{found.partitions} → {topic.partitions} partitions")
                )
        if topic.replication != found.replication:
            refusals.append(
                RefusedChange(
                    topic.name,
                    f"replication {found.replication}, and {topic.replication} is expected",
                    "Moving replicas between brokers copies data and needs a plan: use kafka-reassign-partitions.sh, "
                    f"or accept what is there with MEDIASIEVE_REPLICATION={found.replication}.",
                )
            )
        differing = {k: v for k, v in topic.config.items() if not _same_value(v, found.config.get(k))}
        if differing:
            described = ", ".join(f"{k}: {found.config.get(k, 'unset')} → {v}" for k, v in differing.items())
            target = TopicState(topic.name, topic.partitions, topic.replication, differing, topic.keyed)
            changes.append(TopicChange("alter_config", target, described))
    return TopicPlan(tuple(changes), tuple(refusals))


def plan_topics(settings: Settings, admin: AdminClient | None = None) -> TopicPlan:
    """Compare topics.yaml with the broker of the settings.

    Raises:
        BrokerError: the broker is away or refuses.
        ConfigurationError: topics.yaml and the settings contradict each other.
    """
    expected = expected_topics(settings)
    metadata = reach_broker(settings)
    admin = make_admin(settings) if admin is None else admin  # a client without work is false
    names = [topic.name for topic in expected if topic.name in metadata.topics]
    configs = _describe(admin, names)
    actual = {}
    for name in names:
        partitions = metadata.topics[name].partitions
        replication = min((len(p.replicas) for p in partitions.values()), default=0)
        actual[name] = TopicState(name, len(partitions), replication, configs[name])
    return compare(expected, actual)


def apply_plan(settings: Settings, plan: TopicPlan, admin: AdminClient | None = None) -> None:
    """Make the changes of a plan: all of them, or none if the plan has a refusal.

    Returns once every new topic and partition accepts records.

    Raises:
        ConfigurationError: the plan holds refusals.
        BrokerError: the broker refused a change; the changes before it stay.
    """
    if plan.refusals:
        first = plan.refusals[0]
        raise ConfigurationError(f"topic {first.topic} has {first.what}. {first.why} Nothing was changed.")
    admin = make_admin(settings) if admin is None else admin  # a client without work is false
    for change in plan.changes:
        wait_for(
            _request(admin, change),
            f"topic {change.target.name}: {change.what}",
            ignored=KafkaError.TOPIC_ALREADY_EXISTS,
        )
    _wait_for_leaders(settings, admin, [change.target for change in plan.changes if change.kind != "alter_config"])


def apply_topics(settings: Settings) -> TopicPlan:
    """Make the broker's topics as topics.yaml says; returns the plan that was carried out.

    Raises:
        ConfigurationError: a change would break keyed state or needs a person; nothing was changed.
        BrokerError: the broker is away or refuses.
    """
    admin = make_admin(settings)
    plan = plan_topics(settings, admin)
    apply_plan(settings, plan, admin)
    return plan


def _why_not_add_partitions(expected: TopicState, actual: TopicState) -> str | None:
    if expected.partitions < actual.partitions:
        return (
            "Kafka cannot take partitions away without losing their records. "
            f"Say partitions: {actual.partitions} in topics.yaml, or begin a new set of topics under another "
            "MEDIASIEVE_TOPIC_PREFIX."
        )
    if expected.keyed:
        return (
            "Its keys would move to other partitions while their state stays where it is, and known media "
            "would be called unique. "
            f"Say partitions: {actual.partitions} in topics.yaml, or begin a new set of topics under another "
            "MEDIASIEVE_TOPIC_PREFIX and publish into it again."
        )
    return None


def _same_value(expected: str, actual: str | None) -> bool:
    """Whether two configuration values mean the same; lists such as `compact,delete` have no order."""
    return actual is not None and sorted(expected.split(",")) == sorted(actual.replace(" ", "").split(","))


def _listed(config: Mapping[str, str]) -> str:
    return "".join(f", {name}={value}" for name, value in config.items())


def _describe(admin: AdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    futures = admin.describe_configs(resources, request_timeout=REQUEST_TIMEOUT_S)
    return {
        resource.name: {name: entry.value for name, entry in wait_for(future, f"topic {resource.name}").items()}
        for resource, future in futures.items()
    }


def _request(admin: AdminClient, change: TopicChange) -> Future[Any]:
    topic = change.target
    timeouts = {"request_timeout": REQUEST_TIMEOUT_S}
    if change.kind == "create":
        new = NewTopic(topic.name, topic.partitions, topic.replication, config=dict(topic.config))
        futures = admin.create_topics([new], **timeouts)
    elif change.kind == "add_partitions":
        futures = admin.create_partitions([NewPartitions(topic.name, topic.partitions)], **timeouts)
    else:
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in topic.config.items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=entries)
        futures = admin.incremental_alter_configs([resource], **timeouts)
    future: Future[Any] = next(iter(futures.values()))
    return future


def wait_for(future: Future[Any], what: str, ignored: int | None = None) -> Any:
    """The broker's answer to a request; None for the error code `ignored`: another process was faster.

    Raises:
        BrokerError: the broker refused, or gave no answer; `what` says what was asked for.
    """
    try:
        return future.result(timeout=2 * REQUEST_TIMEOUT_S)
    except KafkaException as error:
        if error.args[0].code() == ignored:
            return None
        raise BrokerError(f"{what}: the broker refused: {error.args[0].str()}") from error
    except TimeoutError as error:
        raise BrokerError(f"{what}: the broker gave no answer in {2 * REQUEST_TIMEOUT_S:.0f} s") from error


def _wait_for_leaders(settings: Settings, admin: AdminClient, topics: list[TopicState]) -> None:
    """Every partition needs a leader before it accepts records; the broker answers a create request earlier."""
    deadline = time.monotonic() + REQUEST_TIMEOUT_S
    waiting = topics
    while waiting:
        known = reach_broker(settings, admin).topics
        waiting = [topic for topic in waiting if not _has_leaders(known.get(topic.name), topic.partitions)]
        if waiting and time.monotonic() > deadline:
            raise BrokerError(f"topic {waiting[0].name} was created, but its partitions have no leader yet; try again")
        if waiting:
            time.sleep(0.05)


def _has_leaders(metadata: Any, partitions: int) -> bool:
    return (
        metadata is not None
        and len(metadata.partitions) == partitions
        and all(partition.leader >= 0 for partition in metadata.partitions.values())
    )

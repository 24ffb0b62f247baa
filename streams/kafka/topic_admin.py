"""Compares topics.yaml with a broker, and changes the broker where that is safe.

`compare` is pure and decides what to change and what to refuse; the rest asks the broker and tells it. What the
topics are is in streams/topics.py.
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
    """A topic as it should be, or as the broker has it; `name` is the broker's, `config` what was set or matters."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str] = field(default_factory=dict)
    keyed: bool = False


@dataclass(frozen=True, slots=True)
class TopicChange:
    """One thing to do on the broker; `target` is how the topic will be, `what` says it to a person."""

    kind: ChangeKind
    target: TopicState
    what: str


@dataclass(frozen=True, slots=True)
class RefusedChange:
    """One difference that is not changed here; `what` it is, `why` not, and what to do instead."""

    topic: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class TopicPlan:
    changes: tuple[TopicChange, ...] = ()
    refusals: tuple[RefusedChange, ...] = ()

    @property
    def up_to_date(self) -> bool:
        """The broker is as topics.yaml says."""
        return not self.changes and not self.refusals


def expected_topics(settings: Settings, specs: Mapping[str, TopicSpec] | None = None) -> tuple[TopicState, ...]:
    """topics.yaml under these settings: broker names, replication and min.insync.replicas of the deployment.

    Raises:
        ConfigurationError: more replicas must be in sync than there are, or a table and its changelog cannot fit.
    """
    specs = specs or load_topics()
    if specs[CONTENTS_CHANGELOG].partitions != specs[FINGERPRINTS].partitions:
        raise ConfigurationError(
            f"topics.yaml: {CONTENTS_CHANGELOG} must have as many partitions as {FINGERPRINTS}: what one partition "
            "decides is restored from the same one."
        )
    wanted = []
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
        wanted.append(TopicState(wire_name(settings, spec.name), spec.partitions, replication, config, spec.keyed))
    return tuple(wanted)


def compare(wanted: Iterable[TopicState], actual: Mapping[str, TopicState]) -> TopicPlan:
    """What would make the broker's topics as wanted, and what must not be done for them."""
    changes: list[TopicChange] = []
    refusals: list[RefusedChange] = []
    for topic in wanted:
        have = actual.get(topic.name)
        if have is None:
            size = f"{topic.partitions} partitions, replication {topic.replication}"
            changes.append(TopicChange("create", topic, size + _listed(topic.config)))
            continue
        if topic.partitions != have.partitions:
            difference = f"{have.partitions} partitions, and topics.yaml says {topic.partitions}"
            if reason := _why_not_partitions(topic, have):
                refusals.append(RefusedChange(topic.name, difference, reason))
            else:
                changes.append(
                    TopicChange("add_partitions", topic, f"{have.partitions} → {topic.partitions} partitions")
                )
        if topic.replication != have.replication:
            refusals.append(
                RefusedChange(
                    topic.name,
                    f"replication {have.replication}, and {topic.replication} is wanted",
                    "Moving replicas between brokers copies data and needs a plan: use kafka-reassign-partitions.sh, "
                    f"or accept what is there with MEDIASIEVE_REPLICATION={have.replication}.",
                )
            )
        differing = {k: v for k, v in topic.config.items() if not _same_value(v, have.config.get(k))}
        if differing:
            said = ", ".join(f"{k}: {have.config.get(k, 'unset')} → {v}" for k, v in differing.items())
            target = TopicState(topic.name, topic.partitions, topic.replication, differing, topic.keyed)
            changes.append(TopicChange("alter_config", target, said))
    return TopicPlan(tuple(changes), tuple(refusals))


def plan_topics(settings: Settings, admin: AdminClient | None = None) -> TopicPlan:
    """Compare topics.yaml with the broker of the settings.

    Raises:
        BrokerError: the broker is away or refuses.
        ConfigurationError: topics.yaml or the settings contradict themselves.
    """
    wanted = expected_topics(settings)
    metadata = reach_broker(settings)
    admin = admin or make_admin(settings)
    names = [topic.name for topic in wanted if topic.name in metadata.topics]
    configs = _describe(admin, names)
    actual = {}
    for name in names:
        partitions = metadata.topics[name].partitions
        replication = min((len(p.replicas) for p in partitions.values()), default=0)
        actual[name] = TopicState(name, len(partitions), replication, configs[name])
    return compare(wanted, actual)


def apply_plan(settings: Settings, plan: TopicPlan, admin: AdminClient | None = None) -> None:
    """Do the changes of a plan, all or none: a plan with a refusal is not begun.

    Returns when every new topic and partition can be written to.

    Raises:
        ConfigurationError: the plan holds refusals.
        BrokerError: the broker did not do one of them; what was done before it stays.
    """
    if plan.refusals:
        first = plan.refusals[0]
        raise ConfigurationError(f"topic {first.topic} has {first.what}. {first.why} Nothing was changed.")
    admin = admin or make_admin(settings)
    for change in plan.changes:
        _wait_for(
            _request(admin, change), f"topic {change.target.name}: {change.what}", fine=KafkaError.TOPIC_ALREADY_EXISTS
        )
    _wait_until_led(settings, admin, [change.target for change in plan.changes if change.kind != "alter_config"])


def apply_topics(settings: Settings) -> TopicPlan:
    """Make the broker's topics as topics.yaml says, and tell what was done.

    Raises:
        ConfigurationError: that would break keyed state or needs a person; nothing was changed.
        BrokerError: the broker is away or refuses.
    """
    admin = make_admin(settings)
    plan = plan_topics(settings, admin)
    apply_plan(settings, plan, admin)
    return plan


def _why_not_partitions(wanted: TopicState, have: TopicState) -> str | None:
    if wanted.partitions < have.partitions:
        return (
            "Kafka cannot take partitions away without losing their records. "
            f"Say partitions: {have.partitions} in topics.yaml, or begin a new set of topics under another "
            "MEDIASIEVE_TOPIC_PREFIX."
        )
    if wanted.keyed:
        return (
            "Its keys would move to other partitions while the state about them stays where it is, and known media "
            "would be called unique. "
            f"Say partitions: {have.partitions} in topics.yaml, or begin a new set of topics under another "
            "MEDIASIEVE_TOPIC_PREFIX and publish into it again."
        )
    return None


def _same_value(wanted: str, have: str | None) -> bool:
    """Whether two values of a topic's configuration mean the same; lists such as `compact,delete` have no order."""
    return have is not None and sorted(wanted.split(",")) == sorted(have.replace(" ", "").split(","))


def _listed(config: Mapping[str, str]) -> str:
    return "".join(f", {name}={value}" for name, value in config.items())


def _describe(admin: AdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    answers = admin.describe_configs(asked, request_timeout=REQUEST_TIMEOUT_S)
    return {
        resource.name: {name: entry.value for name, entry in _wait_for(future, f"topic {resource.name}").items()}
        for resource, future in answers.items()
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


def _wait_for(future: Future[Any], what: str, fine: int | None = None) -> Any:
    """The answer; an error code that is `fine` (another process was faster) is none."""
    try:
        return future.result(timeout=2 * REQUEST_TIMEOUT_S)
    except KafkaException as error:
        if error.args[0].code() == fine:
            return None
        raise BrokerError(f"{what}: the broker refused: {error.args[0].str()}") from error
    except TimeoutError as error:
        raise BrokerError(f"{what}: the broker gave no answer in {2 * REQUEST_TIMEOUT_S:.0f} s") from error


def _wait_until_led(settings: Settings, admin: AdminClient, topics: list[TopicState]) -> None:
    """A topic can be written to when each of its partitions has a leader; the broker answers a create before that."""
    deadline = time.monotonic() + REQUEST_TIMEOUT_S
    waiting = topics
    while waiting:
        known = reach_broker(settings, admin).topics
        waiting = [topic for topic in waiting if not _led(known.get(topic.name), topic.partitions)]
        if waiting and time.monotonic() > deadline:
            raise BrokerError(f"topic {waiting[0].name} was created, and its partitions still have no leader")
        if waiting:
            time.sleep(0.05)


def _led(metadata: Any, partitions: int) -> bool:
    return (
        metadata is not None
        and len(metadata.partitions) == partitions
        and all(partition.leader >= 0 for partition in metadata.partitions.values())
    )

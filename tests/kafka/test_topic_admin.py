"""Plans for topics: changes, refusals and their reasons; and brokers are changed as planned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streams.config.settings import load_settings
from streams.errors import BrokerError, ConfigurationError
from streams.kafka.topic_admin import (
    TopicPlan,
    TopicState,
    apply_plan,
    apply_topics,
    compare,
    expected_topics,
    plan_topics,
)
from streams.kafka.topics import CONTENTS_CHANGELOG, FINGERPRINTS, SUBMISSIONS, load_topics
from tests.support.brokers import Namespace

TOPIC = TopicState("media.decisions", 8, 1, {"cleanup.policy": "delete", "retention.ms": "1000"})
KEYED = replace(TOPIC, name="media.fingerprints", keyed=True)


def plan(wanted: TopicState, **actual: object) -> TopicPlan:
    return compare([wanted], {wanted.name: replace(wanted, **actual)})  # type: ignore[arg-type]


def test_a_broker_as_topics_yaml_says_needs_no_change() -> None:
    assert plan(TOPIC).up_to_date


def test_configuration_that_topics_yaml_does_not_name_is_left_alone() -> None:
    assert plan(TOPIC, config={**TOPIC.config, "segment.bytes": "1048576"}).up_to_date


def test_a_missing_topic_is_created() -> None:
    change = compare([TOPIC], {}).changes[0]

    assert (change.kind, change.target) == ("create", TOPIC)
    assert change.what == "8 partitions, replication 1, cleanup.policy=delete, retention.ms=1000"


def test_a_topic_without_state_may_grow() -> None:
    found = plan(TOPIC, partitions=4)

    assert [change.kind for change in found.changes] == ["add_partitions"]
    assert not found.refusals


def test_partitions_of_a_topic_with_state_are_not_changed() -> None:
    found = plan(KEYED, partitions=4)

    assert not found.changes
    assert "keys would move" in found.refusals[0].why
    assert "partitions: 4" in found.refusals[0].why


@pytest.mark.parametrize("topic", [TOPIC, KEYED])
def test_partitions_are_never_taken_away(topic: TopicState) -> None:
    found = plan(topic, partitions=12)

    assert not found.changes
    assert "cannot take partitions away" in found.refusals[0].why


def test_another_replication_is_explained() -> None:
    found = plan(TOPIC, replication=3)

    assert not found.changes
    assert "kafka-reassign-partitions" in found.refusals[0].why
    assert "MEDIASIEVE_REPLICATION=3" in found.refusals[0].why


def test_only_the_configuration_that_differs_is_altered() -> None:
    found = plan(TOPIC, config={"cleanup.policy": "delete", "retention.ms": "2000"})

    assert [change.kind for change in found.changes] == ["alter_config"]
    assert found.changes[0].target.config == {"retention.ms": "1000"}
    assert found.changes[0].what == "retention.ms: 2000 → 1000"


def test_a_list_in_another_order_is_the_same() -> None:
    compacted = replace(TOPIC, config={"cleanup.policy": "compact,delete"})

    assert plan(compacted, config={"cleanup.policy": "delete, compact"}).up_to_date


def test_replication_and_min_insync_replicas_come_from_the_settings() -> None:
    wanted = expected_topics(load_settings(replication=3, min_insync_replicas=2, topic_prefix="prod."))

    assert {topic.replication for topic in wanted} == {3}
    assert {topic.config["min.insync.replicas"] for topic in wanted} == {"2"}
    assert all(topic.name.startswith("prod.") for topic in wanted)


def test_more_replicas_in_sync_than_exist_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_MIN_INSYNC_REPLICAS"):
        expected_topics(load_settings(replication=1, min_insync_replicas=2))


def test_a_changelog_with_other_partitions_than_its_table_is_refused() -> None:
    specs = dict(load_topics())
    specs[CONTENTS_CHANGELOG] = replace(specs[CONTENTS_CHANGELOG], partitions=4)

    with pytest.raises(ConfigurationError, match=FINGERPRINTS):
        expected_topics(load_settings(), specs)


def test_a_plan_is_carried_out_once_on_any_broker(broker: Namespace, tmp_path: Path) -> None:
    settings = broker.settings(tmp_path)

    done = apply_topics(settings)

    assert {change.kind for change in done.changes} == {"create"}
    assert plan_topics(settings).up_to_date
    assert apply_topics(settings).up_to_date


def test_topics_of_an_earlier_release_are_changed_on_any_broker(broker: Namespace, tmp_path: Path) -> None:
    settings = broker.settings(tmp_path)
    broker.create(SUBMISSIONS, partitions=2, max_message_bytes="1000000")

    done = apply_topics(settings)

    kinds = [change.kind for change in done.changes if change.target.name == broker.name(SUBMISSIONS)]
    assert kinds == ["add_partitions", "alter_config"]
    assert plan_topics(settings).up_to_date


def test_two_processes_that_apply_at_once_both_succeed(embedded: Namespace, tmp_path: Path) -> None:
    settings = embedded.settings(tmp_path)
    both_saw = plan_topics(settings)

    apply_plan(settings, both_saw)
    apply_plan(settings, both_saw)

    assert plan_topics(settings).up_to_date


def test_a_plan_with_a_refusal_changes_nothing(embedded: Namespace, tmp_path: Path) -> None:
    settings = embedded.settings(tmp_path)
    embedded.create(FINGERPRINTS, partitions=2)

    with pytest.raises(ConfigurationError, match="Nothing was changed"):
        apply_topics(settings)

    assert len(plan_topics(settings).changes) >= len(load_topics()) - 1


def test_a_change_that_the_broker_refuses_names_the_topic(embedded: Namespace, tmp_path: Path) -> None:
    settings = embedded.settings(tmp_path, replication=7)

    with pytest.raises(BrokerError, match=r"media\.submissions"):
        apply_topics(settings)


def test_a_broker_that_is_away_is_named() -> None:
    with pytest.raises(BrokerError, match=r"127\.0\.0\.1:1 does not answer"):
        plan_topics(load_settings(broker="127.0.0.1:1"))

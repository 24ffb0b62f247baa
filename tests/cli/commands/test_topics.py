"""`mediasieve topics`, on a real broker."""

from __future__ import annotations

import orjson
import pytest
from confluent_kafka.admin import AdminClient

from streams.config.settings import Settings
from streams.kafka.topics import DECISIONS, load_topics
from tests.cli.conftest import Run
from tests.support.brokers import Namespace


def test_list_shows_the_declared_topics_with_the_prefix_of_the_deployment(run: Run) -> None:
    result = run("topics", "list", "--json", env={"MEDIASIEVE_TOPIC_PREFIX": "prod."})

    topics = [orjson.loads(line) for line in result.stdout.splitlines()]
    assert [topic["name"] for topic in topics] == list(load_topics())
    assert all(topic["wire_name"].startswith("prod.") for topic in topics)
    assert "media.submissions" in run("topics", "list").stdout


def test_plan_changes_nothing_and_apply_makes_the_planned_changes(
    run: Run, embedded: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIASIEVE_BROKER", embedded.bootstrap)
    monkeypatch.setenv("MEDIASIEVE_TOPIC_PREFIX", embedded.prefix)

    planned = run("topics", "plan")
    again = run("topics", "plan", "--json")
    applied = run("topics", "apply")

    assert (planned.exit_code, applied.exit_code) == (0, 0)
    assert f"create {embedded.prefix}media.decisions: 8 partitions" in planned.stdout
    assert [change["kind"] for change in orjson.loads(again.stdout)["changes"]] == ["create"] * len(load_topics())
    assert applied.stdout == planned.stdout.replace("create ", "created ")
    assert orjson.loads(run("topics", "plan", "--json").stdout) == {"changes": [], "refusals": []}
    assert "nothing to do" in run("topics", "apply").stdout


def test_a_change_that_would_break_keyed_state_is_refused_with_all_others(
    run: Run, embedded: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIASIEVE_BROKER", embedded.bootstrap)
    monkeypatch.setenv("MEDIASIEVE_TOPIC_PREFIX", embedded.prefix)
    embedded.create("media.fingerprints", partitions=4)

    plan, applied = run("topics", "plan"), run("topics", "apply")

    assert (plan.exit_code, applied.exit_code) == (1, 1)
    for result in (plan, applied):
        assert f"{embedded.prefix}media.fingerprints has 4 partitions" in result.stderr
        assert "Say partitions: 4 in topics.yaml" in result.stderr
    assert "Nothing was changed" in applied.stderr
    names = AdminClient({"bootstrap.servers": embedded.bootstrap}).list_topics(timeout=10).topics
    assert embedded.name(DECISIONS) not in names


def test_publishing_into_missing_topics_says_what_to_do(run: Run, settings: Settings) -> None:
    result = run("publish", "--url", "http://a/b", env={"MEDIASIEVE_TOPIC_PREFIX": "elsewhere."})

    assert result.exit_code == 1
    assert "mediasieve topics apply" in result.stderr

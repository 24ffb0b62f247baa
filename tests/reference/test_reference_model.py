"""No decision is lost or contradicts another, repeats are byte-identical, ClickHouse agrees: with workers being killed.

Thousands of submissions in both lanes, most of them copies, flow through two workers, and in between verdicts,
withdrawals, splits, merges, deletions and hash lists about them, carried out in small chunks. A seeded random generator
kills workers with SIGKILL, restarts and stops them, and kills the broker. Then every decision and revised decision is
compared with the slow twin's. The environment variable MEDIASIEVE_REFERENCE_SEED sets the seed that a failed run told;
what that run read from media.fingerprints is in its folder as log.jsonl (log.py reads it).
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.config.settings import Settings
from streams.domain.records import decision_id
from streams.kafka import cloudevents
from streams.kafka.topic_admin import apply_topics
from streams.kafka.topics import DECISIONS, FINGERPRINTS
from streams.stages.match.warm_up import warm_up
from tests.reference.deployment import Published, Publisher, Workers, follow
from tests.reference.log import LogRecord, Twins
from tests.reference.stream import EXACT_ONLY, LIBRARY, submissions
from tests.support.brokers import ApacheKafka, Namespace
from tests.support.engines import Database, clickhouse, container_clickhouse, embedded_clickhouse
from tests.support.films import folder as films_folder

__all__ = ["clickhouse", "container_clickhouse", "embedded_clickhouse"]

POLICIES = f"""
policies:
  exact: {{near: false}}
  plain: {{views: plain}}
  small: {{hash: dhash64, retention_days: 1}}
  films: {{appears_in: true}}
  library: {{reference: true}}
collections: {{{EXACT_ONLY}: exact, wiki: plain, tiny: small, shop: films, {LIBRARY}: library}}
"""
STANDSTILL_S = 120.0
SEED = "MEDIASIEVE_REFERENCE_SEED"
SMALL_CHUNKS = "tests.reference.small_chunks"
STATUSES = {"pending", "allowed", "review", "blocked"}
OUTCOMES = {"unique", "duplicate", "near_duplicate", "failed", "deleted"}


def deployment_settings(namespace: Namespace, database: Database, folder: Path) -> Settings:
    rows = database.settings()
    policy_file = folder / "policies.yaml"
    policy_file.write_text(POLICIES)
    return namespace.settings(
        folder / "data",
        clickhouse=rows.clickhouse.url,
        clickhouse_database=rows.clickhouse.database,
        clickhouse_password=rows.clickhouse.password.get_secret_value(),
        session_timeout_s=6.0,
        heartbeat_s=1.0,
        commit_interval_s=0.3,
        file_roots=f"{folder},{films_folder()}",
        policy_file=str(policy_file),
    )


def environment(settings: Settings) -> dict[str, str]:
    names = ("data_dir", "broker", "topic_prefix", "group_prefix", "clickhouse", "clickhouse_database", "policy_file")
    names += ("session_timeout_s", "heartbeat_s", "commit_interval_s")  # type: ignore[assignment]
    return settings.environment(*names, "clickhouse_password", "file_roots")


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[list[Workers]]:
    """A test appends its workers here, so that they end with the test."""
    made: list[Workers] = []
    yield made
    for each in made:
        each.close()


def hurt(workers: Workers, publisher: Publisher, rng: random.Random, broker: ApacheKafka | None) -> list[str]:
    """Kill, restart and stop workers at random until the publisher ends; returns what happened, for messages."""
    done: list[str] = []
    broker_killed = broker is None
    while publisher.is_alive():
        time.sleep(rng.uniform(0.3, 2.0))
        victim = rng.choice(sorted(workers.running))
        what = rng.choice(["kill", "kill", "kill and wait", "stop"])
        if not broker_killed and broker is not None and len(done) == 2:
            broker_killed, what = True, "kill broker"
            broker.kill()
            time.sleep(1.0)
            broker.start()
        elif what == "stop":
            workers.stop(victim)
            workers.start(victim)
        else:
            workers.kill(victim)
            time.sleep(8.0 if what == "kill and wait" else rng.uniform(0.0, 1.0))
            workers.start(victim)
        workers.keep_up()
        done.append(f"{what} {victim}")
    return done


def check(
    settings: Settings, database: Database, published: list[Published], workers: Workers, twins: Twins, story: str
) -> None:
    expected_answers = sum(record.answered for record in published)
    assert expected_answers > len(published) * 0.75
    decided, repeats, first = dict[str, bytes](), 0, list[dict[str, Any]]()
    fingerprints, decisions = follow(settings, FINGERPRINTS), follow(settings, DECISIONS)
    quiet, deadline = 0, time.monotonic() + STANDSTILL_S
    identities = len({(dict(record.headers).get("ce_id")) for record in published if record.answered})
    while quiet < 4 and time.monotonic() < deadline:
        workers.keep_up()
        moved = False
        while (message := next(fingerprints)) is not None:
            twins.read(LogRecord.of(message))
            moved = True
        while (message := next(decisions)) is not None:
            moved = True
            value = message.value() or b""
            identity = orjson.loads(value)["decision_id"]
            repeats += identity in decided
            assert decided.setdefault(identity, value) == value, f"contradiction; {story}"
        if moved:  # this test asserts nothing about speed
            deadline = time.monotonic() + STANDSTILL_S
        first = [decision for decision in twins.decisions.values() if decision["revision"] == 0]
        complete = len(first) >= identities and decided.keys() == twins.decisions.keys()
        quiet = quiet + 1 if complete and not moved else 0
    about = f"{story}; {repeats} repeats; {twins.count()}\n{workers.last_words()}"
    assert len(first) == identities, f"{len(first)} of {identities} submissions arrived; {about}"
    compare_decisions(twins, decided, about)
    check_variety(twins, first, about)
    compare_rows(database, twins, workers, about)


def compare_decisions(twins: Twins, decided: dict[str, bytes], about: str) -> None:
    missing = [twins.decisions[key] for key in twins.decisions.keys() - decided.keys()]
    unexpected = [orjson.loads(decided[key]) for key in decided.keys() - twins.decisions.keys()]
    assert not missing and not unexpected, (
        f"{len(missing)} decisions are missing, such as {missing[:1]}; {len(unexpected)} are unexpected, such as "
        f"{unexpected[:1]}; {about}"
    )
    pairs = [(orjson.loads(value), twins.decisions[key]) for key, value in decided.items()]
    wrong = [pair for pair in pairs if pair[0] != pair[1]]
    assert not wrong, f"{len(wrong)} decisions differ from the twin's, the first {wrong[0]}; {about}"


def check_variety(twins: Twins, first: list[dict[str, Any]], about: str) -> None:
    """The run had what it is meant to have."""
    decisions = twins.decisions.values()
    assert {decision["outcome"] for decision in decisions} == OUTCOMES, about
    relations = {decision["match"]["relation"] for decision in decisions if decision["match"]}
    assert relations >= {"copy", "clip_of"}, about
    assert len(twins.revised) > 100, about
    assert twins.later_chunks > 10, about
    assert {decision["verdict"]["status"] for decision in first} == STATUSES, about
    listed = [decision["verdict"]["entry"] for decision in decisions if decision["verdict"]["entry"]]
    assert {entry["confidence"] for entry in listed} == {"exact", "unverified"}, about
    assert any(decision["verdict"]["inherited_from"] for decision in first if decision["verdict"]["by"]), about
    assert any(decision["appears_in"] for decision in decisions), about
    assert {decision["outcome"] for decision in decisions if decision.get("probe")} == OUTCOMES - {"deleted"}, about


def compare_rows(database: Database, twins: Twins, workers: Workers, about: str) -> None:
    """Wait for the rows as long as they still change, and compare them."""
    columns = "outcome, media_id, match_media_id, content_id, verdict_status, verdict_by, inherits_because, is_probe"
    query = f"SELECT toString(decision_id), {columns} FROM decisions_once"
    expected = {key: row_of(each) for key, each in remaining(twins).items()}
    rows, deadline = dict[str, tuple[Any, ...]](), time.monotonic() + STANDSTILL_S
    while rows != expected and time.monotonic() < deadline:
        workers.keep_up()
        with database.client() as client:
            found = {row[0]: tuple(row[1:]) for row in client.query(query).result_rows}
        if found != rows:
            rows, deadline = found, time.monotonic() + STANDSTILL_S
        time.sleep(0.3)
    missing, unexpected = expected.keys() - rows.keys(), rows.keys() - expected.keys()
    assert rows == expected, (
        f"{len(missing)} rows are missing, such as {[twins.decisions[key] for key in missing][:1]}; {len(unexpected)} "
        f"are unexpected, such as {[rows[key] for key in unexpected][:1]}; {about}"
    )
    with database.client() as client:
        acts = client.query("SELECT event_id FROM moderation_events_once").result_rows
        of_lists = client.query("SELECT DISTINCT event_id FROM hash_list_events_once").result_rows
    assert sorted(event_id for (event_id,) in acts) == sorted(twins.events), about
    about_lists = {key for key, event in twins.list_events.items() if event["event"] != "list_entries"}
    assert {event_id for (event_id,) in of_lists} == about_lists, about


def remaining(twins: Twins) -> dict[str, dict[str, Any]]:
    """The decisions about submissions that were not deleted."""
    told = {each["submission_id"] for each in twins.decisions.values() if each["outcome"] == "deleted"}
    failed = failures_of_deleted_media(twins.log)
    return {
        key: each for key, each in twins.decisions.items() if each["submission_id"] not in told and key not in failed
    }


def failures_of_deleted_media(log: Sequence[LogRecord]) -> set[str]:
    """Decisions about failed submissions that came before a deletion of their medium: no decision says so."""
    failed: dict[tuple[str, str], set[str]] = {}
    deleted, events = set[str](), set[str]()
    for record in log:
        value = orjson.loads(record.value)
        if record.kind == cloudevents.MODERATION_TYPE:
            is_new = value["event_id"] not in events
            events.add(value["event_id"])
            if is_new and value["event"] == "deletion" and value["content_id"] is None:
                deleted |= failed.pop((value["collection"], value["media_id"]), set())
        elif "failure" in value and value["failure"] is not None:
            key = decision_id(value["collection"], value["submission_id"], value["attempt"], 0)
            failed.setdefault((value["collection"], value["media_id"]), set()).add(key)
    return deleted


def row_of(decision: dict[str, Any]) -> tuple[Any, ...]:
    match = decision["match"] or {"media_id": ""}
    verdict, inheritance = decision["verdict"], decision.get("inheritance") or {"because": ""}
    named = decision["outcome"], decision["media_id"], match["media_id"], decision["content_id"] or ""
    return (*named, verdict["status"], verdict["by"] or "", inheritance["because"], decision.get("probe", False))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["embedded", "apache"])
def test_decisions_equal_the_twins_while_workers_are_killed(
    kind: str, request: pytest.FixtureRequest, clickhouse: Database, tmp_path: Path, workers: list[Workers]
) -> None:
    broker = request.getfixturevalue("own_apache_kafka" if kind == "apache" else "embedded_kafka")
    warm_up()  # or, on a new machine, workers are killed again and again while they still compile
    seed = int(os.environ.get(SEED) or random.SystemRandom().randrange(1 << 32))
    print(f"to run it again: {SEED}={seed}")
    settings = deployment_settings(Namespace(broker, "ref."), clickhouse, tmp_path)
    apply_topics(settings)
    published = submissions(6000 if kind == "apache" else 2500, seed, tmp_path)
    afresh, stages = kind == "embedded", "fingerprint,bulk,match,record"
    crew = Workers(settings, environment(settings), tmp_path, afresh=afresh, module=SMALL_CHUNKS, stages=stages)
    workers.append(crew)
    crew.start("a")
    crew.start("b")
    publisher = Publisher(settings, published, rate=200.0)
    publisher.start()
    done = hurt(crew, publisher, random.Random(seed), broker if isinstance(broker, ApacheKafka) else None)
    assert not publisher.failed
    twins = Twins()
    try:
        check(settings, clickhouse, published, crew, twins, f"{SEED}={seed}: {', '.join(done)}")
    except BaseException:
        twins.keep(tmp_path / "log.jsonl")
        raise

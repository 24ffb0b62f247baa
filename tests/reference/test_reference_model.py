"""No decision is lost or contradicts another, repeats are byte-identical, ClickHouse agrees: with workers being killed.

Thousands of submissions, most of them copies, flow through two workers, and in between verdicts, withdrawals, splits,
merges and deletions about them, carried out in small chunks. A seeded random generator kills the workers with SIGKILL,
restarts and stops them. Then every decision and revised decision is compared with the slow twin's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import Message
from PIL import Image, ImageOps

from streams.config.settings import Settings
from streams.kafka import cloudevents
from streams.kafka.topic_admin import apply_topics
from streams.kafka.topics import DECISIONS, FINGERPRINTS, VERDICTS
from streams.stages.match.warm_up import warm_up
from tests.reference.deployment import Published, Publisher, Workers, follow
from tests.reference.judge import judged
from tests.reference.moderation import ModeratedTwin
from tests.reference.small_chunks import DELETION_CHUNK, WALK_CHUNK
from tests.reference.twin import Twin
from tests.support.brokers import ApacheKafka, Namespace
from tests.support.engines import Database, clickhouse, container_clickhouse, embedded_clickhouse
from tests.support.films import cached_file, film
from tests.support.films import folder as films_folder
from tests.support.media import encode, noise
from tests.support.videos import ALTERATIONS, decoded

__all__ = ["clickhouse", "container_clickhouse", "embedded_clickhouse"]

EXACT_ONLY = "fast"
POLICIES = f"""
policies:
  exact: {{near: false}}
  plain: {{views: plain}}
  small: {{hash: dhash64, retention_days: 1}}
  films: {{appears_in: true}}
collections: {{{EXACT_ONLY}: exact, wiki: plain, tiny: small, shop: films}}
"""
CONTENTS = 120
FILMS = 3
ALTERED = ("h264_low", "mirrored", "letterboxed", "clip_50", "compilation", "faster_5")
STANDSTILL_S = 120.0
SMALL_CHUNKS = "tests.reference.small_chunks"
SOURCES = (("person", "ann"), ("person", "bob"), ("list", "known"), ("model", "m1"), ("model", "m2"), ("rule", "size"))
STATUSES = {"pending", "allowed", "review", "blocked"}
OUTCOMES = {"unique", "duplicate", "near_duplicate", "failed", "deleted"}


def pictures(seed: int, folder: Path) -> list[tuple[bytes, Path]]:
    """Small pictures as bytes and as files: a third of them originals, the rest altered copies of the originals."""
    rng = random.Random(seed)
    found: list[tuple[bytes, Path]] = []
    for number in range(CONTENTS):
        picture = altered(noise((120, 90), seed % 1_000_000 * CONTENTS + number // 3), rng if number % 3 else None)
        data = encode(picture, rng.choice(["PNG", "JPEG"]))
        path = folder / f"{number}.img"
        path.write_bytes(data)
        found.append((data, path))
    rng.shuffle(found)
    return found


def films() -> list[tuple[bytes, Path]]:
    """Small films, altered copies and stills of them, as bytes and as files."""
    paths = []
    for number in range(FILMS):
        original = film(number, 8.0, size=(160, 90), fps=12)
        paths += [original, *(ALTERATIONS[name].apply(original) for name in ALTERED)]
        for at_s, still in decoded(original):
            if at_s >= 3:
                paths.append(cached_file(f"{original.stem}-still.png", still.save))
                break
    return [(path.read_bytes(), path) for path in paths]


def altered(picture: Image.Image, rng: random.Random | None) -> Image.Image:
    """The picture unchanged, or smaller, mirrored, turned, cropped or in a border."""
    if rng is None:
        return picture
    width, height = picture.size
    return rng.choice(
        (
            lambda: picture.resize((width // 2, height // 2)),
            lambda: ImageOps.mirror(picture),
            lambda: picture.transpose(Image.Transpose.ROTATE_90),
            lambda: ImageOps.crop(picture, width // 20),
            lambda: ImageOps.expand(picture, 12, fill="white"),
        )
    )()


def submissions(count: int, seed: int, folder: Path) -> list[Published]:
    """Copies, copies of copies, several collections, files by reference, repeated events and invalid records."""
    rng = random.Random(seed)
    pool, shown = pictures(seed, folder), films()
    found: list[Published] = []
    for number in range(count):
        collection = rng.choice(["shop", "shop", "wiki", "tiny", EXACT_ONLY])
        if rng.random() < 0.15:
            found.append(moderation_event(number, collection, [data for data, _ in (*pool, *shown)], count, rng))
            continue
        media_id = f"m{rng.randrange(count)}" if rng.random() < 0.2 else f"m{number}"
        event = [("ce_id", f"{number}".encode()), ("ce_source", b"test"), ("ce_subject", media_id.encode())]
        event += [("ce_collection", collection.encode())]
        data, path = pool[int(rng.random() ** 2 * CONTENTS)] if rng.random() < 0.85 else rng.choice(shown)
        dice = rng.random()
        if dice < 0.70:
            headers = (*event, ("content-type", b"image/png"))
            found.append(Published(media_id.encode(), data, headers))
        elif dice < 0.88:
            body = orjson.dumps({"media_id": media_id, "collection": collection, "url": path.as_uri()})
            found.append(Published(media_id.encode(), body, tuple(event)))
        elif dice < 0.92 and found:
            found.append(rng.choice(found))
        elif dice < 0.95:
            headers = (*event, ("content-type", b"image/png"))
            found.append(Published(media_id.encode(), rng.randbytes(300), headers))
        elif dice < 0.98:
            body = orjson.dumps({"media_id": media_id, "collection": "Not A Name", "url": "https://example.com/x"})
            found.append(Published(media_id.encode(), body, tuple(event)))
        else:
            found.append(Published(None, b"{ no json", (), answered=False))
    return found


def moderation_event(number: int, collection: str, known: list[bytes], count: int, rng: random.Random) -> Published:
    """What one of six says about a medium, a content or two contents of the run, which may come later or never."""
    one, other = (f"sha256:{sha256(data).hexdigest()}" for data in rng.sample(known, 2))
    kind, name = rng.choice(SOURCES)
    says = ["verdict", "verdict", "verdict", "verdict", "withdrawal", "deletion", "split", "merge", "undo"]
    event = rng.choice(says[:6] if collection == EXACT_ONLY else says)
    by_medium = rng.random() < (0.8 if event == "deletion" else 0.5)
    by_content = not by_medium or collection == EXACT_ONLY or (event == "deletion" and rng.random() < 0.3)
    subject = one if by_content else f"m{rng.randrange(count)}"
    document = {
        "event": event,
        "collection": collection,
        "content_id": one if by_content else None,
        "media_id": None if by_content and not by_medium else subject if by_medium else f"m{rng.randrange(count)}",
        "other_content_id": other,
        "by": {"kind": kind, "name": name, "version": rng.choice((None, "2"))},
        "status": rng.choice(("allowed", "review", "blocked")),
        "labels": [{"name": "weapon", "score": 0.5}] if rng.random() < 0.3 else [],
        "scope": rng.choice(("group", "group", "content")),
    }
    headers = (("ce_id", f"e{number}".encode()), ("ce_source", b"test"))
    return Published(subject.encode(), orjson.dumps(document), headers, answered=False, topic=VERDICTS)


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


def check(settings: Settings, database: Database, published: list[Published], workers: Workers, story: str) -> None:
    expected_answers = sum(record.answered for record in published)
    assert expected_answers > len(published) * 0.75
    twin = ModeratedTwin(judged, chunk=WALK_CHUNK, deletion_chunk=DELETION_CHUNK)
    events: dict[str, dict[str, Any]] = {}
    decided: dict[str, bytes] = {}
    fingerprints, decisions = follow(settings, FINGERPRINTS), follow(settings, DECISIONS)
    repeats, quiet, deadline = 0, 0, time.monotonic() + STANDSTILL_S
    identities = len({(dict(record.headers).get("ce_id")) for record in published if record.answered})
    while quiet < 4 and time.monotonic() < deadline:
        workers.keep_up()
        moved = False
        while (message := next(fingerprints)) is not None:
            read_log(twin, message, events)
            moved = True
        while (message := next(decisions)) is not None:
            moved = True
            value = message.value() or b""
            identity = orjson.loads(value)["decision_id"]
            repeats += identity in decided
            assert decided.setdefault(identity, value) == value, f"contradiction; {story}"
        if moved:  # this test asserts nothing about speed
            deadline = time.monotonic() + STANDSTILL_S
        first = [decision for decision in twin.decisions.values() if decision["revision"] == 0]
        complete = len(first) >= identities and decided.keys() == twin.decisions.keys()
        quiet = quiet + 1 if complete and not moved else 0
    about = f"{story}; {repeats} repeats\n{workers.last_words()}"
    assert len(first) == identities, f"{len(first)} of {identities} submissions arrived; {about}"
    missing = [twin.decisions[key] for key in twin.decisions.keys() - decided.keys()]
    unexpected = [orjson.loads(decided[key]) for key in decided.keys() - twin.decisions.keys()]
    assert not missing and not unexpected, (
        f"{len(missing)} decisions are missing, such as {missing[:1]}; {len(unexpected)} are unexpected, such as "
        f"{unexpected[:1]}; {about}"
    )
    assert {decision["outcome"] for decision in twin.decisions.values()} == OUTCOMES, about
    relations = {decision["match"]["relation"] for decision in twin.decisions.values() if decision["match"]}
    assert relations >= {"copy", "clip_of"}, about
    assert len(twin.revised) > 100, about
    assert twin.later_chunks > 10, about
    assert {decision["verdict"]["status"] for decision in first} == STATUSES, about
    assert any(decision["verdict"]["inherited_from"] for decision in first if decision["verdict"]["by"]), about
    assert any(decision["appears_in"] for decision in twin.decisions.values()), about
    wrong = [(orjson.loads(value), twin.decisions[key]) for key, value in decided.items() if not same(value, twin, key)]
    assert not wrong, f"{len(wrong)} decisions differ from the twin's, the first {wrong[0]}; {about}"
    rows: dict[str, tuple[Any, ...]] = {}
    query = "SELECT toString(decision_id), outcome, media_id, match_media_id, content_id FROM decisions_once"
    while not stored_all(rows, twin, events) and time.monotonic() < deadline + 60:
        workers.keep_up()
        with database.client() as client:
            rows = {row[0]: tuple(row[1:]) for row in client.query(query).result_rows}
        time.sleep(0.3)
    failed = failures_of_deleted_media(twin, events)
    expected = {key: row_of(each) for key, each in remaining(twin).items() if key not in failed}
    assert {key: row for key, row in rows.items() if key not in failed} == expected, about
    with database.client() as client:
        acts = client.query("SELECT event_id FROM moderation_events_once").result_rows
    assert sorted(event_id for (event_id,) in acts) == sorted(events), about


def remaining(twin: ModeratedTwin) -> dict[str, dict[str, Any]]:
    """The decisions about submissions that were not deleted."""
    deleted = {each["submission_id"] for each in twin.decisions.values() if each["outcome"] == "deleted"}
    return {key: each for key, each in twin.decisions.items() if each["submission_id"] not in deleted}


def failures_of_deleted_media(twin: ModeratedTwin, events: dict[str, dict[str, Any]]) -> set[str]:
    """Failed submissions of media that were deleted: their rows go if they were there by then."""
    media = {(each["collection"], each["media_id"]) for each in events.values() if each["event"] == "deletion"}
    return {
        key
        for key, each in twin.decisions.items()
        if each["outcome"] == "failed" and (each["collection"], each["media_id"]) in media
    }


def stored_all(rows: dict[str, Any], twin: ModeratedTwin, events: dict[str, dict[str, Any]]) -> bool:
    failed = failures_of_deleted_media(twin, events)
    return rows.keys() - failed == remaining(twin).keys() - failed


def read_log(twin: ModeratedTwin, message: Message, events: dict[str, dict[str, Any]]) -> None:
    """Have the twin read one record of media.fingerprints; notes moderation events by their ids."""
    value, time_ms, offset = message.value() or b"", message.timestamp()[1], message.offset() or 0
    match dict(message.headers() or []).get("ce_type"):
        case cloudevents.MODERATION_TYPE:
            event = orjson.loads(value)
            events[event["event_id"]] = event
            twin.read_event(value, time_ms, offset)
        case cloudevents.WALK_TYPE:
            twin.read_step(value, time_ms)
        case cloudevents.DELETION_STEP_TYPE:
            twin.read_deletion_step(value, time_ms, offset)
        case _:
            twin.read(value, time_ms, offset)


def same(value: bytes, twin: Twin, key: str) -> bool:
    return bool(orjson.loads(value) == twin.decisions[key])


def row_of(decision: dict[str, Any]) -> tuple[Any, ...]:
    match = decision["match"] or {"media_id": ""}
    return (decision["outcome"], decision["media_id"], match["media_id"], decision["content_id"] or "")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["embedded", "apache"])
def test_decisions_equal_the_twins_while_workers_are_killed(
    kind: str, request: pytest.FixtureRequest, clickhouse: Database, tmp_path: Path, workers: list[Workers]
) -> None:
    broker = request.getfixturevalue("own_apache_kafka" if kind == "apache" else "embedded_kafka")
    warm_up()  # or, on a new machine, workers are killed again and again while they still compile
    seed = random.SystemRandom().randrange(1 << 32)
    settings = deployment_settings(Namespace(broker, "ref."), clickhouse, tmp_path)
    apply_topics(settings)
    published = submissions(6000 if kind == "apache" else 2500, seed, tmp_path)
    crew = Workers(settings, environment(settings), tmp_path, afresh=kind == "embedded", module=SMALL_CHUNKS)
    workers.append(crew)
    crew.start("a")
    crew.start("b")
    publisher = Publisher(settings, published, rate=200.0)
    publisher.start()
    done = hurt(crew, publisher, random.Random(seed), broker if isinstance(broker, ApacheKafka) else None)
    assert not publisher.failed
    check(settings, clickhouse, published, crew, f"seed {seed}: {', '.join(done)}")

"""What users of a busy system do, as locust runs it. What they ask for is in the folder that MEDIASIEVE_LOAD names:
story.json with media, contents, hashes and words, and pictures that were submitted before.

Reads are Zipf-distributed over media, as they are in life: few media are asked for most of the time.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import time
from pathlib import Path
from typing import Any, ClassVar, Final

import gevent
from locust import FastHttpUser, User, constant_throughput, task

from tests.load import slos

FOLDER: Final = Path(os.environ["MEDIASIEVE_LOAD"])
STORY: Final[dict[str, Any]] = json.loads((FOLDER / "story.json").read_text())
COLLECTION: Final[str] = STORY["collection"]
PICTURES: Final = [path.read_bytes() for path in sorted(FOLDER.glob("*.jpg"))]
ZIPF: Final = 1.1
POPULAR: Final = 20
RUN: Final = f"{os.getpid()}-{random.randrange(1 << 30)}"
NUMBERS: Final = itertools.count()


def popular(names: list[str]) -> tuple[int, str]:
    """A name by its rank, and the rank."""
    weights = _weights(len(names))
    rank = random.choices(range(len(names)), cum_weights=weights)[0]
    return rank, names[rank]


def _weights(count: int, known: dict[int, list[float]] = {}) -> list[float]:  # noqa: B006 - computed once a length
    if count not in known:
        known[count] = list(itertools.accumulate(1 / rank**ZIPF for rank in range(1, count + 1)))
    return known[count]


class ApiUser(FastHttpUser):
    """Has the key of MEDIASIEVE_API_KEY, if there is one."""

    abstract = True
    insecure = False
    default_headers = {"Accept-Encoding": "zstd, gzip"} | (
        {"Authorization": f"Bearer {os.environ['MEDIASIEVE_API_KEY']}"} if "MEDIASIEVE_API_KEY" in os.environ else {}
    )
    in_collection: ClassVar[dict[str, str]] = {"collection": COLLECTION}


class Reader(ApiUser):
    """A product and its moderators."""

    weight = 8
    wait_time = constant_throughput(5)

    @task(20)
    def medium(self) -> None:
        rank, media_id = popular(STORY["media_ids"])
        name = slos.CACHED_MEDIUM if rank < POPULAR else slos.MEDIUM
        self.client.get(f"/v1/media/{media_id}?collection={COLLECTION}", name=name)

    @task(5)
    def decision(self) -> None:
        self.client.get(f"/v1/decisions/{popular(STORY['media_ids'])[1]}?collection={COLLECTION}", name=slos.DECISION)

    @task(3)
    def page(self) -> None:
        self.client.get(f"/v1/decisions?collection={COLLECTION}&limit=50", name=slos.PAGE)

    @task(3)
    def group(self) -> None:
        content_id = popular(STORY["content_ids"])[1]
        self.client.get(f"/v1/groups/{content_id}?collection={COLLECTION}", name=slos.GROUP)

    @task(2)
    def statistics(self) -> None:
        self.client.get(f"/v1/statistics?collection={COLLECTION}", name=slos.STATISTICS)

    @task(3)
    def text(self) -> None:
        words = "+".join(random.sample(STORY["words"], 2))
        self.client.get(f"/v1/search?collection={COLLECTION}&q={words}", name=slos.TEXT)

    @task(2)
    def hash(self) -> None:
        query = {"hash": f"phash256:{popular(STORY['hashes'])[1]}", "collection": COLLECTION}
        self.client.post("/v1/search", json=query, name=slos.HASH)

    @task(1)
    def picture(self) -> None:
        headers = {"Content-Type": "image/jpeg"}
        path = f"/v1/search?collection={COLLECTION}"
        self.client.post(path, data=random.choice(PICTURES), headers=headers, name=slos.PICTURE)


class Submitter(ApiUser):
    """Uploads what is known already, and waits for the decision."""

    weight = 2
    wait_time = constant_throughput(2)

    @task
    def submit(self) -> None:
        path = f"/v1/media/load/{RUN}/{next(NUMBERS)}?collection={COLLECTION}&wait_s=30"
        headers = {"Content-Type": "image/jpeg"}
        with self.client.put(
            path, data=random.choice(PICTURES), headers=headers, name=slos.DUPLICATE, catch_response=True
        ) as answer:
            if answer.status_code != 200:
                answer.failure(f"{answer.status_code}: no decision")


class TopicUser(User):
    """Publishes submissions to Kafka and reads decisions, without the API; only where MEDIASIEVE_BROKER is set."""

    abstract = "MEDIASIEVE_BROKER" not in os.environ
    weight = 1
    wait_time = constant_throughput(10)

    def on_start(self) -> None:
        from streams.config.settings import load_settings
        from streams.kafka.publisher import Publisher
        from streams.kafka.readers.decision_tail import DecisionTail

        settings = load_settings()
        self._waiting: dict[str, float] = {}
        self._publisher = Publisher(settings, self._on_receipt)
        self._tail = DecisionTail(settings)
        self._reading = gevent.spawn(self._read)

    def on_stop(self) -> None:
        self._reading.kill()
        self._publisher.cancel()
        self._tail.close()

    @task
    def publish(self) -> None:
        from streams.services.submit.records import Envelope, record_from_bytes

        media_id = f"topic/{RUN}/{next(NUMBERS)}"
        record = record_from_bytes(random.choice(PICTURES), media_id, "image/jpeg", Envelope(COLLECTION))
        self._waiting[media_id] = time.perf_counter()
        self._publisher.send(record)
        self._publisher.poll()

    def _on_receipt(self, receipt: Any) -> None:
        if receipt.error is not None:
            self._note(receipt.record.media_id, RuntimeError(receipt.error))

    def _read(self) -> None:
        while True:
            self._publisher.poll()
            for record in self._tail.read(0.0):
                self._note(json.loads(record.value)["media_id"], None)
            gevent.sleep(0.002)

    def _note(self, media_id: str, error: Exception | None) -> None:
        begun_at = self._waiting.pop(media_id, None)
        if begun_at is not None:
            took_ms = (time.perf_counter() - begun_at) * 1000
            self.environment.events.request.fire(
                request_type="KAFKA", name=slos.TOPIC, response_time=took_ms, response_length=0, exception=error,
                context={},
            )  # fmt: skip

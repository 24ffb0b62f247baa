"""`mediasieve publish`, on a real broker: the records are decoded as the fingerprint stage decodes them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.config.settings import Settings
from streams.domain.records import Origin, Submission, decode_submission
from streams.errors import BadInput, Reason
from streams.kafka.clients import make_consumer
from streams.kafka.topics import SUBMISSIONS, wire_name
from streams.services.submit.records import max_inline_bytes
from tests.cli.conftest import Run
from tests.support.patience import PATIENCE_S

JPEG = b"\xff\xd8\xff\xe0 not really"


@pytest.fixture
def records(settings: Settings) -> Any:
    """`records(n)`: the first n of media.submissions as raw messages, by media id."""

    def read(count: int) -> dict[str, Any]:
        consumer = make_consumer(settings, f"test-{uuid.uuid4()}")
        try:
            consumer.subscribe([wire_name(settings, SUBMISSIONS)])
            found: dict[str, Any] = {}
            deadline = time.monotonic() + PATIENCE_S
            while len(found) < count and time.monotonic() < deadline:
                for message in consumer.consume(100, 0.2):
                    assert message.error() is None
                    found[message.key().decode()] = message
            return found
        finally:
            consumer.close()

    return read


def decoded(message: Any) -> Submission:
    origin = Origin(message.topic(), message.partition(), message.offset())
    return decode_submission(
        key=message.key(),
        value=message.value(),
        headers=message.headers(),
        origin=origin,
        timestamp_ms=message.timestamp()[1],
    )


def test_files_are_published_with_their_bytes_and_cloudevents_headers(run: Run, records: Any, folder: Path) -> None:
    (folder / "photos").mkdir()
    (folder / "photos" / "cat.jpg").write_bytes(JPEG)
    (folder / "photos" / "Käse.bin").write_bytes(b"?")

    result = run("publish", "photos", "--collection", "shop", "--kind", "image", "--metadata", '{"uploader": "u-7"}')

    assert result.exit_code == 0
    assert result.stdout == ""
    assert "published 2" in result.stderr
    found = records(2)
    headers = dict(found["photos/cat.jpg"].headers())
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_type"] == b"mediasieve.submission.v1"
    assert headers["ce_subject"] == b"photos/cat.jpg"
    assert headers["content-type"] == b"image/jpeg"
    assert uuid.UUID(headers["ce_id"].decode())
    submission = decoded(found["photos/cat.jpg"])
    assert submission.submission_id == f"/mediasieve/publish#{headers['ce_id'].decode()}"
    assert submission.body == JPEG
    assert (submission.collection, submission.kind, submission.metadata) == ("shop", "image", {"uploader": "u-7"})
    assert decoded(found["photos/Käse.bin"]).media_id == "photos/Käse.bin"


def test_an_empty_file_is_published_and_refused_by_the_decoder(run: Run, records: Any, folder: Path) -> None:
    (folder / "empty.jpg").write_bytes(b"")

    assert run("publish", "empty.jpg").exit_code == 0

    with pytest.raises(BadInput) as refused:
        decoded(records(1)["empty.jpg"])
    assert refused.value.reason == Reason.SOURCE_EMPTY


def test_a_file_that_does_not_fit_into_a_record_goes_by_reference(run: Run, records: Any, folder: Path) -> None:
    large = folder / "film, part 1.mp4"
    with large.open("wb") as file:
        file.truncate(max_inline_bytes() + 1)
    (folder / "largest.jpg").write_bytes(os.urandom(max_inline_bytes()))

    result = run("publish", ".")

    assert result.exit_code == 0
    assert "MEDIASIEVE_FILE_ROOTS" in result.stderr
    assert "published 2 (1 by reference)" in result.stderr
    found = records(2)
    assert decoded(found["film, part 1.mp4"]).url == large.as_uri()
    assert len(decoded(found["largest.jpg"]).body or b"") == max_inline_bytes()


def test_inline_fails_for_a_file_that_does_not_fit(run: Run, settings: Settings, folder: Path) -> None:
    with (folder / "film.mp4").open("wb") as file:
        file.truncate(max_inline_bytes() + 1)

    result = run("publish", "film.mp4", "--inline")

    assert result.exit_code == 1
    assert "not published: film.mp4" in result.stderr
    assert "--by-reference" in result.stderr


def test_small_videos_are_published_with_their_bytes_and_type(run: Run, records: Any, folder: Path) -> None:
    start = b"\0\0\0\x18ftypisom\0\0\2\0isommp41"
    (folder / "film").write_bytes(start)

    assert run("publish", "film", "--kind", "video").exit_code == 0

    message = records(1)["film"]
    assert dict(message.headers())["content-type"] == b"video/mp4"
    assert (decoded(message).body, decoded(message).kind) == (start, "video")


def test_urls_are_their_own_media_ids(run: Run, records: Any) -> None:
    url = "https://media.example/cat.jpg"

    result = run("publish", "--url", url, "--priority", "9", "--source", "/shop", "--json")

    receipt = orjson.loads(result.stdout)
    submission = decoded(records(1)[url])
    assert receipt["media_id"] == submission.media_id == submission.url == url
    assert receipt["submission_id"] == submission.submission_id
    assert submission.submission_id.startswith("/shop#")
    assert (receipt["partition"], receipt["offset"]) == (submission.origin.partition, submission.origin.offset)
    assert submission.priority == 9


def test_lines_of_json_are_submissions_and_errors_name_the_line(run: Run, records: Any) -> None:
    lines = [
        b'{"media_id": "a", "url": "https://media.example/a", "collection": "own", "colour": "black"}',
        b"nonsense",
        b"",
        b'{"url": "https://media.example/b"}',
        b'{"media_id": "c", "url": "https://media.example/c", "kind": null}',
    ]

    result = run("publish", "--ndjson", "-", "--collection", "shop", input=b"\n".join(lines))

    assert result.exit_code == 1
    assert "not published: line 2: not valid JSON" in result.stderr
    assert "not published: line 4: field 'media_id' is missing" in result.stderr
    assert "published 2 (2 by reference)" in result.stderr
    assert "2 failed" in result.stderr
    found = records(2)
    assert decoded(found["a"]).collection == "own"
    assert decoded(found["c"]).collection == "shop"


def test_submissions_with_one_media_id_are_in_one_partition(run: Run, settings: Settings) -> None:
    lines = b"\n".join(b'{"media_id": "same", "url": "https://media.example/%d"}' % n for n in range(20))

    receipts = [
        orjson.loads(line) for line in run("publish", "--ndjson", "-", "--json", input=lines).stdout.splitlines()
    ]

    assert len(receipts) == 20
    assert len({receipt["partition"] for receipt in receipts}) == 1
    assert [receipt["offset"] for receipt in receipts] == list(range(20))


def test_an_unreadable_file_is_reported_and_the_others_are_published(run: Run, records: Any, folder: Path) -> None:
    (folder / "cat.jpg").write_bytes(JPEG)
    (folder / "gone.jpg").symlink_to("nowhere")

    result = run("publish", ".")

    assert result.exit_code == 1
    assert "not published: gone.jpg: No such file or directory" in result.stderr
    assert "published 1" in result.stderr
    assert records(1).keys() == {"cat.jpg"}


def test_control_characters_in_a_name_do_not_reach_the_terminal(run: Run, settings: Settings, folder: Path) -> None:
    (folder / "\x1b[2Jred.jpg").symlink_to("nowhere")

    result = run("publish", ".")

    assert "\x1b" not in result.stderr
    assert r"\x1b[2Jred.jpg" in result.stderr


def test_ctrl_c_says_how_many_were_published(settings: Settings, folder: Path) -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "streams.cli", "publish", "--ndjson", "-", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell makes its background jobs ignore SIGINT, and the tests may be such a job.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert command.stdin is not None
    assert command.stdout is not None
    assert command.stderr is not None
    with command.stdin as stdin, command.stdout as stdout, command.stderr as stderr:
        stdin.write(b'{"media_id": "a", "url": "https://media.example/a"}\n{"media_id"')
        stdin.flush()
        assert orjson.loads(stdout.readline())["media_id"] == "a"  # while the next line is still being written

        command.send_signal(signal.SIGINT)

        code, said = command.wait(PATIENCE_S), stderr.read().decode()
    assert code == 130, said
    assert "stopped: published" in said
    assert "Traceback" not in said

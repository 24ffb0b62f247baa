"""The commands as people run them: real processes, from an empty folder to decisions and rows."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streams.local.data_dir import RunningSystem, find_running_system
from streams.local.demo_samples import CLIP, VIDEO, write_samples
from streams.services.text import human_bytes
from tests.support.brokers import ApacheKafka
from tests.support.commands import MEDIASIEVE, TIMEOUT_S, decisions_of, environment, mediasieve, running_system, until
from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")


def jpeg(seed: int, quality: int = 90) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    written = BytesIO()
    Image.fromarray(pixels).resize((320, 240), Image.Resampling.BICUBIC).save(written, "JPEG", quality=quality)
    return written.getvalue()


def write(folder: Path, **files: bytes) -> None:
    for name, content in files.items():
        (folder / f"{name}.jpg").write_bytes(content)


def processes_of(folder: Path) -> dict[int, str]:
    """Processes whose command or environment names the folder, by process id."""
    found = {}
    for proc in Path("/proc").iterdir():
        if proc.name.isdigit() and int(proc.name) != os.getpid():
            try:
                about = (proc / "cmdline").read_bytes() + (proc / "environ").read_bytes()
                if str(folder).encode() in about:
                    found[int(proc.name)] = (proc / "cmdline").read_bytes().decode().replace("\0", " ")
            except OSError:
                continue
    return found


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos, copies of both, and broken files, in a folder with an awkward name."""
    folder = tmp_path / "my photos, 100 %"
    folder.mkdir()
    one, two = jpeg(1), jpeg(2)
    write(folder, a=one, b=one, c=two, truncated=two[: len(two) // 3], empty=b"", notes=b"Dear diary\n")
    (folder / "d").mkdir()
    (folder / "d" / "[bold] c.jpg").write_bytes(two)
    (folder / os.fsdecode(b"caf\xe9.jpg")).write_bytes(one)
    return folder


EXPECTED = {
    "a.jpg": "one",
    "b.jpg": "one",
    "caf\\xe9.jpg": "one",
    "c.jpg": "two",
    "d/[bold] c.jpg": "two",
    "truncated.jpg": "truncated_media",
    "empty.jpg": "source_empty",
    "notes.jpg": "not_media",
}


def test_scan_reports_which_part_of_a_video_a_clip_is(tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    samples = [sample.path for sample in write_samples(tmp_path / "samples") if sample.alteration in (VIDEO, CLIP)]
    videos.mkdir()
    for path in samples:
        (videos / path.name).write_bytes(path.read_bytes())
    write(videos, photo=jpeg(1))

    scanned = mediasieve(tmp_path, "scan", "videos")

    assert scanned.returncode == 0, scanned.stderr
    assert scanned.stdout.splitlines() == [
        "videos/film.mp4  (1 copy)",
        "    videos/film-clip.mp4  clip, 00:00–00:05 is 00:04–00:09 of it",
        "",
        "4 files: 3 unique, 0 exact copies, 1 altered copy, 0 failed. The copies take "
        f"{human_bytes((videos / 'film-clip.mp4').stat().st_size)}.",
    ]


def test_scan_prints_one_decision_a_file_and_leaves_nothing_behind(photos: Path) -> None:
    home = photos.parent

    result = mediasieve(home, "scan", photos.name, "--json")

    assert result.returncode == 0, result.stderr
    found = decisions_of(result.stdout)
    assert {name.removeprefix(f"{photos.name}/") for name in found} == EXPECTED.keys()
    contents: dict[str, list[str]] = {"one": [], "two": []}
    for name, kind in EXPECTED.items():
        decision = found[f"{photos.name}/{name}"]
        if kind in contents:
            contents[kind].append(decision["outcome"])
        else:
            assert decision["outcome"] == "failed"
            assert decision["failure"]["reason"] == kind
    assert Counter(contents["one"]) == {"unique": 1, "duplicate": 2}
    assert Counter(contents["two"]) == {"unique": 1, "duplicate": 1}
    assert not processes_of(home)
    assert list(home.iterdir()) == [photos]


def test_scan_reports_to_people_and_ignores_settings_for_a_cluster(photos: Path) -> None:
    result = mediasieve(
        photos.parent,
        "scan",
        photos.name,
        MEDIASIEVE_BROKER="kafka.example:9093",
        MEDIASIEVE_BROKER_SECURITY="sasl_ssl",
        MEDIASIEVE_BROKER_USER="u",
        MEDIASIEVE_REPLICATION="3",
        MEDIASIEVE_MIN_INSYNC_REPLICAS="2",
    )

    assert result.returncode == 0, result.stderr
    assert "(2 copies)" in result.stdout
    assert "(1 copy)" in result.stdout
    assert f"{photos.name}/notes.jpg      not an image or video" in result.stdout
    assert "8 files: 2 unique, 3 exact copies, 3 failed." in result.stdout


def test_scan_stops_its_processes_on_sigterm(photos: Path) -> None:
    home = photos.parent
    scan = subprocess.Popen(
        [*MEDIASIEVE, "scan", photos.name], cwd=home, env=environment(home), stderr=subprocess.DEVNULL
    )
    until(lambda: len(processes_of(home)) > 2)

    scan.terminate()

    assert scan.wait(PATIENCE_S) == 128 + signal.SIGTERM
    until(lambda: not processes_of(home))
    assert list(home.iterdir()) == [photos]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which `system` runs and its clients are called."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def system(home: Path) -> Iterator[RunningSystem]:
    """`mediasieve up --workers 2`, for the tests of this file."""
    with running_system(home, "--workers", "2") as running:
        yield running
    assert not processes_of(home / "data"), "something was left running"


def test_media_published_in_one_terminal_are_decided_in_another(system: RunningSystem, home: Path) -> None:
    folder = home / "first"
    folder.mkdir()
    write(folder, a=jpeg(11), b=jpeg(11), notes=b"text")
    follow = subprocess.Popen(
        [*MEDIASIEVE, "decisions", "--follow", "--json", "--collection", "first", "--since", "1h", "--limit", "3"],
        cwd=home,
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    )

    published = mediasieve(home, "publish", "first", "--collection", "first")

    assert published.returncode == 0, published.stderr
    said, _ = follow.communicate(timeout=TIMEOUT_S)
    assert follow.returncode == 0
    found = decisions_of(said)
    assert Counter(each["outcome"] for each in found.values()) == {"unique": 1, "duplicate": 1, "failed": 1}
    table = mediasieve(home, "decisions", "--collection", "first").stdout
    assert "first/notes.jpg" in table


def test_a_killed_worker_comes_back_and_everything_is_decided_once(system: RunningSystem, home: Path) -> None:
    folder = home / "second"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:02}.jpg").write_bytes(jpeg(100 + number // 2))
    workers = [pid for pid, command in processes_of(home / "data").items() if "-m streams.cli worker" in command]
    workers = [pid for pid in workers if "leash" not in processes_of(home / "data").get(pid, "leash")]
    assert len(workers) == 2

    published = mediasieve(home, "publish", "second", "--collection", "second")
    os.kill(workers[0], signal.SIGKILL)

    assert published.returncode == 0, published.stderr

    def all_decided() -> dict[str, dict[str, Any]] | None:
        found = decisions_of(mediasieve(home, "decisions", "--json", "--collection", "second").stdout)
        return found if len(found) == 60 else None

    found = until(all_decided)
    assert Counter(each["outcome"] for each in found.values()) == {"unique": 30, "duplicate": 30}
    until(lambda: "ended by signal 9; starting it again" in (home / "up.log").read_text())
    until(lambda: mediasieve(home, "doctor").returncode == 0)


def test_a_scan_on_a_running_system_finds_copies_of_earlier_media(system: RunningSystem, home: Path) -> None:
    folder = home / "third"
    folder.mkdir()
    write(folder, a=jpeg(31), b=jpeg(32))
    first = mediasieve(home, "scan", "third", "--broker", system.broker, "--collection", "third")
    assert "2 files: 2 unique" in first.stdout, first.stderr
    write(folder, c=jpeg(31))

    again = mediasieve(home, "scan", "third/c.jpg", "--broker", system.broker, "--collection", "third", "--json")

    assert again.returncode == 0, again.stderr
    decision = decisions_of(again.stdout)["third/c.jpg"]
    assert (decision["outcome"], decision["match"]["media_id"]) == ("duplicate", "third/a.jpg")


def test_clickhouse_counts_all_decisions(system: RunningSystem, home: Path) -> None:
    folder = home / "fourth"
    folder.mkdir()
    write(folder, a=jpeg(41))
    assert mediasieve(home, "scan", "fourth", "--broker", system.broker).returncode == 0
    total = len(mediasieve(home, "decisions", "--json").stdout.splitlines())

    until(lambda: f"decisions {total}\n" in mediasieve(home, "clickhouse", "status").stdout)

    assert "up to date" in mediasieve(home, "clickhouse", "migrate").stdout


def test_the_doctor_finds_a_running_system_healthy(system: RunningSystem, home: Path) -> None:
    result = mediasieve(home, "doctor", "--json")

    assert result.returncode == 0, result.stdout
    found = {check["what"]: check for check in map(json.loads, result.stdout.splitlines())}
    for what in ("Python", "libraries", "data directory", "disk", "Kafka", "topics", "ClickHouse", "migrations"):
        assert found[what]["status"] in ("ok", "warn"), found[what]
    assert system.broker in found["Kafka"]["found"]


def test_a_second_system_in_the_same_folder_is_refused(system: RunningSystem, home: Path) -> None:
    result = mediasieve(home, "up")

    assert result.returncode == 2
    assert f"process {system.pid}" in result.stderr
    assert result.stderr.count("\n") == 2


def test_systems_that_start_together_share_no_port_and_nothing_outlives_them(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    for folder in homes:
        folder.mkdir()
    ups = [
        subprocess.Popen([*MEDIASIEVE, "up"], cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL)
        for folder in homes
    ]
    try:
        until(lambda: all(find_running_system(folder / "data") for folder in homes))
        systems = [find_running_system(folder / "data") for folder in homes]
        addresses = [{each.broker, each.clickhouse, *each.workers} for each in systems if each is not None]
        assert len(addresses) == 2
        assert not addresses[0] & addresses[1]
        assert all(len(processes_of(folder)) > 3 for folder in homes)
    finally:
        for up in ups:
            up.kill()
            up.wait()

    until(lambda: not processes_of(tmp_path))
    assert not any(find_running_system(folder / "data") for folder in homes)


def test_up_uses_a_running_kafka(apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    write(tmp_path / "photos", a=jpeg(1), b=jpeg(1))
    own = {"MEDIASIEVE_TOPIC_PREFIX": f"{tmp_path.name}."}
    with (tmp_path / "up.log").open("wb") as output:
        up = subprocess.Popen(
            [*MEDIASIEVE, "up", "--broker", apache_kafka.bootstrap, "--stages", "fingerprint,match"],
            cwd=tmp_path,
            env=environment(tmp_path, **own),
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: find_running_system(tmp_path / "data") or up.poll() is not None)
        assert up.poll() is None, (tmp_path / "up.log").read_text()
        assert mediasieve(tmp_path, "publish", "photos").returncode == 0

        def all_decided() -> dict[str, dict[str, Any]] | None:
            found = decisions_of(mediasieve(tmp_path, "decisions", "--json").stdout)
            return found if len(found) == 2 else None

        assert Counter(each["outcome"] for each in until(all_decided).values()) == {"unique": 1, "duplicate": 1}
        assert "4.1 or later" in mediasieve(tmp_path, "doctor").stdout
    finally:
        up.send_signal(signal.SIGINT)
        code = up.wait(PATIENCE_S)
    assert code == 0, (tmp_path / "up.log").read_text()


def test_the_demo_decides_about_all_samples_and_stops_its_processes(tmp_path: Path) -> None:
    result = mediasieve(tmp_path, "demo")

    assert result.returncode == 0, result.stderr
    assert str(tmp_path / "data" / "demo") in result.stdout
    kafka, clickhouse = (
        next(line for line in result.stdout.splitlines() if line.startswith(start)).partition(": ")[2]
        for start in ("Decisions read from Kafka", "Rows read from ClickHouse")
    )
    assert kafka == clickhouse
    assert "26 exact copies" in kafka or "16 exact copies" in kafka
    assert "5 failed" in kafka
    assert "cut off, its end is missing" in result.stdout
    assert re.search(r"/console/groups/sha256%3A[0-9a-f]{64}\?collection=demo&member=\S+", result.stdout)
    assert not processes_of(tmp_path)


def test_the_demo_refuses_a_folder_with_other_files(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("…")

    result = mediasieve(tmp_path, "demo", "--data-dir", "mine")

    assert result.returncode == 2
    assert "mine is not empty" in result.stderr
    assert (tmp_path / "mine" / "thesis.txt").exists()

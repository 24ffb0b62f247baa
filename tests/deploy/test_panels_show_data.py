"""Every panel shows data after the demo, which a real Prometheus scrapes meanwhile. Skipped where there is none."""

from __future__ import annotations

import math
import re
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx
import pytest

from streams.local.data_dir import RunningSystem, find_running_system
from tests.api.conftest import photo
from tests.deploy.compose import DEPLOY
from tests.deploy.test_dashboards import MACROS, TARGETS
from tests.support.commands import MEDIASIEVE, environment, until
from tests.support.onnx_models import flat_model
from tests.support.processes import end, free_port

SCRAPE_S = 2
#: In place of Grafana's variables.
INTERVALS = {"$__rate_interval": "20s", "$__range": "5m", "$__interval": "5s"}
DAYS = ("now() - 3600", "now() - 86400 * 30")
#: An empty box of MP4, which other formats ignore, too.
ENDING = struct.pack(">I4s", 8, b"free")
#: Where ClickHouse keeps its log of queries; the embedded one keeps none.
QUERY_LOG = "system.query_log"

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="no Prometheus here; Debian's package `prometheus` brings it"
)


@dataclass(frozen=True)
class Watched:
    """A demo that stays up, and the Prometheus that has watched it since `began_at`."""

    running: RunningSystem
    prometheus: httpx.Client
    began_at: float


def configuration(running: RunningSystem) -> str:
    scraped = "".join(
        f"  - job_name: {job}\n    static_configs: [{{targets: {targets}}}]\n"
        for job, targets in (("mediasieve", list(running.workers)), ("mediasieve-api", [running.api]))
    )
    times = f"{{scrape_interval: {SCRAPE_S}s, evaluation_interval: {SCRAPE_S}s}}"
    return f"global: {times}\nrule_files: ['{DEPLOY / 'prometheus' / 'rules'}/*.yaml']\nscrape_configs:\n{scraped}"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    log, data_dir, address = folder / "demo.log", folder / "data", f"127.0.0.1:{free_port()}"
    processes: list[subprocess.Popen[bytes]] = []
    variables = environment(folder, MEDIASIEVE_PICTURE_MODEL=str(flat_model(folder)))

    def start(*command: str) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            processes.append(subprocess.Popen(command, cwd=folder, env=variables, stdout=output, stderr=output))
        return processes[-1]

    try:
        demo = start(*MEDIASIEVE, "demo", "--stay", "--data-dir", str(data_dir))
        until(lambda: find_running_system(data_dir) or demo.poll() is not None)
        running = find_running_system(data_dir)
        assert running is not None, log.read_text()
        file, began_at = folder / "prometheus.yaml", time.time()
        file.write_text(configuration(running))
        start(
            "prometheus",
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'metrics'}",
            f"--web.listen-address={address}",
        )
        until(lambda: "Look further" in log.read_text() or demo.poll() is not None)
        with httpx.Client(base_url=f"http://{address}", timeout=30) as client:
            until(lambda: len(client.get("/api/v1/query", params={"query": "up == 1"}).json()["data"]["result"]) == 2)
            submit_more(running, data_dir / "samples")
            ask_the_api(running)
            time.sleep(4 * SCRAPE_S)
            yield Watched(running, client, began_at)
    finally:
        for process in reversed(processes):
            end(process, timeout_s=60)


def submit_more(running: RunningSystem, samples: Path) -> None:
    """The samples again as other bytes, and a new picture: the demo may be over before it was watched."""
    media = [path.read_bytes() + ENDING for path in sorted(samples.rglob("*")) if path.is_file()]
    with httpx.Client(base_url=f"http://{running.api}", timeout=60) as api:
        for number, medium in enumerate([*media, photo(7)]):
            fields = {"media_id": f"again/{number}", "collection": "demo"}
            found = api.post("/v1/submissions", data=fields, files={"file": (f"{number}", medium)})
            assert found.status_code == 202, found.text
        last = f"/v1/history/again/{len(media)}"
        until(lambda: api.get(last, params={"collection": "demo"}).status_code == 200)


def ask_the_api(running: RunningSystem) -> None:
    with httpx.Client(base_url=f"http://{running.api}", timeout=60) as api:
        for _ in range(3):
            for path in ("statistics", "decisions", "review"):
                assert api.get(f"/v1/{path}", params={"collection": "demo"}).status_code == 200
            found = api.post("/v1/search", json={"text": "rocket", "collection": "demo"})
            assert found.status_code == 200, found.text
            time.sleep(SCRAPE_S)


def points(watched: Watched, expression: str) -> list[float]:
    """The numbers that a panel draws."""
    for variable, value in INTERVALS.items():
        expression = expression.replace(variable, value)
    span = {"start": watched.began_at, "end": time.time(), "step": SCRAPE_S}
    answer: dict[str, Any] = watched.prometheus.get("/api/v1/query_range", params={"query": expression, **span}).json()
    assert answer["status"] == "success", answer
    numbers = (float(value) for series in answer["data"]["result"] for _, value in series["values"])
    return [number for number in numbers if not math.isnan(number)]


def test_every_panel_of_prometheus_shows_data(watched: Watched) -> None:
    shown = [(f"{name}: {target['expr']}", target["expr"]) for name, target in TARGETS if "expr" in target]
    assert len(shown) > 80
    empty = [name for name, expression in shown if not points(watched, expression)]
    assert not empty, "\n".join(empty)


def test_every_panel_of_clickhouse_shows_data(watched: Watched) -> None:
    host, _, port = watched.running.clickhouse.removeprefix("http://").partition(":")
    client = clickhouse_connect.get_client(host=host, port=int(port), database=watched.running.clickhouse_database)
    empty = []
    for name, target in TARGETS:
        sql = target.get("rawSql", "")
        for macro, replacement in MACROS.items():
            sql = re.sub(macro, replacement.replace(*DAYS), sql)
        if sql and QUERY_LOG not in sql and not client.query(sql).result_rows:
            empty.append(f"{name}: {sql}")
    client.close()
    assert not empty, "\n".join(empty)

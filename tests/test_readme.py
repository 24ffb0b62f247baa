"""The code in the README and in docs/integrate runs as written: it publishes, and reads what a worker decided."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from streams.config.settings import load_settings
from streams.kafka.topic_admin import apply_topics
from tests.support.media import jpeg
from tests.support.patience import PATIENCE_S
from tests.support.processes import end, kill, launch, tail

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = "127.0.0.1:9092"


def examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def test_the_examples_publish_and_read_decisions(embedded_kafka: Any, tmp_path: Path) -> None:
    (publish_one,) = examples("README.md")
    publish_bytes, publish_url = examples("docs/integrate/publish.md")
    (read,) = examples("docs/integrate/decisions.md")
    (say,) = examples("docs/integrate/verdicts.md")
    assert all(ADDRESS in code for code in (publish_one, publish_bytes, read, say))
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "a.jpg").write_bytes(jpeg())
    (tmp_path / "cat.jpg").write_bytes(jpeg("coffee.png"))
    apply_topics(load_settings(broker=embedded_kafka.bootstrap))
    publish = tmp_path / "publish.py"
    code = f"{publish_bytes}{publish_url}producer.flush()\n{publish_one}".replace(ADDRESS, embedded_kafka.bootstrap)
    assert "https://example.com/42.jpg" in code
    publish.write_text(code.replace("https://example.com/42.jpg", "http://127.0.0.1:9/42.jpg"))
    verdict = tmp_path / "verdict.py"
    assert '"media_id": "42"' in say
    verdict.write_text(say.replace(ADDRESS, embedded_kafka.bootstrap).replace('"42"', '"a.jpg"'))
    reader = tmp_path / "read.py"
    reader.write_text(read.replace(ADDRESS, embedded_kafka.bootstrap))

    worker = launch(
        [sys.executable, "-m", "streams.cli", "worker", "--stages", "fingerprint,match", "--http", "", "--afresh"],
        log=tmp_path / "worker.log",
        env={"MEDIASIEVE_BROKER": embedded_kafka.bootstrap, "MEDIASIEVE_DATA_DIR": str(tmp_path / "data")},
    )
    reading = launch([sys.executable, "-u", reader], log=tmp_path / "read.log")
    try:
        for _ in range(2):
            subprocess.run([sys.executable, publish], cwd=tmp_path, check=True, timeout=PATIENCE_S)
            time.sleep(0.5)
        said = lines_of(tmp_path / "read.log", 5)
        subprocess.run([sys.executable, verdict], cwd=tmp_path, check=True, timeout=PATIENCE_S)
        revised = lines_of(tmp_path / "read.log", 7)[5:]
    finally:
        kill(reading)
        end(worker)
    refused = "failed 42 source_refused_address"
    wanted = ["copy a.jpg of a.jpg", refused, refused, "new a.jpg", "new cat.jpg"]
    assert sorted(said) == wanted, tail(tmp_path / "worker.log")
    assert revised == ["revised a.jpg blocked"] * 2, tail(tmp_path / "worker.log")


def lines_of(log: Path, count: int) -> list[str]:
    """The lines of a file once it has so many, or those after a minute."""
    deadline = time.monotonic() + PATIENCE_S
    while len(lines := log.read_text().splitlines()) < count and time.monotonic() < deadline:
        time.sleep(0.2)
    return lines

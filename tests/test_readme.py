"""The README's code runs as written: it publishes, and reads what a worker decided."""

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
from tests.support.processes import end, kill, launch, tail

README = Path(__file__).resolve().parents[1] / "README.md"


def test_the_examples_for_a_users_own_code_publish_and_read_decisions(embedded_kafka: Any, tmp_path: Path) -> None:
    publish_bytes, publish_url, read = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    address = "127.0.0.1:9092"
    assert address in publish_bytes
    assert address in read
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "a.jpg").write_bytes(jpeg())
    apply_topics(load_settings(broker=embedded_kafka.bootstrap))
    publish = tmp_path / "publish.py"
    code = (publish_bytes + publish_url + "producer.flush()\n").replace(address, embedded_kafka.bootstrap)
    assert "https://example.com/42.jpg" in code
    publish.write_text(code.replace("https://example.com/42.jpg", "http://127.0.0.1:9/42.jpg"))
    reader = tmp_path / "read.py"
    reader.write_text(read.replace(address, embedded_kafka.bootstrap))

    worker = launch(
        [sys.executable, "-m", "streams.cli", "worker", "--stages", "fingerprint,match", "--http", "", "--afresh"],
        log=tmp_path / "worker.log",
        env={"MEDIASIEVE_BROKER": embedded_kafka.bootstrap, "MEDIASIEVE_DATA_DIR": str(tmp_path / "data")},
    )
    reading = launch([sys.executable, "-u", reader], log=tmp_path / "read.log")
    try:
        for _ in range(2):
            subprocess.run([sys.executable, publish], cwd=tmp_path, check=True, timeout=60)
            time.sleep(0.5)
        said: list[str] = []
        deadline = time.monotonic() + 60
        while len(said) < 4 and time.monotonic() < deadline:
            time.sleep(0.2)
            said = (tmp_path / "read.log").read_text().splitlines()
    finally:
        kill(reading)
        end(worker)
    refused = "failed 42 source_refused_address"
    wanted = ["copy a.jpg of a.jpg", refused, refused, "new a.jpg"]
    assert sorted(said) == wanted, tail(tmp_path / "worker.log")

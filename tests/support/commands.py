"""The commands as people run them: real processes in a folder of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streams.local.data_dir import RunningSystem, find_running_system
from tests.support.patience import PATIENCE_S

MEDIASIEVE = [sys.executable, "-m", "streams.cli"]
TIMEOUT_S = PATIENCE_S


def environment(folder: Path, **more: str) -> dict[str, str]:
    """No variable of mediasieve but the data directory; temporary folders are made below `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MEDIASIEVE_")}
    return {**kept, "MEDIASIEVE_DATA_DIR": str(folder / "data"), "TMPDIR": str(folder), **more}


def mediasieve(folder: Path, *args: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MEDIASIEVE, *map(str, args)],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def decisions_of(output: str) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in output.splitlines()]
    found = {line["media_id"]: line for line in lines}
    assert len(found) == len(lines), "more than one line for a file"
    return found


def until(condition: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)
    return found


@contextmanager
def running_system(home: Path, *options: str, **more: str) -> Iterator[RunningSystem]:
    """`mediasieve up` in a folder; `more` are variables."""
    log = home / "up.log"
    with log.open("wb") as output:
        up = subprocess.Popen(
            [*MEDIASIEVE, "up", *options], cwd=home, env=environment(home, **more), stdout=output, stderr=output
        )
    try:
        until(lambda: find_running_system(home / "data") or up.poll() is not None)
        running = find_running_system(home / "data")
        assert running is not None, log.read_text()
        yield running
    finally:
        up.terminate()
        code = up.wait(PATIENCE_S)
    assert code == 0, log.read_text()

"""The commands and the Python of docs/integrate/http-api.md run as they stand, against a running API."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streams.api.problems import TITLES
from tests.api.conftest import Api, eventually, photo
from tests.support.patience import PATIENCE_S

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "integrate" / "http-api.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_commands_and_the_python_run(api: Api, story: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(photo(61))
    variables = {
        **os.environ,
        "API": api.url,
        "AUTH": f"Authorization: Bearer {api.keys['shop']}",
        "MEDIASIEVE_API_KEY": api.keys["shop"],
    }

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )

    outputs = []
    for code in blocks("sh"):
        if "search" in code or "groups" in code:  # rows come a second after decisions
            with api.client() as client:
                eventually(lambda: client.get("/v1/history/photo-3").status_code == 200)
        ran = run(["sh", "-ec", code])
        assert ran.returncode in (0, 28), (code, ran.stderr, ran.stdout[:500])
        outputs.append(ran.stdout)
    assert json.loads(outputs[0])["decision"]["outcome"] == "unique"
    assert '"outcome":"duplicate"' in outputs[2]
    assert json.loads((tmp_path / "decisions.ndjson").read_text().splitlines()[-1]) == {"complete": True}
    assert any('"counterfeit"' in output for output in outputs)
    for code in blocks("python"):
        ran = run([sys.executable, "-c", code])
        assert ran.returncode == 0, ran.stderr
        assert "a copy of photo-1" in ran.stdout


def test_every_problem_is_explained() -> None:
    explained = set(re.findall(r"`([a-z_]+)`", PAGE[PAGE.index("## Problems") :]))
    assert set(TITLES) <= explained

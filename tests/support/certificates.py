"""Certificates as deploy/make-certificates.sh makes them: an authority, and one for each role."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

MAKE = Path(__file__).parents[2] / "deploy" / "make-certificates.sh"


def make_certificates(folder: Path) -> Path:
    """Fills the folder, and returns it. Without openssl, the test is skipped."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificates, and is not installed here")
    subprocess.run(["sh", str(MAKE), str(folder)], check=True)
    return folder

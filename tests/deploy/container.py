"""What a container does, without a Docker engine: a read-only root, no rights, a user that owns nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from numba.core import caching

from streams.domain.hamming.jit import DOMAIN
from tests.deploy.compose import DEPLOY

USER_ID = 10001  # as deploy/Dockerfile
#: $0 may be written; $1 is Python's own folder, and $2 a folder above it that only its owner may enter, or nothing.
_ENTER = """
set -e
home=$0 python=$1 closed=$2; shift 2
mount --bind "$home" "$home"
if [ -n "$closed" ]; then
  mkdir -p "$home/python"; mount --bind "$python" "$home/python"
  mount -t tmpfs -o mode=755 tmpfs "$closed"
  mkdir -p "$python"; mount --bind "$home/python" "$python"
fi
mount -o remount,bind,ro /
exec "$@"
"""
_locator: Any = caching._CacheLocator


def as_container(home: Path) -> list[str]:
    """The words before a command that run it so, with `home` as the only place that may be written.

    Empty where this machine does not allow it: the command runs as it stands then, with the rights of the test.
    """
    drop = ["setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups", "--no-new-privs"]
    drop += ["--inh-caps=-all", "--bounding-set=-all"]
    python = Path(sys.base_prefix).resolve()
    closed = next((str(folder) for folder in reversed(python.parents) if not folder.stat().st_mode & 0o001), "")
    words = ["unshare", "--mount", "sh", "-c", _ENTER, str(home), str(python), closed, *drop]
    probe = ["sh", "-c", 'exec "$0" -c "import streams"', sys.executable]
    try:
        tried = subprocess.run([*words, *probe], capture_output=True, check=False)
    except OSError:
        return []
    return words if tried.returncode == 0 else []


def give_to_container(folder: Path) -> None:
    """Let the container's user write below a folder."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, USER_ID, USER_ID)
    for parent in folder.parents:
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)


def bake_kernels(target: Path) -> None:
    """The kernels that are compiled on this machine, in the places where deploy/Dockerfile compiles them."""
    for folder in {path.parent for path in DOMAIN.rglob("__pycache__/*.nbi")}:
        place = target / _locator.get_suitable_cache_subpath(str(folder.parent / "any.py"))
        place.mkdir(parents=True, exist_ok=True)
        for path in (*folder.glob("*.nb?"), *folder.glob("*.compiled")):
            shutil.copy(path, place / path.name)


def entrypoint(home: Path, name: str, command: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """The image's entrypoint with a command, and the variables that the image sets for kernels."""
    variables = {
        "NUMBA_CACHE_DIR": str(home / f"kernels-of-{name}"),
        "COMPILED_KERNELS": str(home / "baked"),
        "TMPDIR": str(home),
        "HOME": "/nonexistent",
    }
    return ["sh", str(DEPLOY / "entrypoint.sh"), *command], variables

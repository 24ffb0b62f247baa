"""Kernels are compiled once on a machine, each stage's in a process of its own.

Compiling takes hundreds of MB, which a worker would keep. Workers that start together on a new machine wait for the one
that compiles, and load its result. `python -m streams.stages.kernels` compiles for all stages, side by side.
"""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from streams.domain.hamming.jit import machine_code_dir, machine_code_key

logger = logging.getLogger(__name__)

STAGES = ("fingerprint", "match")


def load_kernels(warm_up: Callable[[], None]) -> None:
    """Load the kernels of a stage, which `warm_up` uses; first compile them in a process of their own if needed.

    What that process cannot compile, or cannot keep because no directory can be written, is compiled here.

    Args:
        warm_up: a function of a module that calls it when it is run as a program.
    """
    compile_once(warm_up.__module__)
    warm_up()


def compile_once(module: str) -> None:
    """Run a module as a program, unless it has run with these sources; wait if another process runs it."""
    directory = machine_code_dir()
    if directory is None:
        return
    with (directory / f"{module}.compiled").open("a+") as compiled:
        fcntl.flock(compiled, fcntl.LOCK_EX)
        compiled.seek(0)
        if compiled.read() != machine_code_key() and _run(module):
            compiled.truncate(0)
            compiled.write(machine_code_key())


def _run(module: str) -> bool:
    """Whether the program succeeded."""
    logger.info("compiling the kernels of %s", module)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ended = subprocess.run([sys.executable, "-m", module], env=environment, capture_output=True, text=True)  # noqa: S603
    if ended.returncode:
        logger.warning("%s could not be run beforehand: %s", module, ended.stderr[-500:] or ended.returncode)
    return ended.returncode == 0


def main() -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(compile_once, [f"streams.stages.{stage}.warm_up" for stage in STAGES]))


if __name__ == "__main__":
    main()

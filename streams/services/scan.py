"""Scanning: which files are submitted first, and a private system for one scan."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.config.settings import Settings, load_settings
from streams.local.system import System, SystemOptions
from streams.services.submit.files import FoundFile, UnreadablePath, find_files

STAGES = ("fingerprint", "match")


def find_files_largest_first(paths: Iterable[Path]) -> list[FoundFile | UnreadablePath]:
    """The largest file first: an altered copy is mostly smaller than its original, and then joins its group."""
    return sorted(find_files(paths), key=lambda file: -file.size_bytes if isinstance(file, FoundFile) else 0)


@contextmanager
def private_system(paths: tuple[Path, ...], on_event: Callable[[str], None]) -> Iterator[System]:
    """Runs a system that can read these paths, in a temporary folder that is removed at the end.

    Raises:
        ConfigurationError: an embedded engine is not installed or cannot run.
    """
    with tempfile.TemporaryDirectory(prefix="mediasieve-scan-") as folder:
        options = SystemOptions(Path(folder), stages=STAGES)
        with System(_private_settings(Path(folder), paths), options, on_event) as system:
            yield system


def _private_settings(folder: Path, paths: tuple[Path, ...]) -> Settings:
    """Only this system reads the files, so they go by reference and no byte of them goes through Kafka."""
    root = Path(os.path.commonpath([path.resolve() for path in paths]))
    while "," in str(root) or str(root) != str(root).strip():  # a list of folders is separated by commas
        root = root.parent
    cores = os.cpu_count() or 1
    return load_settings(data_dir=folder, file_roots=(str(root),), decode_threads=cores, video_threads=cores)

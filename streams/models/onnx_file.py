"""Where a model in the ONNX format is, and how it is loaded."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from streams.errors import ConfigurationError

NOT_INSTALLED = "onnxruntime is not installed: pip install 'mediasieve[onnx]'"


def check_installed() -> None:
    """Raises ConfigurationError unless onnxruntime is installed; loads nothing."""
    if importlib.util.find_spec("onnxruntime") is None:
        raise ConfigurationError(NOT_INSTALLED)


def find_model(model: str, folder: Path) -> Path:
    """The file of a model.

    Args:
        model: a path, below `folder` unless it is absolute; or `PACKAGE:FILE`, a file that an installed package brings.
        folder: where relative paths begin.

    Raises:
        ConfigurationError: there is no such package or file.
    """
    package, separator, name = model.partition(":")
    if separator:
        spec = importlib.util.find_spec(package) if package.isidentifier() else None
        if spec is None or not spec.submodule_search_locations:
            raise ConfigurationError(f"the package {package!r} is not installed")
        path = Path(spec.submodule_search_locations[0], name)
    else:
        path = folder / model
    if not path.is_file():
        raise ConfigurationError(f"there is no file {path}")
    return path


def open_session(path: Path, threads: int) -> Any:
    """A session of onnxruntime, which several threads may run at once. Blocks; a large model takes seconds.

    Args:
        path: of the model.
        threads: how many threads one run uses.

    Raises:
        Exception: onnxruntime's own, if the file is no model or has parts that this onnxruntime does not know.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=onnxruntime.get_available_providers())

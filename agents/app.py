"""The only place that wires: which stages there are, and a worker of some of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module

from streams.config.settings import Settings
from streams.errors import ConfigurationError
from streams.runtime.health import serve_health
from streams.runtime.stage import Stage
from streams.runtime.worker import run_stages
from streams.stages import STAGE_NAMES


def stage_of(name: str, settings: Settings) -> Stage:
    """Loads the file of one stage only: matching alone takes 120 MB of libraries."""
    stage: Stage = import_module(f"agents.{name}").stage(settings)
    return stage


def run_worker(settings: Settings, stages: Sequence[str] = STAGE_NAMES) -> int:
    """Run the named stages in this process until it is told to stop; returns the exit code.

    Raises:
        ConfigurationError: an unknown stage, or settings that cannot work.
    """
    unknown = [name for name in stages if name not in STAGE_NAMES]
    if unknown or not stages:
        raise ConfigurationError(f"unknown stage {', '.join(unknown) or '(none)'}; there are {', '.join(STAGE_NAMES)}")
    # Pillow warns of odd files, each text anew: they would pile up in the registry of warnings.
    warnings.filterwarnings("ignore", module="PIL")
    return run_stages(
        settings, lambda: [stage_of(name, settings) for name in dict.fromkeys(stages)], serve_health(settings)
    )

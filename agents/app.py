"""The only place that wires: a worker of some of the stages."""

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
    """The stage of this name. Its file is imported only here: the libraries of match alone take 120 MB."""
    stage: Stage = import_module(f"agents.{name}").stage(settings)
    return stage


def run_worker(settings: Settings, stages: Sequence[str] = STAGE_NAMES) -> int:
    """Run the named stages in this process until SIGTERM or SIGINT; returns the exit code.

    Raises:
        ConfigurationError: an unknown stage, or settings that cannot work.
    """
    unknown = [name for name in stages if name not in STAGE_NAMES]
    if unknown or not stages:
        raise ConfigurationError(f"unknown stage {', '.join(unknown) or '(none)'}; there are {', '.join(STAGE_NAMES)}")
    named = [name for name in dict.fromkeys(stages) if name != "moderate" or settings.paths.moderation_file is not None]
    if not named:
        raise ConfigurationError("stage moderate asks nobody: name the moderators' file in MEDIASIEVE_MODERATION_FILE")
    # Pillow warns about odd files, every time with another text: the registry of warnings would grow without end.
    warnings.filterwarnings("ignore", module="PIL")
    return run_stages(settings, lambda: [stage_of(name, settings) for name in named], serve_health(settings))

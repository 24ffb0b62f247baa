"""deploy/compose.yaml as Docker reads it: the services that run mediasieve, with their environment and secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TOP = Path(__file__).parents[2]
DEPLOY = TOP / "deploy"
#: `${NAME:-value}` is the value where nobody sets the name.
DEFAULTS = re.compile(r"\$\{\w+:-([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Service:
    """A container: what it runs, its variables, and its secrets (name of the file inside → file below deploy/)."""

    name: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    environment: dict[str, str]
    secrets: dict[str, str]


def load_compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return document


def own_services() -> dict[str, Service]:
    """The services whose image is mediasieve's."""
    document = load_compose()
    files = {name: entry["file"].removeprefix("./") for name, entry in document["secrets"].items()}
    found = {}
    for name, entry in document["services"].items():
        if not entry["image"].startswith("mediasieve"):
            continue
        secrets = {secret["target"]: files[secret["source"]] for secret in entry.get("secrets", [])}
        variables = {key: DEFAULTS.sub(r"\1", str(value)) for key, value in entry["environment"].items()}
        found[name] = Service(name, tuple(entry.get("entrypoint", ())), tuple(entry["command"]), variables, secrets)
    return found

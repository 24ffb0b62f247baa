"""Makes the bill of materials (CycloneDX) and the licence report of this interpreter's environment.

`python deploy/sbom/generate.py FOLDER` exits with 1 if a package's licence is not one that an Apache-2.0 program may
depend on, if nobody has said which licence it has, or if the environment is not as requirements.lock says.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import yaml
from license_expression import ExpressionError, LicenseSymbol, LicenseWithExceptionSymbol, get_spdx_licensing
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
SPDX = get_spdx_licensing()
#: Extras of the image that deploy/Dockerfile builds, and those that people install beside.
EXTRAS = ("api", "embedded", "heif", "onnx", "pdq")


def main(folder: Path) -> int:
    """Write sbom.json and licences.md into a folder; returns the exit code."""
    known = yaml.safe_load((HERE / "licences.yaml").read_text())
    document = environment_bom()
    shipped = shipped_names()
    for component in document["components"]:
        component["scope"] = "required" if canonicalize_name(component["name"]) in shipped else "excluded"
        component["licenses"] = [{"expression": licence_of(component, known)}]
    document["components"] += vendored_modules()
    faults = [*licence_faults(document["components"], known), *lock_faults(document["components"])]
    native = list(native_libraries(shipped, known))
    faults += [
        f"{name} in {package}: licences.yaml does not know it" for package, name, licence in native if not licence
    ]
    document["components"] += [
        {
            "type": "library",
            "bom-ref": f"{package}/{name}",
            "name": name,
            "scope": "required",
            "description": f"machine code in the wheel of {package}",
            "licenses": [{"expression": licence or "NOASSERTION"}],
        }
        for package, name, licence in native
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sbom.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    (folder / "licences.md").write_text(report(document["components"], native))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def environment_bom() -> dict[str, Any]:
    """All installed distributions, as cyclonedx-bom finds them; the same environment gives the same bytes."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", str(TOP / "pyproject.toml")]
    command += ["--output-reproducible", "--sv", "1.6", "--of", "JSON", "-o", "-", sys.executable]
    made = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - of this file alone
    document: dict[str, Any] = json.loads(made.stdout)
    document["components"] = [part for part in document["components"] if part["name"] != "mediasieve"]
    return document


def vendored_modules() -> list[dict[str, Any]]:
    """The packages of npm whose files the console serves, as its vendor.json names them."""
    files = json.loads((TOP / "streams" / "console" / "static" / "vendor" / "vendor.json").read_text())["files"]
    packages = {(file["package"], file["version"], file["licence"]) for file in files}
    return [
        {
            "type": "library",
            "bom-ref": f"npm:{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:npm/{name.replace('@', '%40')}@{version}",
            "scope": "required",
            "description": "a module that the console serves",
            "licenses": [{"expression": licence}],
        }
        for name, version, licence in sorted(packages)
    ]


def shipped_names() -> set[str]:
    """What mediasieve and its extras need, directly or not; the rest serves tests and lint."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(line for extra in EXTRAS for line in project["optional-dependencies"][extra])]
    needs = {str(canonicalize_name(found.name)): found.requires or [] for found in distributions()}
    waiting = [(Requirement(line), "") for line in wanted]
    shipped: set[str] = set()
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = str(canonicalize_name(requirement.name))
        for wanted_extra in ("", *requirement.extras):
            if name in needs and (name, wanted_extra) not in seen:
                seen.add((name, wanted_extra))
                shipped.add(name)
                waiting += [(Requirement(line), wanted_extra) for line in needs[name]]
    return shipped


def licence_of(component: dict[str, Any], known: dict[str, Any]) -> str:
    """An SPDX expression: what licences.yaml says of the package, else what its metadata says; NOASSERTION without."""
    if component["name"] in known["packages"]:
        return str(known["packages"][component["name"]])
    found: dict[str, None] = {}
    for entry in component.get("licenses", []):
        said = entry.get("expression") or entry["license"].get("id") or entry["license"]["name"]
        said = known["names"].get(said, said)
        if said:
            found[said] = None
    spdx = [said for said in found if "::" not in said]
    return " AND ".join(f"({said})" if " OR " in said else said for said in spdx) or "NOASSERTION"


def licence_faults(components: Iterable[dict[str, Any]], known: dict[str, Any]) -> Iterator[str]:
    """Packages whose licence is not allowed: of an expression with OR, one side is enough."""
    for component in components:
        expression = component["licenses"][0]["expression"]
        if not is_allowed(expression, {*known["allowed"], *known["exceptions"]}):
            yield f"{component['name']}: {expression} is not allowed; see deploy/sbom/licences.yaml"


def is_allowed(expression: str, allowed: set[str]) -> bool:
    """Whether all that an SPDX expression demands is allowed."""
    try:
        return _holds(SPDX.parse(expression, validate=True, simple=False), allowed)
    except ExpressionError:
        return False


def _holds(node: Any, allowed: set[str]) -> bool:
    if isinstance(node, LicenseWithExceptionSymbol):
        return {node.license_symbol.key, node.exception_symbol.key} <= allowed
    if isinstance(node, LicenseSymbol):
        return node.key in allowed
    sides = [_holds(side, allowed) for side in node.args]
    return any(sides) if isinstance(node, SPDX.OR) else all(sides)


def lock_faults(components: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Locked packages that are missing here, or here in another version."""
    here = {canonicalize_name(component["name"]): component["version"] for component in components}
    for line in (TOP / "requirements.lock").read_text().splitlines():
        requirement = Requirement(line.split(" \\")[0])
        if requirement.marker and not requirement.marker.evaluate():
            continue
        version = here.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            yield f"{line}: the environment has {version or 'none'}; run `make install`"


def native_libraries(shipped: set[str], known: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Package, library and licence of the machine code that wheels of shipped packages bundle."""
    for found in sorted(distributions(), key=lambda one: str(canonicalize_name(one.name))):
        if str(canonicalize_name(found.name)) not in shipped:
            continue
        bundled = [file.name for file in found.files or [] if re.search(r"\.libs/|\.dylibs/", str(file))]
        for name in sorted({re.split(r"-[0-9a-f]{8}|\.so|\.dylib|\.[0-9]", file)[0] for file in bundled}):
            yield found.name, name, str(known["native"].get(name, ""))


def report(components: Iterable[dict[str, Any]], native: Iterable[tuple[str, str, str]]) -> str:
    """For people: what is shipped, what serves development, and the libraries in wheels."""
    lines = ["# Licences", "", "Made by `make sbom` from the environment that requirements.lock describes.", ""]
    python = [component for component in components if "version" in component]
    for title, scope in (("Shipped", "required"), ("For development alone", "excluded")):
        lines += [f"## {title}", "", "| package | version | licence |", "|---|---|---|"]
        rows = (part for part in python if part["scope"] == scope)
        lines += [
            f"| {part['name']} | {part['version']} | {part['licenses'][0]['expression']} |"
            for part in sorted(rows, key=lambda part: part["name"].lower())
        ]
        lines.append("")
    lines += ["## Machine code in shipped wheels", "", "| wheel | library | licence |", "|---|---|---|"]
    lines += [f"| {package} | {name} | {licence or 'unknown'} |" for package, name, licence in native]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

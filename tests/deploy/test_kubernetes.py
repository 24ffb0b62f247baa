"""The manifests: kubectl renders them, Kubernetes' schemas accept them, they fit the program and compose.yaml."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml

from streams.config.policy_file import load_policies
from streams.config.settings import load_settings
from streams.kafka.acls import expected_acls
from streams.kafka.topics import FINGERPRINTS, SUBMISSIONS, load_topics
from tests.deploy.compose import DEPLOY, own_services

FOLDER = DEPLOY / "kubernetes"
VERSION = "1.34"


@cache
def rendered(overlay: str) -> list[dict[str, Any]]:
    """The objects of base or autoscaling, as `kubectl apply -k` would send them."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed here")
    ran = subprocess.run([kubectl, "kustomize", str(FOLDER / overlay)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return [document for document in yaml.safe_load_all(ran.stdout) if document]


def written() -> list[dict[str, Any]]:
    """The objects of the base and of moderation as they stand in the files."""
    files = [path for folder in ("base", "moderation") for path in sorted((FOLDER / folder).glob("*.yaml"))]
    documents = [document for path in files for document in yaml.safe_load_all(path.read_text())]
    return [document for document in documents if document and document.get("kind") not in (None, "Kustomization")]


def workers() -> dict[str, dict[str, Any]]:
    kinds = ("Deployment", "StatefulSet")
    return {entry["metadata"]["name"]: entry for entry in written() if entry["kind"] in kinds}


def pods() -> dict[str, dict[str, Any]]:
    kinds = ("Deployment", "StatefulSet", "Job")
    return {
        entry["metadata"]["name"]: entry["spec"]["template"]["spec"] for entry in written() if entry["kind"] in kinds
    }


@pytest.mark.parametrize("overlay", ["base", "autoscaling", "moderation"])
def test_kubernetes_accepts_the_manifests(overlay: str) -> None:
    for document in rendered(overlay):
        if not document["apiVersion"].startswith("keda.sh/"):
            kubernetes_validate.validate(document, VERSION, strict=True)


def test_autoscaling_owns_the_replicas() -> None:
    kept = {
        entry["metadata"]["name"]
        for entry in rendered("autoscaling")
        if entry["kind"] == "Deployment" and "replicas" in entry["spec"]
    }

    assert kept == {"api"}, "lag says nothing about the API"


def test_every_stage_runs_with_the_same_command_as_in_compose() -> None:
    composed = {service.command for service in own_services().values() if not service.entrypoint}

    assert {tuple(pods()[name]["containers"][0]["args"]) for name in workers()} == composed
    assert workers()["match"]["kind"] == "StatefulSet"


def test_setup_does_the_same_as_in_compose() -> None:
    assert tuple(pods()["setup"]["containers"][0]["args"]) == own_services()["setup"].command


@pytest.mark.parametrize("name", pods())
def test_pods_have_no_more_rights_than_they_need(name: str) -> None:
    pod = pods()[name]
    container = pod["containers"][0]

    assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]


def test_match_has_no_more_pods_than_partitions() -> None:
    assert workers()["match"]["spec"]["replicas"] <= load_topics()[FINGERPRINTS].partitions


def documented_secrets() -> dict[str, dict[str, str]]:
    """What docs/operate/containers.md tells people to create: by secret, its files by their name inside."""
    page = (DEPLOY.parent / "docs" / "operate" / "containers.md").read_text()
    lines = re.sub(r"\\\n\s*>\s*", "", page).splitlines()
    found: dict[str, dict[str, str]] = {}
    roles: list[str] = []
    for line in lines:
        if loop := re.search(r"for role in ([\w ]+); do", line):
            roles = loop[1].split()
        if created := re.search(r"create secret generic mediasieve-(\S+)", line):
            for role in roles if created[1] == "$role" else [created[1]]:
                files = dict(re.findall(r"--from-file=([\w.]+)=(\S+)", line))
                found[role] = {name: file.replace("$role", role) for name, file in files.items()}
    return found


@pytest.mark.parametrize("name", ["fingerprint", "match", "record", "api", "moderate"])
def test_a_pod_gets_the_secrets_that_its_service_has_in_compose(name: str) -> None:
    needed = {target: Path(file).relative_to("secrets") for target, file in own_services()[name].secrets.items()}
    given = {target: Path(file) for target, file in documented_secrets()[name].items()}

    assert needed.items() <= given.items()
    volumes = [volume["secret"]["secretName"] for volume in pods()[name]["volumes"] if "secret" in volume]
    assert volumes == [f"mediasieve-{name}"]


def test_moderators_reach_the_api_by_its_service() -> None:
    variables = {entry["name"]: entry.get("value") for entry in pods()["moderate"]["containers"][0]["env"]}
    services = {entry["metadata"]["name"] for entry in written() if entry["kind"] == "Service"}

    assert urlsplit(str(variables["MEDIASIEVE_CALLBACK_URL"])).hostname in services


def scaled_by_lag() -> dict[str, dict[str, Any]]:
    documents = yaml.safe_load_all((FOLDER / "autoscaling" / "keda.yaml").read_text())
    return {entry["metadata"]["name"]: entry["spec"] for entry in documents if entry["kind"] == "ScaledObject"}


def test_lag_never_starts_more_pods_than_partitions() -> None:
    assert scaled_by_lag()["fingerprint"]["maxReplicaCount"] <= load_topics()[SUBMISSIONS].partitions


@pytest.mark.parametrize("name", scaled_by_lag())
def test_workers_are_scaled_by_the_lag_of_all_that_their_stages_read(name: str) -> None:
    command = workers()[name]["spec"]["template"]["spec"]["containers"][0]["args"]
    triggers = {
        (trigger["metadata"]["consumerGroup"], trigger["metadata"]["topic"])
        for trigger in scaled_by_lag()[name]["triggers"]
    }
    stages = command[command.index("--stages") + 1].split(",")

    assert {group for group, _ in triggers} == {f"mediasieve-{stage}" for stage in stages}
    for group, topic in triggers:
        assert group.removeprefix("mediasieve-") in load_topics()[topic].readers


def test_the_role_lag_may_see_what_scales_workers() -> None:
    rights = {(rule.resource, rule.name) for rule in expected_acls(load_settings()) if rule.principal.endswith("-lag")}

    for spec in scaled_by_lag().values():
        for trigger in spec["triggers"]:
            assert ("group", trigger["metadata"]["consumerGroup"]) in rights
            assert ("topic", trigger["metadata"]["topic"]) in rights


@pytest.mark.parametrize("overlay", ["base", "moderation"])
def test_the_files_that_variables_name_are_mounted(overlay: str) -> None:
    documents = rendered(overlay)
    config_maps = {entry["metadata"]["name"]: set(entry["data"]) for entry in documents if entry["kind"] == "ConfigMap"}
    for entry in documents:
        if entry["kind"] not in ("Deployment", "StatefulSet"):
            continue
        pod = entry["spec"]["template"]["spec"]
        container = pod["containers"][0]
        volumes = {volume["name"]: keys_of(volume, config_maps) for volume in pod["volumes"]}
        mounted = {
            f"{mount['mountPath']}/{key}"
            for mount in container["volumeMounts"]
            for key in volumes.get(mount["name"], ())
        }
        named = {entry["name"]: entry.get("value") for entry in container["env"] if entry["name"].endswith("_FILE")}
        assert set(named.values()) <= mounted, entry["metadata"]["name"]
        assert "MEDIASIEVE_POLICY_FILE" in named, entry["metadata"]["name"]


def keys_of(volume: dict[str, Any], config_maps: dict[str, set[str]]) -> set[str]:
    """The files of a volume that come from config maps; the name of each map must be the rendered one."""
    sources = [volume, *volume.get("projected", {}).get("sources", [])]
    names = [source["configMap"]["name"] for source in sources if "configMap" in source]
    return {key for name in names for key in config_maps[name]}


def test_memory_limits_have_room_for_what_capacity_says() -> None:
    """docs/operate/capacity.md: the budget three times, and 300 MB; the index of match on top."""
    page = (DEPLOY.parent / "docs" / "operate" / "capacity.md").read_text()
    assert "Let a container have the budget three times, the index, and" in page
    needed = 3 * load_settings().runtime.max_in_flight_bytes + 300 * 10**6
    units = {"Mi": 1 << 20, "Gi": 1 << 30}

    for name, entry in workers().items():
        limit = entry["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
        room = int(limit[:-2]) * units[limit[-2:]] - (1_800_000_000 if name == "match" else 0)
        assert room >= needed, f"{name} has {limit}"


def test_the_policies_are_valid(tmp_path: Path) -> None:
    assert load_policies(FOLDER / "base" / "policies.yaml")

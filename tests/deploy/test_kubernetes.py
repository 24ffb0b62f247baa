"""The manifests: kubectl renders them, Kubernetes' schemas accept them, they fit the program and compose.yaml."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from streams.config.policy_file import load_policies
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


def test_lag_never_starts_more_pods_than_partitions() -> None:
    scaled = list(yaml.safe_load_all((FOLDER / "autoscaling" / "keda.yaml").read_text()))
    limits = {entry["metadata"]["name"]: entry["spec"] for entry in scaled if entry["kind"] == "ScaledObject"}

    assert limits["fingerprint"]["maxReplicaCount"] <= load_topics()[SUBMISSIONS].partitions
    for spec in limits.values():
        assert spec["triggers"][0]["metadata"]["topic"] in load_topics()


def test_the_policies_are_valid(tmp_path: Path) -> None:
    assert load_policies(FOLDER / "base" / "policies.yaml")

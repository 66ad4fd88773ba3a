"""Cleanup finds orphaned objects on a cluster by their labels; it keeps those of others."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.labels import INSTANCE_LABEL, STACK_LABEL
from infra.cli import cleanup
from infra.resources.identity import forget_instance, record_instance
from testkit import session
from tests.core.test_kubeconfig import kubeconfig
from tests.integration.kubernetes import Kubectl

pytestmark = pytest.mark.cluster


@pytest.fixture
def kubectl(cluster: Path) -> Kubectl:
    return Kubectl(cluster)


@pytest.fixture
def stack() -> str:
    return session.unique("cleanup")


@pytest.fixture
def project(cluster: Path, stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project whose only stack names the cluster in its file; the environment names none."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    configured(tmp_path, stack, {"kubernetes:kubeconfig": str(cluster)})
    record_instance(tmp_path, stack, mark_of(stack))
    yield tmp_path
    forget_instance(mark_of(stack))


def mark_of(stack: str, *, checkout: str = "this") -> str:
    """Return the instance that a checkout created of the stack with this name."""
    return hashlib.sha256(f"{checkout} {stack}".encode()).hexdigest()[:16]


def labels_of(stack: str, checkout: str = "this") -> dict[str, str]:
    return {STACK_LABEL: stack, INSTANCE_LABEL: mark_of(stack, checkout=checkout)}


def configured(project: Path, stack: str, config: dict[str, str]) -> None:
    (project / "Pulumi.yaml").write_text("name: loadtest\n")
    (project / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))


def cleaned(project: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Return the output lines of a cleanup."""
    assert cleanup.main(arguments, project) == 0
    return capsys.readouterr().out.splitlines()


@pytest.fixture
def spaces(kubectl: Kubectl, stack: str) -> Iterator[tuple[str, str]]:
    """The stack's own namespace, and an existing one with objects of the stack and of others.

    A stack of the same name of another checkout also has a namespace and an object.
    """
    own, users, theirs = f"loadtest-{stack}", f"users-{stack}", f"theirs-{stack}"
    kubectl.apply(namespace(own, stack), namespace(users), namespace(theirs, stack, checkout="another"))
    kubectl.apply(
        part("v1", "ConfigMap", own, "plan", stack),
        part("v1", "ConfigMap", users, "plan", stack),
        part("v1", "Secret", users, "connection", stack),
        part("batch/v1", "Job", users, "worker", stack, spec=job(stack)),
        part("v1", "ConfigMap", users, "others", f"{stack}-other"),
        part("v1", "ConfigMap", users, "theirs", stack, checkout="another"),
        part("v1", "ConfigMap", theirs, "theirs", stack, checkout="another"),
    )
    kubectl.run("wait", "--for=create", f"--namespace={users}", "pod", f"--selector={STACK_LABEL}={stack}")
    yield own, users
    kubectl.run("delete", "namespace", "--ignore-not-found", "--wait=false", own, users, theirs)


def namespace(name: str, stack: str | None = None, checkout: str = "this") -> dict[str, Any]:
    labels = labels_of(stack, checkout) if stack else {}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def part(
    version: str, kind: str, space: str, name: str, stack: str, checkout: str = "this", **content: Any
) -> dict[str, Any]:
    metadata = {"name": f"{stack}-{name}", "namespace": space, "labels": labels_of(stack, checkout)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def job(stack: str) -> dict[str, Any]:
    """Return a Job of one pod that cannot start."""
    container = {"name": "worker", "image": "loadtest-test/absent:1", "imagePullPolicy": "Never"}
    spec = {"restartPolicy": "Never", "containers": [container]}
    return {"template": {"metadata": {"labels": labels_of(stack)}, "spec": spec}}


def test_own_namespace_and_labelled_objects_are_removed(project, kubectl, stack, spaces, capsys):
    own, users = spaces
    found = [
        f"{each} (stack {stack})"
        for each in (
            f"job {users}/{stack}-worker",
            f"config map {users}/{stack}-plan",
            f"secret {users}/{stack}-connection",
            f"namespace {own}",
        )
    ]
    another = mark_of(stack, checkout="another")
    others = [f"{each} (stack {stack})" for each in (f"config map {users}/{stack}-theirs", f"namespace theirs-{stack}")]
    foreign = [f"not created by this checkout: {each}; remove with --yes --instance {another}" for each in others]
    # A search of all stacks also finds resources of others.
    assert {*foreign, *(f"orphaned: {each}" for each in found)} <= set(cleaned(project, capsys))
    listed = [*foreign, *(f"orphaned: {each}" for each in found)]
    listed.append(f"4 orphaned; remove with `./loadtest cleanup -s {stack} --yes` (a run in progress ends, too)")
    assert cleaned(project, capsys, "--stack", stack) == listed
    removed = [f"removed: {each}" for each in found]
    assert cleaned(project, capsys, "--stack", stack, "--yes") == [*foreign, *removed]
    assert cleaned(project, capsys, "--stack", stack) == foreign
    kept = ("kube-root-ca.crt", f"{stack}-other-others", f"{stack}-theirs")
    assert set(kubectl.run("get", "configmaps", f"--namespace={users}", "--output=name").split()) == {
        f"configmap/{name}" for name in kept
    }
    removed = [f"removed: {each}" for each in others]
    assert cleaned(project, capsys, "--stack", stack, "--instance", another, "--yes") == removed
    assert kubectl.of_stack(stack) == []
    assert cleaned(project, capsys, "--stack", stack) == ["no orphaned resources"]


def test_user_of_one_namespace_can_clean_up_in_it(project, cluster, kubectl, stack, spaces, capsys):
    _, users = spaces
    token = limited_to(kubectl, users)
    admin = yaml.safe_load(cluster.read_text())
    admin["users"] = [{"name": "limited", "user": {"token": token}}]
    admin["contexts"][0]["context"]["user"] = "limited"
    configured(project, stack, {"kubernetes:kubeconfig": yaml.safe_dump(admin), "loadtest:namespace": users})
    output = cleaned(project, capsys, "--stack", stack, "--yes")
    assert [line.partition(":")[0] for line in output] == ["not created by this checkout", *["removed"] * 3]
    assert kubectl.run("get", "jobs,pods", f"--namespace={users}", "--output=name") == ""


def limited_to(kubectl: Kubectl, space: str) -> str:
    """Return a token of an account with all rights in one namespace and no others."""
    kubectl.run("create", "serviceaccount", "cleaner", f"--namespace={space}")
    account = f"--serviceaccount={space}:cleaner"
    kubectl.run("create", "rolebinding", "cleaner", f"--namespace={space}", "--clusterrole=admin", account)
    return kubectl.run("create", "token", "cleaner", f"--namespace={space}").strip()


def command(project: Path, stack: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the cleanup in a process that does not find this machine's Docker."""
    script = (
        "import pathlib, sys; from infra.cli.cleanup import main; "
        "sys.exit(main(sys.argv[2:], pathlib.Path(sys.argv[1])))"
    )
    environment = {"HOME": str(project), "PATH": "", **environment}
    arguments = [sys.executable, "-c", script, str(project), "--stack", stack]
    return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60, env=environment)


def test_missing_cluster_is_an_error_only_if_chosen(tmp_path, stack):
    configured(tmp_path, stack, {})
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(kubeconfig("127.0.0.1:1"))
    done = command(tmp_path, stack)
    assert (done.returncode, done.stdout, done.stderr) == (0, "no orphaned resources\n", "")
    done = command(tmp_path, stack, KUBECONFIG=str(tmp_path / ".kube" / "config"))
    assert done.returncode == 1
    assert done.stderr.startswith("error: Kubernetes: ")
    assert done.stderr.count("\n") == 1
    configured(tmp_path, stack, {"kubernetes:context": "absent"})
    done = command(tmp_path, stack)
    assert done.returncode == 2
    assert done.stderr.startswith("error: kubernetes:kubeconfig: cannot be used (")

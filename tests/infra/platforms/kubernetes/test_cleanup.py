"""What is left on a cluster, found by its labels and removed when told to; what is another's stays."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.labels import INSTANCE_LABEL, STACK_LABEL
from infra.cli import cleanup
from infra.resources.identity import forget_instance, record_instance
from testkit import session
from tests.core.test_cluster_access import kubeconfig
from tests.integration.kubernetes import Kubectl

pytestmark = pytest.mark.cluster
Swept = Callable[..., str]


@pytest.fixture
def kubectl(cluster: Path) -> Kubectl:
    return Kubectl(cluster)


@pytest.fixture
def stack() -> str:
    return session.unique("swept")


@pytest.fixture
def project(cluster: Path, stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project whose one stack names the cluster in its file; the environment leads nowhere."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    configured(tmp_path, stack, {"kubernetes:kubeconfig": str(cluster)})
    record_instance(tmp_path, stack, mark_of(stack))
    yield tmp_path
    forget_instance(mark_of(stack))


def mark_of(stack: str, *, checkout: str = "this") -> str:
    """The instance of the stack of this name that a checkout created."""
    return hashlib.sha256(f"{checkout} {stack}".encode()).hexdigest()[:16]


def labels_of(stack: str, checkout: str = "this") -> dict[str, str]:
    return {STACK_LABEL: stack, INSTANCE_LABEL: mark_of(stack, checkout=checkout)}


def configured(project: Path, stack: str, config: dict[str, str]) -> None:
    (project / "Pulumi.yaml").write_text("name: loadtest\n")
    (project / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))


def swept(project: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """What the sweep says, line by line, of what Docker and this machine do not have."""
    assert cleanup.main(arguments, project) == 0
    return capsys.readouterr().out.splitlines()


@pytest.fixture
def spaces(kubectl: Kubectl, stack: str) -> Iterator[tuple[str, str]]:
    """The stack's own namespace, and one of the user's with parts of the stack and of others in it.

    Of a stack of the same name that another checkout created there are a namespace and a part.
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
    """Of one pod, which never begins: nothing has to run to be left."""
    container = {"name": "worker", "image": "loadtest-test/absent:1", "imagePullPolicy": "Never"}
    spec = {"restartPolicy": "Never", "containers": [container]}
    return {"template": {"metadata": {"labels": labels_of(stack)}, "spec": spec}}


def test_own_namespace_and_parts_of_a_users_are_listed_and_removed(project, kubectl, stack, spaces, capsys):
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
    strangers = [f"not created by this checkout: {each}; remove with --instance {another}" for each in others]
    # Without a stack's name it is found as well, beside what Docker and the cluster hold of others.
    assert {*strangers, *(f"orphaned: {each}" for each in found)} <= set(swept(project, capsys))
    listed = [*strangers, *(f"orphaned: {each}" for each in found)]
    listed.append("4 orphaned; remove with --yes (a run in progress ends, too)")
    assert swept(project, capsys, "--stack", stack) == listed
    removed = [f"removed: {each}" for each in found]
    assert swept(project, capsys, "--stack", stack, "--yes") == [*strangers, *removed]
    assert swept(project, capsys, "--stack", stack) == strangers
    assert kubectl.run("get", "configmaps", f"--namespace={users}", "--output=name").split() == [
        "configmap/kube-root-ca.crt",
        f"configmap/{stack}-other-others",
        f"configmap/{stack}-theirs",
    ]
    removed = [f"removed: {each}" for each in others]
    assert swept(project, capsys, "--stack", stack, "--instance", another, "--yes") == removed
    assert kubectl.of_stack(stack) == []
    assert swept(project, capsys, "--stack", stack) == ["no orphaned resources"]


def test_who_may_look_into_one_namespace_alone_sweeps_it(project, cluster, kubectl, stack, spaces, capsys):
    _, users = spaces
    token = limited_to(kubectl, users)
    admin = yaml.safe_load(cluster.read_text())
    admin["users"] = [{"name": "limited", "user": {"token": token}}]
    admin["contexts"][0]["context"]["user"] = "limited"
    configured(project, stack, {"kubernetes:kubeconfig": yaml.safe_dump(admin), "loadtest:namespace": users})
    said = swept(project, capsys, "--stack", stack, "--yes")
    assert [line.partition(":")[0] for line in said] == ["not created by this checkout", *["removed"] * 3]
    assert kubectl.run("get", "jobs,pods", f"--namespace={users}", "--output=name") == ""


def limited_to(kubectl: Kubectl, space: str) -> str:
    """A token of an account that may do everything in a namespace, and nothing elsewhere."""
    kubectl.run("create", "serviceaccount", "sweeper", f"--namespace={space}")
    account = f"--serviceaccount={space}:sweeper"
    kubectl.run("create", "rolebinding", "sweeper", f"--namespace={space}", "--clusterrole=admin", account)
    return kubectl.run("create", "token", "sweeper", f"--namespace={space}").strip()


def command(project: Path, stack: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m infra.cli.cleanup`, in a process that sees nothing of this machine's Docker."""
    script = (
        "import pathlib, sys; from infra.cli.cleanup import main; "
        "sys.exit(main(sys.argv[2:], pathlib.Path(sys.argv[1])))"
    )
    environment = {"HOME": str(project), "PATH": "", **environment}
    arguments = [sys.executable, "-c", script, str(project), "--stack", stack]
    return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60, env=environment)


def test_no_cluster_is_no_error_unless_one_was_chosen(tmp_path, stack):
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

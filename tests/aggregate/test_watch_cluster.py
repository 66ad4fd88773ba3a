"""`watch` with pods of the test cluster that write what workers write."""

import base64
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config

from core.results import Progress
from testkit import session
from testkit.cluster import load
from tests.aggregate import runs
from tests.aggregate.test_watch import IMAGE, rest, watching

pytestmark = pytest.mark.cluster


@pytest.fixture
def pods(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, str], str]]:
    """Return a function that creates a pod with an index and a shell script; delete the namespace at the end."""
    load(IMAGE)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    config.load_kube_config(str(cluster))
    api: Any = client.CoreV1Api()
    stack = session.unique("watched")
    api.create_namespace({"metadata": {"name": stack}})
    plan = gzip.compress(runs.plan(2, tables=("users",), rows=2000).model_dump_json().encode())
    binary = {"plan.json": base64.b64encode(plan).decode()}
    api.create_namespaced_config_map(stack, {"metadata": {"name": "plan"}, "binaryData": binary})

    def make(index: int, script: str) -> str:
        labels = {
            "loadtest.stack": stack,
            "app.kubernetes.io/component": "worker",
            "batch.kubernetes.io/job-completion-index": str(index),
        }
        container = {"name": "worker", "image": IMAGE, "imagePullPolicy": "Never", "command": ["sh", "-c", script]}
        spec = {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "containers": [{**container, "resources": {"limits": {"memory": "64Mi"}}}],
            "volumes": [{"name": "plan", "configMap": {"name": "plan"}}],
        }
        api.create_namespaced_pod(stack, {"metadata": {"name": f"w-{index}", "labels": labels}, "spec": spec})
        return stack

    yield make
    api.delete_namespace(stack, grace_period_seconds=0)


def by_environment(cluster: Path, _project: Path, _stack: str) -> dict[str, str]:
    return {"KUBECONFIG": str(cluster)}


def by_stack_file(cluster: Path, project: Path, stack: str) -> dict[str, str]:
    """Name the kubeconfig and a context in the stack file. The context is not the current one."""
    content = yaml.safe_load(cluster.read_text())
    content["contexts"][0]["name"] = "the-tests"
    content["current-context"] = "elsewhere"
    (project / "kubeconfig").write_text(yaml.safe_dump(content))
    keys = {"kubernetes:kubeconfig": str(project / "kubeconfig"), "kubernetes:context": "the-tests"}
    (project / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": keys}))
    return {}


@pytest.mark.parametrize("configure", [by_environment, by_stack_file])
def test_watch_follows_pods(pods, cluster, tmp_path, monkeypatch, configure):
    progress = Progress(progress="worker-1", at=runs.START, rows=250, total_rows=1000, batches=1, bytes=9)
    result = runs.result(1, rows=1000, seconds=2).model_dump_json()
    pods(1, "echo noise; sleep 2; kill -9 $$")
    stack = pods(0, f"echo '{progress.model_dump_json()}'; sleep 3; echo '{result}'")
    (tmp_path / "Pulumi.yaml").write_text("name: loadtest\n")
    (tmp_path / f"Pulumi.{stack}.yaml").touch()
    for name, value in configure(cluster, tmp_path, stack).items():
        monkeypatch.setenv(name, value)
    with watching("--stack", stack, "--platform", "kubernetes", "--project", tmp_path) as watch:
        output = rest(watch)
    assert watch.returncode == 1
    assert "-> done, 1,000 rows" in output
    assert "-> lost, 0 rows" in output
    assert "of 2,000 rows" in output
    assert "warning: worker-2: missing: it ended without a result, after 0 rows" in output
    assert "no plan with the results" not in output

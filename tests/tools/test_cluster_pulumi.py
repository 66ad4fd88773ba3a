"""The Kubernetes provider that the engine builds, on the test cluster: what it declares is there, and gone again."""

import sys
import time
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from tests.cluster import load
from tests.tools.pulumi_project import PulumiProject
from tools.engine.acquire import acquire
from tools.images.catalogue import PYTHON
from tools.images.recipe import tag

pytestmark = [pytest.mark.cluster, pytest.mark.engine]

PROGRAM = """
    import pulumi
    from pulumi_kubernetes.batch.v1 import Job
    from pulumi_kubernetes.core.v1 import Namespace

    enforce = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = Namespace("tiny", metadata={"labels": enforce})
    job = Job(
        "fleet",
        metadata={"namespace": namespace.metadata.name, "annotations": {"pulumi.com/skipAwait": "true"}},
        spec={
            "completionMode": "Indexed",
            "completions": 2,
            "parallelism": 2,
            "backoffLimitPerIndex": 0,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "securityContext": {
                        "runAsUser": 10001, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}
                    },
                    "containers": [{
                        "name": "main",
                        "image": IMAGE,
                        "command": ["python3", "-c", "import os; print(os.environ['JOB_COMPLETION_INDEX'])"],
                        "resources": {"limits": {"cpu": "250m", "memory": "64Mi"}},
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "capabilities": {"drop": ["ALL"]},
                            "readOnlyRootFilesystem": True,
                        },
                    }],
                }
            },
        },
    )
    pulumi.export("namespace", namespace.metadata.name)
    pulumi.export("job", job.metadata.name)
"""


@pytest.fixture
def engine() -> Path:
    return acquire("kubernetes").folder


def test_an_indexed_job_is_declared_run_and_destroyed(cluster, engine, tmp_path):
    load(tag(PYTHON))
    project = PulumiProject(tmp_path / "project", engine, sys.prefix)
    project.environment["KUBECONFIG"] = str(cluster)
    project.program(PROGRAM.replace("IMAGE", repr(tag(PYTHON))))
    try:
        project.up()
        outputs = project.outputs()
        with config.new_client_from_config(str(cluster)) as connection:
            core: Any = client.CoreV1Api(connection)
            batch: Any = client.BatchV1Api(connection)
            namespace, job = str(outputs["namespace"]), str(outputs["job"])
            deadline = time.monotonic() + 120
            while (status := batch.read_namespaced_job_status(job, namespace).status).succeeded != 2:
                assert time.monotonic() < deadline, status
                time.sleep(0.2)
            pods = core.list_namespaced_pod(namespace).items
            said = {core.read_namespaced_pod_log(pod.metadata.name, namespace).strip() for pod in pods}
            assert said == {"0", "1"}
            assert "3 unchanged" in project.up()
            project.pulumi("destroy", "--yes", "--skip-preview", "--color=never")
            assert namespace not in {one.metadata.name for one in core.list_namespace().items}
    finally:
        project.pulumi("destroy", "--yes", "--skip-preview", "--color=never")

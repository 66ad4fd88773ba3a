"""The project's images in the test cluster, and independent reads of its objects."""

import json
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.cli.worker_image import build
from testkit.clone import Stack
from testkit.cluster import load
from testkit.images import image

LONG: dict[str, object] = {"source": "jsonl", "rowCount": 40_000_000, "tables": ["users", "orders"]}
"""Settings of a load that is always interrupted before its end."""
TOO_LARGE: dict[str, object] = {**LONG, "tables": ["users"], "workers": 1, "rowCount": 200_000, "batchSize": 50_000}
"""Settings of a worker whose batches need more than 80 MiB."""


def worker_image(project: Path) -> str:
    """Build the worker image of a folder, copy it to the cluster, and return its name."""
    name = build(project, image("python"))
    load(name)
    return name


def server_image(source: str) -> str:
    """Load the image of a source's server into the cluster and return its name."""
    name = image(source)
    load(name)
    return name


class Kubectl:
    """Kubernetes' own command line, which is independent of the code under test."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Return the output of a command; fail the test if the command fails."""
        command = ["kubectl", f"--kubeconfig={self._kubeconfig}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def objects(self, kind: str, namespace: str) -> list[dict[str, Any]]:
        """Return all objects of a kind in a namespace."""
        found: list[dict[str, Any]] = json.loads(self.run("get", kind, f"--namespace={namespace}", "--output=json"))[
            "items"
        ]
        return found

    def apply(self, *objects: dict[str, Any]) -> None:
        """Create or change objects."""
        self.run(
            "apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        )

    def of_stack(self, stack: str) -> list[str]:
        """Return what is left of a stack in the cluster: its namespace, and everything with its label."""
        namespaced = self.run("api-resources", "--verbs=list", "--namespaced", "--output=name").split()
        kinds = ",".join(kind for kind in namespaced if not kind.startswith("events"))
        labelled = self.run(
            "get", kinds, "--all-namespaces", f"--selector=loadtest.stack={stack}", "--output=name"
        ).split()
        spaces = self.run("get", "namespaces,persistentvolumes", "--output=name").split()
        return [*labelled, *(name for name in spaces if f"loadtest-{stack}" in name)]


def namespace(stack: Stack) -> str:
    return f"loadtest-{stack.name}"


def counted(kubectl: Kubectl, stack: Stack, *client: str) -> str:
    """Return the output of the server's own client, run in the server's pod."""
    pod = f"{namespace(stack)}-database-0"
    return kubectl.run("exec", f"--namespace={namespace(stack)}", pod, "--", *client).strip()


def objects(kubectl: Kubectl, stack: Stack) -> str:
    """Return the version of the stack's namespace, and names and uids of all objects in it."""
    name, version = "{.metadata.name}", "{.metadata.resourceVersion}"
    kinds = "jobs,statefulsets,pods,services,networkpolicies,configmaps,secrets"
    within = "--output=jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid}{'\\n'}{end}"
    return kubectl.run("get", "namespace", namespace(stack), f"--output=jsonpath={name} {version}") + kubectl.run(
        "get", kinds, f"--namespace={namespace(stack)}", within
    )


CLIENTS = {
    "mysql": 'MYSQL_PWD="$MYSQL_PASSWORD" mysql --host=127.0.0.1 --user=loadtest -N -e "SELECT count(*) FROM {}" loadtest',
    # Sum the last offset of each partition. The variable with the server's options does not fit its tools.
    "kafka": "KAFKA_HEAP_OPTS=-Xmx64m /opt/kafka/bin/kafka-get-offsets.sh --bootstrap-server localhost:9092 --topic {}"
    " | awk -F: '{{rows += $3}} END {{print rows}}'",
    "neo4j": 'cypher-shell -u neo4j -p "${{NEO4J_AUTH#neo4j/}}" --format plain "MATCH (n:{}) RETURN count(n)" | tail -n 1',
    "mongodb": 'mongosh --quiet "mongodb://loadtest:$MONGO_INITDB_ROOT_PASSWORD@127.0.0.1:27017/loadtest?authSource=admin"'
    ' --eval "db.{}.countDocuments({{}})"',
}
"""Shell commands that count the rows of a table with the server's own client in its pod."""


def worker_pod(kubectl: Kubectl, stack: Stack, index: int) -> str:
    """Wait until the pod of this index runs, and return its name."""
    selector = f"--selector=app.kubernetes.io/component=worker,batch.kubernetes.io/job-completion-index={index}"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        shown = ["--ignore-not-found", selector, "--field-selector=status.phase=Running", "--output=name"]
        found = kubectl.run("get", "pods", f"--namespace={namespace(stack)}", *shown).split()
        if found:
            return found[0]
        time.sleep(0.3)
    raise AssertionError(f"worker {index} does not run")


def files(folder: Path) -> dict[str, bytes]:
    """Return all parts by their path; fail if there are none."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("part-*")}
    assert found
    return found


def wait_for_rows(kubectl: Kubectl, stack: Stack, pods: Sequence[str], seconds: float) -> None:
    """Wait until each worker has loaded rows: before that, the end of one worker is the end of the run."""
    deadline = time.monotonic() + seconds
    for pod in pods:
        while not re.search(r'"rows": ?[1-9]', kubectl.run("logs", pod, f"--namespace={namespace(stack)}")):
            assert time.monotonic() < deadline
            time.sleep(1)

"""The project's images in the test cluster, and independent reads of its objects."""

import json
import subprocess
from pathlib import Path
from typing import Any

from infra.cli.worker_image import build
from testkit.cluster import load
from testkit.images import image


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

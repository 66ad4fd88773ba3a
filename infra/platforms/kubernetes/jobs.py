"""Jobs that wait to be released: begun once, held again, and made anew where they have been begun before."""

import time
from collections.abc import Mapping
from typing import Any

from core.errors import RunError
from core.labels import INSTANCE_LABEL
from infra.platforms.kubernetes.client import Cluster
from infra.platforms.kubernetes.kinds import JOB, delete, metadata_of

_DELETE_SECONDS = 120
_SETTLE_SECONDS = 15
_CONTROLLERS_OWN = (
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
)
_FINISHED = ("Complete", "Failed")


class Jobs:
    """The declared Jobs of one created stack: a Job that does not carry its mark is neither changed nor deleted."""

    def __init__(self, cluster: Cluster, namespace: str, instance: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._instance = instance

    def fresh(self, name: str) -> str:
        """The uid of the Job, which has not begun: one that has, in an earlier attempt, is replaced by its like."""
        job = self._own(name)
        if job["spec"].get("suspend") and not job.get("status", {}).get("startTime") and not _finished(job):
            return str(job["metadata"]["uid"])
        delete(self._cluster, JOB, name, self._namespace, uid=job["metadata"]["uid"])
        deadline = time.monotonic() + _DELETE_SECONDS
        while metadata_of(self._cluster, JOB, name, self._namespace) is not None:
            if time.monotonic() > deadline:
                raise RunError(
                    f"Kubernetes: Job {name} was not deleted within {_DELETE_SECONDS} s; delete it and run again"
                )
            time.sleep(0.2)
        made = self._cluster.batch.create_namespaced_job(self._namespace, _like(job))
        return str(made.metadata.uid)

    def release(self, name: str) -> None:
        """Let its pods be made."""
        self._suspend(name, suspended=False)

    def settle(self, name: str) -> None:
        """Wait until the controller has seen the ends of all pods: held before, the Job would lose those it has not."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while not _finished(self._read(name)) and time.monotonic() < deadline:
            time.sleep(0.2)

    def hold(self, name: str) -> None:
        """As it was declared: pods that run are ended, and what has ended stays."""
        self._suspend(name, suspended=True)

    def failure(self, name: str) -> str:
        """Why the Job as a whole failed, in the controller's words, or empty."""
        conditions = self._read(name).get("status", {}).get("conditions", ())
        failed = [one for one in conditions if one["type"] == "Failed" and one["status"] == "True"]
        return f"{failed[0].get('reason', 'Failed')}: {failed[0].get('message', '')}" if failed else ""

    def refusal(self, name: str) -> str:
        """Why no pod could be made for the Job, in the words of the latest warning, or empty."""
        found = self._cluster.read(
            self._cluster.core.list_namespaced_event,
            self._namespace,
            field_selector=f"involvedObject.kind=Job,involvedObject.name={name},type=Warning",
        )
        warnings = [event for event in found["items"] if event.get("reason") == "FailedCreate"]
        return f"FailedCreate: {warnings[-1].get('message', '')}" if warnings else ""

    def _suspend(self, name: str, *, suspended: bool) -> None:
        """Change the Job that is seen to be ours, and not another one that takes its name meanwhile."""
        uid = self._own(name)["metadata"]["uid"]
        patch = {"metadata": {"uid": uid}, "spec": {"suspend": suspended}}
        self._cluster.batch.patch_namespaced_job(name, self._namespace, patch)

    def _own(self, name: str) -> dict[str, Any]:
        job = self._read(name)
        owner = job["metadata"].get("labels", {}).get(INSTANCE_LABEL)
        if owner != self._instance:
            raise RunError(
                f"Kubernetes: Job {self._namespace}/{name} carries the mark {owner!r}, not this stack's "
                f"{self._instance!r}; run `pulumi refresh`, then `pulumi up` again"
            )
        return job

    def _read(self, name: str) -> dict[str, Any]:
        return self._cluster.read(self._cluster.batch.read_namespaced_job, name, self._namespace)


def _finished(job: Mapping[str, Any]) -> bool:
    return any(
        one["type"] in _FINISHED and one["status"] == "True" for one in job.get("status", {}).get("conditions", ())
    )


def _like(job: Mapping[str, Any]) -> dict[str, Any]:
    """The same Job, held, without what the API and the controller have added to it."""
    spec = {key: value for key, value in job["spec"].items() if key != "selector"}
    template = spec["template"]
    labels = {key: value for key, value in template["metadata"]["labels"].items() if key not in _CONTROLLERS_OWN}
    kept = {key: job["metadata"].get(key, {}) for key in ("name", "namespace", "annotations")}
    job_labels = {key: value for key, value in job["metadata"].get("labels", {}).items() if key not in _CONTROLLERS_OWN}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {**kept, "labels": job_labels},
        "spec": {**spec, "suspend": True, "template": {**template, "metadata": {"labels": labels}}},
    }

"""Release, suspend and replace the declared Jobs, which are created suspended."""

import time
from collections.abc import Mapping
from typing import Any

from core.errors import RunError
from core.labels import INSTANCE_LABEL
from infra.platforms.kubernetes.client import JOB, Cluster, delete, metadata_of
from infra.platforms.kubernetes.manifests import CONTROLLER_UID_LABEL

_DELETE_SECONDS = 120
_SETTLE_SECONDS = 15
_CONTROLLER_LABELS = (
    "controller-uid",
    "job-name",
    CONTROLLER_UID_LABEL,
    "batch.kubernetes.io/job-name",
)
_FINISHED = ("Complete", "Failed")


class Jobs:
    """The Jobs of one instance of a stack. A Job without its label is neither changed nor deleted."""

    def __init__(self, cluster: Cluster, namespace: str, instance: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._instance = instance

    def fresh(self, name: str) -> str:
        """Return the uid of a Job that has not started. A Job that started in an earlier attempt is replaced by a copy."""
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
        created = self._cluster.batch.create_namespaced_job(self._namespace, _copy_of(job))
        return str(created.metadata.uid)

    def release(self, name: str) -> None:
        """Let the Job create its pods."""
        self._set_suspended(name, suspended=False)

    def settle(self, name: str) -> None:
        """Wait until the Job's status counts all pods. Call this first: the status of a suspended Job no longer changes."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while not _finished(self._read(name)) and time.monotonic() < deadline:
            time.sleep(0.2)

    def suspend(self, name: str) -> None:
        """Suspend the Job, as it was declared. Running pods are ended, and ended pods stay."""
        self._set_suspended(name, suspended=True)

    def failure(self, name: str) -> str:
        """Return the controller's message if the Job as a whole failed, else an empty string."""
        conditions = self._read(name).get("status", {}).get("conditions", ())
        failed = [one for one in conditions if one["type"] == "Failed" and one["status"] == "True"]
        return f"{failed[0].get('reason', 'Failed')}: {failed[0].get('message', '')}" if failed else ""

    def refusal(self, name: str) -> str:
        """Return the latest warning that no pod could be created for the Job, or an empty string."""
        found = self._cluster.read(
            self._cluster.core.list_namespaced_event,
            self._namespace,
            field_selector=f"involvedObject.kind=Job,involvedObject.name={name},type=Warning",
        )
        warnings = [event for event in found["items"] if event.get("reason") == "FailedCreate"]
        return f"FailedCreate: {warnings[-1].get('message', '')}" if warnings else ""

    def _set_suspended(self, name: str, *, suspended: bool) -> None:
        # With the uid, so that another Job of the same name is not changed.
        uid = self._own(name)["metadata"]["uid"]
        patch = {"metadata": {"uid": uid}, "spec": {"suspend": suspended}}
        self._cluster.batch.patch_namespaced_job(name, self._namespace, patch)

    def _own(self, name: str) -> dict[str, Any]:
        job = self._read(name)
        owner = job["metadata"].get("labels", {}).get(INSTANCE_LABEL)
        if owner != self._instance:
            raise RunError(
                f"Kubernetes: Job {self._namespace}/{name} has the instance label {owner!r}, not this stack's "
                f"{self._instance!r}; run `pulumi refresh`, then `pulumi up` again"
            )
        return job

    def _read(self, name: str) -> dict[str, Any]:
        return self._cluster.read(self._cluster.batch.read_namespaced_job, name, self._namespace)


def _finished(job: Mapping[str, Any]) -> bool:
    return any(
        one["type"] in _FINISHED and one["status"] == "True" for one in job.get("status", {}).get("conditions", ())
    )


def _copy_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same Job, suspended, without the fields that the API and the controller added."""
    spec = {key: value for key, value in job["spec"].items() if key != "selector"}
    template = spec["template"]
    labels = {key: value for key, value in template["metadata"]["labels"].items() if key not in _CONTROLLER_LABELS}
    kept = {key: job["metadata"].get(key, {}) for key in ("name", "namespace", "annotations")}
    job_labels = {
        key: value for key, value in job["metadata"].get("labels", {}).items() if key not in _CONTROLLER_LABELS
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {**kept, "labels": job_labels},
        "spec": {**spec, "suspend": True, "template": {**template, "metadata": {"labels": labels}}},
    }

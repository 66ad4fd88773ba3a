"""Run the declared Jobs: release them, follow their pods, and read their results."""

import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from kubernetes.client.exceptions import ApiException
from pydantic import BaseModel, ConfigDict

from core.kubeconfig import ClusterAccess
from core.plan import LoadPlan
from core.process import START_TEXT
from core.results import ExitReason
from core.worker_output import lines_of
from infra.fleet.runner import FINAL_EXIT_CODES, Deadline, ProcessExit, translate_errors
from infra.platforms.kubernetes.client import Cluster, wrap_kubernetes_errors
from infra.platforms.kubernetes.database import wait_until_ready
from infra.platforms.kubernetes.jobs import Jobs
from infra.platforms.kubernetes.manifests import START_ANNOTATION
from infra.platforms.kubernetes.pod_status import (
    Pod,
    exit_of,
    failures_before,
    has_started,
    is_over,
    is_ready,
    why_not_started,
)
from infra.platforms.kubernetes.pod_watch import Pods

_STOP_SECONDS = 60
"""A pod's grace period, and the time until the API reports its end."""
_POLL_SECONDS = 0.1
_JOB_SECONDS = 2.0
_LOG_LINES = 400
_MOST_REQUESTS = 32
_PREPARE = 0


class KubernetesHandles(BaseModel):
    """The names of a fleet's objects."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespace: str
    instance: str
    """The instance label of the stack's objects."""
    prepare: str
    workers: str
    server: str = ""
    """The server's StatefulSet; empty without a server."""
    jobs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """Warnings about the declaration, for the report."""


def runner_of(handles: Mapping[str, Any], plan: LoadPlan, secrets: Mapping[str, str]) -> "KubernetesRunner":
    """Return the runner of the declared Jobs; `secrets` contain the access to the cluster."""
    cluster = Cluster(ClusterAccess.model_validate(secrets))
    return KubernetesRunner(KubernetesHandles.model_validate(handles), plan, cluster)


@translate_errors(wrap_kubernetes_errors)
class KubernetesRunner:
    """Run a fleet of declared Jobs."""

    def __init__(self, fleet: KubernetesHandles, plan: LoadPlan, cluster: Cluster) -> None:
        self._fleet = fleet
        self._plan = plan
        self._cluster = cluster
        self._jobs = Jobs(cluster, fleet.namespace, fleet.instance)
        self._pods: Pods | None = None
        self._released = 0.0
        self._job_read = 0.0
        self._job_failure = ""
        self._not_started: dict[int, ProcessExit] = {}
        self._stopped = False
        self._opened: set[str] | None = None

    def prepare(self, timeout_seconds: float, wanted: Callable[[], bool]) -> ProcessExit:
        """Wait for the server, then release the preparing Job and wait for the end of its pod."""
        fleet = self._fleet
        if fleet.server:
            problem = wait_until_ready(self._cluster, fleet.namespace, fleet.server, self._plan.start_seconds, wanted)
            if problem:
                return ProcessExit(None, "", ExitReason.NEVER_STARTED, f"error: the server {problem}")
        if not wanted():
            return ProcessExit(None, "", ExitReason.INTERRUPTED)
        # Before the preparation: the workers of an earlier attempt may still be loading.
        self._jobs.fresh(fleet.workers)
        pods = self._follow(fleet.prepare)
        try:
            deadline = Deadline(self._plan.start_seconds + timeout_seconds, wanted)
            while not self._is_over(_PREPARE, pods, fleet.prepare):
                if (status := deadline.expired()) is not None:
                    return status
                time.sleep(_POLL_SECONDS)
            self._settle(fleet.prepare)
            return self._preparation_exit(pods)
        finally:
            pods.end()
            self._jobs.suspend(fleet.prepare)

    def start(self) -> None:
        """Release the Job, whose controller creates all pods at once."""
        self._not_started.clear()
        self._opened = None
        self._pods = self._follow(self._fleet.workers)

    def ready(self) -> frozenset[str]:
        """Return the workers whose startup probe has found that they are ready."""
        seen, _ = self._followed.seen()
        return frozenset(self._plan.workers[index].id for index, pod in seen.items() if is_ready(pod))

    def open_gate(self, left_out: AbstractSet[str]) -> None:
        """Annotate the pods: the kubelet writes the annotation to the file that their workers wait for.

        Pods that are left out count as ended; they are deleted with the others when the run ends.
        """
        ids = [worker.id for worker in self._plan.workers]
        for index in sorted(map(ids.index, left_out)):
            self._not_started.setdefault(index, ProcessExit(None, "", ExitReason.TIMED_OUT, "left out"))
        self._opened = set()
        self._open_for_new_pods(self._followed)

    def running(self) -> frozenset[str]:
        """Return the workers that have not ended. A pod that does not start in time counts as ended."""
        pods = self._followed
        if self._opened is not None:
            self._open_for_new_pods(pods)
        return frozenset(
            worker.id
            for index, worker in enumerate(self._plan.workers)
            if not self._is_over(index, pods, self._fleet.workers)
        )

    def stop(self) -> None:
        """Suspend the Job: its controller ends the pods, and the watch stores their termination messages."""
        self._stopped = True
        self._jobs.suspend(self._fleet.workers)
        deadline = time.monotonic() + _STOP_SECONDS
        while self.running() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def exits(self) -> Mapping[str, ProcessExit]:
        """Return each pod's exit with its termination message, or its log if the message is missing or incomplete."""
        pods, deleted = self._followed.seen()
        exits = {
            index: self._not_started.get(index) or exit_of(pod, gone=index in deleted) for index, pod in pods.items()
        }
        exits = {**self._not_started, **exits}
        incomplete = [
            index
            for index, pod in pods.items()
            if has_started(pod) and index not in deleted and not _has_whole_result(exits[index].output)
        ]
        with ThreadPoolExecutor(max_workers=_MOST_REQUESTS) as readers:
            logs = readers.map(lambda index: self._log(pods[index]), incomplete)
            for index, log in zip(incomplete, logs, strict=True):
                if log:
                    exits[index] = replace(exits[index], output=log)
        return {self._plan.workers[index].id: one for index, one in exits.items()}

    def finish(self) -> Sequence[str]:
        """Suspend the Job, as it was declared, and return the warnings. Files stay on the claim `outputStorage`."""
        if self._pods is not None:
            self._pods.end()
        self._settle(self._fleet.workers)
        self._jobs.suspend(self._fleet.workers)
        return self._fleet.warnings

    @property
    def _followed(self) -> Pods:
        assert self._pods is not None  # noqa: S101 - `start` comes first
        return self._pods

    def _open_for_new_pods(self, pods: Pods) -> None:
        """Open the gate for pods that it was not opened for: in the beginning all of them, later those of retries."""
        opened = self._opened if self._opened is not None else set()
        seen, deleted = pods.seen()
        new = [
            pod
            for index, pod in seen.items()
            if index not in self._not_started
            and index not in deleted
            and pod["metadata"]["uid"] not in opened
            and not is_over(pod)
        ]
        if new:
            with ThreadPoolExecutor(max_workers=_MOST_REQUESTS) as pool:
                list(pool.map(self._open_for, new))
            opened |= {pod["metadata"]["uid"] for pod in new}

    def _open_for(self, pod: Pod) -> None:
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        # With the uid, so that another pod of the same name is not changed.
        patch = {"metadata": {"uid": uid, "annotations": {START_ANNOTATION: START_TEXT}}}
        try:
            self._cluster.core.patch_namespaced_pod(name, self._fleet.namespace, patch)
        except ApiException as error:
            if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise

    def _follow(self, job: str) -> Pods:
        """Start to follow a Job's pods, then release the Job."""
        pods = Pods(self._cluster, self._fleet.namespace, self._jobs.fresh(job))
        pods.begin()
        self._jobs.release(job)
        self._released = self._job_read = time.monotonic()
        self._job_failure = ""
        return pods

    def _is_over(self, index: int, pods: Pods, job: str) -> bool:
        """Return whether the pod of this index has ended, or cannot start."""
        seen, deleted = pods.seen()
        pod = seen.get(index)
        if pod is not None and self._is_retried(pod, gone=index in deleted):
            return False
        if index in self._not_started or index in deleted:
            return True
        if pod is not None and (is_over(pod) or has_started(pod)):
            return is_over(pod)
        late = time.monotonic() - self._released > self._plan.start_seconds
        why = self._why_no_pod(job, late=late) if pod is None else (why_not_started(pod) if late else "")
        if why:
            waited = f"not started after {self._plan.start_seconds} s" if late else "no pod was created"
            self._not_started[index] = ProcessExit(None, "", ExitReason.NEVER_STARTED, f"{waited}: {why}")
        return bool(why)

    def _is_retried(self, pod: Pod, *, gone: bool) -> bool:
        """Return whether the Job creates another pod in place of this one."""
        if self._stopped or failures_before(pod) >= self._plan.retries or not (gone or is_over(pod)):
            return False
        return exit_of(pod, gone=gone).exit_code not in FINAL_EXIT_CODES and not self._failure(self._fleet.workers)

    def _settle(self, job: str) -> None:
        # A Job with a pod that cannot start does not end by itself.
        if not self._not_started:
            self._jobs.settle(job)

    def _why_no_pod(self, job: str, *, late: bool) -> str:
        """Return why no pod will be created, or an empty string while one may be: a failed Job creates none."""
        refusal = self._jobs.refusal(job) if late else ""
        return refusal or self._failure(job) or ("the Job created no pod" if late else "")

    def _failure(self, job: str) -> str:
        """Return why the Job as a whole failed, or an empty string; the API is read at most every _JOB_SECONDS."""
        now = time.monotonic()
        if now - self._job_read > _JOB_SECONDS:
            self._job_read, self._job_failure = now, self._jobs.failure(job)
        return self._job_failure

    def _preparation_exit(self, pods: Pods) -> ProcessExit:
        """Return the exit of the preparation with its output. The log contains both streams; only the result is JSON."""
        seen, deleted = pods.seen()
        if _PREPARE in self._not_started:
            status = self._not_started[_PREPARE]
            return replace(status, detail=f"error: prepare: {status.detail}")
        ended = exit_of(seen[_PREPARE], gone=_PREPARE in deleted)
        lines = lines_of(self._log(seen[_PREPARE]))
        output = "\n".join(line for line in lines if line.startswith("{"))
        detail = "\n".join(line for line in lines if not line.startswith("{"))
        return replace(ended, output=output, detail=detail if ended.reason is None else ended.detail)

    def _log(self, pod: Pod) -> str:
        """Return the end of a pod's log; empty if the pod was deleted."""
        try:
            text = self._cluster.core.read_namespaced_pod_log(
                pod["metadata"]["name"], self._fleet.namespace, tail_lines=_LOG_LINES
            )
        except ApiException:
            return ""
        return str(text)


def _has_whole_result(message: str) -> bool:
    """Return whether a message contains a result, and no list of omitted fields."""
    return "{" in message and '"omitted":["' not in message

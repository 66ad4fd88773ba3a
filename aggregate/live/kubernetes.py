"""Workers that are pods: their labels say whose they are, their logs how far they have come."""

from collections.abc import Sequence
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from aggregate.live.feed import Sighting, told
from spec.errors import RunError
from spec.plan import LoadPlan
from spec.units import parse_size

STACK_LABEL, WORKER_LABEL = "loadtest.stack", "loadtest.worker"
_INDEX_LABEL = "batch.kubernetes.io/job-completion-index"
_LINES = 2
_TIMEOUT_SECONDS = 10


class KubernetesFeed:
    """The pods of a stack, in the cluster that the kubeconfig names. Raises RunError where there is none."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        try:
            config.load_kube_config()  # type: ignore[no-untyped-call]  # the client's one function without types
            self._api = client.CoreV1Api()
            self._pods()
        except (ConfigException, ApiException, HTTPError) as error:
            said = " ".join(str(error).split())[:200]
            raise RunError(f"no cluster to look at ({said}); set KUBECONFIG") from None

    def plan(self) -> LoadPlan | None:
        """Not read from the cluster: the workers' own lines tell their rows."""
        return None

    def look(self) -> Sequence[Sighting]:
        """Each worker's newest pod: a retried worker has older ones, which have ended."""
        pods = sorted(self._pods(), key=_created)
        newest = {worker: pod for pod in pods if (worker := _worker(pod)) is not None}
        return [self._sighting(worker, pod) for worker, pod in newest.items()]

    def _pods(self) -> list[Any]:
        selector = f"{STACK_LABEL}={self._stack}"
        listed = self._api.list_pod_for_all_namespaces(label_selector=selector, _request_timeout=_TIMEOUT_SECONDS)
        return list(listed.items)

    def _sighting(self, worker: str, pod: Any) -> Sighting:
        # First the phase, then the log: what has ended by now has written all.
        phase = pod.status.phase
        started = phase in ("Running", "Succeeded", "Failed")
        progress, result = told(self._log(pod)) if started else (None, None)
        limits = pod.spec.containers[0].resources.limits or {}
        memory = parse_size(limits["memory"]) if "memory" in limits else None
        return Sighting(worker, started, phase == "Running", progress, result, memory)

    def _log(self, pod: Any) -> bytes:
        """Empty for a pod whose container is being made or is gone."""
        try:
            answer: Any = self._api.read_namespaced_pod_log(
                pod.metadata.name,
                pod.metadata.namespace,
                container=pod.spec.containers[0].name,
                tail_lines=_LINES,
                _preload_content=False,
                _request_timeout=_TIMEOUT_SECONDS,
            )
        except ApiException:
            return b""
        return bytes(answer.data)


def _created(pod: Any) -> Any:
    return pod.metadata.creation_timestamp


def _worker(pod: Any) -> str | None:
    """The worker's id by its label, or by its place in an indexed job; None for the database's pod and `prepare`'s."""
    labels = pod.metadata.labels or {}
    named = labels.get(WORKER_LABEL, "")
    if named.startswith("worker-"):
        return str(named)
    place = labels.get(_INDEX_LABEL)
    return f"worker-{int(place) + 1}" if place is not None and named in ("", "worker", "workers") else None

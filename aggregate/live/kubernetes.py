"""Follow workers that are Kubernetes pods, found by their labels. Their progress is in the logs."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from pydantic import ValidationError
from urllib3.exceptions import HTTPError
from yaml import YAMLError

from aggregate.live.feed import Snapshot, parse_output
from core.errors import RunError
from core.kubeconfig import ClusterAccess
from core.labels import POD_INDEX_LABEL, ROLE_LABEL, STACK_LABEL, WORKER_ROLE, stack_label
from core.plan import LoadPlan, worker_id
from core.plan_file import parse_plan
from core.process import PLAN_NAME, PLAN_VOLUME
from core.text import one_line
from core.units import parse_size

_WORKERS = f"{STACK_LABEL}={{}},{ROLE_LABEL}={WORKER_ROLE}"
_LINES = 2
"""The last line may be incomplete while it is being written."""
_TIMEOUT_SECONDS = 10
_ENDED = ("Succeeded", "Failed")


class StackFeed:
    """The pods of a stack, in the cluster that its stack file names. Raises RunError if the cluster does not respond."""

    def __init__(self, stack: str, project: Path) -> None:
        access = ClusterAccess.of_stack(project, stack)
        self._selector = _WORKERS.format(stack_label(stack))
        load: Any = config
        try:
            self._api = client.CoreV1Api(load.new_client_from_config(**access.options()))
            self._pods()
        except (ConfigException, YAMLError, ApiException, HTTPError) as error:
            raise _unreachable(error) from None

    def plan(self) -> LoadPlan | None:
        """Return the plan from the ConfigMap that is mounted in the workers."""
        try:
            for pod in self._pods():
                for volume in pod.spec.volumes:
                    if volume.name == PLAN_VOLUME and volume.config_map is not None:
                        return self._plan_in(volume.config_map.name, pod.metadata.namespace)
        except (ApiException, HTTPError, ValidationError):
            return None
        return None

    def snapshots(self) -> Sequence[Snapshot]:
        """Return each worker's newest pod. A retried worker also has older pods, which have ended."""
        try:
            newest = {_worker(pod): pod for pod in self._pods()}
            return [self._snapshot(worker, pod) for worker, pod in newest.items()]
        except (ApiException, HTTPError) as error:
            raise _unreachable(error) from None

    def _pods(self) -> list[Any]:
        """Return the pods, oldest first."""
        listed = self._api.list_pod_for_all_namespaces(label_selector=self._selector, _request_timeout=_TIMEOUT_SECONDS)
        return sorted(listed.items, key=lambda pod: pod.metadata.creation_timestamp)

    def _snapshot(self, worker: str, pod: Any) -> Snapshot:
        # Read the phase before the log: a pod that has ended has written everything.
        phase = pod.status.phase
        started = phase == "Running" or phase in _ENDED
        progress, result = parse_output(self._log(pod)) if started else (None, None)
        limits = (pod.spec.containers[0].resources.limits if pod.spec.containers[0].resources else None) or {}
        memory = parse_size(limits["memory"]) if "memory" in limits else None
        return Snapshot(worker, started, phase == "Running", progress, result, memory)

    def _log(self, pod: Any) -> bytes:
        """Return the last lines of the log; nothing if the container is being created or does not exist any more."""
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

    def _plan_in(self, name: str, namespace: str) -> LoadPlan:
        """Read the plan, which is text, or compressed if it is long."""
        found = self._api.read_namespaced_config_map(name, namespace, _request_timeout=_TIMEOUT_SECONDS)
        if found.data is not None and PLAN_NAME in found.data:
            return parse_plan(found.data[PLAN_NAME])
        return parse_plan(base64.b64decode((found.binary_data or {}).get(PLAN_NAME, "")))


def _worker(pod: Any) -> str:
    """Return the worker's id, from the pod's index in the job."""
    return worker_id(int((pod.metadata.labels or {}).get(POD_INDEX_LABEL, 0)))


def _unreachable(error: Exception) -> RunError:
    reason = one_line(error, 200)
    return RunError(
        f"the cluster does not respond ({reason}); set KUBECONFIG, or `pulumi config set kubernetes:context NAME`"
    )

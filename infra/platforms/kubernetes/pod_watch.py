"""The pods of one Job, as last seen: one list and one watch, however many pods there are.

A watch shows what no later question can: the last state of a pod that was deleted, its termination message included.
"""

import json
import threading
from collections.abc import Mapping
from typing import Any

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from core.errors import RunError
from infra.platforms.kubernetes.client import Cluster, said_by
from infra.platforms.kubernetes.pod_status import Pod, failures_before, index_of

_STREAM_SECONDS = 20
_RETRY_SECONDS = 1.0
_PATIENCE = 60
"""Failures in a row, one a second, after which the API is said to be out of reach."""
_GONE = 410


class Pods:
    """Follows the pods of the Job with this uid in a thread of its own, from `begin` until `end`."""

    def __init__(self, cluster: Cluster, namespace: str, job_uid: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._selector = f"batch.kubernetes.io/controller-uid={job_uid}"
        self._lock = threading.Lock()
        self._pods: dict[int, Pod] = {}
        self._deleted: set[int] = set()
        self._version: str | None = None
        self._failures = 0
        self._last_failure = ""
        self._defect: Exception | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="pods", daemon=True)

    def begin(self) -> None:
        """See what is there, and follow from then on."""
        self._list()
        self._thread.start()

    def end(self) -> None:
        """Follow no more; the thread ends with its present question."""
        self._ended.set()

    def seen(self) -> tuple[Mapping[int, Pod], frozenset[int]]:
        """The pods by index, and the indexes of those that were deleted. Raises RunError where the API is out of reach."""
        if self._defect is not None:
            raise self._defect
        if self._failures > _PATIENCE:
            raise RunError(f"Kubernetes: the API has not answered for a minute ({self._last_failure})")
        with self._lock:
            return dict(self._pods), frozenset(self._deleted)

    def _follow(self) -> None:
        while not self._ended.is_set():
            try:
                if self._version is None:
                    self._list()
                self._stream()
                self._failures = 0
            except (ApiException, HTTPError) as error:
                self._failures += 1
                self._last_failure = said_by(error)
                if isinstance(error, ApiException) and error.status == _GONE:
                    self._version = None
                self._ended.wait(_RETRY_SECONDS)
            except Exception as error:  # noqa: BLE001 - a bug of ours, raised where it is seen: in the thread that asks
                self._defect = error
                return

    def _list(self) -> None:
        found = self._cluster.read(
            self._cluster.core.list_namespaced_pod, self._namespace, label_selector=self._selector
        )
        there = {pod["metadata"]["uid"] for pod in found["items"]}
        with self._lock:
            self._deleted |= {index for index, pod in self._pods.items() if pod["metadata"]["uid"] not in there}
            for pod in found["items"]:
                self._keep(pod)
        self._version = found["metadata"]["resourceVersion"]

    def _stream(self) -> None:
        answer = self._cluster.core.list_namespaced_pod(
            self._namespace,
            label_selector=self._selector,
            watch=True,
            resource_version=self._version,
            allow_watch_bookmarks=True,
            timeout_seconds=_STREAM_SECONDS,
            _request_timeout=(10, 2 * _STREAM_SECONDS),
            _preload_content=False,
        )
        try:
            pending = b""
            for chunk in answer.stream(None):
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))
                if self._ended.is_set():
                    return
        finally:
            answer.close()

    def _take(self, event: Mapping[str, Any]) -> None:
        pod = event["object"]
        if event["type"] == "ERROR":
            raise ApiException(status=pod.get("code"), reason=pod.get("message"))
        self._version = pod["metadata"]["resourceVersion"]
        if event["type"] == "BOOKMARK":
            return
        with self._lock:
            if self._keep(pod) and event["type"] == "DELETED":
                self._deleted.add(index_of(pod))

    def _keep(self, pod: Pod) -> bool:
        """Remember a pod unless a later attempt of its index is known."""
        index = index_of(pod)
        known = self._pods.get(index)
        if known is not None and failures_before(known) > failures_before(pod):
            return False
        if known is None or known["metadata"]["uid"] != pod["metadata"]["uid"]:
            self._deleted.discard(index)
        self._pods[index] = pod
        return True

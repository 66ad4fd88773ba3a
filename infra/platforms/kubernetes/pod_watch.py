"""Follow the pods of one Job by one list and one watch, for any number of pods.

Only a watch includes the last state of a deleted pod, with its termination message.
"""

import json
import threading
from collections.abc import Mapping
from typing import Any

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from core.errors import RunError
from infra.platforms.kubernetes.client import Cluster, message_of
from infra.platforms.kubernetes.manifests import CONTROLLER_UID_LABEL
from infra.platforms.kubernetes.pod_status import Pod, failures_before, index_of

_STREAM_SECONDS = 20
_RETRY_SECONDS = 1.0
_MOST_FAILURES = 60
"""Failures in a row, one per second, after which the API counts as unreachable."""
_GONE = 410


class Pods:
    """Follow the pods of the Job with this uid in a thread, from `begin` to `end`."""

    def __init__(self, cluster: Cluster, namespace: str, job_uid: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._selector = f"{CONTROLLER_UID_LABEL}={job_uid}"
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
        """List the pods, and follow them from then on."""
        self._list()
        self._thread.start()

    def end(self) -> None:
        """Stop following; the thread ends after its current request."""
        self._ended.set()

    def seen(self) -> tuple[Mapping[int, Pod], frozenset[int]]:
        """Return the pods by index, and the indexes of deleted pods. Raises RunError if the API is unreachable."""
        if self._defect is not None:
            raise self._defect
        if self._failures > _MOST_FAILURES:
            raise RunError(f"Kubernetes: the API has not answered for a minute ({self._last_failure})")
        with self._lock:
            return dict(self._pods), frozenset(self._deleted)

    def _follow(self) -> None:
        while not self._ended.is_set():
            try:
                if self._version is None:
                    self._list()
                self._watch()
                self._failures = 0
            except (ApiException, HTTPError) as error:
                self._failures += 1
                self._last_failure = message_of(error)
                if isinstance(error, ApiException) and error.status == _GONE:
                    self._version = None
                self._ended.wait(_RETRY_SECONDS)
            except Exception as error:  # noqa: BLE001 - a bug, raised in the thread that calls `seen`
                self._defect = error
                return

    def _list(self) -> None:
        found = self._cluster.read(
            self._cluster.core.list_namespaced_pod, self._namespace, label_selector=self._selector
        )
        present = {pod["metadata"]["uid"] for pod in found["items"]}
        with self._lock:
            self._deleted |= {index for index, pod in self._pods.items() if pod["metadata"]["uid"] not in present}
            for pod in found["items"]:
                self._store(pod)
        self._version = found["metadata"]["resourceVersion"]

    def _watch(self) -> None:
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
                    self._handle_event(json.loads(line))
                if self._ended.is_set():
                    return
        finally:
            answer.close()

    def _handle_event(self, event: Mapping[str, Any]) -> None:
        pod = event["object"]
        if event["type"] == "ERROR":
            raise ApiException(status=pod.get("code"), reason=pod.get("message"))
        self._version = pod["metadata"]["resourceVersion"]
        if event["type"] == "BOOKMARK":
            return
        with self._lock:
            if self._store(pod) and event["type"] == "DELETED":
                self._deleted.add(index_of(pod))

    def _store(self, pod: Pod) -> bool:
        """Store a pod unless a later attempt of its index is stored; return whether it was stored."""
        index = index_of(pod)
        known = self._pods.get(index)
        if known is not None and failures_before(known) > failures_before(pod):
            return False
        if known is None or known["metadata"]["uid"] != pod["metadata"]["uid"]:
            self._deleted.discard(index)
        self._pods[index] = pod
        return True

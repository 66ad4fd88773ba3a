"""Waiting for the server: until its pod of this run is ready, or until it can be told why it will not be."""

import time
from collections.abc import Callable
from typing import Any

from kubernetes.client.exceptions import ApiException

from core.text import one_line
from infra.platforms.kubernetes.client import Cluster, is_missing
from infra.platforms.kubernetes.pod_status import has_begun, why_not_begun

READY_SECONDS = 180
"""From the start of its container until it answers queries."""
_RESTARTS = 2
_POLL_SECONDS = 0.5
_LOG_LINES = 5


def problem_of(
    cluster: Cluster, namespace: str, name: str, start_timeout: float, wanted: Callable[[], bool] = lambda: True
) -> str:
    """Why the StatefulSet's pod is not ready after at most both timeouts, in seconds; empty where it is, or not wanted."""
    started = time.monotonic()
    while wanted():
        if _is_ready(cluster.read(cluster.apps.read_namespaced_stateful_set, name, namespace)):
            return ""
        waited = time.monotonic() - started
        pod = _pod(cluster, namespace, f"{name}-0")
        begun = pod is not None and has_begun(pod)
        restarts = _status(pod).get("restartCount", 0)
        if restarts >= _RESTARTS:
            return (
                f"ended {restarts} times, last with {_last_end(pod)}; it said: {_log(cluster, namespace, f'{name}-0')}"
            )
        if not begun and waited > start_timeout:
            return f"did not begin within {start_timeout:.0f} s ({why_not_begun(pod) if pod else 'it has no pod'})"
        if waited > start_timeout + READY_SECONDS:
            said = _log(cluster, namespace, f"{name}-0")
            return f"does not answer queries after {waited:.0f} s; it said: {said}"
        time.sleep(_POLL_SECONDS)
    return ""


def _is_ready(server: dict[str, Any]) -> bool:
    """Whether the pod of the latest specification is ready, and not still one of an earlier run."""
    status = server.get("status", {})
    return bool(
        status.get("observedGeneration", 0) >= server["metadata"]["generation"]
        and status.get("currentRevision") == status.get("updateRevision")
        and status.get("updatedReplicas", status.get("currentReplicas", 0)) == 1
        and status.get("readyReplicas", 0) == 1
    )


def _pod(cluster: Cluster, namespace: str, name: str) -> dict[str, Any] | None:
    try:
        return cluster.read(cluster.core.read_namespaced_pod, name, namespace)
    except ApiException as error:
        if is_missing(error):
            return None
        raise


def _status(pod: dict[str, Any] | None) -> dict[str, Any]:
    statuses = pod["status"].get("containerStatuses", ()) if pod else ()
    return dict(statuses[0]) if statuses else {}


def _last_end(pod: dict[str, Any] | None) -> str:
    ended = _status(pod).get("lastState", {}).get("terminated", {})
    return f"{ended.get('reason', 'Error')}, exit code {ended.get('exitCode')}"


def _log(cluster: Cluster, namespace: str, name: str) -> str:
    """The last lines of the log, on one line."""
    for previous in (False, True):
        try:
            text = cluster.core.read_namespaced_pod_log(name, namespace, tail_lines=_LOG_LINES, previous=previous)
        except ApiException:
            continue  # a container that has not begun, or that was begun once only, has no such log
        if text.strip():
            return one_line(text, -300)
    return "nothing"

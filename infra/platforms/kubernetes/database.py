"""The server: a StatefulSet of one replica with a Service, and the wait until it answers."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from kubernetes.client.exceptions import ApiException

from core.labels import DATABASE_ROLE
from core.text import one_line
from infra.databases.spec import DatabaseSpec
from infra.platforms.kubernetes.client import Cluster, is_missing
from infra.platforms.kubernetes.manifests import (
    Manifest,
    Names,
    container_security,
    pod_spec,
    quantity,
    ram_disk,
    resources,
    secret_variable,
    variables,
)
from infra.platforms.kubernetes.pod_status import has_started, why_not_started
from infra.settings.model import Settings

READY_SECONDS = 180
"""From the start of its container until it answers queries."""
_DATA = "data"
_PROBE_SECONDS = 2
_STARTUP_PROBES = 90
_STOP_SECONDS = 30
_RESTARTS = 2
_POLL_SECONDS = 0.5
_LOG_LINES = 5


def stateful_set(
    names: Names, database: DatabaseSpec, settings: Settings, run: Mapping[str, Any], secret: Any, claim: Any
) -> Manifest:
    """Return the StatefulSet's specification.

    `secret` is the name of the Secret with its credentials; `claim` is the name of its volume claim, or None. The pod has the
    run's labels, so that another run gets a new pod with an empty data directory.
    """
    labels = names.labels(DATABASE_ROLE, run)
    spec = pod_spec(settings, database.user)
    spec |= {
        "terminationGracePeriodSeconds": _STOP_SECONDS,
        "containers": [_container(names, database, secret, claimed=claim is not None)],
        "volumes": [{"name": _DATA, **_volume(database, claim)}],
    }
    return {
        "replicas": 1,
        "serviceName": names.of(DATABASE_ROLE),
        # Otherwise a pod that never became ready would block the next specification.
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": names.selector(DATABASE_ROLE)},
        "template": {"metadata": {"labels": labels}, "spec": spec},
    }


def service(names: Names, database: DatabaseSpec) -> Manifest:
    """Return the Service's specification. It includes pods that are not ready: probes may fail under load."""
    return {
        "selector": names.selector(DATABASE_ROLE),
        "publishNotReadyAddresses": True,
        "ports": [{"name": DATABASE_ROLE, "port": database.port, "targetPort": database.port}],
    }


def claim_spec(settings: Settings) -> Manifest | None:
    """Return the specification of a volume claim for the data, or None if no size is set."""
    if settings.database_storage is None:
        return None
    storage = {"requests": {"storage": quantity(settings.database_storage)}}
    spec: Manifest = {"accessModes": ["ReadWriteOnce"], "resources": storage}
    if settings.database_storage_class:
        spec["storageClassName"] = settings.database_storage_class
    return spec


def _container(names: Names, database: DatabaseSpec, secret: Any, *, claimed: bool) -> Manifest:
    probe = {"exec": {"command": list(database.health_command)}, "timeoutSeconds": 10}
    mount: Manifest = {"name": _DATA, "mountPath": database.data_directory}
    if claimed:
        # The root of a disk's file system contains lost+found, and servers require an empty directory.
        mount["subPath"] = DATABASE_ROLE
    container: Manifest = {
        "name": DATABASE_ROLE,
        "image": database.image,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            *variables(database.environment_at(names.of(DATABASE_ROLE))),
            *(secret_variable(name, secret) for name in sorted(database.secret_environment)),
        ],
        "ports": [{"name": DATABASE_ROLE, "containerPort": database.port}],
        "resources": resources(database.cpu, database.memory),
        "securityContext": container_security(read_only=False),
        "startupProbe": {**probe, "periodSeconds": _PROBE_SECONDS, "failureThreshold": _STARTUP_PROBES},
        # No liveness probe: a server under load may be too busy to answer, and must not be killed for it.
        "readinessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [mount],
    }
    if database.arguments:
        container["args"] = list(database.arguments)
    return container


def _volume(database: DatabaseSpec, claim: Any) -> Manifest:
    if database.tmpfs is not None:
        return ram_disk(database.tmpfs)
    if claim is not None:
        return {"persistentVolumeClaim": {"claimName": claim}}
    return {"emptyDir": {}}


def wait_until_ready(
    cluster: Cluster, namespace: str, name: str, start_timeout: float, wanted: Callable[[], bool] = lambda: True
) -> str:
    """Wait until the StatefulSet's pod of this run is ready, or no longer wanted; return why it is not, or "".

    `start_timeout` is the time in seconds for its container to start; READY_SECONDS follow for the server in it.
    """
    started = time.monotonic()
    while wanted():
        if _is_ready(cluster.read(cluster.apps.read_namespaced_stateful_set, name, namespace)):
            return ""
        waited = time.monotonic() - started
        pod = _pod(cluster, namespace, f"{name}-0")
        has_container_started = pod is not None and has_started(pod)
        restarts = _status(pod).get("restartCount", 0)
        if restarts >= _RESTARTS:
            log = _log(cluster, namespace, f"{name}-0")
            return f"ended {restarts} times, last with {_last_end(pod)}; its log: {log}"
        if not has_container_started and waited > start_timeout:
            return f"did not start within {start_timeout:.0f} s ({why_not_started(pod) if pod else 'it has no pod'})"
        if waited > start_timeout + READY_SECONDS:
            log = _log(cluster, namespace, f"{name}-0")
            return f"does not answer queries after {waited:.0f} s; its log: {log}"
        time.sleep(_POLL_SECONDS)
    return ""


def _is_ready(server: dict[str, Any]) -> bool:
    """Return whether a pod is ready that has the latest specification and is not from an earlier run."""
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
    """Return the last lines of the log in one line."""
    for previous in (False, True):
        try:
            text = cluster.core.read_namespaced_pod_log(name, namespace, tail_lines=_LOG_LINES, previous=previous)
        except ApiException:
            continue  # no such log: the container has not started, or has started only once
        if text.strip():
            return one_line(text, -300)
    return "empty"

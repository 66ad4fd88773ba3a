"""The server: a StatefulSet of one replica and the Service by whose name it is reached."""

from collections.abc import Mapping
from typing import Any

from infra.databases.spec import DatabaseSpec
from infra.platforms.kubernetes.names import Names
from infra.platforms.kubernetes.pod import (
    Manifest,
    container_security,
    pod_spec,
    quantity,
    ram_disk,
    resources,
    secret_variable,
    variables,
)
from infra.settings.model import Settings

ROLE = "database"
_DATA = "data"
_PROBE_SECONDS = 2
_STARTUP_PROBES = 90
_STOP_SECONDS = 30


def stateful_set(
    names: Names, database: DatabaseSpec, settings: Settings, run: Mapping[str, Any], secret: Any, claim: Any
) -> Manifest:
    """The specification; `secret` names the Secret with its credentials, `claim` its volume claim, or is None.

    Its pod carries the run's labels, so that another run has a new pod, and with it an empty data directory.
    """
    labels = names.labels(ROLE, run)
    spec = pod_spec(settings, database.user)
    spec |= {
        "terminationGracePeriodSeconds": _STOP_SECONDS,
        "containers": [_container(names, database, secret, claimed=claim is not None)],
        "volumes": [{"name": _DATA, **_volume(database, claim)}],
    }
    return {
        "replicas": 1,
        "serviceName": names.of(ROLE),
        # Otherwise a pod that never became ready would keep the next specification from being tried.
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": names.selector(ROLE)},
        "template": {"metadata": {"labels": labels}, "spec": spec},
    }


def service(names: Names, database: DatabaseSpec) -> Manifest:
    """The specification; it leads to the server whether its probe succeeds or not, which under load says little."""
    return {
        "selector": names.selector(ROLE),
        "publishNotReadyAddresses": True,
        "ports": [{"name": ROLE, "port": database.port, "targetPort": database.port}],
    }


def claim_spec(settings: Settings) -> Manifest | None:
    """The specification of a volume claim for the data, where a size was set."""
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
        # A disk's file system has a lost+found, and servers want an empty directory.
        mount["subPath"] = ROLE
    container: Manifest = {
        "name": ROLE,
        "image": database.image,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            *variables(database.environment_at(names.of(ROLE))),
            *(secret_variable(name, secret) for name in sorted(database.secret_environment)),
        ],
        "ports": [{"name": ROLE, "containerPort": database.port}],
        "resources": resources(database.cpu, database.memory),
        "securityContext": container_security(read_only=False),
        "startupProbe": {**probe, "periodSeconds": _PROBE_SECONDS, "failureThreshold": _STARTUP_PROBES},
        # No liveness probe: a server that is too busy to answer is what is to be measured, and no reason to kill it.
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

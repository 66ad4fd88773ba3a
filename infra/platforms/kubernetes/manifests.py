"""The names, labels and specifications that a stack's objects have in common."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.labels import (
    DATABASE_ROLE,
    INSTANCE_LABEL,
    PLAN_LABEL,
    PREPARE_ROLE,
    ROLE_LABEL,
    RUN_LABEL,
    STACK_LABEL,
    WORKER_ROLE,
    shortened,
    stack_label,
)
from core.units import MIB
from infra.databases.spec import DatabaseSpec
from infra.settings.model import Settings

FAILURE_COUNT_ANNOTATION = "batch.kubernetes.io/job-index-failure-count"
"""The annotation of a pod with the number of failed pods of the same index before it."""
START_ANNOTATION = "loadtest.start"
"""The annotation of a worker's pod that lets it load. A volume shows it to the worker as a file."""
CONTROLLER_UID_LABEL = "batch.kubernetes.io/controller-uid"
"""The label of a pod with the uid of its Job."""
POD_SECURITY = {"pod-security.kubernetes.io/enforce": "restricted"}
"""Labels of the stack's own namespace: pods that do not meet this standard are not admitted."""
_LONGEST_PREFIX = 36
"""The name of a Job's pod is the Job's name with its index, in at most 63 characters."""

Manifest = dict[str, Any]
"""A part of an object, with the keys of the Kubernetes API."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a stack's objects. All include the stack: several stacks may share a namespace."""

    stack: str
    existing_namespace: str | None = None

    @property
    def prefix(self) -> str:
        """The common prefix."""
        return shortened(
            "loadtest-" + re.sub(r"[^a-z0-9]+", "-", self.stack.lower()).strip("-"), _LONGEST_PREFIX, self.stack
        )

    @property
    def namespace(self) -> str:
        """The existing namespace, or the stack's own."""
        return self.existing_namespace or self.prefix

    def of(self, role: str) -> str:
        """Return the name of the object with this role."""
        return f"{self.prefix}-{role}"

    def selector(self, role: str) -> dict[str, str]:
        """Return the labels that select the pods of a role, the same in every run."""
        return {"app.kubernetes.io/instance": stack_label(self.stack), ROLE_LABEL: role}

    def labels(self, role: str, run: Mapping[str, Any]) -> dict[str, Any]:
        """Return all labels of an object of this role; `run` contains the labels of the run and of the instance."""
        common = {"app.kubernetes.io/name": "loadtest", "app.kubernetes.io/managed-by": "pulumi"}
        own = {key: run[key] for key in (INSTANCE_LABEL, RUN_LABEL, PLAN_LABEL)}
        return {**common, **self.selector(role), STACK_LABEL: stack_label(self.stack), **own}


def allow_workers_to_database(names: Names, database: DatabaseSpec) -> Manifest:
    """Return a network policy: only the stack's workers reach the server, and only on its port."""
    workers = [{"podSelector": {"matchLabels": names.selector(role)}} for role in (WORKER_ROLE, PREPARE_ROLE)]
    return {
        "podSelector": {"matchLabels": names.selector(DATABASE_ROLE)},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": workers, "ports": [{"port": database.port, "protocol": "TCP"}]}],
    }


def deny_ingress(names: Names, role: str) -> Manifest:
    """Return a network policy that allows no connection to the pods of a role."""
    return {"podSelector": {"matchLabels": names.selector(role)}, "policyTypes": ["Ingress"], "ingress": []}


def pod_spec(settings: Settings, user: int) -> Manifest:
    """Return what all pods have in common: placement, and the pod security standard "restricted" with this user."""
    spec: Manifest = {
        "automountServiceAccountToken": False,
        # Its variables would describe other stacks' services, and differ from Docker's environment.
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    if settings.node_selector:
        spec["nodeSelector"] = dict(settings.node_selector)
    if settings.tolerations:
        spec["tolerations"] = [toleration.manifest() for toleration in settings.tolerations]
    if settings.priority_class:
        spec["priorityClassName"] = settings.priority_class
    if settings.image_pull_secret:
        spec["imagePullSecrets"] = [{"name": settings.image_pull_secret}]
    return spec


def container_security(*, read_only: bool) -> Manifest:
    """Return a security context without privileges and capabilities; `read_only` applies to the root file system."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": read_only,
    }


def resources(cpu: float, memory: int, *, requests: tuple[float, int] | None = None) -> Manifest:
    """Return limits in cores and bytes, and requests equal to them, so that other pods cannot take them, or others."""
    return {"limits": _amounts(cpu, memory), "requests": _amounts(*(requests or (cpu, memory)))}


def _amounts(cpu: float, memory: int) -> Manifest:
    return {"cpu": f"{round(cpu * 1000)}m", "memory": quantity(memory)}


def ram_disk(size: int) -> Manifest:
    """Return a volume in memory of this many bytes."""
    return {"emptyDir": {"medium": "Memory", "sizeLimit": quantity(size)}}


def variables(values: Mapping[str, str]) -> list[Manifest]:
    """Return environment variables, sorted by name."""
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def secret_variable(name: str, secret: Any) -> Manifest:
    """Return a variable with the value of the same key in the Secret of this name."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": name}}}


def quantity(size: int) -> str:
    """Return bytes as a Kubernetes quantity, in MiB if that is exact."""
    return f"{size // MIB}Mi" if size % MIB == 0 else str(size)

"""What all pods of a run have in common: where they may run, what they may use, and how little they may do."""

from collections.abc import Mapping
from typing import Any

from core.units import MIB
from infra.settings.model import Settings

Manifest = dict[str, Any]
"""A part of an object, in Kubernetes' own spelling."""


def pod_spec(settings: Settings, user: int) -> Manifest:
    """The part of a pod's specification that fits the pod security standard "restricted", run by this user."""
    spec: Manifest = {
        "automountServiceAccountToken": False,
        # Its variables would be the other stacks' services, and an environment that differs from Docker's.
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
    """No privilege, no capability, and a root file system that may be read-only."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": read_only,
    }


def resources(cpu: float, memory: int) -> Manifest:
    """Requests equal to limits: cores and bytes that are the container's own, whoever else is on the node."""
    amounts = {"cpu": f"{round(cpu * 1000)}m", "memory": quantity(memory)}
    return {"limits": amounts, "requests": dict(amounts)}


def ram_disk(size: int) -> Manifest:
    """A volume in memory of this many bytes."""
    return {"emptyDir": {"medium": "Memory", "sizeLimit": quantity(size)}}


def variables(values: Mapping[str, str]) -> list[Manifest]:
    """An environment, sorted by name."""
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def secret_variable(name: str, secret: Any) -> Manifest:
    """A variable whose value is the key of its name in a Secret; `secret` is that one's name."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": name}}}


def quantity(size: int) -> str:
    """Bytes as Kubernetes writes them, in MiB where they are whole ones."""
    return f"{size // MIB}Mi" if size % MIB == 0 else str(size)

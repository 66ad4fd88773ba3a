"""Read from a pod of the API how its process ended, or why it did not start."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from core.errors import ExitCode
from core.labels import POD_INDEX_LABEL
from core.results import ExitReason
from core.settings_key import setting_key
from core.text import one_line
from core.worker_output import lines_of
from infra.fleet.runner import KILLED_DETAIL, OUT_OF_MEMORY_DETAIL, SIGKILL_CODE, ProcessExit
from infra.platforms.kubernetes.manifests import FAILURE_COUNT_ANNOTATION

Pod = Mapping[str, Any]
_SIGNALLED = (SIGKILL_CODE, ExitCode.TERMINATED)
_NEVER_RAN = ("StartError", "ContainerCannotRun", "CreateContainerError")
_LONGEST_MESSAGE = 400
_NO_IMAGE = "load the image into the cluster (docs/kubernetes.md), or name one that it can pull"
_REMEDIES = {
    "ErrImagePull": _NO_IMAGE,
    "ErrImageNeverPull": _NO_IMAGE,
    "ImagePullBackOff": _NO_IMAGE,
    "InvalidImageName": _NO_IMAGE,
    "Unschedulable": f"ask for less, give the cluster room, or raise {setting_key('startTimeout')}",
}


def index_of(pod: Pod) -> int:
    """Return the pod's index in its Job; 0 for the only pod of a Job without indexes."""
    return int(pod["metadata"].get("annotations", {}).get(POD_INDEX_LABEL, 0))


def failures_before(pod: Pod) -> int:
    """Return how many pods of the same index failed before this one was created."""
    return int(pod["metadata"].get("annotations", {}).get(FAILURE_COUNT_ANNOTATION, 0))


def is_over(pod: Pod) -> bool:
    """Return whether the pod's process has ended."""
    return pod["status"].get("phase") in ("Succeeded", "Failed") or _terminated(pod) is not None


def has_started(pod: Pod) -> bool:
    """Return whether the container was started at least once."""
    status = _container(pod)
    return bool(status.get("started")) or "running" in status.get("state", {}) or _terminated(pod) is not None


def is_ready(pod: Pod) -> bool:
    """Return whether the startup probe has succeeded, which looks for the file of a worker that is ready."""
    return bool(_container(pod).get("started"))


def exit_of(pod: Pod, *, gone: bool) -> ProcessExit:
    """Return how the process ended, with the termination message as its output; `gone` if the pod was deleted."""
    terminated = _terminated(pod) or {}
    code = terminated.get("exitCode")
    reason, detail = _reason(pod, terminated, gone=gone)
    return ProcessExit(
        exit_code=code,
        output=terminated.get("message", ""),
        reason=reason,
        detail=detail or _unstructured(terminated.get("message", "")),
        started_at=_instant(terminated.get("startedAt")) or _instant(_running(pod).get("startedAt")),
        ended_at=_instant(terminated.get("finishedAt")),
    )


def why_not_started(pod: Pod) -> str:
    """Return why a pod has not started: the message of the scheduler, or of the node about image, secret or volume."""
    for status in _statuses(pod):
        waiting = status.get("state", {}).get("waiting", {})
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return _with_remedy(waiting["reason"], waiting.get("message"))
    for condition in pod["status"].get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return _with_remedy(condition.get("reason", "Unschedulable"), condition.get("message"))
    return _message(pod["status"].get("reason", "Pending"), pod["status"].get("message"))


def _reason(pod: Pod, terminated: Mapping[str, Any], *, gone: bool) -> tuple[ExitReason | None, str]:
    """Return the reason that the platform reports, with its message; None if the process reports its own."""
    reported, code = terminated.get("reason"), terminated.get("exitCode")
    # The kernel may have killed a child: the exit code is then the parent's own.
    if reported == "OOMKilled":
        return ExitReason.OOM_KILLED, OUT_OF_MEMORY_DETAIL
    if disruption := _disruption(pod):
        return ExitReason.EVICTED, disruption
    if reported in _NEVER_RAN:
        return ExitReason.NEVER_STARTED, _message(reported, terminated.get("message"))
    if code == 0:
        return None, ""
    deleted = gone or "deletionTimestamp" in pod["metadata"]
    if deleted and not has_started(pod):
        return ExitReason.NEVER_STARTED, f"its pod was deleted before it started ({why_not_started(pod)})"
    if deleted and (code is None or code in _SIGNALLED):
        return (
            ExitReason.INTERRUPTED if code == ExitCode.TERMINATED else ExitReason.KILLED,
            "its pod was deleted while it ran",
        )
    if code == SIGKILL_CODE:
        return ExitReason.KILLED, KILLED_DETAIL
    if code is None:
        return ExitReason.KILLED, _message(pod["status"].get("reason", "its pod failed"), pod["status"].get("message"))
    return None, ""


def _disruption(pod: Pod) -> str:
    """Return why the cluster evicted the pod: a lack of disk or memory, a drained node, a preemption."""
    status = pod["status"]
    if status.get("reason") == "Evicted":
        return _message("Evicted", status.get("message"))
    for condition in status.get("conditions", ()):
        if condition["type"] == "DisruptionTarget" and condition["status"] == "True":
            return _message(condition.get("reason", "Evicted"), condition.get("message"))
    return ""


def _unstructured(message: str) -> str:
    """Return the lines of a message that are not JSON: the end of the log of a process without a result."""
    return "\n".join(line for line in lines_of(message) if not line.startswith("{"))


def _statuses(pod: Pod) -> Iterator[Mapping[str, Any]]:
    yield from pod["status"].get("containerStatuses", ())


def _container(pod: Pod) -> Mapping[str, Any]:
    """Return the status of the only container, or an empty one."""
    return next(_statuses(pod), {})


def _terminated(pod: Pod) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = _container(pod).get("state", {}).get("terminated")
    return found


def _running(pod: Pod) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _container(pod).get("state", {}).get("running", {})
    return found


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _message(reason: str, message: str | None) -> str:
    return f"{reason}: {one_line(message)}"[:_LONGEST_MESSAGE] if message else reason


def _with_remedy(reason: str, message: str | None) -> str:
    remedy = _REMEDIES.get(reason)
    return "; ".join(part for part in (_message(reason, message), remedy) if part)

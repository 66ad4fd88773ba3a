"""Every way in which a pod ends, or does not start, has a reason and the cluster's message."""

from typing import Any

import pytest

from core.results import ExitReason
from infra.platforms.kubernetes.pod_status import (
    exit_of,
    failures_before,
    has_started,
    index_of,
    is_over,
    why_not_started,
)

STARTED = {"startedAt": "2026-03-01T10:00:00Z", "finishedAt": "2026-03-01T10:00:05Z"}
DISRUPTED = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "a drain"}


def pod(state: dict[str, Any] | None = None, *, deleted: bool = False, **status: Any) -> dict[str, Any]:
    """Return a pod of the API with its container in this state."""
    containers = [{"name": "worker", "state": state}] if state is not None else []
    annotations = {
        "batch.kubernetes.io/job-completion-index": "7",
        "batch.kubernetes.io/job-index-failure-count": "2",
    }
    metadata: dict[str, Any] = {"name": "x", "annotations": annotations}
    if deleted:
        metadata["deletionTimestamp"] = "2026-03-01T10:00:04Z"
    return {"metadata": metadata, "status": {"phase": "Failed", "containerStatuses": containers, **status}}


def terminated(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "message": message, **STARTED}}


@pytest.mark.parametrize(
    ("state", "status", "gone", "reason", "detail"),
    [
        pytest.param(terminated(0, "Completed"), {"phase": "Succeeded"}, False, None, "", id="completed"),
        pytest.param(terminated(1, message="error: no"), {}, False, None, "error: no", id="own-failure"),
        pytest.param(
            terminated(1, "OOMKilled"), {}, False, ExitReason.OOM_KILLED,
            "the kernel killed it at its memory limit", id="out-of-memory-whatever-the-exit-code",
        ),
        pytest.param(
            terminated(137), {}, False, ExitReason.KILLED, "SIGKILL; no out-of-memory event was reported", id="killed"
        ),
        pytest.param(
            terminated(143), {"deleted": True}, True, ExitReason.INTERRUPTED, "its pod was deleted while it ran",
            id="deleted",
        ),
        pytest.param(
            terminated(137), {"deleted": True}, True, ExitReason.KILLED, "its pod was deleted while it ran",
            id="deleted-and-too-slow",
        ),
        pytest.param(terminated(0, "Completed"), {"deleted": True}, True, None, "", id="deleted-after-its-end"),
        pytest.param(
            None, {"reason": "Evicted", "message": "Usage of EmptyDir"}, False, ExitReason.EVICTED,
            "Evicted: Usage of EmptyDir", id="evicted",
        ),
        pytest.param(
            terminated(143), {"conditions": [DISRUPTED]}, True, ExitReason.EVICTED,
            "EvictionByEvictionAPI: a drain", id="drained",
        ),
        pytest.param(
            terminated(128, "StartError", "no such file"), {}, False, ExitReason.NEVER_STARTED,
            "StartError: no such file", id="not-startable",
        ),
        pytest.param({"running": {"startedAt": STARTED["startedAt"]}}, {"phase": "Running"}, True, ExitReason.KILLED,
                     "its pod was deleted while it ran", id="node-lost"),
    ],
)  # fmt: skip
def test_pod_exit_has_reason_and_detail(state, status, gone, reason, detail):
    ended = exit_of(pod(state, **status), gone=gone)
    assert (ended.reason, ended.detail) == (reason, detail)


def test_pod_exit_has_times_code_and_message():
    ended = exit_of(pod(terminated(0, "Completed", '{"worker_id": "worker-8"}')), gone=False)
    assert ended.started_at is not None
    assert ended.ended_at is not None
    assert (ended.exit_code, (ended.ended_at - ended.started_at).total_seconds()) == (0, 5)
    assert ended.output == '{"worker_id": "worker-8"}'
    assert ended.detail == ""


NO_IMAGE = "load the image into the cluster (docs/kubernetes.md), or name one that it can pull"
NO_ROOM = "ask for less, give the cluster room, or raise loadtest:startTimeout"
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}


@pytest.mark.parametrize(
    ("state", "status", "message"),
    [
        ({"waiting": {"reason": "ImagePullBackOff", "message": 'image "x"\nis absent'}}, {},
         f'ImagePullBackOff: image "x" is absent; {NO_IMAGE}'),
        ({"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}}, {},
         'CreateContainerConfigError: secret "s" not found'),
        (None, {"conditions": [UNSCHEDULABLE]}, f"Unschedulable: 0/1 nodes; {NO_ROOM}"),
        ({"waiting": {"reason": "ContainerCreating"}}, {}, "Pending"),
    ],
)  # fmt: skip
def test_pod_that_does_not_start_has_a_reason(state, status, message):
    waiting = pod(state, phase="Pending", **status)
    assert not is_over(waiting)
    assert not has_started(waiting)
    assert why_not_started(waiting) == message
    gone = exit_of(waiting, gone=True)
    assert (gone.reason, gone.detail) == (
        ExitReason.NEVER_STARTED,
        f"its pod was deleted before it started ({message})",
    )


def test_index_and_failure_count_are_read_from_pod():
    assert (index_of(pod()), failures_before(pod())) == (7, 2)
    only = {"metadata": {"name": "prepare"}, "status": {}}
    assert (index_of(only), failures_before(only)) == (0, 0)

"""Whether all pods of a run find room on a cluster at the same time, from nodes and pods as the API returns them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import pulumi
import pytest
from kubernetes.client.exceptions import ApiException

from core.errors import SettingsError
from core.kubeconfig import ClusterAccess
from core.units import GIB, MIB
from infra.databases import database_of
from infra.planner import plan_of
from infra.platforms.base import LoadTestArgs
from infra.platforms.kubernetes import capacity
from infra.platforms.kubernetes.capacity import Room, most_workers, request_of, request_warnings, rooms_of
from infra.platforms.kubernetes.manifests import Names
from tests.infra.platforms.rendering import PROJECT, ask_nobody, declare, settings_of

OWN = {"loadtest.stack": "small"}


def node(name: str = "one", cpu: str = "2", memory: str = "4Gi", **changed: Any) -> dict[str, Any]:
    """Return a node that is ready and accepts every pod."""
    status = {"allocatable": {"cpu": cpu, "memory": memory, "pods": "110"}}
    ready = {"type": "Ready", "status": changed.pop("ready", "True")}
    labels = {"disk": changed.pop("disk", "ssd")}
    return {"metadata": {"name": name, "labels": labels}, "spec": changed, "status": {**status, "conditions": [ready]}}


def pod(cpu: str = "100m", memory: str = "64Mi", **changed: Any) -> dict[str, Any]:
    """Return a running pod on the first node."""
    container = {"resources": {"requests": {"cpu": cpu, "memory": memory}}}
    return {
        "metadata": {"namespace": changed.pop("namespace", "other"), "labels": changed.pop("labels", {})},
        "status": {"phase": changed.pop("phase", "Running")},
        "spec": {"nodeName": "one", "containers": [container], **changed},
    }


def arguments(**values: str) -> LoadTestArgs:
    settings = settings_of("kubernetes", **{"source": "postgresql", **values})
    return LoadTestArgs(
        stack="small",
        project=PROJECT,
        settings=settings,
        plan=plan_of(settings, Path(PROJECT)),
        database=database_of(settings),
        password=pulumi.Output.secret("none"),
    )


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """A function that checks settings against nodes and pods, and returns the warnings."""

    def run(nodes: Sequence[Any] | Exception, pods: Sequence[Any] = (), **values: str) -> list[str]:
        class Cluster:
            core = type("Core", (), {"list_node": "nodes", "list_pod_for_all_namespaces": "pods"})

            def __init__(self, _access: ClusterAccess) -> None:
                """Connect to nothing."""

            def __enter__(self) -> Self:
                return self

            def __exit__(self, *_: object) -> None:
                """Close nothing."""

            def read(self, method: str) -> dict[str, Any]:
                if isinstance(nodes, Exception):
                    raise nodes
                return {"items": list(nodes if method == "nodes" else pods)}

        warnings: list[str] = []
        monkeypatch.setattr(capacity, "Cluster", Cluster)
        monkeypatch.setattr(pulumi.log, "warn", warnings.append)
        capacity.check_capacity(ClusterAccess(), Names("small"), arguments(**values))
        return warnings

    return run


def test_three_workers_beside_server_do_not_fit_two_cores(check):
    with pytest.raises(SettingsError) as refused:
        check([node()], [pod()], workers="3")
    assert str(refused.value) == (
        "loadtest:workers: 3 workers of 0.5 CPU and 512Mi and a server of 1 CPU and 1Gi do not fit the cluster at the "
        "same time: its node has 1.9 CPU and 3.9Gi left, and 1 of 3 do; lower loadtest:workers or the limits, set "
        "loadtest:cpuRequest or loadtest:memoryRequest below them, or set loadtest:clusterGrows if the cluster adds nodes"
    )


@pytest.mark.parametrize(
    "values",
    [
        {"workers": "1"},
        {"workers": "3", "cpuRequest": "300m"},
        {"workers": "2", "databaseCpuLimit": "500m"},
        {"workers": "3", "source": "csv"},
    ],
    ids=["fewer workers", "request below limit", "smaller server", "no server"],
)
def test_run_that_fits_is_accepted(check, values):
    assert check([node()], [pod()], **values) == []


def test_server_that_does_not_fit_is_named(check):
    with pytest.raises(SettingsError, match="4Gi left, and the server does not fit; lower"):
        check([node()], workers="1", databaseCpuLimit="3")


def test_memory_is_counted_as_well(check):
    with pytest.raises(SettingsError, match="8 CPU and 2Gi left, and 2 of 3 do"):
        check([node(cpu="8", memory="2Gi")], workers="3")
    assert check([node(cpu="8", memory="2Gi")], workers="3", memoryRequest="256Mi") == []


@pytest.mark.parametrize("setting", ["clusterGrows", "allowFewerWorkers"])
def test_too_little_room_may_be_a_warning(check, setting):
    (warning,) = check([node()], workers="8", **{setting: "true"})
    assert "8 workers of 0.5 CPU" in warning


def test_unreadable_nodes_are_a_warning(check):
    (warning,) = check(ApiException(status=403, reason="Forbidden"))
    assert warning == "nodes and pods of the cluster cannot be listed (403 Forbidden); room was not checked"


def test_own_pods_do_not_take_room(check):
    server = pod(cpu="1", labels=OWN, namespace="loadtest-small")
    assert check([node()], [server], workers="2") == []
    with pytest.raises(SettingsError, match="1 CPU and"):
        check([node()], [pod(cpu="1", labels=OWN, namespace="users")], workers="2")


def test_plan_that_has_run_is_not_checked_again(check):
    ran = {**OWN, "app.kubernetes.io/component": "worker", "loadtest.plan": arguments(workers="8").plan.digest()}
    worker = pod(labels=ran, namespace="loadtest-small", phase="Succeeded")
    assert check([node()], [worker], workers="8") == []
    with pytest.raises(SettingsError):
        check([node()], [worker], workers="9")


@pytest.mark.parametrize(
    "refusing",
    [
        {"unschedulable": True},
        {"ready": "Unknown"},
        {"disk": "hdd"},
        {"taints": [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}]},
    ],
    ids=["cordoned", "not ready", "label", "taint"],
)
def test_node_that_accepts_no_pod_has_no_room(check, refusing):
    with pytest.raises(SettingsError, match="no node of the cluster is ready and accepts the pods"):
        check([node(**refusing)], nodeSelector="disk=ssd")


@pytest.mark.parametrize("toleration", ["dedicated", "dedicated=db", "dedicated=db:NoSchedule"])
def test_tolerated_taint_leaves_room(toleration):
    tainted = node(taints=[{"key": "dedicated", "value": "db", "effect": "NoSchedule"}])
    assert len(rooms_of([tainted], [], settings_of("kubernetes", tolerations=toleration))) == 1
    others = "other,dedicated=cache,dedicated=db:NoExecute"
    assert rooms_of([tainted], [], settings_of("kubernetes", tolerations=others)) == []


def test_server_takes_the_node_that_leaves_most_workers():
    """With the server on the first node there is room for three, on the second for two."""
    rooms = [Room(1500, 4 * GIB, 10), Room(3000, 4 * GIB, 10)]
    worker = Room(1000, 512 * MIB)
    assert most_workers(rooms, None, worker) == 4
    assert most_workers(rooms, Room(1500, GIB), worker) == 3
    assert most_workers(rooms, Room(4000, GIB), worker) is None


def test_ended_pods_request_nothing():
    rooms = rooms_of([node()], [pod(phase="Succeeded"), pod(phase="Failed"), pod()], settings_of("kubernetes"))
    assert rooms == [Room(1900, 4 * GIB - 64 * MIB, 109)]


def test_request_of_pod_counts_containers_that_run_before():
    def container(cpu: str, **more: str) -> dict[str, Any]:
        return {"resources": {"requests": {"cpu": cpu}}, **more}

    def cpu(*initial: dict[str, Any], **more: Any) -> int:
        return request_of(pod(cpu="100m", initContainers=list(initial), **more)).cpu

    assert cpu(container("1")) == 1000
    assert cpu(container("50m")) == 100
    assert cpu(container("50m", restartPolicy="Always")) == 150
    assert cpu(overhead={"cpu": "250m"}) == 350


def test_requests_below_limits_are_declared_and_reported(monkeypatch: pytest.MonkeyPatch):
    ask_nobody(monkeypatch)
    resources = declare("kubernetes", source="csv", cpuRequest="100m", memoryRequest="256Mi")
    (job,) = [each.inputs["spec"] for each in resources if each.type.endswith(":Job") and "worker" in each.name]
    (container,) = job["template"]["spec"]["containers"]
    assert container["resources"] == {
        "limits": {"cpu": "500m", "memory": "512Mi"},
        "requests": {"cpu": "100m", "memory": "256Mi"},
    }
    (fleet,) = [each.inputs for each in resources if each.name == "small-fleet"]
    assert fleet["handles"]["warnings"] == [
        "loadtest:cpuRequest: a worker requests 0.1 CPU and may use 0.5: on a busy node it gets less, and is slower",
        "loadtest:memoryRequest: a worker requests 256Mi of memory and may use 512Mi: a node short of memory may evict it",
    ]
    assert request_warnings(settings_of("kubernetes", cpuRequest="500m", memoryRequest="512Mi")) == []

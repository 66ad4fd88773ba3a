"""Stacks on a real cluster: loads, orphans, and the ways in which a pod can end."""

import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from core.errors import ExitCode
from core.process import WORKER_USER
from testkit.clone import Clone, Stack
from testkit.sampling import sampled
from tests.integration import container_scan
from tests.integration.kubernetes import (
    CLIENTS,
    LONG,
    TOO_LARGE,
    Kubectl,
    counted,
    files,
    namespace,
    objects,
    server_image,
    wait_for_rows,
    worker_image,
    worker_pod,
)

pytestmark = [pytest.mark.cluster, pytest.mark.engine]

ROWS = {"users": 10_000, "orders": 10_000, "products": 10_000}
PATIENT = 240
"""How long a server with half a core may take to start on a busy machine."""
SMALL = {"startTimeout": PATIENT, "databaseCpuLimit": "500m", "cpuLimit": "250m"}
"""Limits that let all workers run at the same time on a node of two cores, with the cluster's own pods."""
StackMaker = Callable[..., Stack]


@pytest.fixture
def kubectl(cluster: Path) -> Kubectl:
    return Kubectl(cluster)


@pytest.fixture
def stack(cluster: Path, clone: Clone, kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch) -> Generator[StackMaker]:
    """A function that creates stacks on the cluster. They are destroyed in the end and must leave nothing."""
    monkeypatch.setitem(clone.environment, "KUBECONFIG", str(cluster))
    made: list[Stack] = []

    def make(**config: object) -> Stack:
        image = worker_image(clone.folder)
        made.append(Stack(clone, {"platform": "kubernetes", "workerImage": image, **SMALL, **config}))
        return made[-1]

    yield make
    for each in made:
        each.destroy().succeeded()
        assert kubectl.of_stack(each.name) == []


def assert_loaded(stack: Stack) -> None:
    """Check that both workers succeeded, all rows were acknowledged, and the limits were in force."""
    results = stack.results()
    assert sorted(results) == ["worker-1", "worker-2"]
    for result in results.values():
        assert (result["success"], result["exit_reason"], result["exit_code"]) == (True, "completed", 0), result
        environment = result["environment"]
        assert environment["cgroup_memory_limit"] == 512 << 20
        assert environment["cgroup_cpu_quota"] == "25000 100000"
        assert (environment["tmpfs_enabled"], environment["tmpfs_size_mb"]) == (True, 256)
        assert environment["not_enforced"] == []
        assert result["latency_ms"]["histogram"]
    assert sum(result["metrics"]["rows_processed"] for result in results.values()) == sum(ROWS.values())


def test_changed_setting_runs_again_on_kubernetes(stack: StackMaker, kubectl: Kubectl, tmp_path: Path):
    made = stack(databaseImage=server_image("postgresql"))
    made.up().succeeded()
    assert_loaded(made)
    tables = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM orders), (SELECT count(*) FROM products)"
    psql = ["psql", "-U", "loadtest", "-d", "loadtest", "-Atc", tables]
    assert counted(kubectl, made, *psql) == "10000|10000|10000"
    assert_restricted(kubectl, made)
    assert_safe_from_another_checkout(kubectl, made, tmp_path / "another")
    assert counted(kubectl, made, *psql) == "10000|10000|10000"

    unchanged = made.up().succeeded()
    assert "18 unchanged" in unchanged.output, unchanged.output

    before = made.outputs()["runId"]
    made.up(rowCount=2_000).succeeded()
    assert made.outputs()["runId"] != before
    assert counted(kubectl, made, *psql) == "2000|2000|2000"


def assert_restricted(kubectl: Kubectl, stack: Stack) -> None:
    """Check that the namespace enforces the restricted standard, and that all pods of the stack are in it."""
    labels = kubectl.run("get", "namespace", namespace(stack), "--output=jsonpath={.metadata.labels}")
    assert '"pod-security.kubernetes.io/enforce":"restricted"' in labels
    pods = kubectl.objects("pods", namespace(stack))
    roles = sorted(pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in pods)
    assert roles == ["database", "prepare", "worker", "worker"]
    for pod in pods:
        assert pod["spec"]["automountServiceAccountToken"] is False
        for container in pod["spec"]["containers"]:
            resources = container["resources"]
            assert resources["limits"] == resources["requests"]


def assert_safe_from_another_checkout(kubectl: Kubectl, made: Stack, folder: Path) -> None:
    """Check that a stack of the same name in another checkout is refused, and changes and deletes nothing."""
    clone = Clone(folder)
    clone.environment["KUBECONFIG"] = made.clone.environment["KUBECONFIG"]
    shutil.copy(made.clone.folder / f"Pulumi.{made.name}.yaml", folder)
    another = Stack(clone, {}, name=made.name)
    space, before = namespace(made), objects(kubectl, made)
    mark = kubectl.run("get", "namespace", space, "--output=jsonpath={.metadata.labels.loadtest\\.instance}")
    refused = another.up().failed().output
    lines = {line.strip() for line in refused.splitlines() if line.strip().startswith("error: stack: ")}
    line = (
        f"error: stack: {made.name!r} needs names that are in use: namespace {space} (created by stack {made.name}, instance "
        f"{mark}); use another stack name, destroy that stack, or name another namespace with loadtest:namespace"
    )
    assert lines == {line}
    another.pulumi("refresh", "--yes", "--skip-preview").succeeded()
    another.destroy().succeeded()
    assert objects(kubectl, made) == before


@pytest.mark.parametrize("source", sampled(CLIENTS, {"mysql", "kafka"}))
def test_server_client_counts_loaded_rows(stack: StackMaker, kubectl: Kubectl, source: str):
    made = stack(source=source, databaseImage=server_image(source))
    made.up().succeeded()
    assert_loaded(made)
    counts = {table: int(counted(kubectl, made, "sh", "-c", CLIENTS[source].format(table))) for table in ROWS}
    assert counts == ROWS


@pytest.fixture
def claim(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[str, str, Path]]:
    """A user's namespace with a volume claim: their names, and the volume's folder on the node."""
    folder = tmp_path_factory.mktemp("volume")
    folder.chmod(0o777)
    name = f"kept-{folder.name.replace('_', '-')}"
    size = {"storage": "1Gi"}
    common = {"accessModes": ["ReadWriteOnce"], "storageClassName": name}
    kubectl.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {**common, "capacity": size, "hostPath": {"path": str(folder)}},
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "files", "namespace": name},
            "spec": {**common, "resources": {"requests": size}, "volumeName": name},
        },
    )
    yield name, "files", folder
    kubectl.run("delete", "namespace", name)
    kubectl.run("delete", "persistentvolume", name)


@pytest.mark.docker
@pytest.mark.parametrize("source", sampled(["csv", "jsonl"], {"csv"}))
def test_files_are_identical_on_every_platform(
    stack: StackMaker,
    new_stack: StackMaker,
    docker: dict[str, object],
    claim: tuple[str, str, Path],
    tmp_path: Path,
    source: str,
):
    space, name, folder = claim
    same = {"source": source, "rowCount": 3_000}
    stack(**same, namespace=space, outputStorage=name).up().succeeded()
    kept = {"docker": docker, "local": {}}
    for platform, settings in kept.items():
        output = str(tmp_path / platform)
        new_stack(**same, **settings, outputDir=output).up().succeeded()
    on_cluster, on_docker, here = (files(each) for each in (folder / "data", tmp_path / "docker", tmp_path / "local"))
    assert on_cluster == on_docker == here


def failed_result(stack: Stack, worker: str) -> dict[str, Any]:
    """Return the result of a failed worker in a run whose outputs report the failure."""
    outputs = stack.outputs()
    assert outputs["succeeded"] is False
    result: dict[str, Any] = {one["worker_id"]: one for one in outputs["results"]}[worker]
    assert result["success"] is False
    return result


def assert_reported(stack: Stack, *reasons: str) -> None:
    """Check that the report names the reasons and has exit code 1."""
    report = stack.report()
    assert report.code == ExitCode.FAILED
    assert all(reason in report.output for reason in reasons), report.output


def test_worker_above_memory_limit_is_reported(stack: StackMaker):
    made = stack(**TOO_LARGE, memoryLimit="80Mi", tmpfsSize="16Mi")
    made.up().succeeded()
    result = failed_result(made, "worker-1")
    assert result["exit_reason"] == "oom_killed"
    assert any(error.startswith("oom_killed: ") for error in result["errors"])
    assert_reported(made, "oom killed")


def test_failed_start_is_reported_and_next_up_recovers(stack: StackMaker):
    """Use images of worker and server that do not exist, and a request that no node can satisfy."""
    made = stack(source="jsonl", workerImage="loadtest-test/absent:1", startTimeout=15)
    done = made.up().failed()
    assert "prepare: not started after 15 s: " in done.output
    assert "absent:1" in done.output
    assert "Traceback" not in done.output

    image = worker_image(made.clone.folder)
    done = made.up(workerImage=image, cpuLimit="64", clusterGrows=True).failed()
    assert "prepare: not started after 15 s: Unschedulable: 0/1 nodes are available: 1 Insufficient cpu" in done.output

    done = made.up(source="postgresql", cpuLimit="250m", databaseImage="loadtest-test/absent:1").failed()
    assert "the server did not start within 15 s (ImagePullBackOff" in done.output or "(ErrImagePull" in done.output

    made.up(databaseImage=server_image("postgresql"), startTimeout=PATIENT).succeeded()
    assert_loaded(made)


def test_workers_load_together_or_not_at_all(stack: StackMaker):
    """Three workers of 0.7 CPU do not fit a node of two cores, but two of them do."""
    made = stack(source="jsonl", workers=3, cpuLimit="700m", startTimeout=40)
    refused = made.up().failed()
    assert (
        "error: loadtest:workers: 3 workers of 0.7 CPU and 512Mi do not fit the cluster at the same time"
        in refused.output
    )
    assert "clusterGrows if the cluster adds nodes" in refused.output

    missing = made.up(clusterGrows=True).failed()
    # On a busy machine more than one of them may be late.
    assert "not ready, and nothing was loaded: worker-" in missing.output
    assert "not started after 40 s: Unschedulable: 0/1 nodes are available: 1 Insufficient cpu" in missing.output
    results = made.results().values()
    assert "never_started" in [result["exit_reason"] for result in results]
    assert {(result["success"], result["metrics"]["rows_processed"]) for result in results} == {(False, 0)}

    made.up(clusterGrows=False, cpuRequest="100m", startTimeout=PATIENT).succeeded()
    instants = [result["instants"] for result in made.results().values()]
    assert max(each["ready"] for each in instants) < min(each["load_started"] for each in instants)
    assert "may use 0.7: on a busy node it gets less" in made.report().output


def test_deleted_pod_and_evicted_pod_are_reported(stack: StackMaker, kubectl: Kubectl):
    # A RAM disk is rounded up to whole pages, and a pod that uses more than its size is evicted.
    made = stack(**LONG, tmpfsSize="1000001b")
    running = made.start_up()
    first, second = (worker_pod(kubectl, made, index) for index in (0, 1))
    looked = kubectl.run("exec", f"--namespace={namespace(made)}", second, "--", "python", "-c", container_scan.PROGRAM)
    container_scan.assert_confined(looked, user=WORKER_USER)
    wait_for_rows(kubectl, made, (first, second), PATIENT)
    fill = "while :; do dd if=/dev/zero of=/data/full bs=4096; sleep 1; done >/dev/null 2>&1 & sleep 1"
    kubectl.run("exec", f"--namespace={namespace(made)}", second, "--", "sh", "-c", fill)
    kubectl.run("delete", first, f"--namespace={namespace(made)}", "--wait=false")
    output, _ = running.communicate(timeout=180)
    assert running.returncode == 0, output
    deleted, evicted = failed_result(made, "worker-1"), failed_result(made, "worker-2")
    assert deleted["exit_reason"] == "interrupted"
    assert "interrupted: its pod was deleted while it ran" in deleted["errors"]
    assert deleted["metrics"]["rows_processed"] > 0
    assert evicted["exit_reason"] == "evicted"
    assert any("Usage of EmptyDir volume" in error for error in evicted["errors"]), evicted["errors"]
    assert_reported(made, "interrupted", "its pod was deleted while it ran", "evicted", "Usage of EmptyDir volume")


def test_deleted_pod_is_replaced_if_retries_allow(stack: StackMaker, kubectl: Kubectl):
    # Each load takes some twenty seconds: the test deletes a pod seconds after it began.
    rows = 8_000_000
    made = stack(source="jsonl", workers=1, tables=["users"], rowCount=rows, retries=1)
    running = made.start_up()
    kubectl.run("delete", worker_pod(kubectl, made, 0), f"--namespace={namespace(made)}", "--wait=false")
    output, _ = running.communicate(timeout=240)
    assert running.returncode == 0, output
    result = made.results()["worker-1"]
    assert (result["success"], result["attempt"]) == (True, 2)
    assert result["metrics"]["rows_processed"] == rows


def test_timeout_ends_run_and_keeps_its_rows(stack: StackMaker):
    made = stack(**LONG, timeout=8)
    made.up().succeeded()
    for worker in ("worker-1", "worker-2"):
        result = failed_result(made, worker)
        assert result["exit_reason"] == "timed_out"
        assert result["metrics"]["rows_processed"] > 0
    assert_reported(made, "timed out", "the run's timeout of 8 s was over")

"""The test cluster is real: it runs jobs within limits, resolves names, loads images, and leaves nothing."""

import base64
import http.client
import json
import ssl
import subprocess
import tempfile
import time
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import dns.resolver
import pytest
from kubernetes import client, config

from contrib.offline.cluster import build
from contrib.offline.cluster.addresses import API_SERVICE, DNS_SERVICE, ETCD_PORT, NODE
from contrib.offline.cluster.image import Image, write_archive
from contrib.offline.cluster.layout import Layout, default_state
from contrib.offline.images.catalogue import PYTHON
from contrib.offline.images.recipe import tag
from contrib.offline.parts import golang
from contrib.offline.tests import machine
from testkit import session
from testkit.cluster import load, run, succeed
from testkit.requires import requires

LAYOUT = Layout(default_state())
pytestmark = pytest.mark.cluster

SEE = """
import json, os, shutil, socket
from pathlib import Path

def read(*places):
    return next(Path(place).read_text().split() for place in places if Path(place).exists())

groups = "/sys/fs/cgroup"
memory = read(f"{groups}/memory.max", f"{groups}/memory/memory.limit_in_bytes")
quota = read(f"{groups}/cpu.max", f"{groups}/cpu/cpu.cfs_quota_us")
print(json.dumps({
    "index": int(os.environ["JOB_COMPLETION_INDEX"]),
    "memory": int(memory[0]),
    "quota": int(quota[0]),
    "disk": shutil.disk_usage("/data").total,
    "api": socket.gethostbyname("kubernetes.default.svc.cluster.local"),
}))
"""


@pytest.fixture
def connection(cluster):
    """A connection to the API server with Kubernetes' own client."""
    with config.new_client_from_config(str(cluster)) as connection:
        yield connection


@pytest.fixture
def core(connection):
    """A client for the core API."""
    return client.CoreV1Api(connection)


@pytest.fixture
def batch(connection):
    """A client for the batch API, which has the jobs."""
    return client.BatchV1Api(connection)


@pytest.fixture
def namespace(core):
    """A namespace for one test, removed with everything in it."""
    name = session.unique("test")
    core.create_namespace({"metadata": {"name": name}})
    yield name
    core.delete_namespace(name)


@pytest.fixture
def python_image(cluster):
    """A Python image in the cluster."""
    load(tag(PYTHON))
    return tag(PYTHON)


def job(image: str, program: str, *, completions: int, memory: str) -> dict[str, Any]:
    """Return an Indexed Job of one Python program, on half a core with a RAM disk."""
    return {
        "metadata": {"name": "job"},
        "spec": {
            "completionMode": "Indexed",
            "completions": completions,
            "parallelism": completions,
            "backoffLimitPerIndex": 0,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [
                        {
                            "name": "main",
                            "image": image,
                            "command": ["python3", "-c", program],
                            "resources": {"limits": {"cpu": "500m", "memory": memory}},
                            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                        }
                    ],
                    "volumes": [{"name": "data", "emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}}],
                },
            },
        },
    }


def finished(batch: Any, namespace: str, seconds: int = 120) -> str:
    """Return the condition with which the job ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = batch.read_namespaced_job_status("job", namespace).status
        ended = [condition.type for condition in status.conditions or [] if condition.type in ("Complete", "Failed")]
        if ended:
            return str(ended[0])
        time.sleep(0.2)
    raise AssertionError(f"the job has not ended: {status}")


def test_node_is_ready_and_runs_the_pinned_release(connection, core):
    (node,) = core.list_node().items
    assert node.metadata.name == NODE
    assert {"Ready": "True"}.items() <= {one.type: one.status for one in node.status.conditions}.items()
    pinned = golang.module_version(build.KUBERNETES, "k8s.io/kubernetes")
    assert {node.status.node_info.kubelet_version, client.VersionApi(connection).get_code().git_version} == {pinned}


def test_service_names_resolve(cluster):
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [DNS_SERVICE]
    answer = resolver.resolve("kubernetes.default.svc.cluster.local", "A")
    assert [record.address for record in answer] == [API_SERVICE]
    with pytest.raises(dns.resolver.NXDOMAIN):
        resolver.resolve("nothing.default.svc.cluster.local", "A")


def test_job_of_two_pods_runs_within_its_limits(core, batch, namespace, python_image):
    batch.create_namespaced_job(namespace, job(python_image, SEE, completions=2, memory="512Mi"))
    assert finished(batch, namespace) == "Complete"
    seen = [
        json.loads(core.read_namespaced_pod_log(pod.metadata.name, namespace))
        for pod in core.list_namespaced_pod(namespace).items
    ]
    within = {"memory": 512 * 2**20, "quota": 50_000, "disk": 256 * 2**20, "api": API_SERVICE}
    assert sorted(seen, key=lambda one: one["index"]) == [{"index": index, **within} for index in range(2)]


def test_pod_above_memory_limit_is_killed_by_the_kernel(core, batch, namespace, python_image):
    greedy = job(python_image, "print(len(b'x' * 200_000_000))", completions=1, memory="128Mi")
    batch.create_namespaced_job(namespace, greedy)
    assert finished(batch, namespace) == "Failed"
    (pod,) = core.list_namespaced_pod(namespace).items
    ended = pod.status.container_statuses[0].state.terminated
    assert (ended.reason, ended.exit_code) == ("OOMKilled", 137)


def test_image_is_loaded_once_and_again_after_a_change(core, namespace, tmp_path):
    name = f"loadtest-test/tiny:{uuid.uuid4().hex[:8]}"
    binaries = build.build()
    try:
        for content in ("etcd", "pause"):
            into_docker(Image(name, binaries / content), tmp_path)
            assert run("load", name).stderr.endswith(f"{name}: loaded\n")
            assert run("load", name).stderr.endswith(f"{name}: already there\n")
    finally:
        subprocess.run(["docker", "image", "rm", name], check=True, capture_output=True)
    core.create_namespaced_pod(
        namespace, {"metadata": {"name": "tiny"}, "spec": {"containers": [{"name": "main", "image": name}]}}
    )
    deadline = time.monotonic() + 60
    while (phase := core.read_namespaced_pod("tiny", namespace).status.phase) != "Running":
        assert time.monotonic() < deadline, phase
        time.sleep(0.2)


def into_docker(image: Image, folder: Path) -> None:
    archive = folder / "image.tar"
    write_archive(image, archive)
    subprocess.run(["docker", "load", "--input", archive], check=True, capture_output=True)


def test_image_missing_in_docker_is_named(cluster):
    absent = run("load", "loadtest-test/absent:1")
    assert absent.returncode == 1
    assert "loadtest-test/absent:1" in absent.stderr


def test_kubeconfig_is_readable_by_its_owner_only(cluster):
    assert succeed("kubeconfig") == str(cluster)
    assert cluster.stat().st_mode & 0o077 == 0


def test_etcd_rejects_certificates_of_the_cluster(cluster):
    """A certificate of the cluster's own authority opens the API, never etcd."""
    assert store_health("apiserver-etcd-client") == {"health": "true", "reason": ""}
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        store_health("admin")


def store_health(user: str) -> Any:
    """Return what etcd reports about its health to a client with this certificate."""
    pki = LAYOUT.pki
    trust = ssl.create_default_context(cafile=pki / "etcd-ca.crt")
    trust.load_cert_chain(pki / f"{user}.crt", pki / f"{user}.key")
    with closing(http.client.HTTPSConnection("127.0.0.1", ETCD_PORT, context=trust)) as store:
        store.request("GET", "/health")
        return json.load(store.getresponse())


def test_stop_leaves_nothing_and_start_restores_the_objects(cluster_session, core):
    requires(cluster_session.ours, "cluster", "one runs already, and stays")
    kept = session.unique("kept")
    value = base64.b64encode(b"value").decode()
    core.create_namespaced_secret("default", {"metadata": {"name": kept}, "data": {"key": value}})
    assert machine.traces(LAYOUT.folder), "the traces of a running cluster are there to be seen"

    succeed("stop")
    assert machine.traces(LAYOUT.folder) == []
    succeed("stop")

    # Short, because the path of the kubelet's socket below it is limited to 107 bytes.
    other = Path(tempfile.mkdtemp(prefix="c", dir=session.FOLDER))
    succeed("--state", str(other), "start")
    refused = run("start")
    assert refused.returncode == 1
    assert str(other) in refused.stderr
    succeed("--state", str(other), "stop", "--purge")
    assert machine.traces(other) == []
    assert list(other.iterdir()) == []

    succeed("start")
    assert core.read_namespaced_secret(kept, "default").data == {"key": value}
    core.delete_namespaced_secret(kept, "default")

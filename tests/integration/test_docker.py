"""The small preset on Docker: limits, server settings and restrictions of the containers."""

import json

import pytest

from core.units import GIB, MIB
from infra.databases import postgresql
from tests.integration import containers
from tests.integration.server import TABLES

pytestmark = [pytest.mark.engine, pytest.mark.docker]

WORKERS = ("prepare", "worker-1", "worker-2")


@pytest.fixture(scope="module")
def stack(new_stack, docker):
    stack = new_stack(**docker)
    stack.up().succeeded()
    return stack


@pytest.fixture(scope="module")
def results(stack):
    return stack.results()


@pytest.fixture(scope="module")
def database(stack):
    return f"loadtest-{stack.name}-database"


def worker(stack, name):
    return containers.inspected("container", f"loadtest-{stack.name}-{name}")


def test_both_workers_succeed(stack, results):
    assert {name: result["success"] for name, result in results.items()} == {"worker-1": True, "worker-2": True}
    report = stack.report().succeeded()
    assert "30,000" in report.output


def test_workers_measure_limits_of_preset(results):
    for result in results.values():
        environment = result["environment"]
        assert environment["memory_mb"] == 512
        assert environment["cgroup_memory_limit"] == 512 * MIB
        assert environment["cgroup_cpu_quota"] == "50000 100000"
        assert (environment["tmpfs_enabled"], environment["tmpfs_size_mb"]) == (True, 256)
        assert environment["not_enforced"] == []


def test_log_has_environment_block(stack):
    log = containers.everything_logged(f"loadtest-{stack.name}-worker-1")
    assert "=== Runtime Environment Verification ===" in log
    assert "/data: tmpfs (tmpfs: true)" in log
    assert "cgroup CPU quota: 50000 100000" in log


def test_server_has_the_reported_rows(database, results):
    counted = {table: int(containers.query(database, f"SELECT count(*) FROM {table}")) for table in TABLES}
    reported = {shard["table"]: shard["rows_processed"] for result in results.values() for shard in result["shards"]}
    assert counted == reported == dict.fromkeys(TABLES, 10_000)


def test_server_settings_are_applied(stack, database):
    arguments = postgresql.arguments(GIB)
    ordered = dict(argument.split("=", 1) for argument in arguments if argument != "-c")
    assert ordered.keys() >= {"max_connections", "shared_buffers", "wal_level", "max_wal_senders", "synchronous_commit"}
    shown = {name: containers.query(database, f"SHOW {name}") for name in ordered}
    assert shown == ordered
    told = stack.outputs()["serverSettings"]
    assert {name: told[name] for name in ordered if name in told} == {
        name: ordered[name] for name in told if name in ordered
    }


@pytest.mark.parametrize("name", WORKERS)
def test_worker_container_is_restricted(stack, name):
    inspected = worker(stack, name)
    host = inspected["HostConfig"]
    assert inspected["Config"]["User"] == "65532:65532"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert not host["Privileged"]
    assert not host["PortBindings"]
    assert host["Memory"] == host["MemorySwap"] == 512 * MIB
    assert host["NanoCpus"] == 500_000_000
    assert host["Tmpfs"] == {"/data": f"size={256 * MIB},uid=65532,gid=65532,mode=0700"}


def test_server_publishes_no_port_in_internal_network(stack, database):
    host = containers.inspected("container", database)["HostConfig"]
    assert not host["PortBindings"]
    assert not host["PublishAllPorts"]
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert containers.inspected("network", f"loadtest-{stack.name}")["Internal"] is True


def test_objects_have_stack_label(stack):
    for kind, name in (("network", ""), ("volume", "-plan"), ("volume", "-results")):
        assert containers.inspected(kind, f"loadtest-{stack.name}{name}")["Labels"]["loadtest.stack"] == stack.name
    assert len(containers.names(stack.name)) == len(WORKERS) + 1


def test_resources_are_children_of_component(stack):
    resources = json.loads(stack.pulumi("stack", "export").succeeded().output)["deployment"]["resources"]
    (component,) = (resource for resource in resources if resource["type"] == "loadtest:docker:LoadTest")
    assert component["outputs"].keys() == {"endpoint", "results"}
    assert component["outputs"]["endpoint"] == "postgresql://database:5432/loadtest"
    others = {
        resource["type"]: resource.get("parent")
        for resource in resources
        if resource is not component and not resource["type"].startswith("pulumi:")
    }
    # The password belongs to the stack, on every platform.
    assert others.pop("pulumi-python:dynamic/loadtest:Password").endswith(f"::loadtest-{stack.name}")
    assert len(others) == 8
    assert set(others.values()) == {component["urn"]}


def test_changed_setting_runs_again_on_empty_database(stack, database):
    before = stack.outputs("--show-secrets")
    assert "16 unchanged" in stack.up().succeeded().output
    assert stack.outputs("--show-secrets") == before
    containers.query(database, "CREATE TABLE old (id int)")
    stack.up(batchSize=1000, workers=1).succeeded()
    after = stack.outputs()
    assert after["runId"] != before["runId"]
    assert {result["worker_id"]: result["metrics"]["batch_count"] for result in after["results"]} == {"worker-1": 30}
    assert containers.query(database, "SELECT count(*) FROM users") == "10000"
    assert containers.query(database, "SELECT to_regclass('old') IS NULL") == "t"

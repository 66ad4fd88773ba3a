"""Docker and Kubernetes render the same containers for a plan, apart from the server's host name."""

from dataclasses import replace

import pytest

from core.stores import SOURCES
from core.units import MIB
from tests.infra.platforms.rendering import (
    DATA_FOLDER,
    Container,
    ask_nobody,
    declare,
    docker_containers,
    kubernetes_containers,
)

SERVERS = [name for name, source in SOURCES.items() if source.needs_server]
ON_DOCKER = {"LOADTEST_START_FILE": "/plan/start"}
ON_KUBERNETES = {
    "LOADTEST_TERMINATION_LOG": "/dev/termination-log",
    "LOADTEST_START_FILE": "/start/start",
    "LOADTEST_READY_FILE": "/ready/worker",
}
"""Variables of the workers, for the files by which they agree with the fleet."""


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the checks that need an engine or a cluster."""
    ask_nobody(monkeypatch)


def both(source: str, **values: str) -> tuple[dict[str, Container], dict[str, Container]]:
    return (
        docker_containers(declare("docker", source=source, **values)),
        kubernetes_containers(declare("kubernetes", source=source, **values)),
    )


@pytest.mark.parametrize("source", SOURCES)
def test_workers_are_equal_on_docker_and_kubernetes(source: str):
    docker, kubernetes = both(source, workers="4")
    server = ["database"] if SOURCES[source].needs_server else []
    assert sorted(docker) == sorted(kubernetes) == [*server, "prepare", *workers(4)]
    for role in ["prepare", *workers(4)]:
        own, others = ({}, {}) if role == "prepare" else (ON_DOCKER, ON_KUBERNETES)
        common = {name: text for name, text in docker[role].environment.items() if name not in others}
        assert docker[role].environment == {**common, **own}
        probe = () if role == "prepare" else ("test", "-e", "/ready/worker")
        expected = replace(docker[role], environment={**common, **others}, health_command=probe)
        assert kubernetes[role] == expected
        assert expected.ram_disks == {DATA_FOLDER: 256 * MIB}
        assert (expected.cpu, expected.memory) == (0.5, 512 * MIB)


def workers(count: int) -> list[str]:
    return [f"worker-{number}" for number in range(1, count + 1)]


@pytest.mark.parametrize("tmpfs", ["false", "true"])
@pytest.mark.parametrize("source", sorted(SERVERS))
def test_servers_are_equal_on_docker_and_kubernetes(source: str, tmpfs: str):
    docker, kubernetes = both(source, databaseTmpfs=tmpfs, databaseCpuLimit="1500m", databaseMemoryLimit="1Gi")
    server = kubernetes["database"]
    # On Docker it starts as root and changes its user; a restricted namespace admits no pod that starts as root.
    assert server == replace(docker["database"], user=server.user)
    assert server.user not in (None, "0:0")
    assert (server.cpu, server.memory) == (1.5, 1024 * MIB)
    assert list(server.ram_disks.values()) == ([512 * MIB] if tmpfs == "true" else [])
    assert server.health_command


def test_workers_without_tmpfs_have_no_ram_disk():
    docker, kubernetes = both("postgresql", tmpfs="false")
    assert docker["worker-1"].ram_disks == kubernetes["worker-1"].ram_disks == {}


def test_container_with_memory_limit_has_no_swap() -> None:
    inputs = [each.inputs for each in declare("docker") if each.type == "docker:index/container:Container"]
    assert len([each for each in inputs if each.get("memory")]) == 4
    assert all(each["memorySwap"] == each["memory"] for each in inputs if each.get("memory"))

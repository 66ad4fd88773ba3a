"""The worker's container, scanned during a load: its permissions, and the secrets in it."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.process import CONNECTION_VARIABLE, WORKER_USER
from testkit import docker_command, loads
from testkit.clone import Stack
from testkit.interruption import ENDLESS
from tests.integration import container_scan, containers

pytestmark = [pytest.mark.engine, pytest.mark.docker]
WORKER = "worker-1"


@pytest.fixture(scope="module")
def name(new_stack: Callable[..., Stack], docker: dict[str, object]) -> Iterator[str]:
    """The name of a worker's container during its load."""
    stack = new_stack(**ENDLESS, **docker)
    name = f"loadtest-{stack.name}-{WORKER}"
    process = stack.start_up()
    loads.wait_until(lambda: loads.has_loaded_in(name), process, "progress")
    yield name
    os.kill(process.pid, signal.SIGINT)
    loads.wait_for_end(process)


@pytest.fixture(scope="module")
def inspected(name: str) -> dict[str, Any]:
    return containers.inspected("container", name)


def test_worker_is_confined(name: str):
    container_scan.assert_confined(
        docker_command.docker("exec", name, "python", "-c", container_scan.PROGRAM), user=WORKER_USER
    )


def test_scan_of_unconfined_container_fails(docker: dict[str, object]):
    image = str(docker["workerBaseImage"])
    root = docker_command.docker("run", "--rm", "--network=none", image, "python", "-c", container_scan.PROGRAM)
    with pytest.raises(AssertionError):
        container_scan.assert_confined(root, user=0)


@pytest.fixture
def stranger(docker: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Name and address of a container that listens in Docker's default network."""
    image = str(docker["workerBaseImage"])
    name = docker_command.docker("run", "--detach", "--rm", image, "python", "-m", "http.server", "8000").strip()
    address = containers.inspected("container", name)["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    yield name, address
    docker_command.docker("kill", name)


def reaches(container: str, address: str) -> bool:
    """Return whether a program in a container can open a connection."""
    program = (
        "import socket, time\n"
        "for _ in range(8):\n"
        "    try:\n"
        f"        socket.create_connection(('{address}', 8000), 1).close()\n"
        "        print('reached')\n"
        "        break\n"
        "    except ConnectionRefusedError:\n"  # The listener may not be ready yet.
        "        time.sleep(1)\n"
        "    except OSError:\n"
        "        continue\n"
    )
    return docker_command.docker("exec", container, "python", "-c", program) == "reached\n"


def test_worker_reaches_only_its_server(name: str, stranger: tuple[str, str], inspected: dict[str, Any]):
    (network,) = inspected["NetworkSettings"]["Networks"]
    assert containers.inspected("network", network)["Internal"] is True
    other, address = stranger
    assert reaches(other, address)
    assert not reaches(name, address)
    assert not inspected["HostConfig"]["PortBindings"]
    assert not inspected["HostConfig"]["PublishAllPorts"]
    assert not any(inspected["NetworkSettings"]["Ports"].values())


def test_worker_is_isolated_from_the_machine(inspected: dict[str, Any]):
    host = inspected["HostConfig"]
    assert not host["Binds"] or all(not bind.startswith("/") for bind in host["Binds"]), host["Binds"]
    mounts = {mount["Destination"]: (mount["Type"], mount["RW"]) for mount in inspected["Mounts"]}
    assert mounts == {"/plan": ("volume", False), "/results": ("volume", True)}
    assert (host["PidMode"], host["UTSMode"], host["UsernsMode"]) == ("", "", "")
    assert host["IpcMode"] == "private"
    assert not any(host[key] for key in ("Privileged", "CapAdd", "Devices", "DeviceRequests", "VolumesFrom"))
    assert host["CapDrop"] == ["ALL"]
    assert host["ReadonlyRootfs"] is True
    assert "no-new-privileges:true" in host["SecurityOpt"]


def test_password_is_in_only_one_variable(inspected: dict[str, Any]):
    variables = dict(variable.split("=", 1) for variable in inspected["Config"].pop("Env"))
    password = urlsplit(variables.pop(CONNECTION_VARIABLE)).password
    assert password is not None
    assert len(password) >= 20
    assert password not in json.dumps([variables, inspected])


def test_image_has_no_root_user_and_no_secret(inspected: dict[str, Any]):
    image = containers.inspected("image", inspected["Image"])["Config"]
    assert image["User"] == f"{WORKER_USER}:{WORKER_USER}"
    assert not image.get("ExposedPorts")
    assert not image.get("Volumes")
    assert CONNECTION_VARIABLE not in json.dumps(image)
    assert CONNECTION_VARIABLE not in docker_command.docker("history", "--no-trunc", inspected["Image"])

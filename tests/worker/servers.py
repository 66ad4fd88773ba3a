"""Real servers for the worker's tests, from the images of the project."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql

from testkit.containers import Container, Run, running
from testkit.docker_command import docker
from testkit.images import image

PASSWORD = "a password for tests"
DATABASE = "loadtest"


def address_of(container: Container) -> str:
    """Return the address of a container, as seen from this machine."""
    (network,) = json.loads(docker("inspect", container.name))[0]["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


@contextmanager
def mysql() -> Iterator["pymysql.Connection[Any]"]:
    """Start a MySQL server with an empty database; yield root's connection to it."""
    run = Run(
        environment={"MYSQL_ROOT_PASSWORD": PASSWORD, "MYSQL_DATABASE": DATABASE},
        arguments=["--local-infile=1", "--skip-log-bin", "--innodb-buffer-pool-size=128M"],
        tmpfs={"/var/lib/mysql": "size=600m"},
    )
    with running(image("mysql"), run) as server:
        server.wait_until_ready(
            ["env", f"MYSQL_PWD={PASSWORD}", "mysql", "--host=127.0.0.1", "--user=root", DATABASE, "--execute=SELECT 1"]
        )
        connection = pymysql.connect(
            host=address_of(server), user="root", password=PASSWORD, database=DATABASE,
            local_infile=True, charset="utf8mb4", autocommit=True,
        )  # fmt: skip
        with connection:
            yield connection

"""Inspect a run's containers with Docker's own command line."""

import json
from typing import Any

from testkit.docker_command import docker, run_docker


def inspected(kind: str, name: str) -> dict[str, Any]:
    """Return what `docker inspect` prints for a container, a network or a volume."""
    found: dict[str, Any] = json.loads(docker(kind, "inspect", name))[0]
    return found


def names(stack: str) -> list[str]:
    """Return the names of the stack's containers, running or not."""
    return docker("ps", "--all", "--format={{.Names}}", f"--filter=label=loadtest.stack={stack}").split()


def everything_logged(container: str) -> str:
    """Return the output of a container on both streams."""
    done = run_docker("logs", container)
    return done.stdout + done.stderr


def query(container: str, statement: str) -> str:
    """Return the output of `psql` in the server's container."""
    # Connect over TCP, as the load does. The password is in the container's environment.
    psql = f'PGPASSWORD="$POSTGRES_PASSWORD" psql -h 127.0.0.1 -U loadtest -d loadtest -At -c "{statement}"'
    return docker("exec", container, "sh", "-c", psql).strip()

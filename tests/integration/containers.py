"""Inspect a run's containers with Docker's own command line."""

import json
import subprocess
from typing import Any


def docker(*arguments: str) -> str:
    """Return the output of a docker command; fail the test if the command fails."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def inspected(kind: str, name: str) -> dict[str, Any]:
    """Return what `docker inspect` prints for a container, a network or a volume."""
    found: dict[str, Any] = json.loads(docker(kind, "inspect", name))[0]
    return found


def names(stack: str) -> list[str]:
    """Return the names of the stack's containers, running or not."""
    return docker("ps", "--all", "--format={{.Names}}", f"--filter=label=loadtest.stack={stack}").split()


def everything_logged(container: str) -> str:
    """Return the output of a container on both streams."""
    done = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout + done.stderr


def query(container: str, statement: str) -> str:
    """Return the output of `psql` in the server's container."""
    # Connect over TCP, as the load does. The password is in the container's environment.
    psql = f'PGPASSWORD="$POSTGRES_PASSWORD" psql -h 127.0.0.1 -U loadtest -d loadtest -At -c "{statement}"'
    return docker("exec", container, "sh", "-c", psql).strip()

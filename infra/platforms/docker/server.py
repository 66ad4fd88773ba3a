"""Start the server's container, wait until it is healthy, and notice at once when it ends."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container

from core.errors import ServerError
from core.settings_key import setting_key
from core.text import one_line
from infra.databases.spec import DatabaseSpec
from infra.platforms.docker.client import message_of, wrap_docker_errors

READY_SECONDS = 180
"""From the start of its container until it answers queries."""
_POLL_SECONDS = 0.1
_LOG_LINES = 5
_STOPPED = ("created", "exited", "dead")
_REMEDY = f"raise {setting_key('databaseMemoryLimit')} if it needs more memory, or check {setting_key('databaseImage')}"


def start_server(engine: docker.DockerClient, identity: str, wanted: Callable[[], bool]) -> None:
    """Start the container unless it runs, and wait until its health check succeeds or the run is no longer wanted.

    Raises ServerError, with the end of its log, if it does not start, ends or stays unhealthy.
    """
    container = engine.containers.get(identity)
    try:
        if container.status in _STOPPED:
            container.start()
    except APIError as error:
        raise ServerError(f"server: container {container.name} did not start: {message_of(error)}; {_REMEDY}") from None
    deadline = time.monotonic() + READY_SECONDS
    while wanted():
        container.reload()
        state: Mapping[str, Any] = container.attrs["State"]
        health = (state.get("Health") or {}).get("Status")
        if state["Status"] in _STOPPED:
            killed = " and was killed for memory" if state.get("OOMKilled") else ""
            raise _error(container, f"ended with exit code {state['ExitCode']}{killed}")
        if health == "healthy" or (health in (None, "none") and state["Running"]):
            return
        if health == "unhealthy" or time.monotonic() > deadline:
            raise _error(container, "does not answer queries")
        time.sleep(_POLL_SECONDS)


def published_connection(
    engine: docker.DockerClient, identity: str, database: DatabaseSpec, password: str
) -> str | None:
    """Return the connection string for programs on the engine's machine; None unless a running container has a port there.

    The engine chooses the port at each start of the container.
    """
    with wrap_docker_errors():
        try:
            bindings = engine.containers.get(identity).ports.values()
        except NotFound:
            return None
    found = next((each[0] for each in bindings if each), None)
    return database.connection_string(password, found["HostIp"], int(found["HostPort"])) if found else None


def _error(container: Container, problem: str) -> ServerError:
    log = one_line(container.logs(tail=_LOG_LINES).decode(errors="replace"), -300) or "empty"
    return ServerError(f"server: container {container.name} {problem}; its log: {log}; {_REMEDY}")

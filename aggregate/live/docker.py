"""Follow workers that are Docker containers, found by their labels. Their progress is in the logs."""

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException, NotFound
from pydantic import ValidationError
from requests.exceptions import RequestException

from aggregate.live.feed import Snapshot, parse_output
from core.docker_address import DockerAddress, docker_address
from core.errors import RunError
from core.labels import STACK_LABEL, WORKER_LABEL
from core.plan import LoadPlan, is_worker_id
from core.process import PLAN_FILE
from core.text import one_line

_LINES = 2
"""The last line may be incomplete while it is being written."""
_TIMEOUT_SECONDS = 30
_CLIENT_ERRORS = (DockerException, RequestException)
_RUNNING = ("running", "restarting", "paused")


class StackFeed:
    """The containers of a stack. Raises RunError if the Docker engine does not respond."""

    def __init__(self, stack: str, project: Path) -> None:
        self._stack = stack
        self._limits: dict[str, int | None] = {}
        self._address = docker_address(project, stack)
        try:
            self._client = docker.from_env(timeout=_TIMEOUT_SECONDS, **self._address.options())
            self._client.ping()
        except _CLIENT_ERRORS as error:
            raise _unreachable(error, self._address) from None

    def plan(self) -> LoadPlan | None:
        """Return the plan from the workers' volume."""
        try:
            workers = self._workers()
        except _CLIENT_ERRORS as error:
            raise _unreachable(error, self._address) from None
        return self._plan_in(workers[0]["Id"]) if workers else None

    def snapshots(self) -> Sequence[Snapshot]:
        """Return each worker's container, including containers that have ended."""
        try:
            return [self._snapshot(container) for container in self._workers()]
        except _CLIENT_ERRORS as error:
            raise _unreachable(error, self._address) from None

    def _workers(self) -> list[Mapping[str, Any]]:
        labels = [f"{STACK_LABEL}={self._stack}", WORKER_LABEL]
        listed = self._client.api.containers(all=True, filters={"label": labels})
        return [each for each in listed if is_worker_id(each["Labels"][WORKER_LABEL])]

    def _snapshot(self, container: Mapping[str, Any]) -> Snapshot:
        # Read the state before the log: a container that has ended has written everything.
        identity, state = container["Id"], container["State"]
        started = state != "created" or self._failed_to_start(identity)
        progress, result = parse_output(self._log(identity)) if started else (None, None)
        worker = container["Labels"][WORKER_LABEL]
        return Snapshot(worker, started, state in _RUNNING, progress, result, self._limit(identity))

    def _failed_to_start(self, identity: str) -> bool:
        """Return whether starting failed: Docker keeps such a container in state created, with an error."""
        try:
            return bool(self._client.api.inspect_container(identity)["State"]["Error"])
        except NotFound:
            return True

    def _limit(self, identity: str) -> int | None:
        if identity not in self._limits:
            try:
                self._limits[identity] = (
                    int(self._client.api.inspect_container(identity)["HostConfig"]["Memory"]) or None
                )
            except NotFound:
                return None
        return self._limits[identity]

    def _log(self, identity: str) -> bytes:
        try:
            return bytes(self._client.api.logs(identity, stdout=True, stderr=False, tail=_LINES))
        except NotFound:
            return b""

    def _plan_in(self, identity: str) -> LoadPlan | None:
        """Return the plan, or None if the container or its file does not exist."""
        try:
            blocks, _ = self._client.api.get_archive(identity, PLAN_FILE)
            with tarfile.open(fileobj=io.BytesIO(b"".join(blocks))) as archive:
                file = archive.extractfile(archive.getmembers()[0])
                return LoadPlan.model_validate_json(file.read()) if file else None
        except (DockerException, ValidationError):
            return None


def _unreachable(error: Exception, address: DockerAddress) -> RunError:
    reason = one_line(error, 200)
    return RunError(f"the Docker engine does not respond ({reason}); {address.remedy()}")

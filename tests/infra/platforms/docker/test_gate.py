"""Containers that wait at the gate: who is ready, who is left out, and when the others go on."""

import time
from collections.abc import Callable, Iterator

import pytest
from docker.models.containers import Container

from core.process import START_FILE
from core.results import Progress
from infra.platforms.docker.client import connect
from infra.platforms.docker.runner import DockerHandles, DockerRunner
from testkit import session
from testkit.images import image
from tests.infra.fleet.plans import smallest_plan

pytestmark = pytest.mark.docker

READY = Progress.model_validate(
    {"progress": "w", "at": 0, "rows": 0, "total_rows": 1, "batches": 0, "bytes": 0, "phase": "ready"}
).model_dump_json()
WAITS = f"while ! test -s {START_FILE}; do sleep 0.05; done; echo loads"
WORKERS = {"worker-1": f"echo '{READY}'; {WAITS}", "worker-2": f"sleep 600; {WAITS}"}


@pytest.fixture
def runner() -> Iterator[DockerRunner]:
    """The runner of a worker that is ready and one that never is, with their plan in a volume."""
    engine, volume = connect(), session.unique("gate")
    made: dict[str, Container] = {}
    for role, script in {"prepare": "exit 0", **WORKERS}.items():
        mode = "rw" if role == "prepare" else "ro"
        made[role] = engine.containers.create(
            image("python"),
            ["sh", "-c", script],
            network_mode="none",
            read_only=True,
            volumes={volume: {"bind": "/plan", "mode": mode}},
        )
    ids = {role: container.id or "" for role, container in made.items()}
    prepare = ids.pop("prepare")
    handles = DockerHandles(prepare=prepare, plan_file="/plan/plan.json", workers=ids, output_in_container="/out")
    yield DockerRunner(handles, smallest_plan(2))
    for container in made.values():
        container.remove(force=True)
    engine.volumes.get(volume).remove()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_gate_opens_for_ready_containers_in_every_run(runner: DockerRunner):
    """The second run is of the same containers: neither its log nor its start file is that of the first."""
    for _ in range(2):
        assert runner.prepare(60, lambda: True).exit_code == 0
        runner.start()
        until(lambda: runner.ready() == {"worker-1"})
        assert runner.running() == {"worker-1", "worker-2"}
        runner.open_gate(frozenset({"worker-2"}))
        until(lambda: not runner.running())
        exits = runner.exits()
        assert exits["worker-1"].output.splitlines()[-1] == "loads"
        assert "loads" not in exits["worker-2"].output
        assert exits["worker-2"].exit_code != 0

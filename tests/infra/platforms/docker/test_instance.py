"""A stack on Docker misses what was removed or stopped on the engine."""

from copy import deepcopy
from types import SimpleNamespace
from typing import Any, cast

import pytest
from docker.errors import ImageNotFound

from core.errors import RunError
from infra.platforms.docker import instance
from infra.platforms.docker.client import NoEngineError
from infra.platforms.docker.instance import DockerGuardProvider, DockerInstanceProvider, losses

MARK = "0123456789abcdef"
IMAGE = "loadtest-worker:12"
PREPARE, SERVER = "loadtest-small-prepare", "loadtest-small-database"
ROLES = {"loadtest.roles": "database,prepare,worker-1,worker-2", "loadtest.server": "id"}


class Engine:
    """An engine that has a whole stack, and the requests that `losses` sends."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {
            "network": {"loadtest-small"},
            "volume": {"loadtest-small-plan", "loadtest-small-results"},
            "container": {f"loadtest-small-{role}": "exited" for role in ("prepare", "worker-1", "worker-2")},
        }
        self.objects["container"][SERVER] = "running"
        self.labels = dict(ROLES)
        self.started = {PREPARE: "2026-11-28T05:00:05.123456789Z", SERVER: "2026-11-28T05:00:00.123456789Z"}
        self.tmpfs: dict[str, str] | None = {"/data": ""}
        self.volume_labels = {"loadtest.stack": "small", "loadtest.instance": MARK}
        self.tags = {IMAGE}
        self.images = SimpleNamespace(get=self.image)
        self.api = SimpleNamespace(
            networks=lambda **_: [{"Name": name} for name in self.objects["network"]],
            volumes=lambda **_: {
                "Volumes": [{"Name": name, "Labels": self.volume_labels} for name in self.objects["volume"]]
            },
            containers=lambda **_: [
                {"Names": [f"/{name}"], "Id": name, "State": state, "Labels": self.labels}
                for name, state in self.objects["container"].items()
            ],
            inspect_container=lambda name: {
                "Config": {"Image": IMAGE},
                "HostConfig": {"Tmpfs": self.tmpfs},
                "State": {"StartedAt": self.started[name]},
            },
        )

    def image(self, name):
        if name not in self.tags:
            raise ImageNotFound(name)

    def info(self):
        return {"ID": "AAAA", "Name": "this-host"}

    def close(self):
        pass


def first_loss(change):
    engine = Engine()
    change(engine)
    return next(losses(cast("Any", engine), "small", MARK), "")


def test_whole_stack_lacks_nothing():
    assert list(losses(cast("Any", Engine()), "small", MARK)) == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("network", "loadtest-small"),
        ("volume", "loadtest-small-plan"),
        ("volume", "loadtest-small-results"),
        ("container", PREPARE),
        ("container", SERVER),
        ("container", "loadtest-small-worker-2"),
    ],
)
def test_each_removed_thing_is_missed(kind, name):
    def remove(engine):
        engine.objects[kind] = {each: None for each in engine.objects[kind] if each != name}

    assert first_loss(remove) == f"{kind} {name} is missing"


def test_removed_image_is_missed():
    assert first_loss(lambda engine: engine.tags.clear()) == f"image {IMAGE} is missing"


def test_stopped_server_is_missed():
    stopped = first_loss(lambda engine: engine.objects["container"].update({SERVER: "exited"}))
    assert stopped == f"container {SERVER} is not running (exited)"


def test_restarted_server_is_missed_if_its_data_were_in_memory():
    later = "2026-11-28T05:00:09.1Z"
    assert first_loss(lambda engine: engine.started.update({SERVER: later})) == (
        f"container {SERVER} was restarted, and its data were in memory"
    )

    def on_disk(engine):
        engine.started[SERVER], engine.tmpfs = later, None

    def before_first_run(engine):
        engine.started = {SERVER: later, PREPARE: "0001-01-01T00:00:00Z"}

    assert first_loss(on_disk) == first_loss(before_first_run) == ""


def test_existing_server_needs_no_container():
    def without_server(engine):
        del engine.objects["container"][SERVER]
        engine.labels = {"loadtest.roles": "prepare,worker-1,worker-2", "loadtest.server": ""}

    assert first_loss(without_server) == ""


def test_another_engine_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(instance, "connect", lambda _: Engine())
    props = {"stack": "small", "mark": MARK, "instance": MARK, "engine": "AAAA"}
    assert DockerInstanceProvider().find_lost(deepcopy(props)) == ""
    DockerGuardProvider().delete("guard", deepcopy(props))
    for refused in (DockerInstanceProvider().find_lost, lambda props: DockerGuardProvider().delete("guard", props)):
        with pytest.raises(
            RunError,
            match=r"^stack: 'small' was created on another Docker engine than this-host; select that engine, or",
        ):
            refused({**props, "engine": "BBBB"})


def test_guard_refuses_volume_of_others(monkeypatch):
    engine = Engine()
    engine.volume_labels = {}
    monkeypatch.setattr(instance, "connect", lambda _: engine)
    with pytest.raises(
        RunError,
        match=r"^stack: 'small' deletes nothing, .* volume loadtest-small-\w+ \(not created by a stack\); remove",
    ):
        DockerGuardProvider().delete("guard", {"stack": "small", "instance": MARK, "engine": "AAAA"})


def test_guard_records_engine(monkeypatch):
    monkeypatch.setattr(instance, "connect", lambda _: Engine())
    created = DockerGuardProvider().create_resource({"stack": "small", "instance": MARK})
    assert created.outs == {"stack": "small", "instance": MARK, "engine": "AAAA"}


def test_engine_that_does_not_answer_loses_nothing(monkeypatch):
    def refuse(_):
        raise NoEngineError("no Docker engine answers")

    monkeypatch.setattr(instance, "connect", refuse)
    assert DockerInstanceProvider().find_lost({"stack": "small", "mark": MARK, "engine": "AAAA"}) == ""
    with pytest.raises(RunError, match=r"^no Docker engine answers; or if it no longer exists, forget the stack with"):
        DockerGuardProvider().delete("guard", {"stack": "small", "instance": MARK, "engine": "AAAA"})

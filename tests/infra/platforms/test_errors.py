"""Every public method of a runner translates the exceptions of its driver."""

import inspect
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3
from docker.errors import APIError
from kubernetes.client.exceptions import ApiException

from core.errors import RunError
from core.results import ExitReason
from infra.fleet.runner import translate_errors
from infra.platforms.docker import runner as docker_runner
from infra.platforms.docker.client import wrap_docker_errors
from infra.platforms.docker.runner import DockerHandles, DockerRunner
from infra.platforms.kubernetes.client import Cluster, wrap_kubernetes_errors
from infra.platforms.kubernetes.runner import KubernetesHandles, KubernetesRunner
from tests.infra.fleet.plans import smallest_plan

PLAN = smallest_plan(1)
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "prepare": (1, lambda: True),
    "restart": ("worker-1",),
    "open_gate": (frozenset(),),
}
HTTP_ERROR = urllib3.exceptions.ProtocolError("connection broken")
DOCKER_ERRORS = [APIError("engine failed"), requests.ConnectionError("connection refused"), HTTP_ERROR]
KUBERNETES_ERRORS = [ApiException(status=500, reason="failed"), HTTP_ERROR]


class Broken:
    """A client whose every call raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _name: str) -> "Broken":
        return self

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        raise self._error


def public_methods(runner: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(runner, inspect.isfunction) if not name.startswith("_")]


@pytest.mark.parametrize("method", public_methods(DockerRunner))
@pytest.mark.parametrize("error", DOCKER_ERRORS, ids=lambda error: type(error).__name__)
def test_docker_runner_translates_errors(method, error, tmp_path, monkeypatch):
    monkeypatch.setattr(docker_runner, "connect", lambda _stack: Broken(error))
    handles = DockerHandles(
        prepare="p", plan_file="/plan.json", workers={"worker-1": "c"}, output_in_container="/out",
        output_dir=str(tmp_path / "out"),
    )  # fmt: skip
    runner = DockerRunner(handles, PLAN)
    if method == "start":  # one container that does not start must not stop the others
        runner.start()
        exit_status = runner.exits()["worker-1"]
        assert exit_status.reason is ExitReason.NEVER_STARTED
        assert str(error) in exit_status.detail
        return
    with pytest.raises(RunError, match=r"^Docker: "):
        getattr(runner, method)(*ARGUMENTS.get(method, ()))


@pytest.mark.parametrize("method", public_methods(KubernetesRunner))
@pytest.mark.parametrize("error", KUBERNETES_ERRORS, ids=lambda error: type(error).__name__)
def test_kubernetes_runner_translates_errors(method, error):
    broken: Any = Broken(error)
    handles = KubernetesHandles(namespace="n", instance="i", prepare="p", workers="w", server="s")
    runner = KubernetesRunner(handles, PLAN, broken)
    if method != "start":
        runner._pods = SimpleNamespace(seen=broken, end=lambda: None)  # type: ignore[assignment]
    with pytest.raises(RunError, match=r"^Kubernetes: "):
        getattr(runner, method)(*ARGUMENTS.get(method, ()))


def test_errors_of_new_runner_method_are_translated():
    @translate_errors(wrap_docker_errors)
    class Runner:
        def added_later(self) -> None:
            raise APIError("engine failed")

    with pytest.raises(RunError, match=r"^Docker: engine failed$"):
        Runner().added_later()


def test_error_that_is_already_translated_is_kept():
    error = RunError("one line")
    for translation in (wrap_docker_errors, wrap_kubernetes_errors):
        with pytest.raises(RunError) as raised, translation():
            raise error
        assert raised.value is error


@pytest.mark.parametrize("error", KUBERNETES_ERRORS, ids=lambda error: type(error).__name__)
def test_cluster_block_translates_errors(error, monkeypatch):
    cluster = Cluster.__new__(Cluster)
    monkeypatch.setattr(cluster, "api", nullcontext(), raising=False)
    monkeypatch.setattr(Cluster, "close", lambda _: None)
    with pytest.raises(RunError, match=r"^Kubernetes: ") as raised, cluster:
        raise error
    assert raised.value.__cause__ is error

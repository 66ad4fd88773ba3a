"""The feed of Docker's containers, with an engine that stops responding."""

from types import SimpleNamespace

import docker
import pytest
from docker.errors import APIError
from requests.exceptions import ReadTimeout

from aggregate.live.docker import StackFeed
from core.errors import RunError

ERRORS = [APIError("engine failed"), ReadTimeout("read timed out")]


def fail(error):
    def call(*_arguments, **_options):
        raise error

    return call


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_engine_that_does_not_answer_is_named(error, tmp_path, monkeypatch):
    monkeypatch.setattr(docker, "from_env", lambda **_: SimpleNamespace(ping=fail(error)))
    with pytest.raises(RunError, match=rf"^the Docker engine does not respond \({error}\); "):
        StackFeed("mine", tmp_path)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", ["plan", "snapshots"])
def test_engine_that_stops_in_a_run_is_named(method, error, tmp_path, monkeypatch):
    client = SimpleNamespace(ping=lambda: True, api=SimpleNamespace(containers=fail(error)))
    monkeypatch.setattr(docker, "from_env", lambda **_: client)
    with pytest.raises(RunError, match=rf"^the Docker engine does not respond \({error}\); "):
        getattr(StackFeed("mine", tmp_path), method)()

"""The Docker engine of a stack, as named by its configuration, the environment and Docker's contexts."""

import grp
import hashlib
import json
import os
import socket
import tempfile
from pathlib import Path

import docker
import pytest

from core.docker_address import DockerAddress, docker_address
from core.errors import SettingsError
from infra.platforms.docker.client import NoEngineError, connect
from testkit import session
from testkit.other_user import as_other_user


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    (tmp_path / "Pulumi.yaml").write_text("name: p\n")
    return tmp_path


def stack(project, host):
    (project / "Pulumi.mine.yaml").write_text(json.dumps({"config": {"docker:host": host}}))


def context(project, name, host, *, tls=False, current=True):
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = project / "docker" / "contexts" / "meta" / digest
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))
    if tls:
        (project / "docker" / "contexts" / "tls" / digest / "docker").mkdir(parents=True)
    if current:
        (project / "docker" / "config.json").write_text(json.dumps({"currentContext": name}))


def test_engine_is_default_socket_unless_named(project):
    address = docker_address(project, "mine")
    assert (address.host, address.named_by) == (None, "")
    assert address.provider_inputs() == {}


def test_stack_names_engine(project):
    stack(project, "tcp://one:2375")
    address = docker_address(project, "mine")
    assert (address.host, address.named_by) == ("tcp://one:2375", "docker:host")
    assert docker_address(project, "other").host is None
    assert address.environment()["DOCKER_HOST"] == "tcp://one:2375"
    assert address.provider_inputs() == {}, "the provider reads the stack itself"


def test_variable_names_engine(project, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://two:2375")
    stack(project, "tcp://two:2375")
    assert docker_address(project, "mine").host == docker_address(project, None).host == "tcp://two:2375"


def test_two_engines_are_refused_by_name(project, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://two:2375")
    stack(project, "tcp://one:2375")
    with pytest.raises(SettingsError) as refused:
        docker_address(project, "mine")
    assert str(refused.value) == (
        "docker:host: 'tcp://one:2375' is not the engine of DOCKER_HOST, 'tcp://two:2375'; remove one of them"
    )
    assert docker_address(project, "other").host == "tcp://two:2375"


def test_current_context_names_engine_and_is_passed_to_provider(project):
    context(project, "colima", "unix:///run/colima.sock")
    address = docker_address(project, "mine")
    assert (address.host, address.named_by) == ("unix:///run/colima.sock", "the Docker context colima")
    assert address.provider_inputs() == {"host": "unix:///run/colima.sock"}
    assert not address.is_this_machine


def test_variable_and_stack_override_current_context(project, monkeypatch):
    context(project, "colima", "unix:///colima.sock")
    stack(project, "tcp://one:2375")
    assert docker_address(project, "mine").host == "tcp://one:2375"
    monkeypatch.setenv("DOCKER_HOST", "tcp://two:2375")
    assert docker_address(project, "other").host == "tcp://two:2375"


def test_context_variable_overrides_current_context(project, monkeypatch):
    context(project, "colima", "unix:///colima.sock")
    context(project, "far", "tcp://far:2376", current=False)
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    assert docker_address(project, None).host == "tcp://far:2376"
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert docker_address(project, None).host is None
    stack(project, "tcp://one:2375")
    with pytest.raises(
        SettingsError, match=r"^docker:host: 'tcp://one:2375' is not the engine of DOCKER_CONTEXT, 'unix:"
    ):
        docker_address(project, "mine")


def test_engine_over_ssh_is_reached_by_the_ssh_command(project):
    stack(project, "ssh://user@one")
    options = docker_address(project, "mine").options()
    assert options["use_ssh_client"] is True
    assert options["environment"]["DOCKER_HOST"] == "ssh://user@one"
    assert docker_address(project, "other").options()["use_ssh_client"] is False


def test_context_with_certificates_sets_variables_of_client(project, monkeypatch):
    monkeypatch.setenv("DOCKER_CERT_PATH", "/another")
    context(project, "far", "tcp://far:2376", tls=True)
    address = docker_address(project, None)
    folder = str(address.certificates)
    assert folder.startswith(str(project))
    assert {
        name: text
        for name, text in address.environment().items()
        if name.startswith("DOCKER_") and name != "DOCKER_CONFIG"
    } == {
        "DOCKER_HOST": "tcp://far:2376",
        "DOCKER_CERT_PATH": folder,
        "DOCKER_TLS_VERIFY": "1",
    }
    assert address.provider_inputs() == {"host": "tcp://far:2376", "certPath": folder}


def test_client_uses_engine_of_context(project):
    context(project, "far", "tcp://127.0.0.1:9")
    client = docker.DockerClient.from_env(version="1.45", environment=docker_address(project, None).environment())
    assert client.api.base_url == "http://127.0.0.1:9"
    client.close()


@pytest.mark.parametrize("content", [None, "{}", "[]", "not json"])
def test_unknown_context_is_refused(project, monkeypatch, content):
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    if content is not None:
        context(project, "gone", "x")
        next(project.glob("docker/contexts/meta/*/meta.json")).write_text(content)
    with pytest.raises(
        SettingsError, match=r"^DOCKER_CONTEXT: 'gone' is not a usable Docker context; choose one of `docker"
    ):
        docker_address(project, None)


def test_encrypted_host_requires_variable(project, monkeypatch):
    stack(project, {"secure": "v1:x"})
    with pytest.raises(
        SettingsError, match=r"^docker:host: is encrypted in stack mine, so only the engine can read it; set"
    ):
        docker_address(project, "mine")
    monkeypatch.setenv("DOCKER_HOST", "tcp://two:2375")
    assert docker_address(project, "mine").host == "tcp://two:2375"


def test_certificates_of_stack_are_those_of_the_client(project, monkeypatch):
    (project / "Pulumi.mine.yaml").write_text(
        json.dumps({"config": {"docker:host": "tcp://one:2376", "docker:certPath": "/certificates"}})
    )
    environment = docker_address(project, "mine").environment()
    assert (environment["DOCKER_CERT_PATH"], environment["DOCKER_TLS_VERIFY"]) == ("/certificates", "1")


def test_context_that_only_the_provider_reads_is_refused(project):
    (project / "Pulumi.mine.yaml").write_text(json.dumps({"config": {"docker:context": "other"}}))
    with pytest.raises(
        SettingsError, match=r"^docker:context: .*; choose the context with `docker context use`, or set"
    ):
        docker_address(project, "mine")


def test_encrypted_host_must_be_the_one_of_the_environment(project, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://two:2375")
    stack(project, {"secure": "v1:x"})
    address = docker_address(project, "mine")
    address.require_host("tcp://two:2375")
    address.require_host(None)
    with pytest.raises(
        SettingsError, match=r"^docker:host: is encrypted, and is not the engine of DOCKER_HOST; set"
    ) as refused:
        address.require_host("tcp://secret:2375")
    assert "secret" not in str(refused.value)


def test_remedy_without_engine_is_to_start_docker(project):
    assert DockerAddress(f"unix://{project}/absent.sock").remedy() == "start Docker or set DOCKER_HOST"
    assert DockerAddress("tcp://127.0.0.1:1").remedy() == "start Docker or set DOCKER_HOST"


@pytest.mark.root
def test_remedy_for_forbidden_socket_names_its_group(forbidden_socket):
    os.chown(forbidden_socket, 0, 1)
    group = grp.getgrgid(1).gr_name
    said = as_other_user(lambda: refusal(forbidden_socket))
    assert said.endswith(
        f"; this user may not use {forbidden_socket}; add the user to the group {group} with `sudo usermod -aG {group} $USER` "
        "and log in again, or set DOCKER_HOST to an engine of this user, or set loadtest:platform to local"
    )


def test_remedy_for_socket_of_no_group_is_another_engine(forbidden_socket):
    forbidden_socket.chmod(0)
    said = as_other_user(lambda: refusal(forbidden_socket))
    named = f"unix://{forbidden_socket}, named by DOCKER_HOST"
    assert said.startswith(f"loadtest:platform: docker, and no Docker engine answers at {named} (")
    assert said.endswith(
        f"; this user may not use {forbidden_socket}; set DOCKER_HOST to an engine of this user, or set loadtest:platform "
        "to local"
    )


def test_remedy_for_forbidden_folder_names_the_socket(shared_folder):
    folder = shared_folder / "private"
    folder.mkdir(mode=0)
    said = as_other_user(DockerAddress(f"unix://{folder}/docker.sock").remedy)
    folder.chmod(0o700)
    assert said == f"this user may not reach {folder}/docker.sock; set DOCKER_HOST to an engine of this user"


@pytest.fixture
def shared_folder():
    """A folder that every user may enter; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix=session.unique("socket")) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def forbidden_socket(shared_folder, project, monkeypatch):
    """A socket on which a program listens, as Docker's engine does, and which only its owner and group may use."""
    path = shared_folder / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        engine.listen()
        path.chmod(0o660)
        yield path


def refusal(path):
    with pytest.raises(NoEngineError) as refused:
        connect(project=path.parent)
    return str(refused.value)

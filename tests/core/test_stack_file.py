"""The layers of a stack's configuration: project defaults, preset, and the file that Pulumi writes."""

import json

import pytest

from core.errors import SettingsError
from core.stack_file import is_secret, read_stack, require_stack, stack_configuration, stacks_of, under_engine

PROJECT = """
name: p
stackConfigDir: .pulumi/config
config:
  p:workers: {type: integer, default: 2}
  p:tables: {type: array, default: []}
  p:source: {type: string, default: postgresql}
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.medium.yaml").write_text("config:\n  p:workers: 4\n  p:tables: [a]\n")
    return tmp_path


@pytest.fixture
def own(project):
    file = project / ".pulumi" / "config" / "Pulumi.medium.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("encryptionsalt: v1:x\n")
    return file


DEFAULTS = {"p:workers": "2", "p:tables": "[]", "p:source": "postgresql"}


def test_preset_replaces_defaults(project, own):
    assert under_engine(project, "medium", DEFAULTS) == {**DEFAULTS, "p:workers": 4, "p:tables": ["a"]}
    assert stack_configuration(project, "medium") == {"p:workers": 4, "p:tables": ["a"], "p:source": "postgresql"}


def test_own_file_overrides_preset_with_default_value(project, own):
    own.write_text('config:\n  p:workers: "2"\n  p:password:\n    secure: v1:x\n')
    assert under_engine(project, "medium", DEFAULTS)["p:workers"] == "2"
    assert stack_configuration(project, "medium")["p:workers"] == "2"


def test_engine_value_that_is_not_default_is_kept(project):
    assert under_engine(project, "medium", {**DEFAULTS, "p:workers": "7"})["p:workers"] == "7"


def test_keys_of_other_namespaces_come_from_preset(project):
    (project / "Pulumi.medium.yaml").write_text("config:\n  kubernetes:context: c\n")
    assert under_engine(project, "medium", DEFAULTS)["kubernetes:context"] == "c"


def test_secret_in_preset_is_refused(project):
    (project / "Pulumi.medium.yaml").write_text("config:\n  p:password:\n    secure: v1:x\n")
    with pytest.raises(SettingsError, match=r"^p:password: .*config set --secret p:password -s medium`$"):
        under_engine(project, "medium", DEFAULTS)


def test_stacks_are_found_by_files_in_both_folders(project, own):
    (own.parent / "Pulumi.mine.yaml").write_text("config: {}\n")
    assert stacks_of(project) == ["medium", "mine"]
    with pytest.raises(SettingsError, match="'typo' does not exist; use one of medium, mine"):
        require_stack(project, "typo")


@pytest.mark.parametrize("name", ["medium", "organization/p/medium"])
def test_stack_is_read_by_its_short_and_full_name(project, own, name):
    own.write_text('config:\n  p:workers: "3"\n')
    assert read_stack(project, name) == {"p:workers": "3", "p:tables": ["a"], "p:source": "postgresql"}
    require_stack(project, name)


def test_stack_without_file_has_no_keys(project):
    assert read_stack(project, "absent") == {}


ENGINE = {
    "p:workers": {"value": "2"},
    "p:tables": {"value": "[]", "objectValue": []},
    "p:source": {"value": "mysql"},
    "p:password": {"secret": True},
    "docker:host": {"value": "tcp://from-environment:2375"},
}


def fake_pulumi(project, monkeypatch, script):
    program = project / "pulumi.sh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setenv("LOADTEST_PULUMI", str(program))


def test_environment_overrides_defaults_and_preset(project, own, monkeypatch):
    own.write_text("environment: [shared]\n")
    (project / "answer.json").write_text(json.dumps(ENGINE))
    fake_pulumi(project, monkeypatch, 'echo "$@" > arguments; cat answer.json')
    values = read_stack(project, "organization/p/medium")
    assert values["docker:host"] == "tcp://from-environment:2375"
    assert (values["p:source"], values["p:workers"], values["p:tables"]) == ("mysql", 4, ["a"])
    assert is_secret(values["p:password"])
    assert (project / "arguments").read_text().split()[-2:] == ["--stack", "organization/p/medium"]


@pytest.mark.parametrize("script", ["echo 'no login' >&2; exit 1", "echo not json"])
def test_environment_that_cannot_be_read_is_refused(project, own, monkeypatch, script):
    own.write_text("environment: [shared]\n")
    fake_pulumi(project, monkeypatch, script)
    with pytest.raises(
        SettingsError, match=r"^Pulumi\.medium\.yaml: environment: cannot be read \(.*\); log in with `pul"
    ):
        read_stack(project, "medium")

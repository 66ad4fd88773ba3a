"""The configuration under an engine, which Pulumi's public API returns key by key."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pulumi.runtime import set_all_config

from core.errors import SettingsError
from core.kubeconfig import ClusterAccess
from infra.settings.configuration import engine_configuration
from tests.infra.platforms.rendering import Declared, ask_nobody, declare

PROJECT = {
    "name": "loadtest",
    "stackConfigDir": "own",
    "config": {
        "loadtest:workers": {"type": "integer", "default": 2},
        "loadtest:seed": {"type": "integer", "default": 42},
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(PROJECT))
    return tmp_path


@pytest.fixture(autouse=True)
def engine() -> Iterator[None]:
    """Remove what a test sets as the engine's configuration."""
    yield
    set_all_config({}, [])


def configure(file: Path, **keys: object) -> None:
    file.write_text(yaml.safe_dump({"config": {name.replace("__", ":"): value for name, value in keys.items()}}))


def test_value_of_preset_replaces_default(project):
    configure(project / "Pulumi.mine.yaml", loadtest__workers=8, loadtest__seed=7)
    set_all_config({"loadtest:workers": "2", "loadtest:seed": "43"})
    assert engine_configuration(project, "mine").values == {"workers": 8, "seed": "43"}


def test_stack_without_file_has_the_engines_values(project):
    set_all_config({"loadtest:workers": "2", "loadtest:outputDir": "out"})
    configuration = engine_configuration(project, "mine")
    assert configuration.values == {"workers": "2", "outputDir": "out"}
    assert (configuration.encrypted, configuration.providers) == ([], {})


def test_secret_is_marked_as_encrypted(project):
    configure(project / "own" / "Pulumi.mine.yaml", loadtest__databasePassword={"secure": "v1:x"})
    set_all_config({"loadtest:databasePassword": "a-pass", "loadtest:seed": "42"}, ["loadtest:databasePassword"])
    configuration = engine_configuration(project, "mine")
    assert configuration.values == {"databasePassword": "a-pass", "seed": "42"}
    assert configuration.encrypted == ["databasePassword"]


def test_undeclared_key_of_stack_file_is_included(project):
    configure(project / "own" / "Pulumi.mine.yaml", loadtest__worker=3)
    set_all_config({"loadtest:worker": "3"})
    assert engine_configuration(project, "mine").values == {"worker": "3"}


def test_provider_of_preset_has_the_engines_keys_too(project):
    configure(project / "Pulumi.mine.yaml", kubernetes__context="here", kubernetes__kubeconfig="file")
    configure(project / "own" / "Pulumi.mine.yaml", kubernetes__kubeconfig="other")
    set_all_config({"kubernetes:kubeconfig": "other"})
    configuration = engine_configuration(project, "mine")
    assert configuration.values == {}
    assert configuration.providers == {"kubernetes": {"context": "here", "kubeconfig": "other"}}


def test_keys_that_the_engine_has_need_no_provider(project):
    configure(project / "own" / "Pulumi.mine.yaml", kubernetes__context="here")
    set_all_config({"kubernetes:context": "here"})
    assert engine_configuration(project, "mine").providers == {}


def test_secret_in_preset_is_refused(project):
    configure(project / "Pulumi.mine.yaml", loadtest__databasePassword={"secure": "v1:x"})
    with pytest.raises(SettingsError, match=r"^loadtest:databasePassword: "):
        engine_configuration(project, "mine")


@pytest.mark.parametrize(
    ("engine_keys", "expected"),
    [({}, {"context": "preset"}), ({"kubernetes:context": "engine"}, {"context": "engine"})],
)
def test_kubernetes_access_is_from_engine_or_preset(monkeypatch, engine_keys, expected):
    ask_nobody(monkeypatch)
    set_all_config(engine_keys)
    declared = declare("kubernetes", providers={"kubernetes": {"context": "preset"}})
    assert access_of(declared) == ClusterAccess(**expected)


def access_of(declared: list[Declared]) -> ClusterAccess:
    (guard,) = [each for each in declared if each.name == "small-guard"]
    return ClusterAccess.model_validate(guard.inputs["access"])

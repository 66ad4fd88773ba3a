"""The stack's files override the environment, which overrides the user's own kubeconfig."""

from pathlib import Path

import pytest
import yaml
from kubernetes import config
from kubernetes.config.config_exception import ConfigException

from core.errors import SettingsError
from core.kubeconfig import ClusterAccess
from infra.platforms.kubernetes.client import require_cluster_of_environment


def kubeconfig(*addresses: str) -> str:
    """Return the content of a kubeconfig with one context for each address; the first is the current one."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": addresses[0],
            "clusters": [{"name": each, "cluster": {"server": f"http://{each}"}} for each in addresses],
            "contexts": [{"name": each, "context": {"cluster": each, "user": "me"}} for each in addresses],
            "users": [{"name": "me", "user": {}}],
        }
    )


def reached(access: ClusterAccess) -> str:
    """Return the address that the Kubernetes client connects to."""
    with config.new_client_from_config(**access.options()) as client:
        return str(client.configuration.host)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "environment"))
    (tmp_path / "environment").write_text(kubeconfig("environment"))
    (tmp_path / "named").write_text(kubeconfig("first", "second"))
    (tmp_path / "Pulumi.yaml").write_text("name: loadtest\n")
    return tmp_path


def of_stack(project: Path, **values: object) -> ClusterAccess:
    content = {"config": {f"kubernetes:{key}": value for key, value in values.items()}}
    (project / "Pulumi.mine.yaml").write_text(yaml.safe_dump(content))
    return ClusterAccess.of_stack(project, "mine")


def test_cluster_defaults_to_environment(project):
    assert reached(of_stack(project)) == "http://environment"
    assert reached(ClusterAccess.of_stack(project, "absent")) == "http://environment"


def test_cluster_uses_file_content_and_context_of_stack(project):
    assert reached(of_stack(project, kubeconfig=str(project / "named"))) == "http://first"
    assert reached(of_stack(project, kubeconfig=str(project / "named"), context="second")) == "http://second"
    assert reached(of_stack(project, kubeconfig=kubeconfig("third", "fourth"), context="fourth")) == "http://fourth"
    with pytest.raises(ConfigException, match="absent"):
        reached(of_stack(project, context="absent"))


def test_cluster_rejects_missing_file(project):
    for wrong in (str(project / "absent"), "a: b: c", "x" * 1000, "a\0b", "~absent/x"):
        with pytest.raises(SettingsError, match=r"^kubernetes:kubeconfig: is neither .*; name an existing file$"):
            of_stack(project, kubeconfig=wrong).options()


def test_cluster_rejects_secret_without_environment(project, monkeypatch):
    assert reached(of_stack(project, kubeconfig={"secure": "v1:x"})) == "http://environment"
    monkeypatch.delenv("KUBECONFIG")
    with pytest.raises(SettingsError, match=r"^kubernetes:kubeconfig: is encrypted in stack mine, .*; set KUBECONFIG"):
        of_stack(project, kubeconfig={"secure": "v1:x"})


def test_cluster_is_chosen_by_stack_or_environment(project, monkeypatch):
    assert of_stack(project).is_chosen
    monkeypatch.delenv("KUBECONFIG")
    assert not of_stack(project).is_chosen
    assert of_stack(project, context="second").is_chosen


def test_empty_variable_counts_as_none(project, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("HOME", str(project))
    (project / ".kube").mkdir()
    (project / ".kube" / "config").write_text(kubeconfig("home"))
    assert reached(of_stack(project)) == "http://home"
    assert not ClusterAccess().is_chosen


def test_key_that_only_the_provider_reads_is_refused(project):
    with pytest.raises(SettingsError) as refused:
        of_stack(project, cluster="other", renderYamlToDirectory="out", context="first")
    reason = "is read by Pulumi's provider only, and not by Loadtest's own client"
    assert refused.value.lines == [
        f"kubernetes:cluster: {reason}; set kubernetes:context to a context of this cluster",
        f"kubernetes:renderYamlToDirectory: {reason}; remove it: a run needs the objects in a cluster",
    ]


def test_encrypted_key_for_other_cluster_is_refused(project):
    require_cluster_of_environment(ClusterAccess(kubeconfig=kubeconfig("environment", "second")))
    for other in ({"kubeconfig": kubeconfig("third")}, {"kubeconfig": str(project / "named"), "context": "second"}):
        with pytest.raises(SettingsError) as refused:
            require_cluster_of_environment(ClusterAccess(**other))
        assert str(refused.value) == (
            "KUBECONFIG: 'http://environment' is not the cluster of the stack's encrypted kubernetes:kubeconfig or "
            "kubernetes:context; set KUBECONFIG to that cluster's file, which `watch` and `cleanup` read"
        )


def test_encrypted_key_without_environment_is_accepted(monkeypatch):
    monkeypatch.delenv("KUBECONFIG", raising=False)
    require_cluster_of_environment(ClusterAccess(kubeconfig=kubeconfig("third")))

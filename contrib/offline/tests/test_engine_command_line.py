"""What scripts/pulumi reads and prepares before there is an engine: platform, stack, backend, passphrase."""

import json
import stat

import pytest

from contrib.offline.engine import backend, stack
from contrib.offline.engine.command_line import platform_of, stack_of
from contrib.offline.engine.errors import EngineError


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("LOADTEST_PLATFORM", "PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", *backend.PASSPHRASE_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: p\nconfig:\n  loadtest:platform:\n    default: local\n")
    return folder


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["up", "-s", "small"], "small"),
        (["up", "-ssmall"], "small"),
        (["up", "--stack", "small", "--yes"], "small"),
        (["up", "--stack=small"], "small"),
        (["up", "--yes"], None),
        (["up", "--skip-preview"], None),
        (["up", "-s"], None),
    ],
)
def test_stack_in_every_spelling(arguments, expected):
    assert stack_of(arguments) == expected


def test_platform_from_the_nearest_source(project, monkeypatch):
    assert platform_of(["up", "-s", "small"], project) == "local"
    monkeypatch.setenv("LOADTEST_PLATFORM", "kubernetes")
    assert platform_of(["up", "-s", "small"], project) == "kubernetes"
    (project / "Pulumi.small.yaml").write_text("config:\n  loadtest:platform: docker\n")
    assert platform_of(["up", "-s", "small"], project) == "docker"
    assert platform_of(["up", "-s", "other"], project) == "kubernetes"
    assert platform_of(["up", "-s", "small", "-c", "loadtest:platform=local"], project) == "local"
    assert platform_of(["up", "-s", "small", "--config=loadtest:platform=local"], project) == "local"
    assert platform_of(["up", "-s", "small", "-c", "loadtest:workers=3"], project) == "docker"


def test_a_broken_stack_file_is_one_line(project):
    (project / "Pulumi.small.yaml").write_text("config: [\n")
    with pytest.raises(EngineError, match=r"^Pulumi\.small\.yaml is not valid YAML: [^\n]+$"):
        platform_of(["up", "-s", "small"], project)


def test_own_backend_with_a_passphrase_only_the_user_can_read(project):
    first = backend.variables(project)
    assert first["PULUMI_BACKEND_URL"] == f"file://{project}/.pulumi"
    passphrase = project / ".pulumi" / "passphrase"
    assert first["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(passphrase)
    assert stat.S_IMODE(passphrase.stat().st_mode) == 0o600
    content = passphrase.read_text()
    assert len(content) >= 40
    assert backend.variables(project) == first
    assert passphrase.read_text() == content
    assert [path.name for path in (project / ".pulumi").iterdir()] == ["passphrase"]


@pytest.mark.parametrize("name", backend.PASSPHRASE_VARIABLES)
def test_a_given_passphrase_is_kept(project, monkeypatch, name):
    monkeypatch.setenv(name, "given")
    assert list(backend.variables(project)) == ["PULUMI_BACKEND_URL"]


@pytest.mark.parametrize("name", ["PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"])
def test_a_user_with_a_backend_keeps_it(project, monkeypatch, name):
    monkeypatch.setenv(name, "elsewhere")
    assert backend.variables(project) == {}
    assert not (project / ".pulumi").exists()


def test_a_login_counts_until_the_logout(project, tmp_path):
    credentials = tmp_path / "home" / "credentials.json"
    credentials.parent.mkdir()
    credentials.write_text(json.dumps({"current": "https://backend.example"}))
    assert backend.variables(project) == {}
    credentials.write_text(json.dumps({"current": ""}))
    assert "PULUMI_BACKEND_URL" in backend.variables(project)


def test_an_old_salt_goes_unless_it_seals_secrets(tmp_path):
    file = tmp_path / "Pulumi.small.yaml"
    file.write_text("config:\n  loadtest:workers: 2\nencryptionsalt: v1:abc\n")
    stack.forget_old_salt(file)
    assert file.read_text() == "config:\n  loadtest:workers: 2\n"
    sealed = "config:\n  loadtest:databasePassword:\n    secure: v1:xyz\nencryptionsalt: v1:abc\n"
    file.write_text(sealed)
    stack.forget_old_salt(file)
    assert file.read_text() == sealed

"""The project's own backend, its passphrase, and the salt of an earlier backend in a stack's file."""

import json
import stat

import pytest

from cli import backend, stack


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", *backend.PASSPHRASE_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def test_passphrase_file_is_readable_by_user_only(project):
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
def test_passphrase_of_user_is_kept(project, monkeypatch, name):
    monkeypatch.setenv(name, "given")
    assert list(backend.variables(project)) == ["PULUMI_BACKEND_URL"]


@pytest.mark.parametrize("name", ["PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"])
def test_backend_of_user_is_kept(project, monkeypatch, name):
    monkeypatch.setenv(name, "elsewhere")
    assert backend.variables(project) == {}
    assert not (project / ".pulumi").exists()


def test_login_is_used_until_logout(project, tmp_path):
    credentials = tmp_path / "home" / "credentials.json"
    credentials.parent.mkdir()
    credentials.write_text(json.dumps({"current": "https://backend.example"}))
    assert backend.variables(project) == {}
    credentials.write_text(json.dumps({"current": ""}))
    assert "PULUMI_BACKEND_URL" in backend.variables(project)


def test_old_salt_is_removed_unless_file_has_secrets(tmp_path):
    file = tmp_path / "Pulumi.small.yaml"
    file.write_text("config:\n  loadtest:workers: 2\nencryptionsalt: v1:abc\n")
    stack.remove_old_salt(file)
    assert file.read_text() == "config:\n  loadtest:workers: 2\n"
    with_secret = "config:\n  loadtest:databasePassword:\n    secure: v1:xyz\nencryptionsalt: v1:abc\n"
    file.write_text(with_secret)
    stack.remove_old_salt(file)
    assert file.read_text() == with_secret

import json

import pytest
import yaml

from core.errors import ExitCode, SettingsError
from core.options import OnExisting
from core.stores import SOURCES
from infra.cli.plan import main
from infra.settings.model import check_secrets
from tests.infra.configuration import ROOT, SMALL, settings, values

PASSWORD = "a-pass-of-the-tests"
URL = f"postgresql://u:{PASSWORD}@h/d"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("databasePassword", PASSWORD),
        ("connectionString", URL),
        ("connectionString", f"host=h password={PASSWORD}"),
        ("connectionString", f"postgresql://h/d?password={PASSWORD}"),
        ("connectionString", f"postgresql://u:{PASSWORD}/x@h/d"),
        ("connectionString", f"mysql://u:{PASSWORD}@h/d"),
    ],
)
def test_plain_secret_is_refused_with_remedy(key, value):
    given = values(**{key: value})
    with pytest.raises(SettingsError) as refused:
        check_secrets(given, [], "mine")
    line = str(refused.value)
    assert line.startswith(f"loadtest:{key}: has a plain-text password in Pulumi.mine.yaml or on the command line; ")
    assert f"`pulumi config set --secret --stack mine loadtest:{key}`" in line
    assert PASSWORD not in line
    assert "\n" not in line
    check_secrets(given, [key], "mine")


@pytest.mark.parametrize("url", ["", "postgresql://u@h/d", "host=/run/postgresql dbname=d"])
def test_connection_string_without_secret_may_be_plain(url):
    check_secrets(values(connectionString=url), [], "mine")


def test_plan_refuses_plain_secret(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["--stack", "small", "-c", f"connectionString={URL}"]) == ExitCode.BAD_INPUT
    output = capsys.readouterr()
    assert "error: loadtest:connectionString: has a plain-text password" in output.err
    assert PASSWORD not in output.err + output.out


@pytest.mark.parametrize(
    ("source", "password", "message"),
    [("postgresql", f"{PASSWORD}\n", "contains a line break"), ("neo4j", "short/7", "is too short for neo4j; write 8")],
)
def test_password_that_server_rejects_is_refused(source, password, message):
    with pytest.raises(SettingsError) as refused:
        settings(source=source, platform="docker", databasePassword=password)
    assert message in str(refused.value)
    assert password not in str(refused.value)


@pytest.mark.parametrize("key", ["connectionString", "databasePassword"])
def test_secret_of_wrong_type_is_not_printed(key):
    with pytest.raises(SettingsError) as refused:
        settings(**{key: 1234567})
    assert "1234567" not in str(refused.value)


@pytest.mark.parametrize("source", [name for name, source in SOURCES.items() if source.needs_server])
def test_plan_accepts_encrypted_connection_string(source, tmp_path, monkeypatch, capsys):
    config = {f"loadtest:{key}": value for key, value in {**SMALL, "source": source, "platform": "docker"}.items()}
    config["loadtest:connectionString"] = {"secure": "v1:not-to-be-read"}
    (tmp_path / "Pulumi.mine.yaml").write_text(yaml.safe_dump({"config": config}))
    for name in ("Pulumi.yaml", "schemas"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    assert main(["--stack", "mine"]) == ExitCode.OK
    output = capsys.readouterr().out
    assert "server: existing, named by loadtest:connectionString, which is encrypted and not read here" in output
    assert output.count("server: ") == 1
    assert main(["--stack", "mine", "--output-format", "json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["on_existing"] == OnExisting.FAIL

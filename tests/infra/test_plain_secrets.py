import pytest

from infra.plan import main
from infra.settings import check_secrets
from spec.errors import ExitCode, SettingsError
from tests.infra.configuration import ROOT, settings, values

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
    assert line.startswith(f"loadtest:{key}: has a password in clear in Pulumi.mine.yaml or on the command line; ")
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
    said = capsys.readouterr()
    assert "error: loadtest:connectionString: has a password in clear" in said.err
    assert PASSWORD not in said.err + said.out


@pytest.mark.parametrize(
    ("source", "password", "said"),
    [("postgresql", f"{PASSWORD}\n", "has a line break"), ("neo4j", "short/7", "is too short for neo4j; write 8")],
)
def test_password_that_no_server_takes_is_refused(source, password, said):
    with pytest.raises(SettingsError) as refused:
        settings(source=source, platform="docker", databasePassword=password)
    assert said in str(refused.value)
    assert password not in str(refused.value)


@pytest.mark.parametrize("key", ["connectionString", "databasePassword"])
def test_secret_of_wrong_type_is_not_repeated(key):
    with pytest.raises(SettingsError) as refused:
        settings(**{key: 1234567})
    assert "1234567" not in str(refused.value)

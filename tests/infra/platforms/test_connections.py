"""The connection string of the workers is the existing server's, the created server's, or the output folder's URL."""

import pytest

from core.process import CONNECTION_VARIABLE, OUTPUT_FOLDER
from tests.infra.platforms.rendering import PASSWORD, Declared, ask_nobody, declare

EXISTING = "postgresql://user:secret@db.example:6000/app"


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the checks that need an engine or a cluster."""
    ask_nobody(monkeypatch)


def connection(platform: str, resources: list[Declared]) -> str:
    """Return the connection string that the workers receive."""
    if platform == "local":
        (fleet,) = [each for each in resources if each.name == "small-fleet"]
        return str(fleet.inputs["secrets"][CONNECTION_VARIABLE])
    if platform == "docker":
        (worker,) = [each for each in resources if each.name == "small-worker-1"]
        return str(dict(pair.split("=", 1) for pair in worker.inputs["envs"])[CONNECTION_VARIABLE])
    secrets = [each.inputs["stringData"] for each in resources if each.type.endswith(":Secret")]
    (found,) = [secret[CONNECTION_VARIABLE] for secret in secrets if CONNECTION_VARIABLE in secret]
    return str(found)


@pytest.mark.parametrize("platform", ["local", "docker", "kubernetes"])
def test_existing_server_is_used_unchanged(platform):
    declared = declare(platform, source="postgresql", connectionString=EXISTING)
    assert connection(platform, declared) == EXISTING


@pytest.mark.parametrize(
    ("platform", "host"), [("docker", "database"), ("kubernetes", "loadtest-small-database")]
)  # fmt: skip
def test_created_server_is_reached_by_its_host_name(platform, host):
    declared = declare(platform, source="postgresql")
    assert connection(platform, declared) == f"postgresql://loadtest:{PASSWORD}@{host}:5432/loadtest"


@pytest.mark.parametrize(
    ("platform", "values", "url"),
    [
        ("docker", {}, f"file://{OUTPUT_FOLDER}"),
        ("docker", {"outputDir": "out"}, f"file://{OUTPUT_FOLDER}"),
        ("kubernetes", {}, f"file://{OUTPUT_FOLDER}"),
        ("local", {}, "file:.loadtest/small/output"),
        ("local", {"outputDir": "my out"}, "file:my%20out"),
        ("local", {"outputDir": "/var/out"}, "file:///var/out"),
    ],
)
def test_files_are_written_to_output_folder(platform, values, url):
    assert connection(platform, declare(platform, source="csv", **values)) == url

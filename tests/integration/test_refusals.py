"""`pulumi preview` refuses unusable settings in one line, before anything is created."""

import time

import pytest

from testkit import traces

pytestmark = pytest.mark.engine


def refused(done, stack):
    """Return the error line of a preview, after checking that nothing was created."""
    output = done.failed().output
    assert "Traceback" not in output
    lines = {line.strip() for line in output.splitlines() if "loadtest:" in line and line.strip().startswith("error: ")}
    assert len(lines) == 1, output
    assert not stack.folder.exists()
    assert traces.in_docker(stack.name) == []
    return lines.pop().removeprefix("error: ")


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({"worker": 3}, "loadtest:worker: is not a setting; did you mean workers?"),
        ({"workers": 0}, "loadtest:workers: 0 is not a whole number above zero; write one like 4"),
    ],
)
def test_invalid_setting_is_refused(new_stack, config, line):
    stack = new_stack(**config)
    assert refused(stack.preview(), stack) == line


def test_list_on_command_line_is_accepted(new_stack):
    stack = new_stack(thresholds=["rows_per_second >= 1"])
    done = stack.pulumi("preview", "--color=never", "-c", "loadtest:tables=users,orders").succeeded()
    assert not [line for line in done.output.splitlines() if line.startswith("error:")]


def test_wrong_value_on_command_line_is_not_kept(new_stack):
    stack = new_stack()
    done = stack.pulumi("preview", "-c", "loadtest:workers=x", "-c", "loadtest:tables=[users", "-c", "loadtest:seed=3")
    lines = done.failed().output.splitlines()
    assert lines == [
        "error: loadtest:workers: 'x' is not a whole number above zero; write one like 4",
        "error: loadtest:tables: '[users' is not a list of names; write one like users,orders",
    ]
    assert stack.setting("workers") == 2
    kept = stack.clone.folder / ".pulumi" / "config" / f"Pulumi.{stack.name}.yaml"
    assert not kept.is_file() or "loadtest:" not in kept.read_text()


def test_missing_schema_file_is_refused(new_stack):
    stack = new_stack(schema="schemas/nowhere.yaml")
    output = stack.preview().failed().output
    assert "nowhere.yaml: does not exist; write the path of a schema file, like schemas/shop.yaml" in output
    assert "Traceback" not in output


@pytest.mark.docker
def test_docker_without_engine_is_a_warning_of_preview(new_stack):
    stack = new_stack(platform="docker")
    output = stack.preview(DOCKER_HOST="unix:///nonexistent").succeeded().output
    problem = "loadtest:platform: docker, and no Docker engine answers at unix:///nonexistent, named by DOCKER_HOST ("
    assert f"warning: {problem}" in output
    assert (
        "start Docker or set DOCKER_HOST, or set loadtest:platform to local; this preview did not check images"
        in output
    )
    refusal = stack.pulumi(*stack.up_arguments(), DOCKER_HOST="unix:///nonexistent").failed().output
    assert f"error: {problem}" in refusal
    assert traces.in_docker(stack.name) == []


@pytest.mark.docker
@pytest.mark.parametrize("key", ["databaseImage", "workerImage"])
def test_missing_image_is_refused(new_stack, docker, key):
    image = "loadtest-test/that-nobody-made:1"
    stack = new_stack(**{**docker, key: image})
    line = refused(stack.preview(), stack)
    assert line.startswith(f"loadtest:{key}: '{image}' is not on this engine and cannot be pulled")
    assert line.endswith("name an image that can, or build it first")


@pytest.mark.docker
def test_image_of_another_program_is_noticed_within_seconds(new_stack, docker):
    stack = new_stack(**{**docker, "databaseImage": docker["workerBaseImage"]})
    started = time.monotonic()
    output = stack.up().failed().output
    assert time.monotonic() - started < 120, output
    assert f"server: container loadtest-{stack.name}-database did not start: " in output
    assert "check loadtest:databaseImage" in output
    stack.up(databaseImage=docker["databaseImage"]).succeeded()

"""The `loadtest` command with a fake `pulumi`: what it runs, what it prints and how it ends."""

import json
import os
import pty
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cli.commands import COMMANDS
from core.errors import ExitCode
from testkit.clone import ROOT, Clone
from tests.aggregate import runs
from tests.cli.fake_pulumi import FakePulumi

HELP_CPU_SECONDS = 0.3


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    return Clone(tmp_path_factory.mktemp("commands") / "project")


@pytest.fixture
def pulumi(tmp_path, clone) -> Iterator[FakePulumi]:
    fake = FakePulumi(tmp_path / "bin", clone)
    fake.environment |= {"PULUMI_HOME": str(tmp_path / "home")}
    yield fake
    for file in (clone.folder / ".pulumi").rglob("*.json"):
        file.unlink()


def loadtest(pulumi: FakePulumi, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=pulumi.clone.folder,
        env={**pulumi.environment, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_up_creates_stack_runs_it_and_prints_report(pulumi):
    pulumi.returns(0, json.dumps(runs.outputs(runs.three_workers())))
    done = loadtest(pulumi, "up", "-c", "loadtest:workers=3")
    assert done.returncode == 0, done.stderr
    init, up, *_ = pulumi.calls()
    assert init == ["stack", "init", "--no-select", "small"]
    assert up == [
        "up", "--stack=small", "--yes", "--skip-preview", "--suppress-outputs", "-c", "loadtest:workers=3"
    ]  # fmt: skip
    assert "TOTAL" in done.stdout


def test_up_returns_exit_code_of_failed_pulumi(pulumi):
    pulumi.returns(255)
    done = loadtest(pulumi, "up", "-s", "medium")
    assert (done.returncode, done.stdout, done.stderr) == (255, "", "")
    assert [call[0] for call in pulumi.calls()][:2] == ["stack", "up"]


def test_failed_up_prints_report_of_its_own_run(pulumi):
    run = runs.outputs(runs.three_workers(), failedAt="2126-03-01T10:00:00.5+00:00")
    pulumi.returns(255, json.dumps({**run, "results": run["results"][:-1]}))
    pulumi.fails_at("2126-03-01T10:00:00.000Z")
    done = loadtest(pulumi, "up")
    assert (done.returncode, done.stderr) == (1, "")
    assert "TOTAL" in done.stdout
    pulumi.fails_at("2126-03-01T10:00:01.000Z")
    assert (loadtest(pulumi, "up").returncode, loadtest(pulumi, "up").stdout) == (255, "")


def test_unchanged_up_names_the_command_that_repeats_the_run(pulumi):
    earlier = runs.outputs(runs.three_workers(), executionId="20260301T100000Z-abcd")
    pulumi.returns(0, json.dumps(earlier))
    done = loadtest(pulumi, "up", "-s", "large")
    assert done.returncode == 0
    assert done.stderr.endswith(
        "\nnothing has changed since this run, so it was not repeated; `./loadtest up --again -s large` repeats it\n"
    )
    later = [runs.result(number, delay=80 * 365 * 86_400) for number in (1, 2, 3)]
    pulumi.returns(0, json.dumps(runs.outputs(later, executionId="21060301T100000Z-abcd")))
    assert "repeat" not in loadtest(pulumi, "up", "-s", "large").stderr


def test_up_again_replaces_the_fleet(pulumi):
    pulumi.returns(0, json.dumps(runs.outputs(runs.three_workers())))
    assert loadtest(pulumi, "up", "--again", "-s", "small").returncode == 0
    up = next(call for call in pulumi.calls() if call[0] == "up")
    assert up[up.index("--replace") + 1] == "**loadtest:Fleet::**"
    assert "--again" not in up


def test_up_returns_exit_code_of_report(pulumi):
    run = runs.outputs(runs.three_workers())
    run["results"] = run["results"][:-1]
    pulumi.returns(0, json.dumps(run))
    assert loadtest(pulumi, "up").returncode == 1


def test_destroy_runs_pulumi_without_preview(pulumi):
    done = loadtest(pulumi, "destroy", "-slarge")
    assert done.returncode == 0
    first, *kept = done.stdout.splitlines()
    assert first == "The resources in the stack have been deleted; `pulumi stack rm --force small` forgets them."
    # In place of Pulumi's last line, which advises to remove the stack.
    assert all(line.startswith("kept: ") for line in kept)
    assert pulumi.calls() == [["destroy", "--stack=large", "--yes", "--skip-preview"]]


@pytest.mark.parametrize("asks", [False, True])
def test_destroy_leaves_terminal_to_pulumi_if_it_may_ask(pulumi, asks):
    if asks:
        pulumi.environment.pop("PULUMI_CONFIG_PASSPHRASE")
    reader, terminal = pty.openpty()
    command = [sys.executable, "-m", "cli", "destroy"]
    subprocess.run(command, cwd=pulumi.clone.folder, env=pulumi.environment, stdout=terminal, check=True, timeout=120)
    os.close(terminal)
    output = os.read(reader, 1 << 16).decode()
    os.close(reader)
    assert "have been deleted" in output
    assert ("remove the stack completely" in output) == asks


def test_pulumi_command_passes_arguments_through(pulumi):
    pulumi.returns(7)
    assert loadtest(pulumi, "pulumi", "stack", "ls", "--json").returncode == 7
    assert pulumi.calls() == [["stack", "ls", "--json"]]


def test_commands_select_backend_of_project(pulumi):
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"):
        del pulumi.environment[name]
    pulumi.returns(0, json.dumps(runs.outputs(runs.three_workers())))
    assert loadtest(pulumi, "up").returncode == 0
    folder = pulumi.clone.folder
    expected = {
        "PULUMI_BACKEND_URL": f"file://{folder}/.pulumi",
        "PULUMI_CONFIG_PASSPHRASE_FILE": f"{folder}/.pulumi/passphrase",
        "LOADTEST_CHECKOUT": str(folder),
    }
    assert len(pulumi.environments()) == 4
    assert all(environment == expected for environment in pulumi.environments())


def test_pulumi_command_is_read_from_variable(pulumi, tmp_path):
    elsewhere = tmp_path / "other place"
    (pulumi.folder / "pulumi").rename(tmp_path / "renamed")
    elsewhere.mkdir()
    (tmp_path / "renamed").rename(elsewhere / "engine")
    done = loadtest(pulumi, "destroy", LOADTEST_PULUMI=f"'{elsewhere}/engine'")
    assert done.returncode == 0, done.stderr
    assert [call[0] for call in pulumi.calls()] == ["destroy"]


def test_missing_pulumi_is_one_line(pulumi, tmp_path):
    done = loadtest(pulumi, "up", PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: LOADTEST_PULUMI: 'pulumi' is not on PATH; install the Pulumi CLI, or set LOADTEST_PULUMI to its path\n"
    )


def test_env_makes_plain_pulumi_equivalent(pulumi):
    exports = loadtest(pulumi, "pulumi", "--env", LOADTEST_PULUMI="pulumi --logtostderr").stdout
    shell = f"{exports}\npulumi stack ls"
    subprocess.run(["sh", "-c", shell], env=pulumi.environment, check=True)
    assert pulumi.calls() == [["--logtostderr", "stack", "ls"]]
    assert pulumi.environments()[0]["LOADTEST_CHECKOUT"] == str(pulumi.clone.folder)


def test_report_and_compare_read_saved_runs(pulumi, tmp_path):
    pulumi.returns(0, json.dumps(runs.outputs(runs.three_workers())))
    report = ("report", "--output-format", "json", "--runs", str(tmp_path / "runs"))
    assert json.loads(loadtest(pulumi, *report).stdout)["stack"] == "small"
    listed = loadtest(pulumi, "history", "--runs", str(tmp_path / "runs"), "-s", "small")
    assert "small" in listed.stdout
    compared = loadtest(pulumi, "compare", "latest", "latest", "-s", "small", "--runs", str(tmp_path / "runs"))
    assert compared.returncode == 0, compared.stderr


def test_plan_needs_no_pulumi(pulumi, tmp_path):
    done = loadtest(pulumi, "plan", "-s", "medium", PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("medium: ")


def test_schema_validate_prints_tables_or_error(pulumi, tmp_path):
    done = loadtest(pulumi, "schema", "validate", "schemas/shop.yaml")
    assert done.returncode == 0
    assert done.stdout.startswith("schemas/shop.yaml: valid; tables: users")
    (tmp_path / "wrong.yaml").write_text("version: 1\ntables: {}\n")
    done = loadtest(pulumi, "schema", "validate", str(tmp_path / "wrong.yaml"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")


def test_schema_show_prints_columns(pulumi):
    done = loadtest(pulumi, "schema", "show", "schemas/shop.yaml", "--row-count", "5")
    assert done.returncode == 0
    assert "primary key" in done.stdout


@pytest.mark.parametrize(("arguments", "problem"), [(["upp"], "'upp' is not a valid command"), ([], "is missing")])
def test_unknown_command_lists_commands(pulumi, arguments, problem):
    done = loadtest(pulumi, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: COMMAND: {problem}; use one of {', '.join(COMMANDS)}\n"


def test_help_lists_commands_and_imports_no_package():
    program = "import sys, cli.__main__ as m; m.main(['--help']); print(*{n.partition('.')[0] for n in sys.modules})"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    imported = set(done.stdout.splitlines()[-1].split())
    assert imported.isdisjoint({"pydantic", "yaml", "pulumi", "infra", "worker", "aggregate", "numpy"})
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < HELP_CPU_SECONDS


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"pulumi"}))
def test_every_command_has_help(pulumi, command):
    done = loadtest(pulumi, command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: loadtest {command} ")
    assert pulumi.calls() == []


def test_ctrl_c_reaches_pulumi_once(pulumi):
    pulumi.waits()
    leader, terminal = pty.openpty()
    process = subprocess.Popen(
        # In a session whose terminal this is: Ctrl-C in it sends SIGINT to the command and its children.
        ["setsid", "--ctty", sys.executable, "-m", "cli", "up"],
        cwd=pulumi.clone.folder,
        env=pulumi.environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    _read_until(leader, "waiting")
    os.write(leader, b"\x03")
    assert _read_until(leader, "signals:").endswith("signals: SIGINT\r\n")
    assert process.wait(timeout=60) == ExitCode.INTERRUPTED
    os.close(leader)


def test_sigterm_is_forwarded_to_pulumi(pulumi):
    pulumi.waits()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "destroy"],
        cwd=pulumi.clone.folder,
        env=pulumi.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[0] == "signals: SIGTERM\n"
    assert process.returncode == 76


def _read_until(descriptor: int, wanted: str) -> str:
    """Return the terminal's output up to the line that contains `wanted`."""
    output = ""
    while wanted not in output or not output.endswith("\n"):
        output += os.read(descriptor, 4096).decode()
    return output

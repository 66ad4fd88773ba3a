"""The engine and its hosts for Python, with small programs run by the real pulumi."""

import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from contrib.offline.engine.providers import PROVIDERS
from testkit.pulumi_project import PulumiProject

ROOT = Path(__file__).resolve().parents[3]

pytestmark = [pytest.mark.engine, pytest.mark.offline]

DYNAMIC = """
    import sys
    import pulumi
    from pulumi.dynamic import CreateResult, Resource, ResourceProvider

    class Provider(ResourceProvider):
        def create(self, props):
            import sys
            return CreateResult("1", {"prefix": sys.prefix, "twice": props["number"] * 2})

    class Number(Resource):
        prefix: pulumi.Output[str]
        twice: pulumi.Output[int]

        def __init__(self, name, number):
            super().__init__(Provider(), name, {"number": number, "prefix": None, "twice": None})

    number = Number("number", 21)
    pulumi.export("twice", number.twice)
    pulumi.export("dynamic prefix", number.prefix)
    pulumi.export("program prefix", sys.prefix)
"""


def make_engine(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "contrib.offline.engine", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session")
def engine() -> Path:
    made = make_engine()
    assert made.returncode == 0, made.stderr
    return Path(made.stdout.strip())


@pytest.fixture
def project(tmp_path, engine) -> PulumiProject:
    return PulumiProject(tmp_path / "project", engine, sys.prefix)


def test_second_run_prints_the_folder_and_builds_nothing(engine):
    assert (engine / "pulumi").is_file()
    again = make_engine()
    assert Path(again.stdout.strip()) == engine
    assert again.stderr == ""


def test_pulumi_on_path_is_used(tmp_path):
    published = tmp_path / "bin" / "pulumi"
    published.parent.mkdir()
    published.write_text("#!/bin/sh\n")
    published.chmod(0o755)
    made = make_engine(
        "--platform", "docker", PATH=f"{published.parent}:{os.environ['PATH']}", XDG_CACHE_HOME=str(tmp_path / "cache")
    )
    assert (made.stdout.strip(), made.stderr, made.returncode) == (str(published.parent), "", 0)
    assert not (tmp_path / "cache").exists()


def test_missing_go_is_reported_in_one_line(tmp_path):
    no_tools = tmp_path / "bin"
    no_tools.mkdir()
    # A proxy without a listener keeps the installer from reaching the network.
    environment = {
        "PATH": str(no_tools),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "https_proxy": "http://127.0.0.1:9",
        "LOADTEST_BUILDS": "",
    }
    made = make_engine(**environment)
    assert made.returncode == 2
    assert made.stdout == ""
    installer, missing = made.stderr.splitlines()
    assert installer.startswith("engine: the Pulumi installer failed: ")
    assert missing == (
        "engine: neither pulumi nor go is on PATH; install the Pulumi CLI, or Go 1.26 or newer to build it here"
    )
    again = make_engine(**environment)
    assert "not tried again" in again.stderr


def test_second_up_after_dynamic_resource_changes_nothing(project):
    project.program(DYNAMIC)
    assert "2 created" in project.up()
    assert project.outputs() == {"twice": 42, "dynamic prefix": sys.prefix, "program prefix": sys.prefix}
    assert "2 unchanged" in project.up()
    assert "2 deleted" in project.pulumi("destroy", "--yes", "--color=never")
    assert project.processes() == []


def test_virtual_environment_of_pulumi_yaml_runs_the_program(tmp_path, engine):
    project = PulumiProject(tmp_path / "project", engine, "own environment")
    environment = project.folder / "own environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    packages = next(environment.glob("lib/python3*/site-packages"))
    (packages / "borrowed.pth").write_text(next(p for p in sys.path if p.endswith("site-packages")) + "\n")
    project.program(DYNAMIC)
    project.up()
    assert project.outputs()["program prefix"] == str(environment)
    assert project.outputs()["dynamic prefix"] == str(environment)
    assert f"executable='{environment}/bin/python'" in project.pulumi("about", "--color=never")


def test_missing_virtual_environment_is_reported_with_remedy(tmp_path, engine):
    project = PulumiProject(tmp_path / "project", engine, "absent")
    project.program("")
    output = project.up(succeeds=False)
    assert f"{project.folder}/absent" in output
    assert "pulumi install" in output
    assert "Traceback" not in output


def test_install_creates_environment_with_requirements(tmp_path, engine):
    project = PulumiProject(tmp_path / "project", engine, "fresh")
    wheel = project.folder / "greeting-1.5-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("greeting.py", "WORD = 'hello'\n")
        archive.writestr("greeting-1.5.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.5\n")
        archive.writestr(
            "greeting-1.5.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("greeting-1.5.dist-info/RECORD", "")
    (project.folder / "requirements.txt").write_text(f"./{wheel.name}\n")
    assert "greeting-1.5" in project.pulumi("install")
    python = project.folder / "fresh" / "bin" / "python"
    told = subprocess.run(
        [python, "-c", "import greeting; print(greeting.WORD)"], capture_output=True, text=True, check=True
    )
    assert told.stdout == "hello\n"
    assert re.search(r"^greeting +1\.5$", project.pulumi("about", "--color=never"), re.MULTILINE)


def test_program_output_reaches_the_log(project):
    project.program(
        """
        import sys
        print("said on standard output")
        print("said on standard error", file=sys.stderr)
        """
    )
    output = project.up()
    assert "said on standard output" in output
    assert "said on standard error" in output


def test_exception_shows_the_traceback_of_the_program_only(project):
    project.program(
        """
        def divide():
            return 1 / 0

        divide()
        """
    )
    output = project.up(succeeds=False)
    message = output[output.index("error: Program failed with an unhandled exception:") :]
    assert f'File "{project.folder}/__main__.py", line 5, in <module>' in message
    assert "ZeroDivisionError: division by zero" in message
    assert "inline source runtime error" not in output
    assert [line for line in message.splitlines() if " File " in line and str(project.folder) not in line] == []


def test_exception_in_apply_shows_the_program(project):
    project.program(
        """
        import pulumi
        pulumi.Output.from_input(0).apply(lambda zero: 1 / zero)
        """
    )
    output = project.up(succeeds=False)
    assert "error: Program failed with an unhandled exception:" in output
    assert f'File "{project.folder}/__main__.py", line 3, in <lambda>' in output
    assert "site-packages" not in output


def test_run_error_shows_its_message_only(project):
    project.program(
        """
        import pulumi
        raise pulumi.RunError("workers: 0 is too few; write 1 or more")
        """
    )
    output = project.up(succeeds=False)
    # Once while it runs, once in the diagnostics at the end, and no more.
    errors = [line.partition("error: ")[2] for line in output.splitlines() if "error: " in line]
    assert errors == ["workers: 0 is too few; write 1 or more"] * 2
    assert "Traceback" not in output


def test_exit_code_of_the_program_is_reported(project):
    project.program("raise SystemExit(3)")
    assert "Program exited with non-zero exit code: 3" in project.up(succeeds=False)


def test_secret_is_in_no_command_line_and_no_environment(project):
    project.pulumi("config", "set", "--secret", "tiny:password", "correct-horse")
    project.program(
        """
        import os, pulumi
        from pathlib import Path
        assert pulumi.Config().require("password") == "correct-horse"
        for file in ("cmdline", "environ"):
            for process in (os.getpid(), os.getppid()):
                assert b"correct-horse" not in Path(f"/proc/{process}/{file}").read_bytes()
        pulumi.export("password", pulumi.Config().require_secret("password"))
        """
    )
    assert "correct-horse" not in project.up()
    assert project.outputs() == {"password": "[secret]"}


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_program_ends_without_traceback(project, signum):
    project.program(
        """
        import time
        from pathlib import Path
        try:
            print("started", flush=True)
            time.sleep(600)
        finally:
            Path("cleaned up").touch()
        """
    )
    process = project.start("up", "--yes", "--skip-preview", "--color=never")
    output = read_until(process, "started")
    process.send_signal(signum)
    output += process.communicate()[0]
    assert process.returncode != 0
    assert "update canceled" in output
    assert "Traceback" not in output
    assert project.processes() == []
    assert (project.folder / "cleaned up").exists()


def test_language_hosts_end_when_engine_is_killed(project):
    project.program("import time\nprint('started', flush=True)\ntime.sleep(600)")
    process = project.start("up", "--yes", "--skip-preview", "--color=never")
    read_until(process, "started")
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 30
    while project.processes() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert project.processes() == []


def test_about_names_the_plugins_of_the_installed_sdks(project):
    project.program("")
    about = project.pulumi("about", "--color=never")
    for platform in ("docker", "kubernetes"):
        (provider,) = PROVIDERS[platform]
        assert re.search(rf"^resource +{platform} +{re.escape(provider.version)}$", about, re.MULTILINE)


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    """Return the output up to the line that contains `wanted`."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if wanted in line:
            return "".join(lines)
    raise AssertionError(f"{wanted!r} was not printed:\n{''.join(lines)}")

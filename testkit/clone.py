"""A copy of the project with a Pulumi backend of its own, and stacks in it. The developer's files and stacks stay untouched."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.process import PULUMI_VARIABLE
from core.stores import SOURCES
from testkit import engine, session, traces

ROOT = Path(__file__).resolve().parents[1]
_PULUMI = (sys.executable, "-m", "cli", "pulumi")
MARK = "LOADTEST_STACK_UNDER_TEST"
"""A variable in the environment of every process that a stack's commands start, directly or indirectly."""
PRESET: Mapping[str, object] = {
    "workers": 2,
    "cpuLimit": "0.5",
    "memoryLimit": "512Mi",
    "tmpfsSize": "256Mi",
    "rowCount": 10_000,
    "batchSize": 500,
    "startTimeout": 240,  # workers start slowly on a busy machine
    "failOn": "never",
    "fullOutputs": True,
}
"""The settings of the small preset. Tests do not read the file, because `pulumi config set` may have changed it."""
_LEFT_OUT = (".git", ".venv", ".pulumi", ".loadtest", "__pycache__", ".*_cache", ".hypothesis", "runs", "artefacts")
_WAIT_SECONDS = 300
_FILE_SOURCES = [name for name, store in SOURCES.items() if not store.needs_server]


@dataclass(frozen=True)
class Done:
    """The exit code of a finished command, and its standard output and errors as one string."""

    code: int
    output: str

    def succeeded(self) -> "Done":
        """Fail the test with the command's output if the command failed, else return self."""
        assert self.code == 0, self.output
        return self

    def failed(self) -> "Done":
        """Fail the test if the command succeeded, else return self."""
        assert self.code != 0, self.output
        return self


def _copy(source: str, target: str) -> None:
    """Link wheels instead of copying them: they are large and never written to."""
    if source.endswith(".whl") and Path(source).stat().st_dev == Path(target).parent.stat().st_dev:
        os.link(source, target)
    else:
        shutil.copy2(source, target)


class Clone:
    """A copy of the project's sources in another folder, with the virtual environment of the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        left_out = shutil.ignore_patterns(*_LEFT_OUT, "Pulumi.test-*.yaml")
        shutil.copytree(ROOT, folder, ignore=left_out, copy_function=_copy)
        (folder / ".venv").symlink_to(sys.prefix)
        state = folder / ".pulumi"
        state.mkdir()
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        self.environment |= {"PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": "of the tests"}
        self.environment[PULUMI_VARIABLE] = engine.command()

    def start(self, *command: str, mark: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command in the folder, in a session of its own, as from a separate terminal."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environment, MARK: mark, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, mark: str, **environment: str) -> Done:
        """Run a command to its end."""
        process = self.start(*command, mark=mark, **environment)
        output = process.communicate(timeout=_WAIT_SECONDS)[0]
        return Done(process.returncode, output)


class Stack:
    """A stack with the settings of the small preset and of the test or, with a name, one whose file exists."""

    def __init__(self, clone: Clone, config: Mapping[str, object], name: str | None = None) -> None:
        self.clone = clone
        self.name = name or session.unique("test")
        self.mark = f"{self.name}@{clone.folder}"
        """A mark for the stack's processes that is unique even if another checkout has a stack of the same name."""
        self._groups = {f"{self.name}-"} if name is None else set()
        """Prefixes of the names of its control groups. For a name that is not unique, they contain the instance."""
        self._file = clone.folder / f"Pulumi.{self.name}.yaml"
        if name is None:
            self._file.write_text("config: {}\n")
            self.set(**{**PRESET, **config})

    def set(self, **config: object) -> None:
        """Write settings into the stack's file; remove those that are None."""
        content = yaml.safe_load(self._file.read_text())
        for key, value in config.items():
            if value is None:
                content["config"].pop(f"loadtest:{key}", None)
            else:
                content["config"][f"loadtest:{key}"] = value
        if content["config"].get("loadtest:source") in _FILE_SOURCES:
            # A server's image would be refused, and tests share their settings between stores.
            content["config"].pop("loadtest:databaseImage", None)
        self._file.write_text(yaml.safe_dump(content))

    def setting(self, key: str) -> Any:
        """Return a setting from the stack's file."""
        return yaml.safe_load(self._file.read_text())["config"][f"loadtest:{key}"]

    def set_secret(self, key: str, value: str) -> None:
        """Encrypt a setting with `pulumi config set --secret`."""
        self.pulumi("config", "set", "--secret", f"loadtest:{key}", value).succeeded()

    def command(self, *arguments: str) -> list[str]:
        """Return the pulumi command for this stack. It skips the check of the virtual environment in `scripts/pulumi`."""
        return [*_PULUMI, *arguments, "--stack", self.name, "--non-interactive"]

    def pulumi(self, *arguments: str, **environment: str) -> Done:
        """Run a pulumi command for this stack."""
        return self.run(*self.command(*arguments), **environment)

    def run(self, *command: str, **environment: str) -> Done:
        """Run a command that concerns this stack."""
        done = self.clone.run(*command, mark=self.mark, **environment)
        if (file := self.folder / "instance").is_file():
            self._groups.add(f"{self.name}-{file.read_text().strip()}")
        return done

    def up(self, **config: object) -> Done:
        """Change settings and run `pulumi up`."""
        if config:
            self.set(**config)
        return self.pulumi(*self.up_arguments())

    def up_arguments(self) -> tuple[str, ...]:
        """Return the arguments of `pulumi up` without a question and without colour."""
        return ("up", "--yes", "--skip-preview", "--color=never", "--suppress-outputs")

    def start_up(self) -> subprocess.Popen[str]:
        """Start `pulumi up` without waiting for it."""
        return self.clone.start(*self.command(*self.up_arguments()), mark=self.mark)

    def preview(self, **environment: str) -> Done:
        """Run `pulumi preview`."""
        return self.pulumi("preview", "--color=never", **environment)

    def destroy(self) -> Done:
        """Run `pulumi destroy --yes`. If a killed engine left its lock, run `pulumi cancel` and try again."""
        arguments = ("destroy", "--yes", "--skip-preview", "--color=never")
        done = self.pulumi(*arguments)
        if "pulumi cancel" not in done.output:
            return done
        self.pulumi("cancel", "--yes").succeeded()
        return self.pulumi(*arguments)

    def outputs(self, *options: str) -> dict[str, Any]:
        """Return the stack's outputs. With the option --show-secrets they include secrets."""
        outputs: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json", *options).succeeded().output)
        return outputs

    def results(self) -> dict[str, dict[str, Any]]:
        """Return the workers' results by worker id."""
        return {result["worker_id"]: result for result in self.outputs()["results"]}

    def connection_string(self) -> str:
        """Return the connection string with the password."""
        return str(self.outputs("--show-secrets")["connectionString"])

    def report(self, *options: str) -> Done:
        """Run `python -m aggregate` for this stack."""
        command = [sys.executable, "-m", "aggregate", "--stack", self.name, *options]
        return self.run(*command)

    def report_json(self) -> dict[str, Any]:
        """Return the report as JSON; fail the test if its exit code is not 0."""
        report: dict[str, Any] = json.loads(self.report("--output-format", "json").succeeded().output)
        return report

    @property
    def folder(self) -> Path:
        """The folder where the platform `local` keeps this stack's files."""
        return self.clone.folder / ".loadtest" / self.name

    def traces(self) -> list[str]:
        """Return everything of this stack that is on the machine."""
        return traces.of_stack(self.name, f"{MARK}={self.mark}", self.folder, self._groups)

"""A small Pulumi project in its own folder, with its own backend, run by the real engine."""

import json
import os
import subprocess
import textwrap
from pathlib import Path

from testkit.session import processes_with


class PulumiProject:
    """One stack, `test`. Every process that a command starts carries `mark` in its environment."""

    def __init__(self, folder: Path, engine: Path, virtualenv: Path | str) -> None:
        self.folder = folder
        self.mark = f"PROJECT_UNDER_TEST={folder}"
        state = folder / "state"
        state.mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text(
            f"name: tiny\nruntime:\n  name: python\n  options:\n    virtualenv: {virtualenv}\n"
        )
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        self.environment |= {
            "PATH": f"{engine}{os.pathsep}{os.environ['PATH']}",
            "PROJECT_UNDER_TEST": str(folder),
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }
        self.pulumi("stack", "init", "test")

    def program(self, source: str) -> None:
        """Write the project's __main__.py."""
        (self.folder / "__main__.py").write_text(textwrap.dedent(source))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a pulumi command, with output and errors in one stream."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def pulumi(self, *arguments: str, succeeds: bool = True) -> str:
        """Run a pulumi command, check that it succeeds or fails as expected, and return its output."""
        process = self.start(*arguments)
        output = process.communicate()[0]
        assert (process.returncode == 0) == succeeds, output
        return output

    def up(self, *, succeeds: bool = True) -> str:
        """Run `pulumi up` and return its output."""
        return self.pulumi("up", "--yes", "--skip-preview", "--color=never", succeeds=succeeds)

    def outputs(self) -> dict[str, object]:
        """Return the stack's outputs."""
        outputs: dict[str, object] = json.loads(self.pulumi("stack", "output", "--json"))
        return outputs

    def processes(self) -> list[str]:
        """Return the command lines of running processes that this project's commands started."""
        variable, _, value = self.mark.partition("=")
        return processes_with(variable, value)

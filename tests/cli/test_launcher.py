"""The launcher: which `pulumi` the commands use."""

import subprocess
from pathlib import Path

import pytest

from testkit.clone import ROOT


class TestLauncher:
    """`./loadtest` with stand-ins for make, Python and pulumi."""

    @pytest.fixture
    def folder(self, tmp_path) -> Path:
        """A folder with a space in its name, whose Python prints its arguments and LOADTEST_PULUMI."""
        folder = tmp_path / "a clone"
        for name, text in {
            ".venv/bin/python": '#!/bin/sh\necho "$*"\necho "${LOADTEST_PULUMI-unset}"\n',
            "bin/make": "#!/bin/sh\n",
            "loadtest": (ROOT / "loadtest").read_text(),
            "scripts/pulumi": (ROOT / "scripts" / "pulumi").read_text(),
        }.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(0o755)
        for program in ("sh", "dirname"):
            (folder / "bin" / program).symlink_to(f"/bin/{program}")
        return Path(folder)

    def run(self, folder: Path, program: str = "loadtest", **environment: str) -> list[str]:
        environment = {"PATH": str(folder / "bin"), **environment}
        command = [str(folder / program), "up", "a b"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()

    def test_launcher_without_contrib_uses_pulumi_on_path(self, folder):
        assert self.run(folder) == ["-m cli up a b", "unset"]

    def test_launcher_uses_contrib_if_pulumi_is_missing(self, folder):
        (folder / "contrib" / "offline").mkdir(parents=True)
        assert self.run(folder)[1] == ".venv/bin/python -m contrib.offline.engine.run"

    def test_pulumi_on_path_is_preferred(self, folder):
        (folder / "contrib" / "offline").mkdir(parents=True)
        (folder / "bin" / "pulumi").symlink_to("/bin/true")
        assert self.run(folder)[1] == "unset"

    def test_command_in_variable_is_preferred(self, folder):
        (folder / "contrib" / "offline").mkdir(parents=True)
        assert self.run(folder, LOADTEST_PULUMI="given")[1] == "given"

    def test_scripts_pulumi_passes_arguments_to_launcher(self, folder):
        assert self.run(folder, "scripts/pulumi")[0] == "-m cli pulumi up a b"

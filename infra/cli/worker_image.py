"""Build the worker image unless Docker has it, and print its name, for a cluster to load."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core.docker_address import docker_address
from core.errors import ExitCode, RunError, exit_code_of
from core.process import DEFAULT_STACK
from core.settings_key import setting_key
from core.text import one_line
from infra.settings.configuration import stack_values
from infra.worker_image import DOCKERFILE, image_name


def build(project: Path, base: str) -> str:
    """Build the image unless Docker has it, and return its name. Raises RunError if the build fails."""
    name = image_name(project, base)
    if _docker("image", "inspect", "--format={{.Id}}", name, folder=project).returncode == 0:
        return name
    done = _docker(
        "build", "--quiet", f"--file={DOCKERFILE}", f"--build-arg=BASE={base}", f"--tag={name}", ".", folder=project
    )
    if done.returncode != 0:
        message = one_line(done.stderr, -300)
        remedy = docker_address(project, None).remedy()
        raise RunError(f"docker build: {message}; {remedy}, or name with --base a base image that can be pulled")
    return name


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the image and print its name."""
    parser = argparse.ArgumentParser(prog="python -m infra.cli.worker_image", description=__doc__)
    project = Path(__file__).resolve().parents[2]
    default = stack_values(project, DEFAULT_STACK)["workerBaseImage"]
    parser.add_argument("--base", default=default, help="the image to build on (default: %(default)s)")
    parsed = parser.parse_args(arguments)
    return exit_code_of(lambda: _print(build(project, parsed.base)), lambda line: sys.stderr.write(f"{line}\n"))


def _print(name: str) -> ExitCode:
    sys.stdout.write(f"{name}\n")
    return ExitCode.OK


def _docker(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["docker", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise RunError(
            f"docker: is not installed; install it, or name an image with {setting_key('workerImage')}"
        ) from None


if __name__ == "__main__":
    sys.exit(main())

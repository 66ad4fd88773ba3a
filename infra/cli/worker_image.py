"""The worker's image: one name for the same files, so that it is built once and every platform means the same one.

`python -m infra.cli.worker_image` builds it, where Docker does not have it yet, and prints its name: for a cluster, which
builds none.
"""

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import ExitCode, RunError, exit_code_of
from core.text import one_line
from infra.settings.configuration import stack_values

DOCKERFILE = "worker/Dockerfile"
"""From the project's folder, which is the build's context."""


def image_name(project: Path, base: str) -> str:
    """The name of the image that these files make on this base: its tag differs when one of them does."""
    digest = hashlib.sha256(base.encode())
    files = [path for folder in ("core", "worker") for path in (project / folder).rglob("*") if path.is_file()]
    for path in sorted(path for path in files if "__pycache__" not in path.parts and path.suffix != ".whl"):
        digest.update(str(path.relative_to(project)).encode() + b"\0" + path.read_bytes())
    return f"loadtest-worker:{digest.hexdigest()[:12]}"


def build(project: Path, base: str) -> str:
    """Build the image unless Docker has it, and return its name; raises RunError where Docker does not build it."""
    name = image_name(project, base)
    if _docker("image", "inspect", "--format={{.Id}}", name, folder=project).returncode == 0:
        return name
    done = _docker(
        "build", "--quiet", f"--file={DOCKERFILE}", f"--build-arg=BASE={base}", f"--tag={name}", ".", folder=project
    )
    if done.returncode != 0:
        said = one_line(done.stderr, -300)
        raise RunError(f"docker build: {said}; start Docker, or name a base image that can be pulled by --base")
    return name


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, and print the name."""
    parser = argparse.ArgumentParser(prog="python -m infra.cli.worker_image", description=__doc__)
    project = Path(__file__).resolve().parents[2]
    default = stack_values(project, "small")["workerBaseImage"]
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
        raise RunError("docker: is not installed; install it, or name an image by loadtest:workerImage") from None


if __name__ == "__main__":
    sys.exit(main())

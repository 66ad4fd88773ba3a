"""Run the docker command."""

import subprocess


def run_docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run docker with the arguments, whether or not an engine responds."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=300)


def docker(*arguments: str) -> str:
    """Return the output of a docker command; fail the test if the command fails."""
    done = run_docker(*arguments)
    assert done.returncode == 0, f"docker {arguments[0]}: {done.stderr}"
    return done.stdout

"""The contract between the platforms and the worker program that they start: arguments, variables, folders and user.

The exit codes are `core.errors.ExitCode`, the result is `core.results.WorkerResult`.
"""

import os
import shlex
from pathlib import Path

from core.errors import InputError

PREPARE_COMMAND = "prepare"
PLAN_ARGUMENT, INDEX_ARGUMENT = "--plan", "--index"

CONNECTION_VARIABLE = "LOADTEST_CONNECTION_STRING"
"""The connection string of the server, or the URL of the output folder."""
DATA_VARIABLE, RESULTS_VARIABLE = "LOADTEST_DATA", "LOADTEST_RESULTS"
"""The worker's RAM disk and the folder of its results; by default DATA_FOLDER and RESULTS_FOLDER."""
STACK_VARIABLE = "LOADTEST_STACK"
"""The stack that output files belong to."""
OUTPUT_KEY_VARIABLE = "LOADTEST_OUTPUT_KEY"
"""The setting that names the output folder, for messages."""
ATTEMPT_VARIABLE = "LOADTEST_ATTEMPT"
"""The number of this attempt, from 1."""
FAILURES_VARIABLE = "LOADTEST_FAILURES"
"""The number of earlier failures of this worker, as Kubernetes counts them."""
START_VARIABLE, READY_VARIABLE = "LOADTEST_START_FILE", "LOADTEST_READY_FILE"
"""The file that a worker waits for before it loads, until it has content; and a file that it creates when it is ready."""
START_NAME, START_TEXT = "start", "open"
"""The name of the file that a worker waits for, and its content once all workers may load."""
PARENT_VARIABLE = "LOADTEST_PARENT"
"""The process id of the platform's runner; the worker stops when that process ends."""
TERMINATION_VARIABLE = "LOADTEST_TERMINATION_LOG"
"""The file whose text Kubernetes keeps with a terminated container."""

WORKER_USER = 65532
"""The numeric user and group of the worker image."""
PLAN_FOLDER, RESULTS_FOLDER, DATA_FOLDER = "/plan", "/results", "/data"
"""Folders in a worker's container: the plan, the results and the RAM disk."""
PLAN_NAME = "plan.json"
PLAN_FILE = f"{PLAN_FOLDER}/{PLAN_NAME}"
START_FILE = f"{PLAN_FOLDER}/{START_NAME}"
"""The file that a worker in a container waits for, next to the plan."""
PLAN_VOLUME = "plan"
"""The volume of a pod that has the plan."""
OUTPUT_NAME = "data"
"""The folder in the results folder for the files of a source that is files."""
OUTPUT_FOLDER = f"{RESULTS_FOLDER}/{OUTPUT_NAME}"

CHECKOUT_VARIABLE = "LOADTEST_CHECKOUT"
"""Names the checkout for which a process of Pulumi was started; the package `cli` sets it."""
PULUMI_VARIABLE = "LOADTEST_PULUMI"
"""Names the command to run in place of the `pulumi` on PATH: words as in a shell."""
DEFAULT_STACK = "small"
"""The stack of a command that names none."""


def prepare_arguments(plan: str) -> list[str]:
    """Return the worker program's arguments for the preparation; `plan` is the plan file's path for that process."""
    return [PREPARE_COMMAND, PLAN_ARGUMENT, plan]


def worker_arguments(plan: str, index: int | str) -> list[str]:
    """Return the worker program's arguments for a worker; `index` may be a variable that the platform replaces."""
    return [PLAN_ARGUMENT, plan, INDEX_ARGUMENT, str(index)]


def result_file(results: Path, worker_id: str) -> Path:
    """Return the path of a worker's result."""
    return results / f"{worker_id}.json"


def loadtest_command(command: str, stack: str = "") -> str:
    """Return a command as a message names it, for example `./loadtest report -s small`."""
    return f"./loadtest {command}" + (f" -s {stack}" if stack else "")


def missing_pulumi(program: str, problem: str = "is not on PATH") -> InputError:
    """Return the error for a `pulumi` that cannot be run."""
    return InputError.of(
        PULUMI_VARIABLE, program, problem, f"install the Pulumi CLI, or set {PULUMI_VARIABLE} to its path"
    )


def pulumi_command() -> list[str]:
    """Return the command that runs Pulumi, without arguments."""
    return shlex.split(os.environ.get(PULUMI_VARIABLE) or "pulumi")

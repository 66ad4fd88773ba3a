"""The environment variables that a platform sets for the worker program, and the mark of a checkout's own processes."""

import os
import shlex

CONNECTION_VARIABLE = "LOADTEST_CONNECTION_STRING"
STACK_VARIABLE = "LOADTEST_STACK"
"""Names the stack that output files belong to."""
OUTPUT_KEY_VARIABLE = "LOADTEST_OUTPUT_KEY"
"""Names the setting that decides where output files are, for messages."""
CHECKOUT_VARIABLE = "LOADTEST_CHECKOUT"
"""Names the checkout for which a process of Pulumi was started; the package `cli` sets it."""
PULUMI_VARIABLE = "LOADTEST_PULUMI"
"""Names the command to run in place of the `pulumi` on PATH: words as in a shell."""


def pulumi_command() -> list[str]:
    """Return the command that runs Pulumi, without arguments."""
    return shlex.split(os.environ.get(PULUMI_VARIABLE) or "pulumi")

"""The Pulumi program: settings, plan, platform, outputs."""

from pathlib import Path

import pulumi

from core.errors import LoadtestError
from infra.outputs import export
from infra.program import declare
from infra.verdict import judge

try:
    declared = declare(Path(__file__).parent)
    export(*declared)
    judge(*declared)
except LoadtestError as error:
    raise pulumi.RunError(str(error)) from None
